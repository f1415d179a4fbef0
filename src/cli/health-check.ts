/** One thing doctor looks at, and what it may find. */

/** `skipped`: it could not be looked at here; only `broken` keeps the program from working. */
export type CheckStatus = 'ok' | 'warning' | 'broken' | 'skipped';

/** What was found, and where that is not well how to mend it. */
export type Finding = {
  readonly status: CheckStatus;
  readonly found: string;
  readonly mend?: string | undefined;
};

/** Independent of every other; one that rejects or takes too long is broken. */
export type HealthCheck = { readonly name: string; readonly look: () => Promise<Finding> };

export function ok(found: string): Finding {
  return { status: 'ok', found };
}

export function warning(found: string, mend: string): Finding {
  return { status: 'warning', found, mend };
}

export function broken(found: string, mend: string): Finding {
  return { status: 'broken', found, mend };
}

export function skipped(found: string): Finding {
  return { status: 'skipped', found };
}
