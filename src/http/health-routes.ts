/** /livez, /readyz, /startupz for probes and /metrics for Prometheus. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Metrics } from '../observability/metrics.ts';
import { failure, success } from './envelope.ts';

/** One answer to a probe; why is shown to whoever looks. */
export type HealthState = { readonly ok: boolean; readonly why: string };

/** What the worker says of itself; asked at each probe, so it must be quick. */
export type Health = {
  readonly live: () => HealthState;
  readonly ready: () => HealthState;
  readonly started: () => HealthState;
};

export function addHealthRoutes(server: FastifyInstance, health: Health, metrics: Metrics): void {
  const probes = { '/livez': health.live, '/readyz': health.ready, '/startupz': health.started };
  for (const [path, ask] of Object.entries(probes)) {
    server.get(path, { config: { access: 'health' } }, (_request, reply) => answer(ask(), reply));
  }
  server.get('/metrics', { config: { access: 'metrics' } }, async (_request, reply) => {
    const page = await metrics.render();
    return reply.type(metrics.contentType).send(page);
  });
}

function answer({ ok, why }: HealthState, reply: FastifyReply): FastifyReply {
  return ok ? reply.send(success(why, { ok })) : reply.code(503).send(failure('unhealthy', why));
}
