// Sustained use discounts: known only when the usage of many days is, and so credited days after it, in rows of their own.
import { invoiceMonthOf } from '../invoice-month.ts';
import { creditKinds } from '../world/credit-kinds.ts';
import type { Phenomenon } from './phenomenon.ts';
import { fillUsageOf } from './regular-usage.ts';

const MICROS_PER_DAY = 86_400_000_000;

/** One row without usage and cost that carries the credit for usage of two to nine days ago. */
export const lateSustainedUseCredit: Phenomenon = {
  rows: 1,
  play: (scene, line, write) => {
    const { world, random, exportMicros } = scene;
    fillUsageOf(world.discountedDemand.draw(random), scene, line);
    const daysLater = random.between(2, 9);
    line.usageStart -= daysLater * MICROS_PER_DAY;
    line.usageEnd -= daysLater * MICROS_PER_DAY;
    line.invoiceMonth = invoiceMonthOf(line.usageStart, exportMicros);
    const amount = -line.cost * (0.1 + 0.2 * random.fineFraction());
    line.usage = line.usage && { ...line.usage, amount: 0, amountInPricingUnits: 0 };
    line.cost = 0;
    line.costAtList = 0;
    line.credits = [{ kind: creditKinds.sustainedUse, amount }];
    write();
  },
};
