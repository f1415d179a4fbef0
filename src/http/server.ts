/** The HTTP side of a worker: probes, metrics, JSON and the status page. */
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { JobError } from '../job/errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import { guardRoutes } from './access.ts';
import { addApiRoutes, jobFilter } from './api-routes.ts';
import { failure, HttpProblem } from './envelope.ts';
import { addHealthRoutes, type Health } from './health-routes.ts';
import { toText } from './html.ts';
import { readOverview, type ReadableState } from './overview.ts';
import { STYLE } from './status-page-style.ts';
import { statusPage } from './status-page.ts';

export type HttpServerOptions = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly state: ReadableState;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly adminToken: string | undefined;
  readonly publicHealth: boolean;
  readonly publicMetrics: boolean;
  readonly logger: Logger;
};

export type HttpServer = {
  readonly address: string;
  readonly port: number;
  /** Answers what is under way, refuses the rest; safe to repeat. */
  close(): Promise<void>;
};

const BODY_LIMIT_BYTES = 256 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
/** Ids have up to 255 characters, each up to nine when percent-encoded. */
const MAX_PATH_PARAMETER = 2_500;
const JOBS_ON_PAGE = 50;

/** Listens, or rejects with an error that says how to mend it. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER },
    frameworkErrors: (error, _request, reply) => {
      const answer = reply as FastifyReply;
      void answer.code(error.statusCode ?? 400).send(failure('invalid_request', error.message));
    },
  });
  answerErrors(server, options.logger);
  guardRoutes(server, options);
  addSecurityHeaders(server);
  addHealthRoutes(server, options.health, options.metrics);
  addApiRoutes(server, options.state);
  addStatusPage(server, options);
  await listen(server, options);
  const bound = server.addresses()[0] as AddressInfo | undefined;
  return {
    address: bound?.address ?? options.host,
    port: bound?.port ?? options.port,
    close: () => server.close(),
  };
}

function addStatusPage(server: FastifyInstance, { state, health }: HttpServerOptions): void {
  server.get<{ Querystring: Record<string, string> }>('/', async ({ query }, reply) => {
    const organizationId = query['organization'];
    const filter = jobFilter({ organization: organizationId, limit: `${JOBS_ON_PAGE}` });
    const [overview, jobs] = [await readOverview(state), await state.jobs.list(filter)];
    const page = statusPage({
      overview,
      jobs,
      organizationId: filter.organizationId,
      ready: health.ready(),
    });
    return reply.type('text/html; charset=utf-8').send(toText(page));
  });
}

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

function addSecurityHeaders(server: FastifyInstance): void {
  server.addHook('onSend', async (_request, reply) => {
    void reply.headers({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    });
  });
}

function answerErrors(server: FastifyInstance, logger: Logger): void {
  server.setNotFoundHandler((request, reply) => {
    void reply
      .code(404)
      .send(failure('not_found', `there is nothing at ${request.method} ${request.url.slice(0, 200)}`));
  });
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof HttpProblem)
      return reply.code(error.statusCode).send(failure(error.reason, error.message, error.violations));
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send(failure('invalid_request', error.message));
    logger.error('HTTP request failed', { method: request.method, path: request.routeOptions.url, error });
    // What went wrong inside is for the log; whoever asks learns only whether to ask again.
    return error instanceof JobError && error.outcome === 'transient'
      ? reply.code(503).send(failure(error.reason, 'not available right now: try again'))
      : reply
          .code(500)
          .send(failure('internal_error', 'this could not be answered: see the log of the worker'));
  });
}

async function listen(server: FastifyInstance, { host, port }: HttpServerOptions): Promise<void> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why = typeof code === 'string' ? LISTEN_ERRORS[code] : undefined;
    const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    throw new Error(`cannot listen on ${where}: ${why ?? String(error)}`, { cause: error });
  }
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken: stop the other process, or set HTTP_PORT',
  EACCES: 'this user may not use that port: set HTTP_PORT to 1024 or more',
  EADDRNOTAVAIL: 'this machine has no such address: set HTTP_HOST',
  ENOTFOUND: 'the host name is not known: set HTTP_HOST',
};
