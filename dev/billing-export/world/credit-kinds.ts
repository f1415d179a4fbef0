// The credits that the export attaches to rows, and how often each group of SKUs receives which.
import { type EncodedText, encodeText } from '../encoded-text.ts';

/** One credit, encoded. */
export interface CreditKind {
  readonly type: EncodedText;
  readonly name: EncodedText;
  readonly fullName: EncodedText;
  readonly id: EncodedText;
}

/** A credit that a SKU receives with some probability, worth some share of the cost. */
export interface CreditChance {
  readonly kind: CreditKind;
  readonly probability: number;
  readonly leastShare: number;
  readonly greatestShare: number;
}

/** Which credits a SKU's usage receives. */
export type CreditProfile = 'compute' | 'free-tier' | 'plain' | 'none';

/** The greatest number of credits on one row. */
export const MAX_CREDITS = 4;

/** Every kind of credit that the model hands out, by its type. */
export const creditKinds = {
  sustainedUse: creditKind(
    'SUSTAINED_USAGE_DISCOUNT',
    'Sustained Usage Discount',
    'Sustained Usage Discount',
  ),
  committedUse: creditKind(
    'COMMITTED_USAGE_DISCOUNT',
    'Committed Usage Discount: CPU',
    'Committed Usage Discount: CPU',
  ),
  committedSpend: creditKind(
    'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE',
    'Committed Usage Discount - Dollar Based: Cloud SQL database',
    'Committed Usage Discount - Dollar Based: 1 year commitment',
  ),
  feeOffset: creditKind(
    'FEE_UTILIZATION_OFFSET',
    'Commitment fee offset',
    'Offset of the commitment fee by covered usage',
  ),
  contract: creditKind('DISCOUNT', 'Spending based discount', 'Spending Based Discount (contractual)'),
  freeTier: creditKind('FREE_TIER', 'Free tier', 'Free tier monthly allowance'),
  promotion: creditKind(
    'PROMOTION',
    'Startup program: $100,000 credit',
    'Google for Startups – Programm 2024 “Scale”',
  ),
  subscription: creditKind(
    'SUBSCRIPTION_BENEFIT',
    'Workspace benefit',
    'Subscription benefit: Google Workspace',
  ),
  reseller: creditKind('RESELLER_MARGIN', 'Reseller margin', 'Partner reseller margin'),
} as const;

const common: readonly CreditChance[] = [
  { kind: creditKinds.promotion, probability: 0.1, leastShare: 0.05, greatestShare: 1 },
  { kind: creditKinds.contract, probability: 0.15, leastShare: 0.01, greatestShare: 0.12 },
  { kind: creditKinds.reseller, probability: 0.12, leastShare: 0.03, greatestShare: 0.08 },
];

/** The credits of each profile, in the order in which they are tried until a row has MAX_CREDITS. */
export const creditProfiles: Readonly<Record<CreditProfile, readonly CreditChance[]>> = {
  compute: [
    { kind: creditKinds.sustainedUse, probability: 0.35, leastShare: 0.1, greatestShare: 0.3 },
    { kind: creditKinds.committedUse, probability: 0.25, leastShare: 0.3, greatestShare: 0.57 },
    { kind: creditKinds.committedSpend, probability: 0.1, leastShare: 0.1, greatestShare: 0.25 },
    ...common,
  ],
  'free-tier': [
    { kind: creditKinds.freeTier, probability: 0.4, leastShare: 1, greatestShare: 1 },
    { kind: creditKinds.subscription, probability: 0.04, leastShare: 0.1, greatestShare: 0.2 },
    ...common,
  ],
  plain: common,
  none: [],
};

function creditKind(type: string, name: string, fullName: string): CreditKind {
  return {
    type: encodeText(type),
    name: encodeText(name),
    fullName: encodeText(fullName),
    id: encodeText(`${type.toLowerCase().replaceAll('_', '-')}-01`),
  };
}
