/** What the probes answer, from the worker's state. */
import type { Health } from '../http/health-routes.ts';
import type { WorkerState } from '../worker/worker.ts';

/** Live as long as the process answers; ready only while it can take and finish jobs. */
export function daemonHealth(stateOf: () => WorkerState): Health {
  return {
    live: () => ({ ok: true, why: 'the process answers' }),
    started: () => {
      const { phase } = stateOf();
      return { ok: phase !== 'created', why: phase === 'created' ? 'waiting for the database' : phase };
    },
    ready: () => readiness(stateOf()),
  };
}

function readiness({ phase, databaseReachable, connection }: WorkerState): { ok: boolean; why: string } {
  if (phase !== 'running')
    return { ok: false, why: phase === 'created' ? 'waiting for the database' : phase };
  if (!databaseReachable) return { ok: false, why: 'the database is out of reach' };
  return { ok: connection.connected, why: connection.why };
}
