/** The kinds of columns an entity has, each with its explicit type and the value it has in code. */
import { Column, PrimaryColumn, type ValueTransformer } from 'typeorm';

// Drivers give BIGINT as text, number or bigint; in code an instant is a bigint and a count a number.
const asBigint: ValueTransformer = {
  to: (value: bigint | null | undefined) => value,
  from: (value: string | number | bigint | null) => (value === null ? null : BigInt(value)),
};
const asNumber: ValueTransformer = {
  to: (value: number | null | undefined) => value,
  from: (value: string | number | bigint | null) => (value === null ? null : Number(value)),
};

/** The row's number, given by the database in order of arrival. */
export function Id(): PropertyDecorator {
  return PrimaryColumn({ type: 'bigint', generated: 'increment', transformer: asNumber });
}

/** Text of at most 1,024 characters. */
export function Text(name: string): PropertyDecorator {
  return Column({ type: 'varchar', name, length: 1024, nullable: true });
}

/** Text of any length, JSON mostly. */
export function LongText(name: string): PropertyDecorator {
  return Column({ type: 'text', name, nullable: true });
}

/** A count as a number. */
export function Count(name: string): PropertyDecorator {
  return Column({ type: 'bigint', name, nullable: true, transformer: asNumber });
}

/** Whole microseconds, or anything else that may exceed 2^53, as a bigint. */
export function BigWhole(name: string): PropertyDecorator {
  return Column({ type: 'bigint', name, nullable: true, transformer: asBigint });
}

/** True or false. */
export function Flag(name: string): PropertyDecorator {
  return Column({ type: 'boolean', name });
}
