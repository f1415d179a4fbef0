/** Names of BigQuery locations, which mean the same in any case: `EU` and `eu`. */

/** Whether both name the same location. */
export function isSameLocation(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
