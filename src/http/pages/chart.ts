/** Bar charts by day, drawn here as SVG: no script, readable by a screen reader, coloured by the style sheet. */
import { dayText, type Micros } from '../../job/instant.ts';
import { html, type Html } from './html.ts';

/** One kind of bar, stacked in the order given; the look is a class of the style sheet. */
export type Series = { readonly name: string; readonly look: 'accent' | 'pale' | 'good' | 'bad' | 'warn' };
/** One day with a value for each series. */
export type ChartDay = { readonly day: Micros; readonly values: readonly number[]; readonly note?: string };
export type Chart = {
  readonly title: string;
  /** What all of it comes to, in words. */
  readonly summary: string;
  readonly series: readonly Series[];
  readonly days: readonly ChartDay[];
  readonly label: (value: number) => string;
  /** Tops of the axis that are round in this unit, rising; decimal ones where none is given or none is high enough. */
  readonly tops?: readonly number[];
  /** Said where every value is 0. */
  readonly nothing?: string;
};

const WIDTH = 330;
const HEIGHT = 140;
const LEFT = 42;
const BOTTOM = 20;
const TOP = 6;

/** A card with the chart; without any value it says so instead of showing empty axes. */
export function chartCard(chart: Chart): Html {
  const { title, summary, series, days, nothing = 'Nothing in these days.' } = chart;
  const highest = Math.max(0, ...days.map(({ values }) => sum(values)));
  return html`<figure class="card chart">
    <h3>${title}</h3>
    <figcaption class="small soft">${summary}</figcaption>
    ${highest === 0 ? html`<p class="soft">${nothing}</p>` : drawing(chart, axisTop(chart, highest))}
    ${highest > 0 && series.length > 1 ? html`<div class="legend" aria-hidden="true">${series.map(({ name, look }) => html`<span class="${look}">${name}</span>`)}</div>` : undefined}
  </figure>`;
}

function drawing({ title, summary, series, days, label }: Chart, top: number): Html {
  const slot = (WIDTH - LEFT) / days.length;
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
  const lines = [0, top / 2, top].map(
    (value) =>
      html`<line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${y(value)}" y2="${y(value)}" /><text
          x="${LEFT - 6}"
          y="${y(value) + 4}"
          text-anchor="end"
          >${label(value)}</text
        >`,
  );
  const bars = days.map(({ day, values, note }, index) => {
    const x = round(LEFT + index * slot + slot * 0.16);
    const parts = values.map((value, at) => {
      const below = sum(values.slice(0, at));
      const height = value === 0 ? 0 : Math.max(1, y(below) - y(below + value));
      return html`<rect
        class="${series[at]?.look}"
        x="${x}"
        width="${round(slot * 0.68)}"
        y="${round(y(below) - height)}"
        height="${round(height)}"
        rx="1.5"
      />`;
    });
    const words = values.map((value, at) => `${series[at]?.name}: ${label(value)}`).join(', ');
    return html`<g
      ><title>${dayText(day)} – ${words}${note === undefined ? '' : ` (${note})`}</title
      ><rect
        x="${round(x - slot * 0.16)}"
        y="0"
        width="${round(slot)}"
        height="${HEIGHT - BOTTOM}"
        fill="transparent"
      />${parts}</g
    >`;
  });
  const ticks = days.flatMap(({ day }, index) =>
    (days.length - 1 - index) % 4 === 0
      ? [
          html`<text x="${round(LEFT + (index + 0.5) * slot)}" y="${HEIGHT - 4}" text-anchor="middle"
            >${dayText(day).slice(5)}</text
          >`,
        ]
      : [],
  );
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: ${summary}">
    ${lines}${bars}${ticks}
  </svg>`;
}

function axisTop({ tops = [] }: Chart, highest: number): number {
  return tops.find((top) => top >= highest) ?? niceTop(highest);
}

/** The next of 1, 2, 4, 6, 8, 10, 20 …, so that the half of it is a round number too. */
function niceTop(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest));
  return ([1, 2, 4, 6, 8, 10].find((step) => step * power >= highest) ?? 10) * power;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
