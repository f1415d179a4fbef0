/** The charts of what ended jobs add up to: rows, bytes, outcomes, failure rate and durations by day. */
import { MICROS_PER_DAY, type Micros } from '../../job/instant.ts';
import type { DayFigures } from '../../state/job-store.ts';
import { briefCount, briefDuration, count, duration, share, size } from '../human-text.ts';
import { FIGURE_DAYS, firstFigureDay, successRate } from '../overview.ts';
import { chartCard, type ChartDay } from './chart.ts';
import { html, type Html } from './html.ts';

/** What was copied, with whatever else is said of it, then how the jobs fared. */
export function figureCharts(
  figures: readonly DayFigures[],
  now: Micros,
  alsoCopied: readonly Html[] = [],
): Html {
  return html`<div class="charts">
    ${rowsChart(figures, now)} ${bytesChart(figures, now)} ${alsoCopied} ${outcomeChart(figures, now)}
    ${failureRateChart(figures, now)} ${durationChart(figures, now)}
  </div>`;
}

function rowsChart(figures: readonly DayFigures[], now: Micros): Html {
  const all = figures.filter(({ status }) => status === 'SUCCESS');
  return chartCard({
    title: 'Rows copied per day',
    summary: `${count(sum(all, ({ rows }) => rows))} rows in ${FIGURE_DAYS} days`,
    series: [{ name: 'rows', look: 'accent' }],
    days: byDay(all, now, (day) => [sum(day, ({ rows }) => rows)]),
    label: briefCount,
  });
}

function bytesChart(figures: readonly DayFigures[], now: Micros): Html {
  const all = figures.filter(({ status }) => status === 'SUCCESS');
  return chartCard({
    title: 'Bytes written per day',
    summary: `${size(sum(all, ({ bytes }) => bytes))} in ${FIGURE_DAYS} days`,
    series: [{ name: 'bytes', look: 'accent' }],
    days: byDay(all, now, (day) => [sum(day, ({ bytes }) => bytes)]),
    label: (bytes) => (bytes === 0 ? '0' : size(bytes).replace('.0 ', ' ')),
  });
}

function outcomeChart(figures: readonly DayFigures[], now: Micros): Html {
  const { succeeded, ended } = successRate(figures);
  return chartCard({
    title: 'Jobs per day',
    summary:
      ended === 0 ? 'No job ended' : `${count(succeeded)} succeeded, ${count(ended - succeeded)} failed`,
    series: [
      { name: 'success', look: 'good' },
      { name: 'failed', look: 'bad' },
      { name: 'cancelled', look: 'warn' },
    ],
    days: byDay(figures, now, (day) =>
      (['SUCCESS', 'FAILED', 'CANCELLED'] as const).map((wanted) =>
        sum(day, ({ status, jobs }) => (status === wanted ? jobs : 0)),
      ),
    ),
    label: briefCount,
  });
}

/** Of the jobs that ended by themselves on a day, those that failed, in a hundred. */
function failureRateChart(figures: readonly DayFigures[], now: Micros): Html {
  const { succeeded, ended } = successRate(figures);
  return chartCard({
    title: 'Failure rate per day',
    summary:
      ended === 0 ? 'No job ended' : `${share(ended - succeeded, ended)} of ${count(ended)} jobs failed`,
    series: [{ name: 'failed', look: 'bad' }],
    days: byDay(figures, now, (day) => {
      const rate = successRate(day);
      return [rate.ended === 0 ? 0 : (100 * (rate.ended - rate.succeeded)) / rate.ended];
    }),
    ...(ended > 0 ? { nothing: 'None of them failed.' } : {}),
    tops: PERCENT,
    label: (percent) => `${Number(percent.toFixed(1))} %`,
  });
}

const PERCENT = [1, 2, 4, 10, 20, 40, 100];

function durationChart(figures: readonly DayFigures[], now: Micros): Html {
  const all = figures.filter(({ status }) => status === 'SUCCESS');
  const longest = Math.max(0, ...all.map(({ longestSeconds }) => longestSeconds));
  return chartCard({
    title: 'Duration of successful jobs',
    summary: longest === 0 ? 'No job succeeded' : `The longest took ${duration(longest * 1_000)}`,
    series: [
      { name: 'mean', look: 'accent' },
      { name: 'up to the longest', look: 'pale' },
    ],
    days: byDay(all, now, (day) => {
      const jobs = sum(day, (entry) => entry.jobs);
      const mean = jobs === 0 ? 0 : sum(day, (entry) => entry.meanSeconds * entry.jobs) / jobs;
      const top = Math.max(0, ...day.map(({ longestSeconds }) => longestSeconds));
      return [mean, Math.max(0, top - mean)];
    }),
    tops: SECONDS,
    label: (seconds) => (seconds === 0 ? '0' : briefDuration(seconds)),
  });
}

/** Up to a day, each with a half that reads well. */
const SECONDS = [1, 2, 10, 20, 60, 120, 240, 600, 1_200, 3_600, 7_200, 14_400, 36_000, 86_400];

/** Every day has its place, also one on which nothing ended. */
function byDay(
  figures: readonly DayFigures[],
  now: Micros,
  values: (day: readonly DayFigures[]) => number[],
): ChartDay[] {
  return Array.from({ length: FIGURE_DAYS }, (_, index) => {
    const day = firstFigureDay(now) + BigInt(index) * MICROS_PER_DAY;
    return { day, values: values(figures.filter((entry) => entry.day === day)) };
  });
}

function sum(figures: readonly DayFigures[], value: (entry: DayFigures) => number): number {
  return figures.reduce((total, entry) => total + value(entry), 0);
}
