/** Writes down who changed what through the command line. */
import type { State } from '../state/open-state.ts';
import type { Session } from './session.ts';

type Snapshot = Parameters<State['audit']['record']>[0]['before'];

/** One entry of the audit log; before and after are what the listings show. */
export async function recordChange(
  state: State,
  session: Session,
  change: {
    readonly action: string;
    readonly subject: string;
    readonly before: Snapshot;
    readonly after: Snapshot;
  },
): Promise<void> {
  await state.audit.record({ actor: session.io.user, ...change });
}
