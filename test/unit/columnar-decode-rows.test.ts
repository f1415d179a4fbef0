// Rows of JavaScript values survive the way to Arrow and back; what cannot be read is refused by name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnNodes } from '../../src/columnar/column-node.ts';
import { nodesOf } from '../../src/columnar/copy-layout.ts';
import { rowDecoder } from '../../src/columnar/decode-rows.ts';
import { encodeRows } from '../../src/columnar/encode-rows.ts';
import { IncomingRows } from '../../src/columnar/incoming-rows.ts';
import { HEADER, readIpcMessage } from '../../src/columnar/ipc-message.ts';
import type { Row } from '../../src/columnar/row-value.ts';
import { tableSchemaMessage } from '../../src/columnar/table-schema-message.ts';
import type { Field, TableSchema } from '../../src/job/table-schema.ts';
import { randomRow, randomTable, SCALAR_TYPES } from '../support/random-row-values.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const nodesFor = (schema: TableSchema) => nodesOf(readIpcMessage(tableSchemaMessage(schema), HEADER.schema));

/** What the rows are once they were Arrow, read as the table that the second schema says. */
function roundTrip(schema: TableSchema, rows: readonly Row[], start = 0, end = rows.length): Row[] {
  const nodes = nodesFor(schema);
  return rowDecoder(schema, nodes)(new IncomingRows(encodeRows(schema, rows), nodes), start, end);
}

for (let seed = 1; seed <= 20; seed += 1)
  test(`rows of every type, nested, repeated and NULL, come back as they were (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const schema = randomTable(random);
    const rows = Array.from({ length: random.below(30) }, () => randomRow(random, schema));
    assert.deepEqual(roundTrip(schema, rows), rows);
    const [start, end] = [random.below(rows.length + 1), rows.length];
    assert.deepEqual(roundTrip(schema, rows, start, end), rows.slice(start));
  });

test('a column left out comes back as NULL, a NULL array as an empty one', () => {
  const schema: TableSchema = [
    { name: 'id', type: 'INT64', mode: 'NULLABLE' },
    { name: 'tags', type: 'STRING', mode: 'REPEATED' },
    {
      name: 'place',
      type: 'STRUCT',
      mode: 'NULLABLE',
      fields: [{ name: 'x', type: 'DATE', mode: 'NULLABLE' }],
    },
  ];
  assert.deepEqual(roundTrip(schema, [{ tags: null }, { place: {} }]), [
    { id: null, tags: [], place: null },
    { id: null, tags: [], place: { x: null } },
  ]);
});

test('dates before 1970 and fractions of a second keep their digits', () => {
  const schema = (['DATE', 'TIME', 'DATETIME'] as const).map((type) => ({
    name: type,
    type,
    mode: 'NULLABLE' as const,
  }));
  const rows = [
    { DATE: '0001-01-01', TIME: '00:00:00', DATETIME: '0001-01-01T00:00:00' },
    { DATE: '1969-12-31', TIME: '23:59:59.999999', DATETIME: '1969-12-31T23:59:59.5' },
  ];
  assert.deepEqual(roundTrip(schema, rows), rows);
});

for (const type of ['INTERVAL', 'RANGE'] as const)
  test(`a column of type ${type} is refused by name`, () => {
    const field: Field = { name: 'lasted', type, mode: 'NULLABLE' };
    const arrived = nodesFor([{ name: 'lasted', type: 'INT64', mode: 'NULLABLE' }]);
    assert.throws(() => rowDecoder([field], arrived), {
      reason: 'unsupported',
      message: new RegExp(`column lasted \\(NULLABLE ${type}\\)`),
    });
  });

test('a column that does not arrive, or in another form, is refused by name', () => {
  const field: Field = { name: 'id', type: 'INT64', mode: 'NULLABLE' };
  assert.throws(() => rowDecoder([field], columnNodes([])), /column id .* sends no such column/);
  for (const type of SCALAR_TYPES.filter(
    (other) => !['INT64', 'FLOAT64', 'TIME', 'DATETIME', 'TIMESTAMP'].includes(other),
  ))
    assert.throws(() => rowDecoder([field], nodesFor([{ ...field, type }])), /column id .* does not arrive/);
  for (const mode of ['REPEATED', 'NULLABLE'] as const) {
    const arrived = nodesFor([{ ...field, mode }]);
    const wanted: Field = { ...field, mode: mode === 'REPEATED' ? 'NULLABLE' : 'REPEATED' };
    assert.throws(() => rowDecoder([wanted], arrived), /column id .* does not arrive/);
  }
});
