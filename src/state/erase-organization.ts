/** Erases what the database holds of an organization that was removed: everything but the audit log. */
import { TERMINAL_STATUSES } from '../job/job-status.ts';
import type { Database, Session } from './database.ts';
import { deleteInParts, type Numbered } from './delete-in-parts.ts';
import { AlertRow } from './entities/alert-row.ts';
import { BatchRow } from './entities/batch-row.ts';
import { DeadLetterRow } from './entities/dead-letter-row.ts';
import { JobRow } from './entities/job-row.ts';
import { LedgerRow } from './entities/ledger-row.ts';
import { StepRow } from './entities/step-row.ts';
import { findOrganization } from './organization-queries.ts';

/** Rows by table. */
export type ErasedRows = Readonly<Record<ErasedTable, number>>;

/** What became of it. */
export type EraseOutcome =
  | { readonly kind: 'erased'; readonly rows: ErasedRows }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'refused'; readonly why: string };

/** Jobs last: until they are gone a call that was broken off can be made again, and a late message finds its job ended. */
const TABLES = {
  etl_batches: BatchRow,
  etl_steps: StepRow,
  etl_ledger: LedgerRow,
  etl_alerts: AlertRow,
  dead_letters: DeadLetterRow,
  etl_jobs: JobRow,
} as const;

type ErasedTable = keyof typeof TABLES;

/** Counts the rows, and deletes them in small transactions unless it is a dry run; refused while the organization is configured or a job of it has not ended. */
export async function eraseOrganization(
  database: Database,
  organizationId: string,
  { dryRun }: { readonly dryRun: boolean },
): Promise<EraseOutcome> {
  const obstacle = await database.read((session) => obstacleTo(session, organizationId));
  if (obstacle !== undefined) return { kind: 'refused', why: obstacle };
  const rows = await database.read((session) => countRows(session, organizationId));
  if (Object.values(rows).every((count) => count === 0)) return { kind: 'not_found' };
  if (dryRun) return { kind: 'erased', rows };
  const erased: [string, number][] = [];
  for (const [table, Row] of Object.entries(TABLES))
    erased.push([table, await eraseTable(database, Row, organizationId)]);
  return { kind: 'erased', rows: Object.fromEntries(erased) as ErasedRows };
}

async function obstacleTo(session: Session, organizationId: string): Promise<string | undefined> {
  if (await findOrganization(session, organizationId))
    return `organization "${organizationId}" is configured: take it out with org remove ${organizationId} first`;
  const open = await session.manager
    .createQueryBuilder(JobRow, 'job')
    .where('job.organizationId = :organizationId', { organizationId })
    .andWhere('job.status NOT IN (:...ended)', { ended: TERMINAL_STATUSES })
    .getOne();
  return open
    ? `job ${organizationId}/${open.jobId} is ${open.status}: wait until it has ended, or cancel it`
    : undefined;
}

async function countRows({ manager }: Session, organizationId: string): Promise<ErasedRows> {
  const counts: [string, number][] = [];
  for (const [table, Row] of Object.entries(TABLES))
    counts.push([table, await manager.countBy(Row, { organizationId })]);
  return Object.fromEntries(counts) as ErasedRows;
}

function eraseTable(
  database: Database,
  Row: (typeof TABLES)[ErasedTable],
  organizationId: string,
): Promise<number> {
  return deleteInParts(database, Row, async (session, limit) => {
    // It may have been configured again meanwhile, and its job be running.
    if (await obstacleTo(session, organizationId)) return [];
    return session.manager
      .createQueryBuilder<Numbered>(Row, 'row')
      .where('row.organizationId = :organizationId', { organizationId })
      .limit(limit)
      .getMany();
  });
}
