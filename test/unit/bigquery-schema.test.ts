import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evolvedFields, fromRestFields, toRestFields, type RestField } from '../../src/bigquery/schema.ts';
import { FIELD_TYPES, type TableSchema } from '../../src/job/table-schema.ts';

describe('table schemas of the REST API', () => {
  it('are read by their older and their newer names', () => {
    const types = [
      'INTEGER',
      'INT64',
      'FLOAT',
      'FLOAT64',
      'BOOLEAN',
      'BOOL',
      'RECORD',
      'STRUCT',
      'string',
      'BIGDECIMAL',
    ];
    assert.deepEqual(
      fromRestFields(types.map((type) => ({ name: 'x', type }))).map(({ type }) => type),
      ['INT64', 'INT64', 'FLOAT64', 'FLOAT64', 'BOOL', 'BOOL', 'STRUCT', 'STRUCT', 'STRING', 'BIGNUMERIC'],
    );
  });

  it('come back as they were sent, whatever they hold', () => {
    const schema: TableSchema = [
      ...FIELD_TYPES.filter((type) => type !== 'RANGE' && type !== 'STRUCT').map(
        (type) => ({ name: type, type, mode: 'NULLABLE' }) as const,
      ),
      { name: 'span', type: 'RANGE', mode: 'NULLABLE', rangeElementType: 'DATETIME' },
      {
        name: 'amount',
        type: 'NUMERIC',
        mode: 'REQUIRED',
        precision: '10',
        scale: '2',
        description: 'money',
      },
      { name: 'code', type: 'STRING', mode: 'NULLABLE', maxLength: '7' },
      {
        name: 'deep',
        type: 'STRUCT',
        mode: 'REPEATED',
        fields: [{ name: 'a', type: 'INT64', mode: 'REPEATED' }],
      },
    ];
    assert.deepEqual(fromRestFields(toRestFields(schema)), schema);
  });

  it('are refused with the path of a type nobody knows', () => {
    const fields = [{ name: 'a', type: 'RECORD', fields: [{ name: 'b', type: 'HOLOGRAM' }] }];
    assert.throws(() => fromRestFields(fields), {
      reason: 'unsupported',
      message: /column a\.b has type HOLOGRAM/,
    });
  });

  it('grow and relax, and lose nothing of what they say already', () => {
    const current: RestField[] = [
      { name: 'Cost', type: 'FLOAT', mode: 'REQUIRED', policyTags: { names: ['t'] } } as RestField,
      { name: 'kept', type: 'STRING', mode: 'REQUIRED' },
      { name: 'list', type: 'RECORD', mode: 'REPEATED', fields: [{ name: 'a', type: 'STRING' }] },
    ];
    const wanted: TableSchema = [
      { name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' },
      {
        name: 'list',
        type: 'STRUCT',
        mode: 'REPEATED',
        fields: [
          { name: 'b', type: 'INT64', mode: 'NULLABLE' },
          { name: 'a', type: 'STRING', mode: 'NULLABLE' },
        ],
      },
      { name: 'new', type: 'BOOL', mode: 'NULLABLE' },
    ];
    assert.deepEqual(evolvedFields(current, wanted), [
      { ...current[0], mode: 'NULLABLE' },
      current[1],
      {
        ...current[2],
        fields: [
          { name: 'a', type: 'STRING' },
          { name: 'b', type: 'INTEGER', mode: 'NULLABLE' },
        ],
      },
      { name: 'new', type: 'BOOLEAN', mode: 'NULLABLE' },
    ]);
  });
});
