/** The steps of a job as bars on one line of time. */
import type { Micros } from '../../job/instant.ts';
import { between } from '../human-text.ts';
import type { StepRecord, StepStatus } from '../../state/step-store.ts';
import { html, type Html } from './html.ts';
import { empty } from './table.ts';

const WORDS: Readonly<Record<StepStatus, string>> = {
  running: 'running',
  done: 'done',
  failed: 'failed',
  skipped: 'not needed',
};
const WIDTH = 1_000;
/** So that a step of milliseconds in a job of hours can still be seen. */
const MIN_BAR = 6;

/** The steps of every plan number; a step without an end reaches up to now. */
export function timeline(steps: readonly StepRecord[], now: Micros): Html {
  const [first] = steps;
  if (!first) return empty('No step has begun.');
  const start = steps.reduce(
    (least, step) => (step.startedAt < least ? step.startedAt : least),
    first.startedAt,
  );
  const end = steps.reduce((most, step) => later(most, step.finishedAt ?? now), first.finishedAt ?? now);
  const plans = new Set(steps.map(({ planNumber }) => planNumber)).size;
  return html`<div class="frame">
    <table class="stack timeline">
      <caption class="unseen">
        Steps in the order in which they began
      </caption>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Status</th>
          <th scope="col">When</th>
          <th scope="col" class="number">Took</th>
          <th scope="col">Detail</th>
        </tr>
      </thead>
      <tbody>
        ${steps.map((step) => line(step, { start, end, now, manyPlans: plans > 1 }))}
      </tbody>
    </table>
  </div>`;
}

type Span = {
  readonly start: Micros;
  readonly end: Micros;
  readonly now: Micros;
  readonly manyPlans: boolean;
};

function line(step: StepRecord, { start, end, now, manyPlans }: Span): Html {
  const total = Math.max(1, Number(end - start));
  const x = Math.min(WIDTH - MIN_BAR, (Number(step.startedAt - start) / total) * WIDTH);
  const stepEnd = step.finishedAt ?? now;
  const width = Math.min(WIDTH - x, Math.max(MIN_BAR, (Number(stepEnd - step.startedAt) / total) * WIDTH));
  const took = between(step.startedAt, stepEnd);
  const words = detailOf(step);
  return html`<tr>
    <th scope="row">
      ${step.step.replaceAll('_', ' ')}${manyPlans ? html` <span class="soft">plan ${step.planNumber}</span>` : undefined}
    </th>
    <td data-label="Status"><span>${WORDS[step.status]}</span></td>
    <td>
      <svg viewBox="0 0 ${WIDTH} 18" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="${WIDTH}" height="18" rx="4" />
        <rect class="${step.status}" x="${Math.round(x)}" width="${Math.round(width)}" height="18" rx="4" />
      </svg>
    </td>
    <td class="number" data-label="Took"><span>${took}</span></td>
    <td class="${words === '' ? 'none' : 'wide'}" data-label="Detail">
      <span class="soft clip">${words}</span>
    </td>
  </tr>`;
}

/** What a person can read of it; lists and objects are for the JSON. */
function detailOf(step: StepRecord): string {
  return Object.entries(step.detail)
    .flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? [`${name.replaceAll('_', ' ')}: ${value}`]
        : [],
    )
    .join(' · ');
}

function later(a: Micros, b: Micros): Micros {
  return a > b ? a : b;
}
