// Serves the pages over a state, as the daemon does, without a worker behind.
import { startHttpServer, type HttpServer, type HttpServerOptions } from '../../src/http/server.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import type { SampleState } from './empty-state.ts';

/** On loopback and a free port; the published jobs go nowhere. */
export function servePages(
  { state }: SampleState,
  options: Partial<HttpServerOptions> = {},
): Promise<HttpServer> {
  const ok = { ok: true, why: 'an open channel to the subscription' };
  return startHttpServer({
    host: '127.0.0.1',
    port: 0,
    state,
    metrics: createMetrics(),
    health: { live: () => ok, ready: () => ok, started: () => ok },
    environment: { kind: 'emulator', name: 'demo-project' },
    publishJob: async () => 'message-1',
    adminToken: undefined,
    publicHealth: false,
    publicMetrics: false,
    logger: silentLogger,
    ...options,
  });
}
