/** The error for a value that its column cannot hold. */
import { TerminalError } from '../job/errors.ts';
import type { Field } from '../job/table-schema.ts';
import type { RowValue } from './row-value.ts';

/** Names the column, the value (its beginning) and what is needed instead. */
export function misfit(field: Field, value: RowValue, wanted: string): TerminalError {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}` : part));
  return new TerminalError(
    'row_rejected',
    `column ${field.name} (${field.type}) cannot hold ${text.slice(0, 100)}: ${wanted} is needed`,
  );
}
