/** What a plan would roughly cost at Google's list prices. */
import type { Plan, WritePath } from '../job/plan.ts';

const TIB = 2 ** 40;

/**
 * US dollars per TiB, before free tiers and discounts: on-demand queries, or Storage Read API plus Storage Write API.
 * Source: BigQuery pricing, US multi-region.
 */
const USD_PER_TIB: Readonly<Record<WritePath, number>> = { query: 6.25, storage: 1.1 + 0.025 * 1024 };

/** An estimate for a person who wonders about a plan; the verifying query comes on top. */
export function listPriceUsd(plan: Pick<Plan, 'writePath' | 'estimatedBytes'>): number {
  return (plan.estimatedBytes / TIB) * USD_PER_TIB[plan.writePath];
}
