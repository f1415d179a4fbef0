// What each account was charged for each invoice month so far: the base of its tax and of its rounding.
import type { Line } from './line.ts';
import type { BillingAccount } from './world/organization.ts';

/** Running sums in floating point, as an invoice is rounded to cents anyway; exact sums are the truth ledger's. */
export class Invoices {
  readonly #charged = new Map<BillingAccount, Map<number, number>>();

  /** Counts a row with its credits. */
  add({ account, invoiceMonth, cost, credits }: Line): void {
    const months = this.#charged.get(account) ?? new Map<number, number>();
    this.#charged.set(account, months);
    const net = credits.reduce((sum, { amount }) => sum + amount, cost);
    months.set(invoiceMonth, (months.get(invoiceMonth) ?? 0) + net);
  }

  /** The sum so far, 0 while nothing was charged. */
  charged(account: BillingAccount, invoiceMonth: number): number {
    return this.#charged.get(account)?.get(invoiceMonth) ?? 0;
  }
}
