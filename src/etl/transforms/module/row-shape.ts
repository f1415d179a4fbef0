/** Whether a row has the shape that a table's columns announce, beyond what its encoding checks by itself. */
import type { Field, TableSchema } from '../../../job/table-schema.ts';

/** Says what is wrong with a value, without its content; undefined when nothing is. */
type Check = (value: unknown) => string | undefined;

/** Such a name is no content of a row. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** The check of rows for these columns: no field they do not announce, no NULL where BigQuery refuses one. */
export function rowShape(columns: TableSchema, path = ''): Check {
  const known = new Map(columns.map((field) => [field.name, fieldCheck(field, path + field.name)]));
  return (value) => {
    if (!isObject(value)) return `${path === '' ? 'it' : path.slice(0, -1)} is no object`;
    for (const name of Object.keys(value))
      if (!known.has(name))
        return `it has a field ${path}${PLAIN_NAME.test(name) ? name : '(of a strange name)'} that columns does not announce`;
    for (const [name, check] of known) {
      const fault = check(value[name] ?? null);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

function fieldCheck(field: Field, path: string): Check {
  const element: Check = field.type === 'STRUCT' ? rowShape(field.fields ?? [], `${path}.`) : () => undefined;
  if (field.mode === 'REPEATED')
    return (value) => {
      // What is no array is refused by the encoding, which says what is needed.
      for (const item of Array.isArray(value) ? (value as unknown[]) : []) {
        const fault =
          item === null || item === undefined ? `${path} holds a NULL within an array` : element(item);
        if (fault !== undefined) return fault;
      }
      return undefined;
    };
  return (value) => {
    if (value !== null) return element(value);
    return field.mode === 'REQUIRED' ? `${path} is REQUIRED and NULL` : undefined;
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
