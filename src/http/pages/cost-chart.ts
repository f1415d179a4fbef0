/** Cost per source day, as the ledger has proven it; sums are exact there and rounded only to be drawn. */
import { dayText, MICROS_PER_DAY, type Micros } from '../../job/instant.ts';
import type { Totals } from '../../job/totals.ts';
import type { LedgerEntry } from '../../state/ledger-store.ts';
import { briefCount, count } from '../human-text.ts';
import { FIGURE_DAYS, firstFigureDay } from '../overview.ts';
import { chartCard } from './chart.ts';
import type { Html } from './html.ts';

const COST = 'cost';

/** One currency, that of most rows: sums of different currencies cannot be added. */
export function costChart(ledger: readonly LedgerEntry[], now: Micros): Html {
  const currency = mainCurrency(ledger);
  const costs = new Map<string, number>();
  for (const { sourceDay, totals } of ledger)
    costs.set(sourceDay, (costs.get(sourceDay) ?? 0) + costIn(totals, currency));
  const total = [...costs.values()].reduce((sum, cost) => sum + cost, 0);
  const code = currency ?? '';
  return chartCard({
    title: 'Cost per source day',
    summary:
      ledger.length === 0
        ? 'Appears once days are verified: pulse-billing-etl verify ORG'
        : `${count(Math.round(total))} ${code} in verified days`.trim(),
    series: [{ name: `cost ${code}`.trim(), look: 'accent' }],
    days: Array.from({ length: FIGURE_DAYS }, (_, index) => {
      const day = firstFigureDay(now) + BigInt(index) * MICROS_PER_DAY;
      return { day, values: [Math.max(0, costs.get(dayText(day)) ?? 0)] };
    }),
    label: briefCount,
  });
}

function mainCurrency(ledger: readonly LedgerEntry[]): string | null {
  const rows = new Map<string | null, number>();
  for (const { currency, rows: more } of ledger.flatMap(({ totals }) => totals))
    rows.set(currency, (rows.get(currency) ?? 0) + more);
  return [...rows].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

function costIn(totals: Totals, currency: string | null): number {
  return Number(totals.find((entry) => entry.currency === currency)?.columns[COST]?.sum ?? 0);
}
