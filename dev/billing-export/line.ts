// One row of the export while it is made: filled by a phenomenon, copied into the columns, then used again.
import { type EncodedText, encodeText } from './encoded-text.ts';
import type { CreditKind } from './world/credit-kinds.ts';
import { type KeyValues, NO_LABELS, NO_TAGS, type TagSet } from './world/key-values.ts';
import type { BillingAccount, Project } from './world/organization.ts';
import type { Location } from './world/regions.ts';
import type { ResourceName } from './world/resource.ts';

/** The `adjustment_info` struct. */
export interface Adjustment {
  readonly id: EncodedText;
  readonly description: EncodedText;
  readonly mode: EncodedText;
  readonly type: EncodedText;
}

/** Which service and SKU a row is of; the catalog's SKUs are such, and so are taxes and marketplace products. */
export interface Product {
  readonly service: { readonly id: EncodedText; readonly description: EncodedText };
  readonly id: EncodedText;
  readonly description: EncodedText;
}

/** Who sold it. */
export interface Seller {
  readonly publisherType: EncodedText;
  readonly transactionType: EncodedText;
  readonly name: EncodedText | undefined;
}

/** The `consumption_model` struct. */
export interface ConsumptionModel {
  readonly id: EncodedText;
  readonly description: EncodedText;
}

/** Usage as measured and as priced. */
export interface Usage {
  readonly amount: number;
  readonly amountInPricingUnits: number;
  readonly unit: EncodedText;
  readonly pricingUnit: EncodedText;
}

/** One entry of `credits`; the amount is negative where it reduces the cost. */
export interface Credit {
  readonly kind: CreditKind;
  readonly amount: number;
}

/** The `price` struct, in whole billionths of the billing currency (of pricing units for the tier's start). */
export interface Price {
  readonly effective: number;
  readonly list: number;
  /** Without a commitment, where that differs from `effective`. */
  readonly effectiveDefault?: number;
  /** Under the row's consumption model, where that differs from `list`. */
  readonly listInModel?: number;
  readonly tierStart: number;
  readonly unit: EncodedText;
}

/** What Google sells itself. */
const GOOGLE: Seller = {
  publisherType: encodeText('GOOGLE'),
  transactionType: encodeText('GOOGLE'),
  name: undefined,
};

/** The values of `cost_type`. */
export const costTypes = {
  regular: encodeText('regular'),
  tax: encodeText('tax'),
  adjustment: encodeText('adjustment'),
  roundingError: encodeText('rounding_error'),
} as const;

const NO_CREDITS: readonly Credit[] = [];

/** A row, all of whose values are immutable. Times are microseconds since 1970; `undefined` becomes NULL, an empty set an empty array. */
export class Line {
  account: BillingAccount;
  product: Product;
  usageStart = 0;
  usageEnd = 0;
  project: Project | undefined;
  labels: KeyValues = NO_LABELS;
  systemLabels: KeyValues = NO_LABELS;
  location: Location | undefined;
  resource: ResourceName | undefined;
  exportMicros = 0;
  cost = 0;
  conversionRate = 1;
  usage: Usage | undefined;
  credits: readonly Credit[] = NO_CREDITS;
  /** YYYYMM as a number. */
  invoiceMonth = 0;
  seller: Seller = GOOGLE;
  costType = costTypes.regular;
  adjustment: Adjustment | undefined;
  tags: TagSet = NO_TAGS;
  price: Price | undefined;
  costAtList: number | undefined;
  /** At the contract's price without a commitment, where that differs from `cost`. */
  costAtDefaultPrice: number | undefined;
  /** At the list price of the row's consumption model, where that differs from `costAtList`. */
  costAtListInModel: number | undefined;
  subscription: EncodedText | undefined;
  consumptionModel: ConsumptionModel | undefined;

  constructor(account: BillingAccount, product: Product) {
    this.account = account;
    this.product = product;
  }

  /** Makes this the row of an account, product and usage period with everything else absent or zero. */
  begin(account: BillingAccount, product: Product, usageStart: number, usageEnd: number): void {
    this.account = account;
    this.product = product;
    this.usageStart = usageStart;
    this.usageEnd = usageEnd;
    this.project = undefined;
    this.labels = NO_LABELS;
    this.systemLabels = NO_LABELS;
    this.location = undefined;
    this.resource = undefined;
    this.cost = 0;
    this.usage = undefined;
    this.credits = NO_CREDITS;
    this.seller = GOOGLE;
    this.costType = costTypes.regular;
    this.adjustment = undefined;
    this.tags = NO_TAGS;
    this.price = undefined;
    this.costAtList = undefined;
    this.costAtDefaultPrice = undefined;
    this.costAtListInModel = undefined;
    this.subscription = undefined;
    this.consumptionModel = undefined;
  }

  /** Makes this equal to another row. */
  copy(other: Line): void {
    Object.assign(this, other);
  }

  /** A row of its own, equal to this one. */
  clone(): Line {
    const clone = new Line(this.account, this.product);
    clone.copy(this);
    return clone;
  }
}
