/** What a plan would roughly cost, at Google's list prices or at another price. */
import { InvalidArgumentError } from 'commander';
import type { Plan, WritePath } from '../job/plan.ts';

const TIB = 2 ** 40;

/**
 * US dollars per TiB, before free tiers and discounts: on-demand queries, or Storage Read API (1.10)
 * plus Storage Write API (0.025 per GiB).
 * Source: BigQuery pricing, US multi-region.
 */
const LIST_USD_PER_TIB: Readonly<Record<WritePath, number>> = { query: 6.25, storage: 26.7 };

/** An estimate, and the price per TiB it rests on. */
export type Cost = { readonly usd: number; readonly usdPerTib: number; readonly isListPrice: boolean };

type Priced = Pick<Plan, 'writePath' | 'estimatedBytes'>;

/** An estimate for a person who wonders about a plan; the verifying query comes on top. */
export function estimatedCost({ writePath, estimatedBytes }: Priced, usdPerTib?: number): Cost {
  const price = usdPerTib ?? LIST_USD_PER_TIB[writePath];
  return { usd: (estimatedBytes / TIB) * price, usdPerTib: price, isListPrice: usdPerTib === undefined };
}

/** The estimate in words, with what it assumes. */
export function costText(plan: Priced, usdPerTib?: number): string {
  const { usd, usdPerTib: price, isListPrice } = estimatedCost(plan, usdPerTib);
  const [about, perTib] = [`about $${usd.toFixed(2)}`, `$${price.toFixed(2)} per TiB`];
  return isListPrice
    ? `${about} at ${perTib}: list price of ${plan.writePath === 'query' ? 'on-demand queries' : 'reading and writing by the Storage APIs'} in the US assumed, plan --price-per-tib to change`
    : `${about} at ${perTib}`;
}

/** Reads a price from the command line, in US dollars. */
export function priceOption(text: string): number {
  if (/^\d{1,6}(\.\d{1,6})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Use US dollars per TiB, such as 6.25.');
}
