// What a worker process is told to play, and what it tells of it.
import type { TallyCounts } from './tally.ts';

/** Seeds from one on, the minimal job under plans of at most two faults, or the known-bad variants. */
export type Task =
  | { readonly kind: 'seeds'; readonly first: number; readonly seeds: number }
  | PlansTask
  | { readonly kind: 'variants' };

/** Of all first faults those from one number up to another, or all that follow, and this share of the pairs each of them begins. */
export type PlansTask = {
  readonly kind: 'plans';
  readonly from: number;
  readonly to?: number | undefined;
  readonly share: number;
};

/** Every nth piece of a task belongs to one process. */
export type Part = { readonly part: number; readonly of: number };

/** A world that broke an invariant, and what to type to see it again. */
export type Failure = {
  readonly what: string;
  readonly replay: string;
  readonly violations: readonly string[];
};

/** What a process has played since it reported last; `counts` by a name of the task's. */
export type Report = {
  readonly counts: Readonly<Record<string, number>>;
  readonly tally: TallyCounts;
  readonly failures: readonly Failure[];
  readonly notes: readonly string[];
};
