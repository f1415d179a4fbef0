// A table of every type: its extreme rows, random ones, and what the Storage Read API says of each value.
import { bigQuerySource } from '../../src/bigquery/source.ts';
import type { Source } from '../../src/etl/source.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import { decodeRows } from '../support/arrow-values.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { settingsFor, type Copy, type Warehouses } from './run-setup.ts';

/** Columns of every type, as in CREATE TABLE. */
export const EVERY_TYPE = `
  id INT64 NOT NULL, flag BOOL, amount FLOAT64, exact NUMERIC, big BIGNUMERIC, small NUMERIC(10, 2), name STRING, raw BYTES,
  day DATE, moment TIMESTAMP, civil DATETIME, clock TIME, doc JSON, labels ARRAY<STRUCT<key STRING, value STRING>>,
  numbers ARRAY<INT64>, floats ARRAY<FLOAT64>,
  project STRUCT<id STRING, ancestors ARRAY<STRUCT<name STRING, tags ARRAY<STRUCT<\`order\` STRING, cost BIGNUMERIC>>>>>,
  export_time TIMESTAMP`;

/** Extremes, NULLs, empty arrays, times before 1970, as in VALUES. */
export const EXTREME_ROWS = `
  (1, TRUE, 0.1, NUMERIC '-99999999999999999999999999999.999999999',
   BIGNUMERIC '99999999999999999999.999999999999999999', NUMERIC '-99999999.99', 'é東\\u0000', FROM_HEX('00ff'),
   DATE '1969-12-31', TIMESTAMP '1960-01-01 00:00:00.000001 UTC', DATETIME '2026-01-01 12:00:00.000009', TIME '23:59:59.999999',
   JSON '{"a":[1,null]}', [STRUCT('k' AS key, 'v' AS value), STRUCT(NULL AS key, NULL AS value)], [1, -9223372036854775808],
   [CAST('nan' AS FLOAT64), -0.0, 5e-324],
   STRUCT('p' AS id, [STRUCT('a' AS name, [STRUCT('x' AS \`order\`, BIGNUMERIC '0.000000000000000001' AS cost)] AS tags)] AS ancestors),
   TIMESTAMP '1961-02-03 04:05:06.789012 UTC'),
  (2, NULL, CAST('nan' AS FLOAT64), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [], [], [], NULL,
   TIMESTAMP '0001-01-01 00:00:00 UTC'),
  (3, FALSE, CAST('-inf' AS FLOAT64), NUMERIC '99999999999999999999999999999.999999999',
   BIGNUMERIC '-99999999999999999999.999999999999999999', NUMERIC '0', '', FROM_HEX(''),
   DATE '9999-12-31', TIMESTAMP '9999-12-31 23:59:59.999999 UTC', DATETIME '0001-01-01 00:00:00', TIME '00:00:00', JSON 'null', [], [],
   [1.7976931348623157e308], STRUCT(NULL AS id, [] AS ancestors), TIMESTAMP '1969-12-31 23:59:59.999999 UTC'),
  (4, TRUE, CAST('inf' AS FLOAT64), NUMERIC '0.000000001', BIGNUMERIC '0', NULL, REPEAT('x', 700), REPEAT(b'y', 700), DATE '0001-01-01',
   TIMESTAMP '0001-01-01 00:00:00 UTC', DATETIME '9999-12-31 23:59:59.999999', TIME '12:00:00', JSON '"text"', [], [0], [],
   STRUCT('q' AS id, [STRUCT(NULL AS name, [] AS tags)] AS ancestors), TIMESTAMP '2026-01-01 00:00:00 UTC')`;

/** A row with a value of each type that the seed chooses, NULL among them, as in VALUES. */
export function randomRow(random: SeededRandom, id: number): string {
  const maybe = (value: string): string => (random.chance(0.15) ? 'NULL' : value);
  const digits = (count: number): string => Array.from({ length: count }, () => random.below(10)).join('');
  const sign = (): string => (random.chance(0.5) ? '-' : '');
  const float = (exponents: number): string =>
    `CAST('${sign()}${digits(1)}.${digits(16)}e${sign()}${random.below(exponents)}' AS FLOAT64)`;
  const text = (): string =>
    `'${Array.from({ length: random.below(9) }, () => random.pick(LETTERS)).join('')}'`;
  const two = (below: number, from = 0): string => String(from + random.below(below)).padStart(2, '0');
  const day = (years = 9999): string =>
    `${String(1 + random.below(years)).padStart(4, '0')}-${two(12, 1)}-${two(28, 1)}`;
  const clock = (): string => `${two(24)}:${two(60)}:${two(60)}.${digits(6)}`;
  const list = (item: () => string): string =>
    `[${Array.from({ length: random.below(4) }, item).join(', ')}]`;
  // Few enough digits for their sum to stay within the emulator's 38.
  const big = (): string => `BIGNUMERIC '${sign()}${digits(16)}.${digits(18)}'`;
  const values = [
    String(id),
    maybe(random.pick(['TRUE', 'FALSE'])),
    // Added up exactly, for which a FLOAT64 must fit into a BIGNUMERIC.
    maybe(float(20)),
    maybe(`NUMERIC '${sign()}${digits(29)}.${digits(9)}'`),
    maybe(big()),
    maybe(`NUMERIC '${sign()}${digits(8)}.${digits(2)}'`),
    maybe(text()),
    maybe(`FROM_HEX('${random.bytes(random.below(20)).toString('hex')}')`),
    maybe(`DATE '${day()}'`),
    maybe(`TIMESTAMP '${day()} ${clock()} UTC'`),
    maybe(`DATETIME '${day()} ${clock()}'`),
    maybe(`TIME '${clock()}'`),
    maybe(`JSON '{"n":${random.below(1000)},"l":[null,"${digits(3)}"]}'`),
    list(() => `STRUCT(${maybe(text())} AS key, ${maybe(text())} AS value)`),
    list(() => `${sign()}${random.uint32()}${digits(8)}`),
    list(() => float(300)),
    maybe(
      `STRUCT(${maybe(text())} AS id, ${list(() => `STRUCT(${maybe(text())} AS name, ${list(() => `STRUCT(${maybe(text())} AS \`order\`, ${maybe(big())} AS cost)`)} AS tags)`)} AS ancestors)`,
    ),
    `TIMESTAMP '${day(2025)} ${clock()} UTC'`,
  ];
  return `(${values.join(', ')})`;
}

const LETTERS = ['a', 'Z', ' ', 'é', '東', '😀', '"', '\\\\', '\\n', '%', '{', '`'];

/** Every row of a table as the Storage Read API sends it, values of fixed width as their bytes; without the lineage columns. */
export async function bitsAt(
  { sides }: Warehouses,
  side: 'source' | 'destination',
  copy: Copy,
): Promise<readonly string[]> {
  const { location } = sides[side];
  const reader: Source & { close(): Promise<void> } = bigQuerySource(settingsFor(sides[side]));
  const table: TableRef = copy[side];
  try {
    const snapshot = await reader.currentTime(location, table);
    const window = { lo: undefined, hi: snapshot };
    const session = await reader.openReadSession(
      { table, location, cursorField: 'export_time', window, snapshot },
      1,
    );
    const rows: string[] = [];
    for (const stream of session.streams)
      for await (const { recordBatch } of reader.readRows(stream, 0, new AbortController().signal))
        rows.push(
          ...decodeRows(session.arrowSchema, recordBatch).map((row) =>
            JSON.stringify(side === 'source' ? row : row.slice(0, -2)),
          ),
        );
    return rows.sort();
  } finally {
    await reader.close();
  }
}
