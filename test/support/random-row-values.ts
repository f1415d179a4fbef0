// Random tables of every type that rows of JavaScript values have, and rows for them.
import type { Row, RowValue } from '../../src/columnar/row-value.ts';
import { formatDate, formatDateTime, formatTime } from '../../src/columnar/civil-time.ts';
import type { Field, TableSchema } from '../../src/job/table-schema.ts';
import { decimalText } from '../../src/job/totals.ts';
import type { SeededRandom } from './seeded-random.ts';

/** Every type but STRUCT. */
export const SCALAR_TYPES = [
  'INT64',
  'FLOAT64',
  'NUMERIC',
  'BIGNUMERIC',
  'BOOL',
  'STRING',
  'BYTES',
  'DATE',
  'TIME',
  'DATETIME',
  'TIMESTAMP',
  'JSON',
  'GEOGRAPHY',
] as const;

const FLOATS = [0, -0, 0.1, 1e-300, 5e-324, 1.7976931348623157e308, NaN, Infinity, -Infinity];
const TEXTS = ['', 'a', 'grün', '東京', '\u0000', '💶 and more text than a word holds'];
const LAST_MICROS_OF_TIME = 253_402_300_799_999_999n;
const FIRST_MICROS_OF_TIME = -62_135_596_800_000_000n;

/** One column of every scalar type, one list of each, and columns nested at random. */
export function randomTable(random: SeededRandom): TableSchema {
  return [
    ...SCALAR_TYPES.map((type) => ({ name: `one_${type.toLowerCase()}`, type, mode: 'NULLABLE' as const })),
    ...SCALAR_TYPES.map((type) => ({ name: `many_${type.toLowerCase()}`, type, mode: 'REPEATED' as const })),
    ...Array.from({ length: 4 }, (_, i) => randomField(random, `nested_${i}`, 3)),
  ];
}

function randomField(random: SeededRandom, name: string, depth: number): Field {
  const mode = random.pick(['NULLABLE', 'REPEATED'] as const);
  if (depth === 0 || random.chance(0.3)) return { name, type: random.pick(SCALAR_TYPES), mode };
  const fields = Array.from({ length: 1 + random.below(3) }, (_, i) =>
    randomField(random, `f${i}`, depth - 1),
  );
  return { name, type: 'STRUCT', mode, fields };
}

/** A row of the table, every value in the form in which it is read back. */
export function randomRow(random: SeededRandom, schema: TableSchema): Row {
  return Object.fromEntries(schema.map((field) => [field.name, randomValue(random, field)]));
}

function randomValue(random: SeededRandom, field: Field): RowValue {
  if (field.mode === 'REPEATED')
    return Array.from({ length: random.below(4) }, () => randomElement(random, field));
  return random.chance(0.2) ? null : randomElement(random, field);
}

function randomElement(random: SeededRandom, { type, fields = [] }: Field): RowValue {
  switch (type) {
    case 'STRUCT':
      return randomRow(random, fields);
    case 'INT64':
      return whole(random, 64);
    case 'FLOAT64':
      return random.chance(0.3) ? random.pick(FLOATS) : random.bytes(8).readDoubleLE(0);
    case 'NUMERIC':
      return decimalText(whole(random, 64), 9);
    case 'BIGNUMERIC':
      return decimalText(whole(random, 128 + 64 * random.below(3)), 38);
    case 'BOOL':
      return random.chance(0.5);
    case 'BYTES':
      return new Uint8Array(random.bytes(random.below(20)));
    case 'DATE':
      return formatDate(Number(instant(random) / 86_400_000_000n));
    case 'TIME':
      return formatTime(BigInt(random.uint32()) % 86_400_000_000n);
    case 'DATETIME':
      return formatDateTime(instant(random));
    case 'TIMESTAMP':
      return instant(random);
    default:
      return random.pick(TEXTS);
  }
}

/** A signed integer of this many bits, small ones as likely as large ones. */
function whole(random: SeededRandom, bits: number): bigint {
  const wanted = 1 + random.below(bits);
  return BigInt.asIntN(wanted, BigInt(`0x${random.bytes(bits / 8).toString('hex')}`));
}

function instant(random: SeededRandom): bigint {
  if (random.chance(0.1)) return random.pick([0n, LAST_MICROS_OF_TIME, FIRST_MICROS_OF_TIME]);
  const span = LAST_MICROS_OF_TIME - FIRST_MICROS_OF_TIME;
  return FIRST_MICROS_OF_TIME + (BigInt(`0x${random.bytes(8).toString('hex')}`) % span);
}
