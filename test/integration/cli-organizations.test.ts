// `migrate` and `org` against a real state.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openState, type State } from '../../src/state/open-state.ts';
import { cliOn, memoryState, type Cli } from '../support/cli-call.ts';

const TABLES = ['--source', 'source-env.billing.export', '--destination', 'destination-env.copies.acme'];

async function setup(context: TestContext): Promise<{ state: State; cli: Cli }> {
  const state = await memoryState(context);
  return { state, cli: cliOn({ app: { openState: async () => state } }) };
}

test('migrate applies what is missing once, and --check says whether anything is', async (context) => {
  const state = await openState({ kind: 'sqlite', path: ':memory:' });
  context.after(() => state.close());
  const cli = cliOn({ app: { openState: async () => state } });
  const before = await cli.call('migrate', '--check');
  assert.equal(before.code, 1);
  assert.match(before.stdout, /^pending CreateTables/);
  const refused = await cli.call('org', 'list');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /lacks 1 migration\(s\): run pulse-billing-etl migrate\n$/);
  assert.equal((await cli.json('migrate', '--json'))['applied'] instanceof Array, true);
  assert.equal((await cli.call('migrate')).stdout, 'the database is up to date\n');
  assert.deepEqual(await cli.json('migrate', '--check', '--json'), {
    state: 'current',
    pending: [],
    unknown: [],
  });
});

test('an organization is added with the documented defaults and shown with the column names', async (context) => {
  const { cli } = await setup(context);
  const created = await cli.call('org', 'set', 'acme', ...TABLES);
  assert.equal(created.code, 0, created.stderr);
  assert.equal(created.stdout, 'created acme: source-env.billing.export → destination-env.copies.acme\n');
  const {
    created_at: createdAt,
    updated_at: _,
    ...columns
  } = await cli.json('org', 'show', 'acme', '--json');
  assert.match(String(createdAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.deepEqual(columns, {
    organization_id: 'acme',
    source_kind: 'bigquery',
    source_project: 'source-env',
    source_dataset: 'billing',
    source_table: 'export',
    source_location: null,
    destination_project: 'destination-env',
    destination_dataset: 'copies',
    destination_table: 'acme',
    destination_location: null,
    source_service_account: null,
    destination_service_account: null,
    transform: 'none',
    write_path: 'auto',
    schema_policy: 'evolve',
    cursor_field: 'export_time',
    partition_field: '_etl_cursor',
    clustering_fields: [],
    settle_minutes: 15,
    verify_level: 'totals',
    verify_columns: null,
    max_bytes_billed: null,
    quarantine_table: null,
    max_rejected_percent: 0,
    paused: false,
    last_successful_run: null,
    active_job: null,
  });
});

test('every column has its option, and an empty argument clears what may be empty', async (context) => {
  const { cli } = await setup(context);
  const options = {
    '--source-kind': ['bigquery', 'source_kind', 'bigquery'],
    '--source-location': ['EU', 'source_location', 'EU', null],
    '--destination-location': ['europe-west3', 'destination_location', 'europe-west3'],
    '--source-service-account': [
      'r@p.iam.gserviceaccount.com',
      'source_service_account',
      'r@p.iam.gserviceaccount.com',
      null,
    ],
    '--destination-service-account': [
      'w@p.iam.gserviceaccount.com',
      'destination_service_account',
      'w@p.iam.gserviceaccount.com',
      null,
    ],
    '--transform': ['focus-1.2', 'transform', 'focus-1.2'],
    '--write-path': ['storage', 'write_path', 'storage'],
    '--schema-policy': ['freeze', 'schema_policy', 'freeze'],
    '--cursor-field': ['usage_end_time', 'cursor_field', 'usage_end_time'],
    '--partition-field': ['export_time', 'partition_field', 'export_time'],
    '--clustering-fields': ['project, service', 'clustering_fields', ['project', 'service'], []],
    '--settle-minutes': ['0', 'settle_minutes', 0],
    '--verify-level': ['fingerprint', 'verify_level', 'fingerprint'],
    '--verify-columns': ['cost,credits.amount', 'verify_columns', ['cost', 'credits.amount'], null],
    '--max-bytes-billed': ['1000000000000', 'max_bytes_billed', 1e12, null],
    '--quarantine-table': [
      'destination-env.q.rejected',
      'quarantine_table',
      'destination-env.q.rejected',
      null,
    ],
    '--max-rejected-percent': ['5', 'max_rejected_percent', 5],
    '--since': ['2026-01-31T01:00:00.000001+01:00', 'last_successful_run', '2026-01-31T00:00:00.000001Z'],
  } as const;
  const argv = Object.entries(options).flatMap(([option, [value]]) => [option, value]);
  const row = await cli.json('org', 'set', 'acme', ...TABLES, ...argv, '--json');
  for (const [option, [, column, value]] of Object.entries(options))
    assert.deepEqual(row[column], value, option);

  const clearing = Object.entries(options).filter(([, row]) => row.length === 4);
  const cleared = await cli.json(
    'org',
    'set',
    'acme',
    ...clearing.flatMap(([option]) => [option, '']),
    '--json',
  );
  for (const [option, [, column, , empty]] of clearing) assert.deepEqual(cleared[column], empty, option);
  assert.equal(cleared['transform'], 'focus-1.2', 'what is not named stays');
});

test('a new organization without its tables is wrong usage; refusals are exit code 4 and say why', async (context) => {
  const { cli } = await setup(context);
  const half = await cli.call('org', 'set', 'acme', '--settle-minutes', '5');
  assert.equal(half.code, 2);
  assert.match(half.stderr, /organization "acme" is new: give it --source and --destination/);
  await cli.call('org', 'set', 'acme', ...TABLES);
  const shared = await cli.call('org', 'set', 'beta', ...TABLES);
  assert.equal(shared.code, 4);
  assert.match(shared.stderr, /destination-env\.copies\.acme belongs to organization acme/);
  const moved = await cli.call('org', 'set', 'acme', '--transform', 'focus-1.2');
  assert.equal(moved.code, 4);
  assert.match(moved.stderr, /--since|--keep-watermark/);
  assert.equal(
    (await cli.call('org', 'set', 'acme', '--transform', 'focus-1.2', '--keep-watermark')).code,
    0,
  );
});

test('a table name that breaks a rule is told which part of it, and what is allowed', async () => {
  const errors = ['a.b', 'a.b.c', 'my-project.a-b.c', 'my-project.b.c;d'].map(async (source) => {
    const { code, stderr } = await cliOn().call('org', 'set', 'acme', '--source', source);
    return [code, stderr.replace(/^error: option '--source <p.d.t>' argument '.*' is invalid\. /, '').trim()];
  });
  assert.deepEqual(await Promise.all(errors), [
    [2, 'Use project.dataset.table, such as my-project.billing.export.'],
    [2, '"a" is no project id: use 4 to 63 of a-z 0-9 -, a letter first and no - at the end.'],
    [2, '"a-b" is no name of a dataset: use letters, digits and _.'],
    [2, '"c;d" is no name of a table: use letters, digits, _, - and spaces.'],
  ]);
});

test('a transform whose file is not here is set, since workers may have it, and noted', async (context) => {
  const { state } = await setup(context);
  const look = async () =>
    ({ status: 'broken', found: 'mine.sql is not there', mend: 'put it there' }) as const;
  const app = { openState: async () => state, transformChecks: async () => [{ name: 'transform', look }] };
  const cli = cliOn({ app });
  const { code, stdout, stderr } = await cli.call('org', 'set', 'acme', ...TABLES, '--transform', 'sql:mine');
  assert.deepEqual([code, stdout.slice(0, 12)], [0, 'created acme']);
  assert.equal(stderr, 'note: here, sql:mine would fail: mine.sql is not there; put it there\n');
  assert.equal((await cli.call('org', 'set', 'acme', '--settle-minutes', '5')).stderr, '');
});

test('organizations are listed for people and for scripts', async (context) => {
  const { cli } = await setup(context);
  assert.deepEqual(await cli.json('org', 'list', '--json'), []);
  assert.match((await cli.call('org', 'list')).stdout, /^no organizations/);
  await cli.call('org', 'set', 'acme', ...TABLES, '--since', '2026-01-01');
  const [row] = await cli.json('org', 'list', '--json');
  assert.equal(row?.['last_successful_run'], '2026-01-01T00:00:00.000000Z');
  const [titles, line] = (await cli.call('org', 'list')).stdout.split('\n');
  assert.equal(line?.indexOf('destination-env.copies.acme'), titles?.indexOf('DESTINATION'));
  assert.match(line ?? '', /2026-01-01 00:00:00Z/);
});

test('pause, resume and remove change what they say; an unknown organization is exit code 3', async (context) => {
  const { cli } = await setup(context);
  await cli.call('org', 'set', 'acme', ...TABLES);
  assert.equal((await cli.json('org', 'pause', 'acme', '--json'))['paused'], true);
  assert.match((await cli.call('org', 'resume', 'acme')).stdout, /^acme is active/);
  assert.equal((await cli.call('org', 'remove', 'acme')).code, 0);
  for (const command of ['show', 'pause', 'resume', 'remove']) {
    const { code, stderr } = await cli.call('org', command, 'acme');
    assert.equal(code, 3, command);
    assert.match(stderr, /organization "acme" is not configured/);
  }
});

test('everything is paused and resumed at once, but for what was paused by its name; each change is audited', async (context) => {
  const { cli, state } = await setup(context);
  for (const name of ['acme', 'globex', 'initech']) {
    const destination = `destination-env.copies.${name}`;
    await cli.call('org', 'set', name, '--source', 'source-env.billing.export', '--destination', destination);
  }
  await cli.call('org', 'pause', 'globex');
  const paused = async (): Promise<string[]> =>
    (await state.organizations.list()).filter((each) => each.paused).map((each) => each.organizationId);

  const dry = await cli.call('org', 'pause', '--all', '--dry-run');
  assert.equal(dry.stdout, 'would pause 2 organizations: acme, initech\n');
  assert.deepEqual(await paused(), ['globex']);

  assert.match((await cli.call('org', 'pause', '--all')).stdout, /^2 organizations paused; they wait until/);
  assert.deepEqual(await paused(), ['acme', 'globex', 'initech']);
  assert.equal((await cli.call('org', 'pause', '--all')).stdout, 'no organization to pause\n');
  assert.match((await cli.call('status')).stdout, /^no jobs\nall 3 organizations are paused/);
  assert.match((await cli.call('status', '--org', 'acme')).stdout, /acme is paused: .* org resume acme/);

  await cli.call('org', 'resume', 'initech');
  const resumed = await cli.json('org', 'resume', '--all', '--json');
  assert.deepEqual(
    resumed.map((row) => [row['organization_id'], row['paused']]),
    [['acme', false]],
  );
  assert.deepEqual(await paused(), ['globex']);
  assert.match((await cli.call('status')).stdout, /^no jobs\n1 of 3 organizations are paused/);

  const acts = (await state.audit.list()).sort((a, b) => a.id - b.id).slice(3);
  assert.deepEqual(
    acts.map(({ action, subject }) => `${action} ${subject}`),
    [
      'org pause globex',
      'org pause --all acme',
      'org pause --all initech',
      'org resume initech',
      'org resume --all acme',
    ],
  );
  for (const args of [[], ['acme', '--all'], ['acme', '--dry-run']])
    assert.equal((await cli.call('org', 'pause', ...args)).code, 2, args.join(' '));
});

test('an organization whose job is active is not removed', async (context) => {
  const { cli, state } = await setup(context);
  await cli.call('org', 'set', 'acme', ...TABLES);
  const key = { organizationId: 'acme', jobId: 'j1' };
  await state.jobs.admit(
    { ...key, jobType: 'incremental', window: undefined, requestedBy: undefined },
    undefined,
  );
  await state.jobs.claim(key, 'worker-1', 60_000);
  const { code, stderr } = await cli.call('org', 'remove', 'acme');
  assert.equal(code, 4);
  assert.match(stderr, /j1/);
});

test('an organization that was removed is erased for good, counted first and audited; a configured one is not', async (context) => {
  const { cli, state } = await setup(context);
  await cli.call('org', 'set', 'acme', ...TABLES);
  const key = { organizationId: 'acme', jobId: 'j1' };
  await state.jobs.admit({ ...key, jobType: 'incremental', window: undefined, requestedBy: undefined }, '1');
  await state.jobs.failUnclaimed(key, 'access_denied', 'scripted');
  const configured = await cli.call('org', 'erase', 'acme');
  assert.equal(configured.code, 4);
  assert.match(configured.stderr, /"acme" is configured: take it out with org remove acme first/);
  await cli.call('org', 'remove', 'acme');
  const counted = await cli.call('org', 'erase', 'acme', '--dry-run');
  assert.match(counted.stdout, /^would delete of acme: .*1 of etl_jobs\n$/);
  assert.ok(await state.jobs.find(key));
  assert.match((await cli.call('org', 'erase', 'acme')).stdout, /^deleted of acme: .*1 of etl_jobs\n$/);
  assert.equal(await state.jobs.find(key), undefined);
  const [audited, ...others] = await state.audit.list({ action: 'org erase' });
  assert.deepEqual([audited?.actor, audited?.subject, others.length], ['tester', 'acme', 0]);
  assert.equal((audited?.before as Record<string, unknown>)['etl_jobs'], 1);
  assert.equal((await cli.call('org', 'erase', 'acme')).code, 3);
});

test('every change is audited with who, what, before and after', async (context) => {
  const { cli, state } = await setup(context);
  await cli.call('org', 'set', 'acme', ...TABLES);
  await cli.call('org', 'set', 'acme', '--settle-minutes', '5');
  await cli.call('org', 'pause', 'acme');
  await cli.call('org', 'remove', 'acme');
  await cli.call('org', 'remove', 'acme');
  const entries = (await state.audit.list()).sort((a, b) => a.id - b.id);
  assert.deepEqual(
    entries.map(({ actor, action, subject }) => [actor, action, subject]),
    [
      ['tester', 'org set', 'acme'],
      ['tester', 'org set', 'acme'],
      ['tester', 'org pause', 'acme'],
      ['tester', 'org remove', 'acme'],
    ],
  );
  const [created, changed, paused, removed] = entries.map(
    ({ before, after }) =>
      [before, after] as [Record<string, unknown> | null, Record<string, unknown> | null],
  );
  assert.equal(created?.[0] ?? null, null);
  assert.deepEqual([changed?.[0]?.['settle_minutes'], changed?.[1]?.['settle_minutes']], [15, 5]);
  assert.deepEqual(paused, [{ paused: false }, { paused: true }]);
  assert.equal(removed?.[1] ?? null, null);
});
