/** What the bytes of a plan cost at a price its operator gives: prices differ by region, edition and contract, so none is assumed. */
import { InvalidArgumentError } from 'commander';

const BYTES_PER_TIB = 2 ** 40;

/** The cost in the currency of the price; the query that verifies comes on top. */
export function costOf(bytes: number, pricePerTib: number): number {
  return (bytes / BYTES_PER_TIB) * pricePerTib;
}

/** The cost in words with the price it rests on, or how to get it. */
export function costText(bytes: number, pricePerTib: number | undefined): string {
  if (pricePerTib === undefined) return 'give --price-per-tib what a TiB on this path costs you';
  return `about ${costOf(bytes, pricePerTib).toFixed(2)} at ${pricePerTib.toFixed(2)} per TiB`;
}

/** Reads a price from the command line. */
export function priceOption(text: string): number {
  if (/^\d{1,6}(\.\d{1,6})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Use the price of a TiB in your currency, such as 6.25.');
}
