/** When a transaction that failed is tried again, and after which pause. */
import { databaseFault, type DatabaseFault } from './database-errors.ts';

/** How often a transaction is begun before its error is passed on. A lock is waited for inside each try, too. */
const MAX_TRIES: Readonly<Partial<Record<DatabaseFault, number>>> = {
  rolled_back: 40,
  lock_wait: 3,
  connection_lost: 2,
};
const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 250;

/** Whether the error left nothing behind and another try may help. */
export function mayRepeat(error: unknown, tries: number, committing: boolean): boolean {
  const fault = databaseFault(error);
  // Whether a COMMIT took effect cannot be known once its connection is lost: only the caller can look.
  if (fault === 'connection_lost' && committing) return false;
  return tries < (MAX_TRIES[fault] ?? 1);
}

/** The pause after so many tries: short, because whoever won a deadlock has little left to do. */
export function pauseMs(tries: number): number {
  return Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries, 10));
}
