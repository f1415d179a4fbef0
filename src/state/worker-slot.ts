/** The replicas that run on this database: who they are, and that an SQLite file has one at a time. */
import type { Micros } from '../job/instant.ts';
import { DatabaseClock, NOW } from './column-values.ts';
import { databaseNow, type Database, type Session } from './database.ts';
import { WorkerRow } from './entities/worker-row.ts';
import { insertRows } from './insert-rows.ts';
import { findColumns, findRow, findRows } from './row-statements.ts';

/** Whether the worker may work on this database. */
export type WorkerSlotOutcome =
  | { readonly kind: 'granted' }
  /** An SQLite file serves one worker, and this one is alive as far as its lease says. */
  | { readonly kind: 'taken'; readonly owner: string; readonly leaseExpiresAt: Micros };

/** A replica of the daemon, or a command that runs one job and ends. */
export type WorkerKind = WorkerRow['kind'];

/** A worker that announced itself; alive by the database's clock, or not any more. */
export type WorkerRecord = {
  readonly owner: string;
  readonly kind: WorkerKind;
  readonly startedAt: Micros;
  readonly seenAt: Micros;
  readonly alive: boolean;
};

const LIVE = 'WHERE {leaseExpiresAt} > {now}';

/** Announces a worker for leaseMs; each heartbeat renews it. Refused only on SQLite, while another worker lives. */
export function claimWorkerSlot(
  database: Database,
  owner: string,
  leaseMs: number,
): Promise<WorkerSlotOutcome> {
  return database.transaction(async (session) => {
    const other = database.dialect.kind === 'sqlite' ? await otherLiveWorker(session, owner) : undefined;
    if (other) return { kind: 'taken', owner: other.owner, leaseExpiresAt: other.leaseExpiresAt };
    await renewWorker(session, owner, 'worker', leaseMs);
    return { kind: 'granted' };
  });
}

/** Gives the slot back, so that the next worker need not wait for the lease to run out; on record even if no heartbeat ever arrived. */
export function releaseWorkerSlot(
  database: Database,
  owner: string,
  kind: WorkerKind = 'worker',
): Promise<void> {
  return database.transaction((session) => writeWorker(session, owner, kind, NOW));
}

/** The newest workers first. */
export function listWorkers(database: Database, limit = 100): Promise<WorkerRecord[]> {
  return database.read(async (session) => {
    const now = await databaseNow(session);
    const query = session.manager.createQueryBuilder(WorkerRow, 'worker').orderBy('worker.id', 'DESC');
    return (await query.limit(limit).getMany()).map(({ owner, kind, startedAt, seenAt, leaseExpiresAt }) => ({
      owner,
      kind,
      startedAt,
      seenAt,
      alive: leaseExpiresAt > now,
    }));
  });
}

/** How many replicas and runs in the foreground live by the database's clock. */
export function countLiveWorkers(database: Database): Promise<number> {
  return database.read(async (session) => (await findColumns(session, WorkerRow, ['id'], LIVE, [])).length);
}

/** The one live replica that works for all of them, which is the oldest; undefined when none is alive. */
export function electedWorker(database: Database): Promise<string | undefined> {
  return database.read(async (session) => {
    const oldest = `${LIVE} AND {kind} = 'worker' ORDER BY {id} LIMIT 1`;
    const [elected] = await findColumns(session, WorkerRow, ['owner'], oldest, []);
    return elected?.owner;
  });
}

/** Whether the worker gave its slot back and has not claimed one since. */
export async function hasSaidGoodbye(session: Session, owner: string): Promise<boolean> {
  const worker = await findRow(session, WorkerRow, { owner });
  return worker !== undefined && saidGoodbye(worker);
}

/** Whether a worker gave its slot back: only then does its lease not outlast the instant it was last seen. */
export function saidGoodbye({ leaseExpiresAt, seenAt }: WorkerRow): boolean {
  return leaseExpiresAt <= seenAt;
}

/** Says in the same transaction as other work that the worker lives for another leaseMs. */
export async function renewWorker(
  session: Session,
  owner: string,
  kind: WorkerKind,
  leaseMs: number,
): Promise<void> {
  await writeWorker(session, owner, kind, new DatabaseClock(leaseMs));
}

/** Seen now. */
async function writeWorker(
  session: Session,
  owner: string,
  kind: WorkerKind,
  leaseExpiresAt: DatabaseClock,
): Promise<void> {
  await insertRows(
    session,
    WorkerRow,
    { owner, kind, startedAt: NOW, seenAt: NOW, leaseExpiresAt },
    { key: ['owner'], overwrite: ['seenAt', 'leaseExpiresAt'] },
  );
}

async function otherLiveWorker(session: Session, owner: string): Promise<WorkerRow | undefined> {
  const others = `${LIVE} AND {owner} <> ? LIMIT 1`;
  return (await findRows(session, WorkerRow, others, [owner]))[0];
}
