/** Opens the read a plan asks for, or the one an earlier run of the same plan left, and keeps it in the extract step. */
import { formatInstant, parseInstant } from '../job/instant.ts';
import type { JsonObject } from '../state/json.ts';
import { fingerprintKind } from './comparable-columns.ts';
import type { PlannedRun } from './run.ts';
import type { ReadSession, Slice, VerifiedColumns } from './source.ts';
import { writerFingerprint } from './writer-fingerprint.ts';

/** The rows a plan covers, as the source port names them. */
export function sliceOf({ plan }: PlannedRun): Slice {
  return {
    table: plan.source,
    location: plan.sourceLocation,
    cursorField: plan.cursorField,
    window: plan.window,
    snapshot: plan.snapshot,
    ...(plan.sqlTransform && { transform: plan.sqlTransform }),
  };
}

/** The sums that are compared, the same on every side. */
export function verifiedColumns({ plan }: PlannedRun): VerifiedColumns {
  const { verifyColumns, currencyColumn, sourceSchema } = plan;
  const fingerprint = fingerprintKind(plan);
  return { columns: verifyColumns, currencyColumn, schema: sourceSchema, fingerprint };
}

/** The sums that are taken of rows on their way into the plan's module, and of the source. */
export function readColumns({ plan: { moduleTransform } }: PlannedRun): VerifiedColumns {
  const { verifyColumns = [], currencyColumn, sourceSchema = [] } = moduleTransform ?? {};
  return { columns: verifyColumns, currencyColumn, schema: sourceSchema };
}

/**
 * The session recorded for this plan number, as long as the source still serves it and whoever opened it would write the
 * same batches: another build may cut or encode rows otherwise, so what it began is abandoned rather than continued.
 */
export async function recordedReadSession(run: PlannedRun): Promise<ReadSession | undefined> {
  const step = await run.state.steps.get(run.lease, run.planNumber, 'extract');
  if (step?.detail['writer_fingerprint'] !== fingerprintOf(run)) return undefined;
  const recorded = sessionFromDetail(step.detail);
  return recorded && (await run.source.resumeReadSession(recorded));
}

/** A new session at the plan's snapshot, recorded before any row is read, with who is going to write its rows. */
export async function openReadSession(run: PlannedRun): Promise<ReadSession> {
  const session = await run.source.openReadSession(sliceOf(run), run.settings.readStreams);
  await run.state.steps.update(run.lease, run.planNumber, 'extract', detailOf(session, fingerprintOf(run)));
  return session;
}

function fingerprintOf({ plan, settings }: PlannedRun): string {
  return writerFingerprint({ ...plan, version: plan.moduleTransform?.version }, plan.sourceSchema, settings);
}

function detailOf(session: ReadSession, fingerprint: string): JsonObject {
  return {
    writer_fingerprint: fingerprint,
    read_session: session.name,
    read_streams: [...session.streams],
    arrow_schema: Buffer.from(session.arrowSchema).toString('base64'),
    expires_at: formatInstant(session.expiresAt),
  };
}

function sessionFromDetail(detail: JsonObject): ReadSession | undefined {
  const { read_session: name, read_streams: streams, arrow_schema: schema, expires_at: expires } = detail;
  if (typeof name !== 'string' || !Array.isArray(streams) || typeof schema !== 'string') return undefined;
  const expiresAt = typeof expires === 'string' ? parseInstant(expires) : undefined;
  if (expiresAt === undefined) return undefined;
  const arrowSchema = Buffer.from(schema, 'base64');
  return { name, streams: streams.filter((stream) => typeof stream === 'string'), arrowSchema, expiresAt };
}
