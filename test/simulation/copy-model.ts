// What has to be seen of every organization's copy: each commit changes it as the job's plan says, and nothing else does.
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';

/** Rows by id, as an organization's source named them. */
export class CopyModel {
  readonly #copies = new Map<string, Map<unknown, Row>>();

  /** The rows of a job that adds; says which of them had been there before. */
  add(organizationId: string, rows: readonly Row[]): readonly unknown[] {
    const copy = this.#copyOf(organizationId);
    const again = rows.map((row) => row['id']).filter((id) => copy.has(id));
    for (const row of rows) copy.set(row['id'], row);
    return again;
  }

  /** The rows of a job that puts them in the place of all that meet the condition. */
  replace(organizationId: string, isReplaced: (row: Row) => boolean, rows: readonly Row[]): void {
    const copy = this.#copyOf(organizationId);
    for (const [id, row] of copy) if (isReplaced(row)) copy.delete(id);
    for (const row of rows) copy.set(row['id'], row);
  }

  /** How the rows that can be seen differ from those that have to be, or undefined. */
  difference(organizationId: string, visible: readonly Row[]): string | undefined {
    return rowsDifference([...this.#copyOf(organizationId).values()], visible);
  }

  #copyOf(organizationId: string): Map<unknown, Row> {
    const copy = this.#copies.get(organizationId) ?? new Map<unknown, Row>();
    this.#copies.set(organizationId, copy);
    return copy;
  }
}

/** The first difference between rows of a source and rows of its copy, or undefined. */
export function rowsDifference(expected: readonly Row[], copied: readonly Row[]): string | undefined {
  if (expected.length !== copied.length) return `${copied.length} rows instead of ${expected.length}`;
  const found = new Map(copied.map((row) => [row['id'], row]));
  if (found.size !== copied.length) return `${copied.length - found.size} rows twice`;
  for (const row of expected) {
    const copy = found.get(row['id']);
    if (!copy || Object.keys(row).some((column) => copy[column] !== row[column]))
      return `row ${String(row['id'])} ${copy ? 'differs' : 'is missing'}`;
  }
  return undefined;
}
