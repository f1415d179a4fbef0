/** What the probes answer, from how far the daemon has come and its worker's state. */
import type { Health } from '../http/health-routes.ts';
import type { WorkerState } from '../worker/worker.ts';

/** A daemon without a worker yet says what it waits for. */
export type DaemonState = WorkerState | { readonly phase: 'waiting'; readonly why: string };

/** Live and started as long as the process answers, so that an outage is waited out; ready only while it can take and finish jobs. */
export function daemonHealth(stateOf: () => DaemonState): Health {
  const answers = { ok: true, why: 'the process answers' };
  return { live: () => answers, started: () => answers, ready: () => readiness(stateOf()) };
}

function readiness(state: DaemonState): { ok: boolean; why: string } {
  if (state.phase === 'waiting') return { ok: false, why: state.why };
  if (state.phase !== 'running') return { ok: false, why: state.phase };
  if (!state.databaseReachable) return { ok: false, why: 'the database is out of reach' };
  return { ok: state.connection.connected, why: state.connection.why };
}
