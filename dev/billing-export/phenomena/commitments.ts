// Committed use in both data models: an hour's fee, the usage it covers, and usage beyond it.
import { type EncodedText, encodeText } from '../encoded-text.ts';
import type { ConsumptionModel, Line, Price, Product } from '../line.ts';
import { creditKinds } from '../world/credit-kinds.ts';
import type { Phenomenon, Scene } from './phenomenon.ts';
import { fillUsageOf } from './regular-usage.ts';

const BILLION = 1e9;

/** What a commitment of one year leaves of the price. */
const COMMITTED_FACTOR = 0.63;

const COMMITTED_MODEL: ConsumptionModel = {
  id: encodeText('D97B-0795-975B'),
  description: encodeText('Compute Flexible CUDs - 1 Year'),
};

/**
 * The older model: the fee costs what was committed, and covered usage is charged in full and taken back in full by a
 * credit. What the commitment costs is the fee.
 */
export const creditCommitment: Phenomenon = {
  rows: 2,
  play: (scene, line, write) => {
    fillCommittableUsage(scene, line);
    const fee = line.clone();
    fillFee(fee, line, scene);
    fee.cost = line.cost * COMMITTED_FACTOR * (1 + scene.random.fineFraction());
    line.credits = [{ kind: creditKinds.committedUse, amount: -line.cost }];
    line.subscription = fee.subscription;
    writeBefore(fee, line, write);
    write();
  },
};

/**
 * The newer model: covered usage is charged at its consumption model's price, a FEE_UTILIZATION_OFFSET takes as much off
 * the fee, and usage of the same hour beyond the commitment has a row of its own. What stays of the fee was not used.
 */
export const consumptionModelCommitment: Phenomenon = {
  rows: 3,
  play: (scene, line, write) => {
    fillCommittableUsage(scene, line);
    const beyond = line.clone();
    chargeCommitted(line);
    const fee = line.clone();
    fillFee(fee, line, scene);
    const utilized = scene.random.chance(0.3) ? 1 : 0.4 + 0.5 * scene.random.fineFraction();
    fee.cost = line.cost / utilized;
    fee.credits = [{ kind: creditKinds.feeOffset, amount: -line.cost }];
    line.subscription = fee.subscription;
    writeBefore(fee, line, write);
    write();
    line.copy(beyond);
    write();
  },
};

/** Usage that costs something and got no other discount. */
function fillCommittableUsage(scene: Scene, line: Line): void {
  fillUsageOf(scene.world.discountedDemand.draw(scene.random), scene, line);
  line.credits = [];
}

function chargeCommitted(line: Line): void {
  const { price, usage, costAtList } = line;
  if (price === undefined || usage === undefined || costAtList === undefined) return;
  const effective = Math.round(price.effective * COMMITTED_FACTOR);
  const listInModel = Math.round(price.list * COMMITTED_FACTOR);
  const committed: Price = { ...price, effective, effectiveDefault: price.effective, listInModel };
  line.price = committed;
  line.costAtDefaultPrice = line.cost;
  line.cost = usage.amountInPricingUnits * (effective / BILLION);
  line.costAtListInModel = usage.amountInPricingUnits * (listInModel / BILLION);
  line.consumptionModel = COMMITTED_MODEL;
}

/** Turns a copy of the covered row into the fee's: same account, project and hour, but no resource, usage or price. */
function fillFee(fee: Line, covered: Line, { random }: Scene): void {
  const { account, project, usageStart, usageEnd } = covered;
  const { exportMicros, invoiceMonth, conversionRate } = covered;
  fee.begin(account, feeProduct(covered.product), usageStart, usageEnd);
  Object.assign(fee, { project, exportMicros, invoiceMonth, conversionRate });
  fee.location = covered.location;
  fee.subscription = encodeText(random.digits(19));
}

/** `write` takes what the line holds, so the line is lent to the fee for a moment. */
function writeBefore(first: Line, line: Line, write: () => void): void {
  const own = line.clone();
  line.copy(first);
  write();
  line.copy(own);
}

const feeProducts = new Map<Product, Product>();

function feeProduct(covered: Product): Product {
  const known = feeProducts.get(covered);
  if (known !== undefined) return known;
  const product = {
    service: covered.service,
    id: encodeText(`C${textOf(covered.id).slice(1)}`),
    description: encodeText(`Commitment v1: ${textOf(covered.description)} for 1 Year`),
  };
  feeProducts.set(covered, product);
  return product;
}

function textOf(encoded: EncodedText): string {
  return Buffer.from(encoded).toString('utf8');
}
