// Which rows the transactions of one connection lock: the organization's first, then the job's.

/** The two statements that lock them. */
export type BothLocks = { readonly first: string; readonly second: string };

/** Told every statement, it knows when a transaction that holds its first lock is about to ask for the second. */
export class LocksOfConnection {
  #first: string | undefined;

  next(query: string): BothLocks | undefined {
    if (/^(START TRANSACTION|COMMIT|ROLLBACK)/i.test(query)) this.#first = undefined;
    if (!/FOR UPDATE$/i.test(query)) return undefined;
    if (/FROM `client_billing_config`/.test(query)) this.#first = query;
    const first = this.#first;
    return first !== undefined && /FROM `etl_jobs`/.test(query) ? { first, second: query } : undefined;
  }
}
