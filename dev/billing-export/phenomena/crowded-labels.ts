// Usage of a resource that carries more labels than anybody expects.
import { keyValues } from '../world/key-values.ts';
import { crowdedLabels } from '../world/labels.ts';
import type { Phenomenon } from './phenomenon.ts';
import { fillRegularUsage } from './regular-usage.ts';

/** One row of usage with more than 50 labels. */
export const crowdedLabelsRow: Phenomenon = {
  rows: 1,
  play: (scene, line, write) => {
    fillRegularUsage(scene, line);
    line.labels = keyValues(crowdedLabels(scene.random));
    write();
  },
};
