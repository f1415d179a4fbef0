/** Finds variables that were probably meant to be one of ours but are spelt differently. */

/** The known name that an unknown one was probably meant to be, or undefined. */
export function nearestName(unknown: string, known: readonly string[]): string | undefined {
  const close = known
    // Short names such as PORT resemble too much of what an environment holds anyway.
    .filter((name) => name.length >= 5)
    .map((name) => ({ name, distance: editDistance(unknown.toUpperCase(), name) }))
    .filter(({ name, distance }) => distance <= (name.length > 8 ? 2 : 1))
    .sort((a, b) => a.distance - b.distance);
  return close[0]?.name;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, substitution, swap));
    }
  }
  return at(a.length, b.length);
}
