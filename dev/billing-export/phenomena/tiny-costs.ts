// Costs around 1e-10, which NUMERIC's nine decimals would round away.
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
    line.credits = multiple === 1 ? [] : [{ kind: creditKinds.freeTier, amount: -line.cost }];
    write();
  },
};
