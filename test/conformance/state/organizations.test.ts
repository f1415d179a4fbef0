// Organizations: their defaults, what a change may do, and what it is refused for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniqueName } from '../../support/eventually.ts';
import { onEveryDatabase } from './databases.ts';
import {
  aDecidedJob,
  anOrganization,
  aPlannedJob,
  aQueuedJob,
  aRunningJob,
  aSet,
  COUNTS,
  HI,
  LONG_MS,
} from './fixtures.ts';

const source = { project: 'source-project', dataset: 'billing', table: 'export' };

onEveryDatabase((database) => {
  test('a new organization has the documented defaults', async () => {
    const { state } = database();
    const organizationId = uniqueName('org');
    const destination = { project: 'destination-project', dataset: 'billing', table: organizationId };
    const before = await state.now();
    const outcome = await state.organizations.set({ organizationId, source, destination });
    assert.ok(outcome.kind === 'created');
    const { createdAt, updatedAt, ...organization } = outcome.organization;
    assert.ok(createdAt >= before && updatedAt === createdAt);
    assert.deepEqual(organization, {
      organizationId,
      sourceKind: 'bigquery',
      source,
      sourceLocation: undefined,
      destination,
      destinationLocation: undefined,
      sourceServiceAccount: undefined,
      destinationServiceAccount: undefined,
      transform: 'none',
      writePath: 'auto',
      schemaPolicy: 'evolve',
      cursorField: 'export_time',
      partitionField: '_etl_cursor',
      clusteringFields: [],
      settleMinutes: 15,
      verifyLevel: 'totals',
      verifyColumns: undefined,
      maxBytesBilled: undefined,
      quarantineTable: undefined,
      maxRejectedPercent: 0,
      paused: false,
      watermark: undefined,
      activeJob: undefined,
    });
    assert.deepEqual(await state.organizations.find(organizationId), outcome.organization);
    assert.ok((await state.organizations.list()).some((each) => each.organizationId === organizationId));
  });

  test('every column can be set, left and cleared', async () => {
    const { state } = database();
    const all = {
      sourceLocation: 'EU',
      destinationLocation: 'us-central1',
      sourceServiceAccount: 'reader@project.iam.gserviceaccount.com',
      destinationServiceAccount: 'writer@project.iam.gserviceaccount.com',
      transform: 'sql:by-day',
      writePath: 'query',
      schemaPolicy: 'freeze',
      cursorField: 'usage_time',
      partitionField: 'usage_time',
      clusteringFields: ['project_id', 'service'],
      settleMinutes: 0,
      verifyLevel: 'fingerprint',
      verifyColumns: ['cost', 'credits.amount'],
      maxBytesBilled: 9_007_199_254_740_993n,
      quarantineTable: { project: 'destination-env', dataset: 'quarantine', table: 'rejected' },
      maxRejectedPercent: 5,
    } as const;
    const organizationId = await anOrganization(state, { ...all, paused: true });
    const { createdAt: _, updatedAt: __, ...made } = (await state.organizations.find(organizationId))!;
    assert.deepEqual({ ...made, ...all, paused: true }, made);
    await state.organizations.set({ organizationId, settleMinutes: 5 });
    const changed = (await state.organizations.find(organizationId))!;
    assert.deepEqual(
      { ...changed, settleMinutes: 0, createdAt: _, updatedAt: __ },
      { ...made, createdAt: _, updatedAt: __ },
    );
    await state.organizations.set({
      organizationId,
      sourceLocation: null,
      verifyColumns: null,
      maxBytesBilled: null,
      quarantineTable: null,
      destinationServiceAccount: null,
    });
    const cleared = (await state.organizations.find(organizationId))!;
    assert.deepEqual(
      [
        cleared.sourceLocation,
        cleared.verifyColumns,
        cleared.maxBytesBilled,
        cleared.quarantineTable,
        cleared.destinationServiceAccount,
      ],
      [undefined, undefined, undefined, undefined, undefined],
    );
    assert.equal(cleared.destinationLocation, 'us-central1');
  });

  test('a new organization needs a source and a destination', async () => {
    const { state } = database();
    const outcome = await state.organizations.set({ organizationId: uniqueName('org') });
    assert.deepEqual(outcome, {
      kind: 'refused',
      why: 'a new organization needs a source and a destination',
    });
  });

  test('everything wrong with a configuration is said at once, and nothing of it is stored', async () => {
    const { state } = database();
    const organizationId = uniqueName('org');
    const outcome = await state.organizations.set({
      organizationId,
      source,
      destination: source,
      cursorField: 'a; DROP TABLE x',
      settleMinutes: -1,
      transform: 'magic',
    });
    assert.ok(outcome.kind === 'refused');
    for (const part of ['the same table', 'DROP TABLE', 'settle minutes -1', 'transform "magic"'])
      assert.ok(outcome.why.includes(part), `${outcome.why} says nothing of ${part}`);
    assert.equal(await state.organizations.find(organizationId), undefined);
  });

  test('a destination belongs to one organization, which the refusal names', async () => {
    const { state } = database();
    const owner = await anOrganization(state);
    const destination = (await state.organizations.find(owner))!.destination;
    const refused = await state.organizations.set({ organizationId: uniqueName('org'), source, destination });
    assert.ok(refused.kind === 'refused' && refused.why.includes(`belongs to organization ${owner}`));
    const other = await anOrganization(state);
    const moved = await state.organizations.set({
      organizationId: other,
      destination,
      watermark: { kind: 'keep' },
    });
    assert.ok(moved.kind === 'refused' && moved.why.includes(owner));
    assert.equal((await state.organizations.set({ organizationId: owner, destination })).kind, 'updated');
  });

  test('of two organizations claiming one destination at once one gets it', async () => {
    const { state } = database();
    const another = await database().openAnother();
    const destination = { project: 'destination-project', dataset: 'billing', table: uniqueName('table') };
    const outcomes = await Promise.all(
      [state, another].map((each) =>
        each.organizations.set({ organizationId: uniqueName('org'), source, destination }),
      ),
    );
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['created', 'refused']);
  });

  test('one organization set twice at once is created once', async () => {
    const { state } = database();
    const another = await database().openAnother();
    const organizationId = uniqueName('org');
    const destination = { project: 'destination-project', dataset: 'billing', table: organizationId };
    const outcomes = await Promise.all(
      [state, another].map((each) => each.organizations.set({ organizationId, source, destination })),
    );
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['created', 'updated']);
  });

  for (const [part, change] of [
    ['source', { source: { ...source, table: 'other' } }],
    ['destination', { destination: { ...source, table: 'elsewhere' } }],
    ['transform', { transform: 'focus-1.2' }],
    ['cursor', { cursorField: 'usage_time' }],
  ] as const) {
    test(`changing the ${part} needs a word about the watermark`, async () => {
      const { state } = database();
      const organizationId = await anOrganization(state, { watermark: { kind: 'since', at: HI } });
      const unique =
        part === 'destination' ? { destination: { ...source, table: uniqueName('table') } } : change;
      const refused = await state.organizations.set({ organizationId, ...unique });
      assert.ok(refused.kind === 'refused');
      assert.match(refused.why, new RegExp(`changing the ${part} .* --since T or --keep-watermark`));
      const kept = await state.organizations.set({ organizationId, ...unique, watermark: { kind: 'keep' } });
      assert.equal(kept.kind === 'updated' && kept.organization.watermark, HI);
    });

    test(`changing the ${part} is refused while a job is active`, async () => {
      const { state } = database();
      const lease = await aPlannedJob(state);
      const { organizationId } = lease;
      const set = () => state.organizations.set({ organizationId, ...change, watermark: { kind: 'keep' } });
      const before = await state.organizations.find(organizationId);
      const refused = await set();
      assert.ok(refused.kind === 'refused' && refused.why.includes(lease.jobId));
      await state.jobs.decide(lease, 1, aSet(lease));
      assert.equal((await set()).kind, 'refused');
      assert.deepEqual(await state.organizations.find(organizationId), before);
    });
  }

  test('the watermark moves by hand only while no job is active', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    const { organizationId } = lease;
    const since = () => state.organizations.set({ organizationId, watermark: { kind: 'since', at: 5n } });
    assert.equal((await since()).kind, 'refused');
    await state.jobs.retryLater(lease, 'rate_limited', 'slow down', LONG_MS);
    assert.equal((await since()).kind, 'updated');
    assert.equal((await state.organizations.find(organizationId))?.watermark, 5n);
  });

  test('settings that a running job does not depend on change while it runs', async () => {
    const { state } = database();
    const { organizationId, jobId } = await aRunningJob(state);
    const outcome = await state.organizations.set({
      organizationId,
      settleMinutes: 30,
      verifyLevel: 'counts',
    });
    assert.ok(outcome.kind === 'updated');
    assert.deepEqual([outcome.organization.settleMinutes, outcome.organization.activeJob], [30, jobId]);
  });

  test('an organization is removed unless a job is active, and its jobs stay on record', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    const refused = await state.organizations.remove(lease.organizationId);
    assert.ok(refused.kind === 'refused' && refused.why.includes('COMMITTING'));
    await state.jobs.finish(lease, aSet(lease), COUNTS);
    const waiting = await aQueuedJob(state, lease.organizationId);
    assert.deepEqual(await state.organizations.remove(lease.organizationId), { kind: 'removed' });
    assert.deepEqual(await state.organizations.remove(lease.organizationId), { kind: 'not_found' });
    assert.equal(await state.organizations.find(lease.organizationId), undefined);
    assert.equal((await state.jobs.find(lease))?.status, 'SUCCESS');
    assert.equal((await state.jobs.claim(waiting, 'worker-1', LONG_MS)).kind, 'unknown_organization');
  });

  test('pausing and resuming an organization nobody knows is not found', async () => {
    const { state } = database();
    assert.deepEqual(await state.organizations.pause('nobody'), { kind: 'not_found' });
    assert.deepEqual(await state.organizations.resume('nobody'), { kind: 'not_found' });
  });

  test('all are paused and resumed at once, but for those that were paused by their name', async () => {
    const { state } = database();
    const [own, other, resumed] = [
      await anOrganization(state),
      await anOrganization(state),
      await anOrganization(state),
    ];
    await state.organizations.pause(own);
    const names = (organizations: readonly { organizationId: string }[]) =>
      organizations.map(({ organizationId }) => organizationId);
    assert.ok(names(await state.organizations.pauseAll({ dryRun: true })).includes(other));
    assert.equal((await state.organizations.find(other))?.paused, false);

    const paused = names(await state.organizations.pauseAll());
    assert.ok(paused.includes(other) && !paused.includes(own));
    assert.deepEqual(await state.organizations.pauseAll(), []);
    assert.ok((await state.organizations.list()).every((organization) => organization.paused));

    await state.organizations.resume(resumed);
    await state.organizations.pause(resumed);
    const back = names(await state.organizations.resumeAll());
    assert.deepEqual(
      back,
      paused.filter((name) => name !== resumed),
    );
    for (const [name, expected] of [
      [own, true],
      [other, false],
      [resumed, true],
    ] as const)
      assert.equal((await state.organizations.find(name))?.paused, expected, name);
  });
});
