/** One cell of a CSV file as a value of its column's type. */
import type { RowValue } from '../../columnar/row-value.ts';
import { TerminalError } from '../../job/errors.ts';
import { parseInstant } from '../../job/instant.ts';
import type { Field } from '../../job/table-schema.ts';

const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const SPECIAL_FLOATS: Readonly<Record<string, number>> = {
  nan: NaN,
  inf: Infinity,
  '+inf': Infinity,
  '-inf': -Infinity,
  infinity: Infinity,
  '-infinity': -Infinity,
};

/** The value; a STRUCT or an array is a cell of JSON. Throws a TerminalError naming the place, the column and the text. */
export function cellValue(field: Field, text: string | null, place: string): RowValue {
  if (text === null) return null;
  const value =
    field.mode === 'REPEATED' || field.type === 'STRUCT' ? fromJson(field, text) : scalar(field, text);
  if (value !== undefined) return value;
  throw new TerminalError(
    'row_rejected',
    `${place}: column ${field.name} (${field.mode === 'REPEATED' ? 'REPEATED ' : ''}${field.type}) cannot hold ${JSON.stringify(text.slice(0, 100))}`,
  );
}

function scalar({ type }: Field, text: string): RowValue | undefined {
  switch (type) {
    case 'INT64':
      return INTEGER.test(text) ? BigInt(text) : undefined;
    case 'FLOAT64':
      return DECIMAL.test(text) ? Number(text) : SPECIAL_FLOATS[text.toLowerCase()];
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return DECIMAL.test(text) ? text : undefined;
    case 'BOOL':
      return { true: true, false: false }[text.toLowerCase()];
    case 'BYTES':
      return Buffer.from(text, 'base64');
    case 'TIMESTAMP':
      return parseInstant(text.replace(' UTC', 'Z').replace(' ', 'T'));
    default:
      return text;
  }
}

function fromJson(field: Field, text: string): RowValue | undefined {
  try {
    return fromParsed(field, JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Numbers in JSON may be written as text, which loses no digits. */
function fromParsed(field: Field, value: unknown): RowValue | undefined {
  if (value === null) return null;
  if (field.mode === 'REPEATED')
    return allOf(value, (item) => fromParsed({ ...field, mode: 'NULLABLE' }, item));
  if (field.type !== 'STRUCT')
    return scalar(field, typeof value === 'string' ? value : JSON.stringify(value));
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  const given = value as Readonly<Record<string, unknown>>;
  const entries = (field.fields ?? []).map(
    (child) => [child.name, fromParsed(child, given[child.name] ?? null)] as const,
  );
  return entries.some(([, child]) => child === undefined)
    ? undefined
    : (Object.fromEntries(entries) as Record<string, RowValue>);
}

function allOf(value: unknown, convert: (item: unknown) => RowValue | undefined): RowValue | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map(convert);
  return items.some((item) => item === undefined) ? undefined : (items as RowValue[]);
}
