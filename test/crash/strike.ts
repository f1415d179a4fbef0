// What strikes a worker process, and when: a signal at its k-th call of a seam, never at a time.

/** A signal the process sends to itself at the nth call of a seam, counted since the strike before it. */
export type Strike = {
  /** A call as `jobs.claim`, or `*` for any of them. */
  readonly call: string;
  readonly when: 'before' | 'after';
  readonly nth: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP' | 'SIGTERM';
};

/** One line a watched process writes to its report: what it was struck by, what it claimed, what it appended. */
export type Report =
  | { readonly kind: 'strike'; readonly strike: Strike }
  | { readonly kind: 'claimed'; readonly job: string; readonly epoch: number }
  | { readonly kind: 'appended'; readonly rows: number };

/** Names the point of a strike, as tables and messages show it. */
export function strikePoint({ when, call }: Pick<Strike, 'when' | 'call'>): string {
  return `${when} ${call}`;
}

/** The variable that hands a process its strikes, as JSON. */
export const STRIKES_VARIABLE = 'CRASH_STRIKES';

/** The file descriptor a process reports on. */
export const REPORT_FD = 3;
