// What a phenomenon is: a way of adding rows to the export that some consumer of it once got wrong.
import type { Line } from '../line.ts';
import type { PastLines } from '../past-lines.ts';
import type { Random } from '../random.ts';
import type { Invoices } from '../invoices.ts';
import type { World } from '../world/world.ts';

/** What a phenomenon may look at. */
export interface Scene {
  readonly world: World;
  readonly random: Random;
  readonly past: PastLines;
  /** What was charged so far. */
  readonly invoices: Invoices;
  /** The export_time of the append being made, in microseconds. */
  readonly exportMicros: number;
}

/** One kind of rows. A further kind is a further file here and a further entry in phenomena.ts. */
export interface Phenomenon {
  /** The number of rows that every turn writes. */
  readonly rows: number;
  /** Fills the line and calls `write` for each row; the line holds anything before and may hold anything after. */
  readonly play: (scene: Scene, line: Line, write: () => void) => void;
}
