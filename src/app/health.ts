/** What the probes answer, from how far the daemon has come and its worker's state. */
import type { Health } from '../http/health-routes.ts';
import type { Verdict } from '../worker/standstill.ts';
import type { WorkerState } from '../worker/worker.ts';

/** A daemon without a worker yet says what it waits for. */
export type DaemonState = WorkerState | { readonly phase: 'waiting'; readonly why: string };

/**
 * Started as long as the process answers, and live unless it is stuck, so that an outage is waited out; ready only while it
 * can take and finish jobs.
 */
export function daemonHealth(stateOf: () => DaemonState, verdictOf: () => Verdict): Health {
  const answers = { ok: true, why: 'the process answers' };
  const liveness = (verdict: Verdict) => (verdict === 'fine' ? answers : { ok: false, why: verdict.end });
  return { live: () => liveness(verdictOf()), started: () => answers, ready: () => readiness(stateOf()) };
}

function readiness(state: DaemonState): { ok: boolean; why: string } {
  if (state.phase === 'waiting') return { ok: false, why: state.why };
  if (state.phase !== 'running') return { ok: false, why: state.phase };
  if (!state.databaseReachable) return { ok: false, why: 'the database is out of reach' };
  return { ok: state.connection.connected, why: state.connection.why };
}
