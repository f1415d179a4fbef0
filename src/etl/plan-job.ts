/** Settles what a job is going to do: the window, the snapshot, the way and its cost; stored before any work. */
import { TerminalError } from '../job/errors.ts';
import { formatInstant, MICROS_PER_MINUTE, type Micros } from '../job/instant.ts';
import { replacesWindow, type JobRequest, type Window } from '../job/job.ts';
import { isSameLocation } from '../job/location.ts';
import type { Organization } from '../job/organization.ts';
import type { Plan } from '../job/plan.ts';
import { tableName } from '../job/table-ref.ts';
import { fieldAt } from '../job/table-schema.ts';
import { totalRows } from '../job/totals.ts';
import { refuseUndigestedColumns, refuseWhatIsUnsupported } from './capabilities.ts';
import { comparableColumns, readableColumns } from './comparable-columns.ts';
import type { Destination } from './destination.ts';
import { assertBesideTheirTables, destinationLocation } from './plan-locations.ts';
import type { RunSettings } from './run.ts';
import type { Slice, Source, SourceTable, Survey } from './source.ts';
import { requestedWindow, windowText } from './requested-window.ts';
import { moduleTransformOf, type ModuleTransform } from './transforms/module/module-transform-of.ts';
import { sqlTransformOf } from './transforms/sql-transform-of.ts';
import { choosePath } from './write-path.ts';
import { writerFingerprint } from './writer-fingerprint.ts';

/** What planning needs; a run has it, and so has a preview that changes nothing. */
export type Planning = {
  readonly request: Pick<JobRequest, 'jobType' | 'window'>;
  readonly organization: Organization;
  readonly source: Source;
  readonly destination: Destination;
  readonly settings: RunSettings;
};

/** Either a plan, or the plain statement that there is nothing to copy. */
export type PlanOutcome =
  { readonly kind: 'planned'; readonly plan: Plan } | { readonly kind: 'nothing_new'; readonly why: string };

/** Reads both sides and settles the plan; throws a TerminalError when no plan can be carried out. Changes nothing. */
export async function planJob(planning: Planning): Promise<PlanOutcome> {
  const { organization, source, request, settings } = planning;
  refuseWhatIsUnsupported(organization);
  if (request.jobType === 'verify')
    return { kind: 'nothing_new', why: 'a verify job compares both sides by day and copies nothing' };
  const table = await existingSource(planning);
  assertCursor(table, organization.cursorField);
  const snapshot = await source.currentTime(table.location, table.table);
  const requested = requestedWindow(request, organization);
  const lo = requested ? requested.lo : organization.watermark;
  const module = await moduleTransformOf(organization, table.schema, settings.modules);
  if (module) refuseUndigestedColumns(organization, module.columns);
  const transform = module ? undefined : sqlTransformOf(organization, table, settings.sqlTransforms);
  const slice = {
    table: table.table,
    location: table.location,
    cursorField: organization.cursorField,
    snapshot,
    ...(transform && { transform }),
  };
  const survey = await source.survey({ ...slice, lo });
  assertNoNullCursors(survey, organization);
  if (requested) return planWindow(planning, table, { ...slice, window: requested }, module);
  const window = incrementalWindow(lo, survey, snapshot, organization.settleMinutes);
  if (!window) return { kind: 'nothing_new', why: nothingNew(lo, survey, snapshot, organization) };
  await assertDestinationNotAhead(planning, lo);
  return planWindow(planning, table, { ...slice, window }, module);
}

async function planWindow(
  planning: Planning,
  table: SourceTable,
  slice: Slice,
  module: ModuleTransform | undefined,
): Promise<PlanOutcome> {
  const { organization, source, settings } = planning;
  const estimate = await source.estimate(slice);
  if (estimate.rows === 0 && !(await hasRowsToReplace(planning, table, slice.window)))
    return { kind: 'nothing_new', why: `no rows in ${windowText(slice.window)}` };
  assertAffordable(estimate.bytes, organization);
  const schema = module?.columns ?? estimate.transformedSchema ?? table.schema;
  const location = await destinationLocation(planning, table.location);
  const comparable = comparableColumns(schema, organization);
  const plan: Plan = {
    window: slice.window,
    snapshot: slice.snapshot,
    ...(await choosePath(planning, slice, schema, location)),
    source: organization.source,
    sourceLocation: table.location,
    destination: organization.destination,
    destinationLocation: location,
    stagingDataset: settings.stagingDataset ?? organization.destination.dataset,
    transform: organization.transform,
    ...(slice.transform && { sqlTransform: slice.transform }),
    ...(module && moduleParts(module, organization)),
    cursorField: organization.cursorField,
    verifyLevel: organization.verifyLevel,
    verifyColumns: comparable.columns,
    currencyColumn: comparable.currencyColumn,
    sourceSchema: schema,
    batchRows: settings.batchRows,
    writerFingerprint: writerFingerprint(
      { ...organization, version: module?.plan.version },
      schema,
      settings,
    ),
    estimatedRows: estimate.rows,
    estimatedBytes: estimate.bytes,
  };
  await assertBesideTheirTables(planning, slice, plan);
  return { kind: 'planned', plan };
}

function moduleParts({ plan }: ModuleTransform, organization: Organization): Partial<Plan> {
  const { quarantineTable: quarantine } = organization;
  const { columns: verifyColumns, currencyColumn } = readableColumns(plan.sourceSchema, organization);
  const moduleTransform = { ...plan, verifyColumns, currencyColumn };
  return { moduleTransform, ...(quarantine && { quarantine }) };
}

/** (lo, hi] with hi = min(MAX(cursor), snapshot − settle), or undefined when that holds nothing. Source: spec.md §5, step 2. */
function incrementalWindow(
  lo: Micros | undefined,
  survey: Survey,
  snapshot: Micros,
  settleMinutes: number,
): Window | undefined {
  if (survey.maxCursor === undefined) return undefined;
  const settled = snapshot - BigInt(settleMinutes) * MICROS_PER_MINUTE;
  const hi = survey.maxCursor < settled ? survey.maxCursor : settled;
  return lo !== undefined && hi <= lo ? undefined : { lo, hi };
}

/** Without rows at the source a job that replaces still has those to remove that were copied. */
async function hasRowsToReplace(
  { request, organization, destination }: Planning,
  { schema }: SourceTable,
  window: Window,
): Promise<boolean> {
  if (!replacesWindow(request.jobType)) return false;
  const table = await destination.describe(organization.destination);
  if (!table) return false;
  const columns = { columns: [], currencyColumn: undefined, schema };
  return totalRows(await destination.totalsOf(table.table, table.location, columns, window)) > 0;
}

/** The source table where the configuration says it is; throws a TerminalError when it is not. */
export async function existingSource({
  organization,
  source,
}: Pick<Planning, 'organization' | 'source'>): Promise<SourceTable> {
  const table = await source.describe(organization.source);
  if (!table) {
    throw new TerminalError(
      'source_not_found',
      `the source table ${tableName(organization.source)} does not exist or is not visible to this identity; check org show ${organization.organizationId} and the export's settings`,
    );
  }
  const expected = organization.sourceLocation;
  if (expected !== undefined && !isSameLocation(expected, table.location)) {
    throw new TerminalError(
      'location_mismatch',
      `the source ${tableName(organization.source)} is in ${table.location}, the configuration says ${expected}; mend it with org set ${organization.organizationId} --source-location ${table.location}`,
    );
  }
  return table;
}

function assertCursor(table: SourceTable, cursorField: string): void {
  const field = fieldAt(table.schema, cursorField);
  const usable = field && field.mode !== 'REPEATED' && ['TIMESTAMP', 'DATETIME', 'DATE'].includes(field.type);
  if (usable && !cursorField.includes('.')) return;
  const found = field ? `is ${field.mode} ${field.type}` : 'does not exist';
  throw new TerminalError(
    'invalid_configuration',
    `the cursor field "${cursorField}" of ${tableName(table.table)} ${found}; it must be a top-level TIMESTAMP, DATETIME or DATE column (org set --cursor-field)`,
  );
}

function assertNoNullCursors(survey: Survey, organization: Organization): void {
  if (survey.nullCursors === 0) return;
  throw new TerminalError(
    'null_cursor',
    `${survey.nullCursors} rows of ${tableName(organization.source)} have no ${organization.cursorField} and so belong to no window; fill the column or choose another with org set --cursor-field`,
  );
}

function assertAffordable(bytes: number, organization: Organization): void {
  const limit = organization.maxBytesBilled;
  if (limit === undefined || BigInt(bytes) <= limit) return;
  throw new TerminalError(
    'cost_limit',
    `reading ${tableName(organization.source)} would be billed for ${bytes} bytes, the limit is ${limit}; raise it with org set ${organization.organizationId} --max-bytes-billed or narrow the window with --since`,
  );
}

/** Rows beyond the watermark were written by nobody this database knows of; copying them again would double them. */
export async function assertDestinationNotAhead(
  { organization, destination }: Pick<Planning, 'organization' | 'destination'>,
  lo: Micros | undefined,
): Promise<void> {
  const table = await destination.describe(organization.destination);
  if (!table) return;
  const beyond = await destination.rowsBeyond(table.table, table.location, lo);
  if (beyond.length === 0) return;
  const rows = beyond.reduce((sum, entry) => sum + entry.rows, 0);
  const by = beyond
    .map((entry) => entry.lineage ?? 'unknown')
    .slice(0, 3)
    .join(', ');
  throw new TerminalError(
    'destination_ahead',
    `${tableName(organization.destination)} already holds ${rows} rows beyond the watermark ${lo === undefined ? '(none)' : formatInstant(lo)}, written by ${by}; was the database restored or the organization added again? Set the watermark with org set ${organization.organizationId} --since, or empty the destination`,
  );
}

function nothingNew(
  lo: Micros | undefined,
  survey: Survey,
  snapshot: Micros,
  organization: Organization,
): string {
  if (survey.maxCursor === undefined) return `${tableName(organization.source)} is empty`;
  const newest = `the newest ${organization.cursorField} is ${formatInstant(survey.maxCursor)}`;
  return `${newest}, the watermark ${lo === undefined ? '(none)' : formatInstant(lo)}; rows younger than ${organization.settleMinutes} minutes before ${formatInstant(snapshot)} are left to settle`;
}
