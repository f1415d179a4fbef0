// What a configuration may say: every rule, with a value that keeps it and one that breaks it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  newColumns,
  type ConfigurationColumns,
  type OrganizationChange,
} from '../../src/state/organization-change.ts';
import { violations } from '../../src/state/organization-rules.ts';

const valid: OrganizationChange = {
  organizationId: 'acme',
  source: { project: 'source-project', dataset: 'billing', table: 'gcp_billing_export_v1_0A-1B' },
  destination: { project: 'example.com:destination', dataset: 'billing', table: 'acme' },
};

function violationsOf(change: Partial<OrganizationChange>): string[] {
  const made = newColumns({ ...valid, ...change });
  assert.ok('columns' in made);
  return violations(change.organizationId ?? 'acme', made.columns);
}

test('the defaults break no rule', () => {
  assert.deepEqual(violationsOf({}), []);
});

for (const change of [
  { transform: 'sql:by_day.v2' },
  { transform: 'module:anonymize' },
  { cursorField: 'Größe' },
  { verifyColumns: ['cost', 'credits.amount'] },
  { clusteringFields: ['a', 'b', 'c', 'd'] },
  { settleMinutes: 0 },
  { maxBytesBilled: 1n },
  { maxRejectedPercent: 100 },
  { sourceLocation: 'asia-northeast1' },
  { destinationServiceAccount: 'etl@project.iam.gserviceaccount.com' },
  { destination: { ...valid.destination!, table: 'x'.repeat(450) } },
] as const)
  test(`${JSON.stringify(change, bigintAsText).slice(0, 80)} is allowed`, () => {
    assert.deepEqual(violationsOf(change), []);
  });

for (const [change, violation] of [
  [{ organizationId: 'a b' }, /organization "a b" may hold only/],
  [{ organizationId: 'x'.repeat(256) }, /may hold only/],
  [{ transform: 'sql:../../etc/passwd' }, /transform .* must be none/],
  [{ transform: 'focus-1.3' }, /transform "focus-1.3"/],
  [{ cursorField: 'a`b' }, /cursor field "a`b" is no column name/],
  [{ cursorField: '' }, /cursor field/],
  [{ partitionField: 'a.b' }, /partition field/],
  [{ verifyColumns: ['cost; --'] }, /verify columns/],
  [{ clusteringFields: ['a', 'b', 'c', 'd', 'e'] }, /at most 4/],
  [{ settleMinutes: 1.5 }, /settle minutes 1.5/],
  [{ maxBytesBilled: 0n }, /max bytes billed 0/],
  [{ maxRejectedPercent: 101 }, /max rejected percent 101/],
  [{ maxRejectedPercent: 0.5 }, /max rejected percent 0.5/],
  [{ quarantineTable: valid.destination! }, /quarantine table .* is the source or the destination/],
  [{ quarantineTable: { ...valid.source!, table: 'a`b' } }, /quarantine table .* is no BigQuery table name/],
  [{ sourceLocation: 'EU US' }, /source location "EU US" is malformed/],
  [{ sourceServiceAccount: 'not an address' }, /source service account/],
  [{ writePath: 'fast' as 'auto' }, /write path "fast" must be one of auto, storage, query/],
  [{ schemaPolicy: 'yolo' as 'evolve' }, /schema policy/],
  [{ verifyLevel: 'none' as 'counts' }, /verify level/],
  [{ source: { ...valid.source!, table: 'a`b' } }, /source .* is no BigQuery table name/],
  [{ destination: { ...valid.destination!, project: 'P' } }, /destination .* is no BigQuery table name/],
  [{ destination: { ...valid.destination!, table: 'x'.repeat(451) } }, /451 characters; at most 450/],
  [{ destination: valid.source! }, /the same table/],
] as const)
  test(`${JSON.stringify(change, bigintAsText).slice(0, 80)} is refused`, () => {
    const found = violationsOf(change);
    assert.equal(found.length, 1, found.join('; '));
    assert.match(found[0]!, violation);
  });

test('what a new organization lacks is named', () => {
  assert.deepEqual(newColumns({ organizationId: 'a', source: valid.source }), { missing: ['destination'] });
});

test('null clears, undefined leaves', () => {
  const made = newColumns({ ...valid, verifyColumns: null, maxBytesBilled: undefined, sourceLocation: 'EU' });
  const { verifyColumns, maxBytesBilled, sourceLocation } = (made as { columns: ConfigurationColumns })
    .columns;
  assert.deepEqual([verifyColumns, maxBytesBilled, sourceLocation], [null, null, 'EU']);
});

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
