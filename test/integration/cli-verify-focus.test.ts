// `verify ORG --focus` on a copy in FOCUS columns at BigQuery's stand-in: well, broken in a row, broken in a column.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createAndLoadBillingExport } from '../../dev/billing-export/load-billing-export.ts';
import { checkFocus } from '../../src/app/check-focus.ts';
import { bigQueryDestination } from '../../src/bigquery/destination.ts';
import { FOCUS_CURSOR, focusColumns } from '../../src/etl/transforms/focus/focus-columns.ts';
import { cliOn } from '../support/cli-call.ts';
import { destinationBigQuery } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';
import { copyOf, openRuns, settingsFor, sqlName, type Copy } from './run-setup.ts';

const NEW_YEAR = 1_767_225_600_000_000n;
const runs = openRuns();
const destination = bigQueryDestination(settingsFor(destinationBigQuery()));
after(() => destination.close());
const cli = cliOn({
  app: {
    openState: async () => runs().state,
    checkFocus: (organization) => checkFocus(organization, { destination }),
  },
});

/** An organization of its own, not yet copied. */
function organization(transform: string): Promise<Copy> {
  const { state, warehouses } = runs();
  const nothing = { project: warehouses.sides.source.project, dataset: uniqueName('src'), table: 'export' };
  return copyOf(state, () => warehouses, nothing, { transform });
}

async function focusCopy(): Promise<Copy> {
  const copy = await organization('focus-1.2');
  const generated = { seed: 5, organization: 'acme', rows: 60, firstExportTime: NEW_YEAR };
  await createAndLoadBillingExport({ ...runs().warehouses.sides.source, ...generated, ...copy.source });
  await copy.succeed();
  return copy;
}

test('a copy that keeps every rule is exit code 0; a broken row is counted by its rule, and exit code 1', async () => {
  const copy = await focusCopy();
  const verify = (...options: string[]) => cli.call('verify', copy.organizationId, '--focus', ...options);
  const well = await verify();
  assert.deepEqual([well.code, well.stderr], [0, '']);
  assert.match(well.stdout, /^\S+\.copy keeps every rule of FOCUS 1\.2\n$/);

  await runs().warehouses.atDestination(
    `UPDATE ${sqlName(copy.destination)} SET BilledCost = NULL, ChargeCategory = 'usage' WHERE TRUE`,
  );
  const broken = await verify();
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /breaks FOCUS 1\.2:\n {2}60 rows break: BilledCost is never NULL\n/);
  assert.match(broken.stdout, /\n {2}60 rows break: ChargeCategory is one of Usage/);
  const { code, stdout } = await verify('--json');
  const { problems, ...rest } = JSON.parse(stdout) as { problems: string[]; focus_version: string };
  assert.deepEqual([code, rest.focus_version], [1, '1.2']);
  assert.ok(problems.includes('60 rows break: BilledCost is never NULL'), stdout);
});

test('a column that is missing or of another type is named instead of failing the query', async () => {
  const copy = await organization('focus-1.2');
  const { project, dataset } = copy.destination;
  const { atDestination, sides } = runs().warehouses;
  await atDestination(
    `CREATE SCHEMA \`${project}.${dataset}\` OPTIONS (location = '${sides.destination.location}')`,
  );
  await atDestination(`CREATE TABLE ${sqlName(copy.destination)} (BilledCost FLOAT64)`);
  const { code, stdout } = await cli.call('verify', copy.organizationId, '--focus');
  assert.equal(code, 1);
  assert.match(stdout, /\n {2}column BilledCost has type FLOAT64, not BIGNUMERIC\n/);
  assert.match(stdout, /\n {2}Mandatory column EffectiveCost is missing\n/);
});

test('an empty copy is not said to keep the rules: there is nothing to check', async () => {
  const copy = await organization('focus-1.2');
  const { location } = runs().warehouses.sides.destination;
  const schema = focusColumns('1.2').map(({ name, type }) => ({ name, type, mode: 'NULLABLE' as const }));
  const layout = { partitionField: FOCUS_CURSOR, clusteringFields: [], description: '', labels: {} };
  await destination.createDataset(copy.destination, location, {});
  await destination.createTable({ table: copy.destination, location, schema, ...layout });
  const { code, stdout, stderr } = await cli.call('verify', copy.organizationId, '--focus');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /\.copy holds no rows, so that there is nothing to check: run pulse-billing-etl enqueue/,
  );
});

test('without a copy, without FOCUS and together with the options of a job it says so', async () => {
  const early = await cli.call('verify', (await organization('focus-1.2')).organizationId, '--focus');
  assert.deepEqual([early.code, early.stdout], [1, '']);
  assert.match(early.stderr, /copy does not exist yet: run pulse-billing-etl enqueue/);
  const plain = await cli.call('verify', (await organization('none')).organizationId, '--focus');
  assert.equal(plain.code, 4);
  assert.match(plain.stderr, /has transform none, so that its copy has no FOCUS columns/);
  assert.equal((await cli.call('verify', 'nobody', '--focus')).code, 3);
  assert.equal((await cli.call('verify', 'nobody', '--focus', '--days', '3')).code, 2);
});
