/** The error for a value that its column cannot hold. */
import { TerminalError } from '../job/errors.ts';
import type { Field } from '../job/table-schema.ts';
import type { RowValue } from './row-value.ts';

/** Names the column, the value (its beginning) and what is needed instead. */
export class Misfit extends TerminalError {
  /** The same without the value, for rows whose content nobody may read. */
  readonly withoutValue: string;

  constructor(field: Field, value: RowValue, wanted: string) {
    // A function or symbol, which only a program that is not type-checked can give, has no JSON.
    const text = JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'bigint' ? `${part}` : part,
    ) as string | undefined;
    const column = `column ${field.name} (${field.type})`;
    super('row_rejected', `${column} cannot hold ${text?.slice(0, 100)}: ${wanted} is needed`);
    this.withoutValue = `${column} cannot hold what it was given: ${wanted} is needed`;
  }
}
