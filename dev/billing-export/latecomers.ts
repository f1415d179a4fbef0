// Which appends of an export become visible late: an append-only export may show a load after ones of a later export_time.
import { Random } from './random.ts';

/** The export in question, and which of its appends are asked for: all of them when that is left out. */
interface Asked {
  readonly seed: string | number;
  readonly organization: string;
  readonly firstExportTime: bigint;
  readonly latecomers?: 'withheld' | 'only';
}

const LATE_SHARE = 0.08;

/**
 * Whether an append, told by its place among so many, is among the rows asked for. The one in the middle is late for
 * certain, so that a small export has a latecomer too; the last never is, so that withholding leaves MAX(export_time).
 */
export function appendsShown({
  seed,
  organization,
  firstExportTime,
  latecomers,
}: Asked): (index: number, appends: number) => boolean {
  if (latecomers === undefined) return () => true;
  const random = new Random('latecomers', seed, organization, firstExportTime);
  return (index, appends) => {
    const chosen = random.chance(LATE_SHARE) || index === Math.floor(appends / 2);
    return (chosen && index !== appends - 1) === (latecomers === 'only');
  };
}
