// Rows that are identical in every column: legal, and each one counts.
import { fillRegularUsage } from './regular-usage.ts';
import type { Phenomenon } from './phenomenon.ts';

/** One row of usage, twice, byte by byte. */
export const identicalRows: Phenomenon = {
  rows: 2,
  play: (scene, line, write) => {
    fillRegularUsage(scene, line);
    write();
    write();
  },
};
