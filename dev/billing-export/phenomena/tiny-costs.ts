// Costs around 1e-10, which NUMERIC's nine decimals would round away.
import type { Line } from '../line.ts';
import { creditKinds } from '../world/credit-kinds.ts';
import type { Phenomenon } from './phenomenon.ts';
import { fillRegularUsage } from './regular-usage.ts';

const TINY = 1e-10;

/** One row that costs 1e-10, or some small multiple of it that a credit then takes off to the last digit. */
export const tinyCost: Phenomenon = {
  rows: 1,
  play: (scene, line, write) => {
    fillRegularUsage(scene, line);
    const multiple = scene.random.chance(0.5) ? 1 : scene.random.between(2, 99);
    line.cost = multiple * TINY;
    line.costAtList = line.cost;
    shrinkUsage(line);
    line.credits = multiple === 1 ? [] : [{ kind: creditKinds.freeTier, amount: -line.cost }];
    write();
  },
};

/** As little usage as costs that little at the row's price, so that cost, price and quantity still agree. */
function shrinkUsage(line: Line): void {
  const { price, usage } = line;
  if (
    price === undefined ||
    usage === undefined ||
    price.effective === 0 ||
    usage.amountInPricingUnits === 0
  ) {
    line.price = undefined;
    return;
  }
  const amountInPricingUnits = line.cost / (price.effective / 1e9);
  const amount = usage.amount * (amountInPricingUnits / usage.amountInPricingUnits);
  line.usage = { ...usage, amount, amountInPricingUnits };
  line.costAtList = amountInPricingUnits * (price.list / 1e9);
}
