// An hour of usage of one resource, priced by the catalog, with the credits that its SKU receives.
import { encodeText } from '../encoded-text.ts';
import { exportDelayHours } from '../export-delay.ts';
import { invoiceMonthOf } from '../invoice-month.ts';
import type { ConsumptionModel, Credit, Line } from '../line.ts';
import type { Random } from '../random.ts';
import type { Sku, Tier } from '../world/catalog.ts';
import { creditProfiles, MAX_CREDITS } from '../world/credit-kinds.ts';
import type { Demand } from '../world/world.ts';
import type { Phenomenon, Scene } from './phenomenon.ts';

const MICROS_PER_HOUR = 3_600_000_000;
const HOURS_PER_DAY = 24;
const BILLION = 1e9;

const DEFAULT_MODEL: ConsumptionModel = {
  id: encodeText('7754-699E-0EBF'),
  description: encodeText('Default'),
};

/** Powers of ten by which one hour's usage differs from the typical, so that costs spread over many magnitudes. */
const MAGNITUDES = [1, 1, 1, 1, 1, 0.1, 0.1, 0.01, 0.0001, 10];

/** One row of regular usage. */
export const regularUsage: Phenomenon = {
  rows: 1,
  play: (scene, line, write) => {
    fillRegularUsage(scene, line);
    // Nobody corrects what cost nothing, and its negation would be a negative zero.
    if (line.cost !== 0) scene.past.offer(line, scene.random);
    write();
  },
};

/** Makes the line an hour of usage as it would be exported now. */
export function fillRegularUsage(scene: Scene, line: Line): void {
  fillUsageOf(scene.world.demand.draw(scene.random), scene, line);
}

/** Makes the line an hour of usage of this SKU as it would be exported now. */
export function fillUsageOf({ sku, fleet }: Demand, { random, exportMicros }: Scene, line: Line): void {
  const endHour = Math.floor(exportMicros / MICROS_PER_HOUR) - exportDelayHours(sku.service, random);
  const resource = fleet.draw(random, endHour - 1);
  const { project } = resource;
  line.begin(project.account, sku, (endHour - 1) * MICROS_PER_HOUR, endHour * MICROS_PER_HOUR);
  line.project = project;
  line.tags = project.tags;
  line.location = resource.location;
  line.resource = resource.name;
  line.labels = resource.labelsAt(endHour - 1);
  line.systemLabels = resource.systemLabels;
  line.consumptionModel = DEFAULT_MODEL;
  line.exportMicros = exportMicros;
  line.invoiceMonth = invoiceMonthOf(line.usageStart, exportMicros);
  line.conversionRate = project.account.currency.rateOn(Math.floor(endHour / HOURS_PER_DAY));
  charge(line, sku, random.pick(sku.tiers), usedAmount(sku, random));
  line.credits = credits(sku, line.cost, random);
}

/** Prices this amount of the SKU, in pricing units, at a tier: list price, contract price, and both costs. */
function charge(line: Line, sku: Sku, tier: Tier, amountInPricingUnits: number): void {
  const list = Math.round(tier.priceBillionths * line.conversionRate);
  const effective = Math.round(list * line.account.contractFactor);
  line.usage = {
    amount: amountInPricingUnits * sku.usagePerPricingUnit,
    amountInPricingUnits,
    unit: sku.usageUnit,
    pricingUnit: sku.pricingUnit,
  };
  line.price = { effective, list, tierStart: tier.startBillionths, unit: sku.pricingUnit };
  line.cost = amountInPricingUnits * (effective / BILLION);
  line.costAtList = amountInPricingUnits * (list / BILLION);
}

function usedAmount(sku: Sku, random: Random): number {
  return sku.typicalUsage * (0.05 + 2 * random.fineFraction()) * random.pick(MAGNITUDES);
}

function credits(sku: Sku, cost: number, random: Random): Credit[] {
  const given: Credit[] = [];
  if (cost === 0) return given;
  for (const { kind, probability, leastShare, greatestShare } of creditProfiles[sku.creditProfile]) {
    if (given.length === MAX_CREDITS) break;
    if (!random.chance(probability)) continue;
    given.push({ kind, amount: -cost * (leastShare + (greatestShare - leastShare) * random.fineFraction()) });
  }
  return given;
}
