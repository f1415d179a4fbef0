/** Values of columns as statements take them: the entity's own, or the database's clock. */
import { MICROS_PER_MS } from '../job/instant.ts';
import type { CompiledTable } from './compiled-table.ts';

/** In place of a value: the database's clock when the statement begins, so many microseconds later. */
export class DatabaseClock {
  readonly plusMicros: bigint;

  constructor(plusMs = 0) {
    this.plusMicros = BigInt(Math.round(plusMs)) * MICROS_PER_MS;
  }
}

/** The database's clock as it is. */
export const NOW = new DatabaseClock();

/** Values of some columns; what is undefined is not given. */
export type Values<Row> = { readonly [Name in keyof Row]?: Row[Name] | DatabaseClock | undefined };

/** What stands for the value in a template. */
export function placeholder(value: unknown): string {
  return value instanceof DatabaseClock ? '({now} + ?)' : '?';
}

/** The value for that placeholder. */
export function encoded<Row>(table: CompiledTable<Row>, property: string, value: unknown): unknown {
  return value instanceof DatabaseClock ? value.plusMicros : table.encode(property, value ?? null);
}
