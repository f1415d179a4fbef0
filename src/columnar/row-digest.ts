/** A 60-bit digest of a row that BigQuery can work out as well (bigquery/digest-sql.ts): the same for rows of the same values, another one when any differs. */
import { createHash } from 'node:crypto';
import { sortedByName, type Field, type TableSchema } from '../job/table-schema.ts';
import { decimalText } from '../job/totals.ts';
import { FloatSum } from './exact-sum.ts';
import { DECIMAL } from './field-writer.ts';
import type { Row, RowValue } from './row-value.ts';
import { integerOf, textBytes, type FixedWidthType } from './value-bytes.ts';

/** From here on doubles of one sign count as one: BigQuery has no exact text for them. */
const LARGE = 1e22;

/** The digest of rows of these columns; what is NULL or empty leaves no trace, so that a column that comes later changes no digest. */
export function rowDigest(schema: TableSchema): (row: Row) => bigint {
  const members = structText(schema);
  return (row) => BigInt(`0x${createHash('sha256').update(members(row), 'utf8').digest('hex').slice(0, 15)}`);
}

type TextOf<Value> = (value: Value) => string;

function structText(schema: TableSchema): TextOf<Row> {
  const members = sortedByName(schema).map((field) => [field, fieldText(field)] as const);
  return (row) => members.map(([field, text]) => text(row[field.name] ?? null)).join('');
}

function fieldText(field: Field): TextOf<RowValue> {
  const name = field.name.toLowerCase();
  const element = elementText(field);
  if (field.mode !== 'REPEATED') return (value) => (value === null ? '' : `${name}=${element(value)}`);
  return (value) => {
    const items = (value ?? []) as readonly RowValue[];
    return items.length === 0 ? '' : `${name}[${items.map(element).join('')}]`;
  };
}

function elementText(field: Field): TextOf<RowValue> {
  switch (field.type) {
    case 'STRUCT': {
      const members = structText(field.fields ?? []);
      return (value) => `{${members(value as Row)}}`;
    }
    case 'STRING':
      return (value) => `${Buffer.byteLength(value as string, 'utf8')}:${value as string}`;
    case 'BYTES':
      return (value) => `${Buffer.from(textBytes(field, value)).toString('hex')};`;
    case 'BOOL':
      return (value) => `${String(value === true)};`;
    case 'FLOAT64':
      return (value) => `${floatText(value as number)};`;
    case 'NUMERIC':
    case 'BIGNUMERIC': {
      const { scale } = DECIMAL[field.type];
      return (value) => `${decimalText(integerOf(fixedWidth(field), value), scale)};`;
    }
    default:
      return (value) => `${integerOf(fixedWidth(field), value)};`;
  }
}

/** As it is added up: its exact binary value rounded half away from zero to 15 decimals. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (Math.abs(value) >= LARGE) return value > 0 ? 'large' : '-large';
  const sum = new FloatSum();
  sum.add(value);
  return decimalText(sum.unscaled(), sum.scale);
}

function fixedWidth(field: Field): Field & { readonly type: FixedWidthType } {
  return field as Field & { readonly type: FixedWidthType };
}
