import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  cursorLiteral,
  cursorMicros,
  cursorOf,
  tableAsOf,
  windowCondition,
} from '../../src/bigquery/slice-sql.ts';
import { fingerprintSql } from '../../src/bigquery/fingerprint-sql.ts';
import { quoteColumn, quoteTable } from '../../src/bigquery/table-ref.ts';
import { totalsFromRows, totalsSql } from '../../src/bigquery/totals.ts';
import { LINEAGE_FIELDS, type Field, type TableSchema } from '../../src/job/table-schema.ts';

const TABLE = { project: 'example.com:my-project', dataset: 'billing', table: 'gcp_billing_export_v1_0123' };
const INSTANT = 1_767_225_600_000_001n;

describe('names in SQL', () => {
  it('are quoted whole', () => {
    assert.equal(quoteTable(TABLE), '`example.com:my-project.billing.gcp_billing_export_v1_0123`');
    assert.equal(quoteColumn('credits.amount'), '`credits`.`amount`');
    assert.equal(quoteColumn('Größe in €'), '`Größe in €`');
  });

  it('never leave their quotes', () => {
    for (const name of ['a`b', 'a\\', '', 'a;b', 'a\nb', 'a.', 'x'.repeat(301)]) {
      assert.throws(() => quoteColumn(name), { reason: 'invalid_configuration' }, JSON.stringify(name));
    }
    for (const part of ['d` x', 'd.e', "d'"]) {
      assert.throws(() => quoteTable({ ...TABLE, dataset: part }), { reason: 'invalid_configuration' });
      assert.throws(() => quoteTable({ ...TABLE, table: part.replace(' ', '`') }), {
        reason: 'invalid_configuration',
      });
    }
  });
});

describe('a slice in SQL', () => {
  it('names the table at its snapshot, exact to the microsecond', () => {
    assert.equal(
      tableAsOf(TABLE, INSTANT),
      "`example.com:my-project.billing.gcp_billing_export_v1_0123` AS t FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01 00:00:00.000001+00'",
    );
  });

  it('is open below and closed above', () => {
    const cursor = { field: 'export_time', type: 'TIMESTAMP' } as const;
    assert.equal(
      windowCondition(cursor, { lo: INSTANT, hi: INSTANT + 1n }),
      "`export_time` > TIMESTAMP '2026-01-01 00:00:00.000001+00' AND `export_time` <= TIMESTAMP '2026-01-01 00:00:00.000002+00'",
    );
    assert.equal(
      windowCondition(cursor, { lo: undefined, hi: INSTANT }, 't.'),
      "t.`export_time` <= TIMESTAMP '2026-01-01 00:00:00.000001+00'",
    );
  });

  it('writes an instant as the type of its cursor', () => {
    const literal = (type: 'DATE' | 'DATETIME') => cursorLiteral({ field: 'c', type }, INSTANT - 2n);
    assert.equal(literal('DATE'), "DATE '2025-12-31'");
    assert.equal(literal('DATETIME'), "DATETIME '2025-12-31 23:59:59.999999'");
  });

  it('reads a cursor value as microseconds, one without zone as UTC', () => {
    const micros = (type: 'TIMESTAMP' | 'DATE' | 'DATETIME') => cursorMicros({ field: 'c', type }, 'MAX(c)');
    assert.equal(micros('TIMESTAMP'), 'UNIX_MICROS(MAX(c))');
    assert.equal(micros('DATE'), 'UNIX_MICROS(TIMESTAMP(MAX(c)))');
    assert.equal(micros('DATETIME'), 'UNIX_MICROS(TIMESTAMP(MAX(c)))');
  });

  it('has no cursor in a column that is no time', () => {
    const schema: TableSchema = [{ name: 'id', type: 'INT64', mode: 'NULLABLE' }];
    assert.throws(() => cursorOf(TABLE, schema, 'id'), {
      reason: 'invalid_configuration',
      message: /has type INT64/,
    });
    assert.throws(() => cursorOf(TABLE, schema, 'gone'), {
      reason: 'invalid_configuration',
      message: /does not exist/,
    });
  });
});

describe('the query for totals', () => {
  const schema: TableSchema = [
    { name: 'currency', type: 'STRING', mode: 'NULLABLE' },
    { name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' },
    { name: 'units', type: 'INT64', mode: 'NULLABLE' },
    {
      name: 'credits',
      type: 'STRUCT',
      mode: 'REPEATED',
      fields: [{ name: 'amount', type: 'FLOAT64', mode: 'NULLABLE' }],
    },
  ];

  it('looks into repeated columns row by row and never joins them', () => {
    const sql = totalsSql(
      { columns: ['credits.amount'], currencyColumn: 'currency', schema },
      'source AS t',
      'TRUE',
    );
    assert.equal(
      sql,
      [
        'SELECT t.`currency` AS currency,',
        '  COUNT(*) AS row_count,',
        '  CAST(SUM((SELECT SUM(ROUND(CAST(IF(IS_NAN(u0.`amount`) OR IS_INF(u0.`amount`), NULL, u0.`amount`) AS BIGNUMERIC), 15)) FROM UNNEST(t.`credits`) AS u0)) AS STRING) AS c0_sum,',
        '  SUM((SELECT COUNTIF(IS_NAN(u0.`amount`)) FROM UNNEST(t.`credits`) AS u0)) AS c0_nan,',
        '  SUM((SELECT COUNTIF(IS_INF(u0.`amount`) AND u0.`amount` > 0) FROM UNNEST(t.`credits`) AS u0)) AS c0_positive_infinity,',
        '  SUM((SELECT COUNTIF(IS_INF(u0.`amount`) AND u0.`amount` < 0) FROM UNNEST(t.`credits`) AS u0)) AS c0_negative_infinity',
        'FROM source AS t',
        'WHERE TRUE',
        'GROUP BY 1',
      ].join('\n'),
    );
  });

  it('adds whole numbers without a limit and without counting what they cannot be', () => {
    const sql = totalsSql({ columns: ['units'], currencyColumn: undefined, schema }, 'source AS t', 'TRUE');
    assert.match(sql, /^SELECT CAST\(NULL AS STRING\) AS currency,/);
    assert.match(sql, /CAST\(SUM\(CAST\(t\.`units` AS BIGNUMERIC\)\) AS STRING\) AS c0_sum\n/);
    assert.doesNotMatch(sql, /IS_NAN/);
  });

  it('refuses a column that is not there or is no number', () => {
    const query = (path: string) =>
      totalsSql({ columns: [path], currencyColumn: undefined, schema }, 's AS t', 'TRUE');
    assert.throws(() => query('credits.gone'), {
      reason: 'invalid_configuration',
      message: /credits\.gone does not exist/,
    });
    assert.throws(() => query('currency'), { reason: 'invalid_configuration', message: /has type STRING/ });
    assert.throws(() => query('credits'), { reason: 'invalid_configuration', message: /has type STRUCT/ });
  });

  it('is answered in canonical form, no currency first', () => {
    const columns = { columns: ['cost'], currencyColumn: 'currency', schema };
    const row = (currency: string | null, sum: string | null, nan: string) => ({
      currency,
      row_count: '2',
      c0_sum: sum,
      c0_nan: nan,
      c0_positive_infinity: '0',
      c0_negative_infinity: '1',
    });
    const total = (sum: string, nan: number) => ({
      cost: { sum, nan, positiveInfinity: 0, negativeInfinity: 1 },
    });
    assert.deepEqual(
      totalsFromRows(columns, [row('USD', '1E-15', '0'), row('EUR', '-0.100', '3'), row(null, null, '0')]),
      [
        { currency: null, rows: 2, columns: total('0', 0) },
        { currency: 'EUR', rows: 2, columns: total('-0.1', 3) },
        { currency: 'USD', rows: 2, columns: total('0.000000000000001', 0) },
      ],
    );
  });
});

describe('the fingerprint of a row', () => {
  const field = (name: string, type: Field['type'], mode: Field['mode'], fields?: TableSchema): Field => ({
    name,
    type,
    mode,
    ...(fields && { fields }),
  });
  const one = (name: string, type: Field['type'], fields?: TableSchema) =>
    field(name, type, 'NULLABLE', fields);
  const many = (name: string, type: Field['type'], fields?: TableSchema) =>
    field(name, type, 'REPEATED', fields);
  const columnsOf = (schema: TableSchema, present = schema): string =>
    /TO_JSON_STRING\(STRUCT\((.*)\)\)\) AS NUMERIC/.exec(fingerprintSql(schema, present))?.[1] ?? '';

  it('adds up a hash of every column by name, without the columns of lineage', () => {
    assert.equal(
      fingerprintSql([one('id', 'INT64'), many('tags', 'STRING'), ...LINEAGE_FIELDS], []),
      'CAST(SUM(CAST(FARM_FINGERPRINT(TO_JSON_STRING(STRUCT(CAST(NULL AS STRING) AS `id`, ARRAY<STRING>[] AS `tags`))) AS NUMERIC)) AS STRING)',
    );
    assert.equal(
      columnsOf([one('id', 'INT64'), many('tags', 'STRING')]),
      't.`id` AS `id`, t.`tags` AS `tags`',
    );
  });

  it('writes what JSON has no exact form for as text, also inside of lists', () => {
    const schema = [
      one('raw', 'BYTES'),
      one('place', 'GEOGRAPHY'),
      one('took', 'INTERVAL'),
      many('keys', 'BYTES'),
    ];
    assert.equal(
      columnsOf(schema),
      'TO_HEX(t.`raw`) AS `raw`, ST_ASTEXT(t.`place`) AS `place`, CAST(t.`took` AS STRING) AS `took`, ARRAY(SELECT TO_HEX(e0) FROM UNNEST(t.`keys`) AS e0 WITH OFFSET AS o0 ORDER BY o0) AS `keys`',
    );
    assert.match(
      columnsOf([one('valid', 'RANGE')]),
      /^IF\(t\.`valid` IS NULL, NULL, STRUCT\(RANGE_START\(t\.`valid`\) .*, RANGE_END\(t\.`valid`\)/,
    );
  });

  it('is the same for a table whose nested fields stand in another order, or are not there yet', () => {
    const schema = [
      one('project', 'STRUCT', [one('id', 'STRING'), one('name', 'STRING')]),
      many('tags', 'STRUCT', [one('key', 'STRING'), many('inner', 'STRUCT', [one('raw', 'BYTES')])]),
    ];
    const present = [one('PROJECT', 'STRUCT', [one('name', 'STRING'), one('ID', 'STRING')])];
    assert.equal(
      columnsOf(schema, present),
      'IF(t.`project` IS NULL, NULL, STRUCT(t.`project`.`id` AS `id`, t.`project`.`name` AS `name`)) AS `project`, ARRAY<STRING>[] AS `tags`',
    );
    assert.equal(columnsOf([schema[0]!]), 't.`project` AS `project`');
    assert.equal(
      columnsOf([schema[1]!]),
      'ARRAY(SELECT AS STRUCT e0.`key` AS `key`, ARRAY(SELECT AS STRUCT TO_HEX(e1.`raw`) AS `raw` FROM UNNEST(e0.`inner`) AS e1 WITH OFFSET AS o1 ORDER BY o1) AS `inner` FROM UNNEST(t.`tags`) AS e0 WITH OFFSET AS o0 ORDER BY o0) AS `tags`',
    );
  });
});
