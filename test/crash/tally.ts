// Adds up the episodes of a campaign by kind, and prints them as a table.
import type { Episode } from './episode.ts';
import { strikePoint } from './strike.ts';

/** What came of one kind. */
export type Tally = {
  kind: string;
  episodes: number;
  /** Strikes that hit, by signal, and what was broken around the processes. */
  kills: number;
  terms: number;
  stops: number;
  faults: number;
  jobs: number;
  rows: number;
  doubled: number;
  lost: number;
  /** Looks at the destination while it went on, and what no look may show. */
  looks: number;
  violations: string[];
  interruptions: number;
  /** Rows sent to the destination beyond those that are there, which is work done twice. */
  rowsMovedTwice: number;
  afterKillMs: number[];
  afterTermMs: number[];
  points: Record<string, number>;
  /** The newest of what was measured beside. */
  figures: Record<string, number>;
  seconds: number;
};

export function newTally(kind: string): Tally {
  return {
    ...{ kind, episodes: 0, kills: 0, terms: 0, stops: 0, faults: 0, jobs: 0, rows: 0, doubled: 0, lost: 0 },
    ...{ looks: 0, violations: [], interruptions: 0, rowsMovedTwice: 0 },
    ...{ afterKillMs: [], afterTermMs: [], points: {}, figures: {}, seconds: 0 },
  };
}

/** Adds an episode to the tally of its kind. */
export function addEpisode(tally: Tally, episode: Episode): void {
  tally.episodes += 1;
  for (const { strike } of episode.hits) {
    if (strike.signal === 'SIGKILL') tally.kills += 1;
    else if (strike.signal === 'SIGTERM') tally.terms += 1;
    else tally.stops += 1;
    const point = `${strike.signal} ${strikePoint(strike)}`;
    tally.points[point] = (tally.points[point] ?? 0) + 1;
  }
  tally.faults += Object.values(episode.faults ?? {}).reduce((sum, count) => sum + count, 0);
  for (const figure of ['jobs', 'rows', 'doubled', 'lost', 'looks', 'interruptions', 'seconds'] as const) {
    tally[figure] += episode[figure];
  }
  tally.rowsMovedTwice += Math.max(0, episode.appendedRows - episode.rows);
  tally.afterKillMs.push(...episode.delaysMs.SIGKILL);
  tally.afterTermMs.push(...episode.delaysMs.SIGTERM);
  tally.violations.push(...episode.violations);
  Object.assign(tally.figures, episode.figures);
}

/** The tallies as a table, with their sum as the last row. */
export function printedTallies(tallies: readonly Tally[]): string {
  const header = [
    ...['kind', 'episodes', 'SIGKILL', 'SIGTERM', 'SIGSTOP', 'faults', 'jobs', 'rows', 'doubled', 'lost'],
    ...['violations', 'sent twice', 'twice per end', 'after kill p50/max', 'after term p50/max'],
  ];
  const rows = [...tallies, sumOf(tallies)].map((tally) => [
    ...[tally.kind, tally.episodes, tally.kills, tally.terms, tally.stops, tally.faults],
    ...[tally.jobs, tally.rows, tally.doubled, tally.lost, tally.violations.length, tally.rowsMovedTwice],
    sentTwicePerEnd(tally),
    ...[medianAndMax(tally.afterKillMs), medianAndMax(tally.afterTermMs)],
  ]);
  const table = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const figures = tallies.flatMap((tally) =>
    Object.entries(tally.figures).map(([name, value]) => `${name}: ${value}`),
  );
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  return [...lines, ...figures].join('\n');
}

/** Rows sent again for each process that was struck: times the replicas, that is what a rolling restart costs. */
function sentTwicePerEnd({ kills, terms, stops, rowsMovedTwice }: Tally): string {
  const ends = kills + terms + stops;
  return ends === 0 ? '-' : (rowsMovedTwice / ends).toFixed(1);
}

function sumOf(tallies: readonly Tally[]): Tally {
  const sum = newTally('all');
  for (const tally of tallies) {
    for (const figure of ['episodes', 'kills', 'terms', 'stops', 'faults', 'jobs', 'rows'] as const)
      sum[figure] += tally[figure];
    for (const figure of ['doubled', 'lost', 'rowsMovedTwice'] as const) sum[figure] += tally[figure];
    sum.violations.push(...tally.violations);
    sum.afterKillMs.push(...tally.afterKillMs);
    sum.afterTermMs.push(...tally.afterTermMs);
  }
  return sum;
}

function medianAndMax(valuesMs: readonly number[]): string {
  if (valuesMs.length === 0) return '-';
  const sorted = valuesMs.toSorted((a, b) => a - b);
  const seconds = (ms: number | undefined): string => ((ms ?? 0) / 1000).toFixed(1);
  return `${seconds(sorted[Math.floor(sorted.length / 2)])} / ${seconds(sorted.at(-1))} s`;
}
