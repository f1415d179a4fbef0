// Notices that an invoice month has closed, and has each account's invoice closed in the next append.
import { lastClosedMonth } from './invoice-month.ts';
import { invoiceClosing } from './phenomena/account-charges.ts';
import type { Phenomenon } from './phenomena/phenomenon.ts';
import type { BillingAccount } from './world/organization.ts';

/** The closings that are due; one that finds no room in an append waits for the next. */
export class MonthClosings {
  readonly #accounts: readonly BillingAccount[];
  readonly #due: Phenomenon[] = [];
  #closedMonth: number | undefined;

  constructor(accounts: readonly BillingAccount[]) {
    this.#accounts = accounts;
  }

  /** Says when the next append is; a month that closed before the first one is not closed again. */
  advanceTo(exportMicros: number): void {
    const closed = lastClosedMonth(exportMicros);
    if (this.#closedMonth !== undefined && closed !== this.#closedMonth)
      this.#due.push(...this.#accounts.map(invoiceClosing));
    this.#closedMonth = closed;
  }

  /** The next closing that is due, if it writes no more rows than are left. */
  next(rowsLeft: number): Phenomenon | undefined {
    return (this.#due[0]?.rows ?? Infinity) <= rowsLeft ? this.#due.shift() : undefined;
  }
}
