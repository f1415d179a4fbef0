// `doctor` on the command line, with checks of the test's own, and on a real state and the real Pub/Sub emulator.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseChecks } from '../../src/app/doctor/database-checks.ts';
import { organizationChecks } from '../../src/app/doctor/organization-checks.ts';
import { pubSubChecks } from '../../src/app/doctor/pubsub-checks.ts';
import { stagingChecks } from '../../src/app/doctor/staging-check.ts';
import { transformChecks } from '../../src/app/doctor/transform-checks.ts';
import { openMessaging } from '../../src/app/messaging.ts';
import type { Sides } from '../../src/app/sides.ts';
import type { HealthCheck } from '../../src/cli/health-check.ts';
import type { Config } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/read-config.ts';
import type { Organization } from '../../src/job/organization.ts';
import { cliOn, memoryState } from '../support/cli-call.ts';
import { pubSubEmulatorHost } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';

const fine: HealthCheck = { name: 'b fine', look: async () => ({ status: 'ok', found: 'as it must be' }) };
const hanging: HealthCheck = { name: 'c hanging', look: () => new Promise(() => undefined) };
const throwing: HealthCheck = {
  name: 'a throwing',
  look: () => Promise.reject(new Error('no\u001b[2J route')),
};

function doctor(checks: readonly HealthCheck[], ofOrganizations: readonly HealthCheck[] = []) {
  return cliOn({
    app: { healthChecks: async () => checks, organizationChecks: async () => ofOrganizations },
  });
}

function configOf(env: Record<string, string>): Config {
  const read = readConfig(env, () => '');
  return read.kind === 'invalid' ? assert.fail(read.problems.join()) : read.config;
}

/** What each check found, by its name. */
async function findings(checks: readonly HealthCheck[]): Promise<Record<string, string>> {
  const found = await Promise.all(
    checks.map(async ({ name, look }) => {
      const { status, found: text } = await look();
      return [name, `${status}: ${text}`] as const;
    }),
  );
  return Object.fromEntries(found);
}

test('what is well is exit code 0; as JSON an array of check, status, found and mend, in order', async () => {
  const cli = doctor([fine], [{ ...fine, name: 'acme fine' }]);
  assert.deepEqual(await cli.json('doctor', '--json'), [
    { check: 'acme fine', status: 'ok', found: 'as it must be', mend: null },
    { check: 'b fine', status: 'ok', found: 'as it must be', mend: null },
  ]);
});

test('a check that hangs or throws is broken, holds up no other, and makes exit code 1', async () => {
  const { code, stdout, stderr } = await doctor([hanging, throwing, fine]).call('doctor', '--timeout', '1');
  assert.deepEqual([code, stderr], [1, '']);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines[0], 'broken   a throwing: no\\u001b[2J route');
  assert.match(lines[1] ?? '', /^ +mend: /);
  assert.equal(lines[2], 'ok       b fine: as it must be');
  assert.equal(lines[3], 'broken   c hanging: no answer within 1 s');
  assert.equal(lines.at(-1), '3 checks: 1 ok, 0 to look at, 2 broken, 0 skipped');
});

test('a database that cannot be opened is told by its own checks; organizations are then left out', async () => {
  const openState = () => Promise.reject(new Error('no answer from db:3306'));
  const config = configOf({});
  const cli = cliOn({
    app: {
      healthChecks: async () => databaseChecks(config, openState, Date.now),
      organizationChecks: openState,
    },
  });
  const { code, stdout } = await cli.call('doctor');
  assert.equal(code, 1);
  assert.match(stdout, /broken +database answers: no answer from db:3306/);
});

test('the database is well when it is migrated, and a worker is missed where none runs', async (context) => {
  const state = await memoryState(context);
  const nowMs = Number((await state.now()) / 1000n);
  const found = await findings(
    databaseChecks(
      configOf({}),
      async () => state,
      () => nowMs + 90_000,
    ),
  );
  assert.match(found['database answers'] ?? '', /^ok: SQLite file/);
  assert.equal(found['database migrations'], 'ok: all applied');
  assert.match(
    found['database clock'] ?? '',
    /^warning: the database is 90\.\d s behind this process$|^warning: the database is 8\d\.\d s behind/,
  );
  assert.equal(found['database workers'], 'warning: no worker runs on it');
  await state.claimWorkerSlot('worker-1', 60_000);
  const again = await findings(
    databaseChecks(
      configOf({}),
      async () => state,
      () => nowMs,
    ),
  );
  assert.equal(again['database workers'], 'ok: 1 alive: worker-1');
});

test('Pub/Sub is broken before it is provisioned, well afterwards, and a setting that differs is named', async (context) => {
  const [jobs, dead] = [uniqueName('jobs'), uniqueName('dead')];
  const names = { TOPIC: jobs, SUBSCRIPTION: jobs, DEAD_LETTER_TOPIC: dead, DEAD_LETTER_SUBSCRIPTION: dead };
  const config = configOf({
    ...names,
    PROJECT_ID: 'pubsub-tests',
    PUBSUB_EMULATOR_HOST: pubSubEmulatorHost(),
  });
  const messaging = openMessaging(config);
  context.after(() => messaging.close());
  const look = () => findings(pubSubChecks(config, async () => messaging));
  const before = await look();
  assert.equal(before[`Pub/Sub topic ${jobs}`], 'broken: does not exist');
  assert.equal(before[`Pub/Sub subscription ${dead}`], 'broken: does not exist');
  await messaging.provision();
  const after = Object.entries(await look());
  assert.deepEqual(
    after.filter(([, found]) => !/^(ok|skipped): /.test(found)),
    [],
  );
  const name = `projects/pubsub-tests/subscriptions/${jobs}`;
  await messaging.clients.subscriber.updateSubscription({
    subscription: { name, ackDeadlineSeconds: 10, deadLetterPolicy: null },
    updateMask: { paths: ['ack_deadline_seconds', 'dead_letter_policy'] },
  });
  const differing = (await look())[`Pub/Sub subscription ${jobs}`];
  assert.equal(differing, 'broken: differs in ack_deadline_seconds, dead_letter_policy');
  const none = await findings(pubSubChecks(configOf({}), async () => messaging));
  assert.equal(none['Pub/Sub topic pulse-billing-etl'], 'broken: PROJECT_ID is not set');
});

const table = (dataset: string) => ({ project: 'p', dataset, table: 'export' });
const acme = {
  organizationId: 'acme',
  source: table('source'),
  destination: table('copies'),
  destinationLocation: 'EU',
  cursorField: 'export_time',
  transform: 'none',
} as unknown as Organization;

/** An environment in which everything is as it must be, but for what is given. */
function sidesWith(source: object = {}, destination: object = {}): Sides {
  return {
    source: {
      describe: async () => ({ location: 'EU', schema: [{ name: 'export_time' }] }),
      currentTime: async () => 1_767_225_600_000_000n,
      openReadSession: async () => ({}),
      timeTravelHours: async () => 168,
      ...source,
    },
    destination: {
      datasetLocation: async () => 'EU',
      describe: async () => ({}),
      createWriteStream: async () => 'stream',
      ...destination,
    },
  } as unknown as Sides;
}

async function ofAcme(sides: Sides): Promise<string[]> {
  const registry = { open: () => sides, close: async () => undefined };
  const checks = organizationChecks(
    acme,
    async () => registry,
    () => 1_767_225_600_000,
  );
  return Object.values(await findings(checks));
}

test('an organization is well, or it is said what of source, time travel and destination is not', async () => {
  assert.deepEqual(await ofAcme(sidesWith()), [
    'ok: p.source.export in EU, 1 columns, cursor export_time',
    'ok: 168 h',
    'ok: BigQuery is 0.0 s ahead of this process',
    'ok: p.copies.export in EU',
  ]);
  const [missing, , clock] = await ofAcme(sidesWith({ describe: async () => undefined }));
  assert.match(missing ?? '', /^broken: p\.source\.export does not exist/);
  assert.equal(clock, 'skipped: there is no source to ask');
  const [cursor] = await ofAcme(sidesWith({ describe: async () => ({ location: 'EU', schema: [] }) }));
  assert.equal(cursor, 'broken: p.source.export has no column export_time');
  const [, travel] = await ofAcme(sidesWith({ timeTravelHours: async () => 48 }));
  assert.match(travel ?? '', /^warning: 48 h/);
  const [, , , elsewhere] = await ofAcme(sidesWith({}, { datasetLocation: async () => 'US' }));
  assert.equal(elsewhere, 'broken: the dataset is in US, --destination-location says EU');
  const [, , , unmade] = await ofAcme(sidesWith({}, { datasetLocation: async () => undefined }));
  assert.match(unmade ?? '', /^ok: dataset p\.copies does not exist: the first run makes it$/);
});

test('a staging dataset must lie where the tables do', async () => {
  const found = async (dataset: string | undefined, sides: Sides): Promise<Record<string, string>> => {
    const registry = { open: () => sides, close: async () => undefined };
    return findings(stagingChecks(acme, dataset, async () => registry));
  };
  assert.deepEqual(await found(undefined, sidesWith()), {});
  assert.deepEqual(await found('staging', sidesWith()), { 'acme staging dataset': 'ok: p.staging in EU' });
  const datasetLocation = async ({ dataset }: { readonly dataset: string }) =>
    dataset === 'staging' ? 'US' : 'EU';
  const { 'acme staging dataset': elsewhere } = await found('staging', sidesWith({}, { datasetLocation }));
  assert.match(elsewhere ?? '', /^broken: p\.staging is in US, the destination in EU: repairs/);
  const checkStaging = () => Promise.reject(new Error('the staging dataset is in US, the source in EU'));
  const { 'acme staging dataset': ofSource } = await found('staging', sidesWith({ checkStaging }));
  assert.equal(ofSource, 'broken: the staging dataset is in US, the source in EU');
});

test('a transform that is a file must be there', async () => {
  const none = { transformsDir: '/none', memoryBudgetBytes: 1 };
  assert.deepEqual(transformChecks(acme, none), []);
  const found = await findings(transformChecks({ ...acme, transform: 'sql:daily' }, none));
  assert.deepEqual(found, { 'acme transform sql:daily': 'broken: /none/daily.sql is not there' });
});
