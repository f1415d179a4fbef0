/** Compares the schema a destination has with the one it needs: what can be added, what relaxed, what cannot be mended. */
import type { Field, TableSchema } from '../job/table-schema.ts';

/** Lines of a diff (`+ added`, `~ relaxed`, `! conflicting`) and the schema that has the additions and relaxations. */
export type SchemaDrift = {
  readonly changes: readonly string[];
  readonly conflicts: readonly string[];
  readonly merged: TableSchema;
};

/** Existing columns stay where they are, also those the needed schema lacks; new ones follow them as nullable. */
export function schemaDrift(existing: TableSchema, needed: TableSchema): SchemaDrift {
  return mergeFields(existing, needed, '');
}

function mergeFields(existing: TableSchema, needed: TableSchema, path: string): SchemaDrift {
  const kept = existing.map((field) => {
    const wanted = named(needed, field.name);
    return wanted ? mergeField(field, wanted, path) : unneededField(field, path);
  });
  const added = needed
    .filter((field) => !named(existing, field.name))
    .map((field) => addedField(field, path));
  const parts = [...kept, ...added];
  return {
    changes: parts.flatMap((part) => part.changes),
    conflicts: parts.flatMap((part) => part.conflicts),
    merged: parts.map((part) => part.field),
  };
}

type MergedField = { field: Field; changes: readonly string[]; conflicts: readonly string[] };

function mergeField(existing: Field, needed: Field, path: string): MergedField {
  const name = path + existing.name;
  const conflict = conflictBetween(existing, needed);
  if (conflict) return { field: existing, changes: [], conflicts: [`! ${name}: ${conflict}`] };
  const nested = mergeFields(existing.fields ?? [], needed.fields ?? [], `${name}.`);
  const relaxed = existing.mode === 'REQUIRED' && needed.mode === 'NULLABLE';
  const field: Field = {
    ...existing,
    mode: relaxed ? 'NULLABLE' : existing.mode,
    ...(existing.fields ? { fields: nested.merged } : {}),
  };
  const changes = relaxed ? [`~ ${name}: REQUIRED becomes NULLABLE`, ...nested.changes] : nested.changes;
  return { field, changes, conflicts: nested.conflicts };
}

/** A nullable destination may always receive required values; every other difference in type or mode loses something. */
function conflictBetween(existing: Field, needed: Field): string | undefined {
  if (existing.type !== needed.type) return `is ${existing.type}, the source has ${needed.type}`;
  if (existing.rangeElementType !== needed.rangeElementType)
    return 'ranges over another type than the source';
  if ((existing.mode === 'REPEATED') !== (needed.mode === 'REPEATED'))
    return `is ${existing.mode}, the source has ${needed.mode}`;
  return undefined;
}

function unneededField(field: Field, path: string): MergedField {
  const conflicts =
    field.mode === 'REQUIRED' ? [`! ${path}${field.name}: is REQUIRED and the source does not have it`] : [];
  return { field, changes: [], conflicts };
}

function addedField(field: Field, path: string): MergedField {
  const nullable = relaxedField(field);
  return {
    field: nullable,
    changes: [`+ ${path}${field.name} ${field.type} ${nullable.mode}`],
    conflicts: [],
  };
}

/** The rows that are there have no value for it, nor for anything within it. */
function relaxedField(field: Field): Field {
  return {
    ...field,
    mode: field.mode === 'REQUIRED' ? 'NULLABLE' : field.mode,
    ...(field.fields ? { fields: field.fields.map(relaxedField) } : {}),
  };
}

function named(schema: TableSchema, name: string): Field | undefined {
  return schema.find((field) => field.name.toLowerCase() === name.toLowerCase());
}
