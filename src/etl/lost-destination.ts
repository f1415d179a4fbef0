/** Tells a destination that was never made from one that rows were copied to and that is gone. */
import { TerminalError } from '../job/errors.ts';
import { formatInstant, type Micros } from '../job/instant.ts';
import { tableName } from '../job/table-ref.ts';
import type { Run } from './run.ts';

type Asked = Pick<Run, 'state' | 'organization'>;

/**
 * Throws `destination_not_found` for a table that is gone: made anew it would pass for a copy and lack all earlier rows. A
 * watermark set back to before them says that they shall be copied again, and permits it. To be asked only when the table
 * does not exist.
 */
export async function refuseLostDestination(asked: Asked): Promise<void> {
  const { organizationId, destination, watermark } = asked.organization;
  if (watermark === undefined) return;
  const copiedTo = await lastCopiedTo(asked);
  if (copiedTo === undefined || copiedTo > watermark) return;
  throw new TerminalError(
    'destination_not_found',
    `the destination ${tableName(destination)} does not exist, though it was copied to up to ${formatInstant(watermark)}; restore it by time travel, or start over with pulse-billing-etl org set ${organizationId} --since T, or create it empty to go on without its rows`,
  );
}

/** Up to where the last job wrote rows to the destination as it is configured now. */
async function lastCopiedTo({ state, organization }: Asked): Promise<Micros | undefined> {
  const { organizationId, destination } = organization;
  const copies = { organizationId, status: ['SUCCESS'], jobType: 'incremental', hasWritten: true } as const;
  const [last] = await state.jobs.list({ ...copies, limit: 1 });
  if (!last?.plan || tableName(last.plan.destination) !== tableName(destination)) return undefined;
  return last.plan.window.hi;
}
