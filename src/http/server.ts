/** The HTTP side of a worker: probes, metrics, JSON and the status page. */
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import { guardRoutes } from './access.ts';
import type { PublishJob } from './act.ts';
import { addActionRoutes, readForms } from './action-routes.ts';
import { answerErrors } from './answer-errors.ts';
import { addApiRoutes } from './api-routes.ts';
import { failure } from './envelope.ts';
import { addHealthRoutes, type Health } from './health-routes.ts';
import { addLiveEvents, type LiveSettings } from './live-events.ts';
import type { ReadableState } from './overview.ts';
import { addPageRoutes } from './page-routes.ts';
import type { Environment } from './pages/frame.ts';
import { addPushRoute, type PushRoute } from './push-route.ts';
import { addSignInRoutes } from './sign-in-routes.ts';

export type HttpServerOptions = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly state: ReadableState;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly environment: Environment;
  readonly publishJob: PublishJob;
  /** How often open pages are told of changes; as in production where it is not given. */
  readonly live?: LiveSettings;
  /** Undefined: nothing can be pushed. */
  readonly push?: PushRoute | undefined;
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
  const access = guardRoutes(server, options);
  addSecurityHeaders(server);
  readForms(server);
  addHealthRoutes(server, options.health, options.metrics);
  addApiRoutes(server, options.state);
  addLiveEvents(server, options.state, options.live);
  addPageRoutes(server, { ...options, access });
  addSignInRoutes(server, access);
  addActionRoutes(server, { ...options, access });
  if (options.push) addPushRoute(server, options.push);
  await listen(server, options);
  const bound = server.addresses()[0] as AddressInfo | undefined;
  return {
    address: bound?.address ?? options.host,
    port: bound?.port ?? options.port,
    close: () => server.close(),
  };
}

/** Nothing but our own files, forms and events; no inline style or script, so none can be smuggled in. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'img-src', 'connect-src', 'form-action'].map((name) => `${name} 'self'`),
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

function addSecurityHeaders(server: FastifyInstance): void {
  server.addHook('onSend', async (_request, reply) => {
    void reply.headers({
      ...(reply.hasHeader('cache-control') ? {} : { 'cache-control': 'no-store' }),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'content-security-policy': CONTENT_SECURITY_POLICY,
    });
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
