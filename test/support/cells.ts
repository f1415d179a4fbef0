// Looks into decoded rows of the synthetic billing export.
import type { CellRecord, CellValue } from '../../dev/billing-export/billing-export-rows.ts';

/** The entries of a REPEATED column. */
export function list(row: CellRecord, column: string): CellRecord[] {
  return row[column] as CellRecord[];
}

/** The value at a dotted path; undefined below a NULL struct. */
export function field(row: CellRecord, path: string): CellValue | undefined {
  return path
    .split('.')
    .reduce<CellValue | undefined>((value, name) => (value as CellRecord | null)?.[name], row);
}

/** The rows by what keyOf says of them. */
export function grouped(
  of: readonly CellRecord[],
  keyOf: (row: CellRecord) => unknown,
): Map<unknown, CellRecord[]> {
  const groups = new Map<unknown, CellRecord[]>();
  for (const row of of) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}

/** How often each key occurs. */
export function counted(keys: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
