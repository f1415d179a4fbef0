// What a worker process is told to play, and what it tells of it.
import type { MinimalJob } from './scenario.ts';
import type { TallyCounts } from './tally.ts';

/** Seeds from one on, the minimal jobs under every single fault or under pairs, or the known-bad variants. */
export type Task =
  | { readonly kind: 'seeds'; readonly first: number; readonly seeds: number }
  | { readonly kind: 'singles' }
  | PairsTask
  | { readonly kind: 'variants' };

/** Of the pairs that begin with each of these first faults, by number, this share. */
export type PairsTask = {
  readonly kind: 'pairs';
  readonly firsts: readonly number[];
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

/** A run with one fault, by the number of that fault. */
export type SingleRun = { readonly job: MinimalJob; readonly first: number; readonly key: string };

/** What a process has played since it reported last; `counts` by a name of the task's. */
export type Report = {
  /** Of first faults that may begin pairs. */
  readonly runs?: readonly SingleRun[];
  readonly counts: Readonly<Record<string, number>>;
  readonly tally: TallyCounts;
  readonly failures: readonly Failure[];
  readonly notes: readonly string[];
};
