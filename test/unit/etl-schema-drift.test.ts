// What may be done to a destination table so that it takes the source's rows, and what may not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaDrift } from '../../src/etl/schema-drift.ts';
import type { Field, FieldMode, FieldType } from '../../src/job/table-schema.ts';

function field(
  name: string,
  type: FieldType = 'STRING',
  mode: FieldMode = 'NULLABLE',
  fields?: Field[],
): Field {
  return { name, type, mode, ...(fields && { fields }) };
}

const struct = (name: string, ...fields: Field[]): Field => field(name, 'STRUCT', 'NULLABLE', fields);

test('tables that agree need nothing, whatever the case and the order of their columns', () => {
  const existing = [field('a'), field('B', 'INT64')];
  const drift = schemaDrift(existing, [field('b', 'INT64'), field('A')]);
  assert.deepEqual(drift, { changes: [], conflicts: [], merged: existing });
});

test('new columns follow the old ones as nullable, also inside structs and lists of structs', () => {
  const existing = [struct('p', field('id')), field('l', 'STRUCT', 'REPEATED', [field('k')]), field('old')];
  const needed = [
    field('new', 'INT64', 'REQUIRED'),
    struct('p', field('name', 'STRING', 'REQUIRED'), field('id')),
    field('l', 'STRUCT', 'REPEATED', [field('k'), struct('deep', field('x', 'STRING', 'REQUIRED'))]),
    field('tags', 'STRING', 'REPEATED'),
  ];
  const drift = schemaDrift(existing, needed);
  assert.deepEqual(drift.conflicts, []);
  assert.deepEqual(drift.changes, [
    '+ p.name STRING NULLABLE',
    '+ l.deep STRUCT NULLABLE',
    '+ new INT64 NULLABLE',
    '+ tags STRING REPEATED',
  ]);
  assert.deepEqual(drift.merged, [
    struct('p', field('id'), field('name')),
    field('l', 'STRUCT', 'REPEATED', [field('k'), struct('deep', field('x'))]),
    field('old'),
    field('new', 'INT64'),
    field('tags', 'STRING', 'REPEATED'),
  ]);
});

test('REQUIRED is relaxed where the source may be NULL, and kept where it may not', () => {
  const existing = [field('a', 'STRING', 'REQUIRED'), field('b', 'STRING', 'REQUIRED'), field('c')];
  const drift = schemaDrift(existing, [
    field('a'),
    field('b', 'STRING', 'REQUIRED'),
    field('c', 'STRING', 'REQUIRED'),
  ]);
  assert.deepEqual(drift.changes, ['~ a: REQUIRED becomes NULLABLE']);
  assert.deepEqual(drift.merged, [field('a'), field('b', 'STRING', 'REQUIRED'), field('c')]);
});

test('another type, another mode and a required column the source lacks are conflicts, each named by its path', () => {
  const existing = [
    field('a', 'INT64'),
    struct('p', field('x', 'FLOAT64'), field('must', 'STRING', 'REQUIRED')),
    field('l', 'STRING', 'REPEATED'),
    { ...field('r', 'RANGE'), rangeElementType: 'DATE' as const },
  ];
  const needed = [
    field('a'),
    struct('p', field('x', 'NUMERIC')),
    field('l'),
    { ...field('r', 'RANGE'), rangeElementType: 'TIMESTAMP' as const },
  ];
  assert.deepEqual(schemaDrift(existing, needed).conflicts, [
    '! a: is INT64, the source has STRING',
    '! p.x: is FLOAT64, the source has NUMERIC',
    '! p.must: is REQUIRED and the source does not have it',
    '! l: is REPEATED, the source has NULLABLE',
    '! r: ranges over another type than the source',
  ]);
});

test('what the table says of a column beyond type and mode stays', () => {
  const described = { ...struct('p', field('id')), description: 'kept' };
  const { merged } = schemaDrift([described], [struct('p', field('id'), field('name'))]);
  assert.deepEqual(merged, [{ ...struct('p', field('id'), field('name')), description: 'kept' }]);
});
