// Generated rows as JavaScript objects, for tests that look at single values; far too slow for many rows.
import { type Data, DataType, type Decimal, tableFromIPC } from 'apache-arrow';
import {
  billingExportBatches,
  type BillingExportOptions,
  serializedBillingExportSchema,
} from './billing-export.ts';

/** A value of a row: TIMESTAMP as bigint microseconds, NUMERIC as bigint billionths, the others as one expects. */
export type CellValue = string | number | bigint | boolean | null | CellValue[] | CellRecord;

/** A RECORD, or a whole row, by column name. */
export interface CellRecord {
  readonly [column: string]: CellValue;
}

/** The rows of billingExportBatches for the same options, decoded from its bytes by apache-arrow. */
export function billingExportRows(options: BillingExportOptions): CellRecord[] {
  const schema = serializedBillingExportSchema(options.missingColumns);
  return [...billingExportBatches(options)].flatMap(({ serializedRecordBatch }) =>
    decodeRecordBatch(schema, serializedRecordBatch),
  );
}

/** The rows of one bare record batch message. */
export function decodeRecordBatch(serializedSchema: Buffer, serializedRecordBatch: Buffer): CellRecord[] {
  const table = tableFromIPC(Buffer.concat([serializedSchema, serializedRecordBatch]));
  return table.batches.flatMap(({ data }) =>
    Array.from({ length: data.length }, (_, row) => cell(data, row) as CellRecord),
  );
}

function cell(data: Data, index: number): CellValue {
  if (!data.getValid(index)) return null;
  const { type } = data;
  if (DataType.isStruct(type)) {
    const fields = type.children.map(
      (field, i) => [field.name, cell(data.children[i] as Data, index)] as const,
    );
    return Object.fromEntries(fields);
  }
  if (DataType.isList(type)) {
    const from = data.valueOffsets[index] as number;
    const length = (data.valueOffsets[index + 1] as number) - from;
    return Array.from({ length }, (_, i) => cell(data.children[0] as Data, from + i));
  }
  if (DataType.isUtf8(type)) {
    return Buffer.from(
      data.values.subarray(data.valueOffsets[index], data.valueOffsets[index + 1]),
    ).toString();
  }
  if (DataType.isDecimal(type)) return decimal(data as Data<Decimal>, index);
  if (DataType.isBool(type)) return ((data.values[index >> 3] as number) & (1 << (index & 7))) !== 0;
  return data.values[index] as CellValue;
}

function decimal({ values }: Data<Decimal>, index: number): bigint {
  const words = values.subarray(index * 4, index * 4 + 4);
  const unsigned = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return BigInt.asIntN(128, unsigned);
}
