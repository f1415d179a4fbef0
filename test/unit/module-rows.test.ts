// What a module may return for a row, and what is said of a row for which it returned something else: its place, never its content.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../../src/columnar/row-value.ts';
import type { TransformContext, TransformModule } from '../../src/etl/transforms/module-transform.ts';
import {
  DependsOnNeighbours,
  encodeOutcomes,
  RowFault,
  transformerOf,
} from '../../src/etl/transforms/module/apply-transform.ts';
import { rowJson } from '../../src/etl/transforms/module/quarantine-rows.ts';
import type { TableSchema } from '../../src/job/table-schema.ts';

const COLUMNS: TableSchema = [
  { name: 'id', type: 'INT64', mode: 'REQUIRED' },
  { name: 'at', type: 'DATE', mode: 'NULLABLE' },
  {
    name: 'place',
    type: 'STRUCT',
    mode: 'NULLABLE',
    fields: [{ name: 'city', type: 'STRING', mode: 'NULLABLE' }],
  },
  { name: 'tags', type: 'STRING', mode: 'REPEATED' },
];
const DAY = 86_400_000_000n;
const ROWS: readonly Row[] = [1n, 2n, 3n].map((id) => ({
  id,
  at: '1970-01-03',
  place: null,
  tags: ['secret'],
}));

function applied(transformRows: (...given: Parameters<TransformModule['transformRows']>) => unknown) {
  const module = { columns: COLUMNS, cursor: 'at', transformRows } as unknown as TransformModule;
  return transformerOf({
    module,
    file: 'mine.mjs',
    organizationId: 'acme',
    source: COLUMNS,
    columns: COLUMNS,
    window: { lo: DAY, hi: 2n * DAY },
  });
}

/** What is said of a module that gives the second row back changed so. */
function faultOf(change: object): string {
  const { together } = applied((rows) => rows.map((row) => (row['id'] === 2n ? { ...row, ...change } : row)));
  try {
    encodeOutcomes(
      COLUMNS,
      together(() => ROWS),
    );
  } catch (error) {
    assert.ok(error instanceof RowFault);
    assert.equal(error.index, 1);
    assert.doesNotMatch(error.message, /secret/);
    return error.message;
  }
  return 'nothing';
}

test('a row, several, none or a rejection may come back for a row', () => {
  const { together } = applied((rows, { reject, organizationId, columns }) => {
    assert.deepEqual([organizationId, columns], ['acme', COLUMNS]);
    return rows.map((row) => (row['id'] === 1n ? [row, row] : row['id'] === 2n ? [] : reject('third')));
  });
  const [one, two, three] = ROWS;
  assert.deepEqual(
    together(() => ROWS),
    [
      { rows: [one, one], rejected: undefined },
      { rows: [], rejected: undefined },
      { rows: [], rejected: 'third' },
    ],
  );
  assert.ok(two && three);
});

for (const [change, fault] of [
  [{ tags: [] }, /^nothing$/],
  [{ tags: undefined, place: undefined }, /^nothing$/],
  [{ extra: 1 }, /it has a field extra that columns does not announce/],
  [{ 'secret@example.com': 1 }, /it has a field \(of a strange name\) that columns/],
  [{ place: { town: 'secret' } }, /it has a field place\.town that columns/],
  [{ place: 'secret' }, /place is no object/],
  [{ place: ['secret'] }, /place is no object/],
  [{ id: null }, /id is REQUIRED and NULL/],
  [{ id: 2 }, /column id \(INT64\) cannot hold what it was given: a bigint is needed/],
  [{ id: 'secret' }, /column id \(INT64\) cannot hold/],
  [{ id: 2n ** 70n }, /fits into 64 bits/],
  [{ tags: ['a', null] }, /tags holds a NULL within an array/],
  [{ tags: ['a', undefined] }, /tags holds a NULL within an array/],
  [{ tags: 'secret' }, /column tags \(STRING\) cannot hold what it was given: an array is needed/],
  [{ tags: [() => 'secret'] }, /column tags \(STRING\) cannot hold what it was given: text is needed/],
  [{ at: null }, /at, the cursor, has no value/],
  [{ at: '1970-01-02' }, /at, the cursor, lies outside the window/],
  [{ at: '1970-01-04' }, /at, the cursor, lies outside the window/],
  [{ at: 'secret' }, /at, the cursor, has no value/],
] as const)
  test(`of a row changed by ${Object.keys(change).join()} is said: ${fault.source.slice(0, 50)}`, () => {
    assert.match(faultOf(change), fault);
  });

for (const [what, transformRows, fault] of [
  [
    'a throw',
    () => {
      throw new TypeError('secret');
    },
    /^it threw a TypeError/,
  ],
  [
    'something thrown that is no error',
    () => {
      throw 'secret' as unknown as Error;
    },
    /^it threw a string$/,
  ],
  ['no array', () => undefined, /transformRows returned no array/],
  [
    'a promise',
    () => Promise.reject(new Error('secret')),
    /transformRows returned a promise; it must not be async/,
  ],
  ['too few results', () => [], /transformRows returned 0 results for 1 rows/],
  ['a NULL', (rows: readonly Row[]) => rows.map(() => null), /it is no object/],
  [
    'a rejection without a reason',
    (rows: readonly Row[], { reject }: TransformContext) => rows.map(() => reject('')),
    /rejected the row without a reason/,
  ],
  [
    'something like a rejection',
    (rows: readonly Row[]) => rows.map(() => ({ rejected: 'no' })),
    /a field rejected that columns does not announce/,
  ],
] as const)
  test(`${what} for a row is a fault of its first row`, () => {
    const { together } = applied(transformRows);
    assert.throws(
      () => together(() => ROWS),
      (error) =>
        error instanceof RowFault &&
        error.index === 0 &&
        fault.test(error.message) &&
        !error.message.includes('secret'),
    );
  });

test('a module that fails only on rows that come together depends on what it must not', () => {
  const { together } = applied((rows) => {
    if (rows.length > 1) throw new Error('too many');
    return rows;
  });
  assert.throws(() => together(() => ROWS), DependsOnNeighbours);
});

test('a rejected row is kept as JSON that loses no digit', () => {
  const columns: TableSchema = [
    { name: 'small', type: 'INT64', mode: 'NULLABLE' },
    { name: 'large', type: 'INT64', mode: 'NULLABLE' },
    { name: 'float', type: 'FLOAT64', mode: 'REPEATED' },
    { name: 'bytes', type: 'BYTES', mode: 'NULLABLE' },
    {
      name: 'at',
      type: 'STRUCT',
      mode: 'REPEATED',
      fields: [{ name: 'time', type: 'TIMESTAMP', mode: 'NULLABLE' }],
    },
  ];
  const row = {
    small: 7n,
    large: 2n ** 60n,
    float: [0.1, NaN],
    bytes: new Uint8Array([1, 2]),
    at: [{ time: 0n }],
  };
  assert.deepEqual(JSON.parse(rowJson(columns, row)), {
    small: 7,
    large: '1152921504606846976',
    float: [0.1, 'NaN'],
    bytes: 'AQI=',
    at: [{ time: '1970-01-01T00:00:00.000000Z' }],
  });
});
