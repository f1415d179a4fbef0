// Puts the totals of source, destination and generator side by side; asks each side itself, by queries of the demo's own.
import type { RunningStandIn } from '../emulators/bigquery/start.ts';
import { emulatorBigQuery } from '../billing-export/emulator-clients.ts';
import { formatMoney } from '../billing-export/exact-money.ts';
import type { DemoEnvironments } from './environments.ts';
import type { DemoOrganization } from './organizations.ts';

/** What one side says of one currency; sums are canonical decimals. */
interface SideTotals {
  readonly rows: string;
  readonly cost: string;
  readonly credits: string;
}

/** The comparison of one organization. */
export interface Comparison {
  readonly organization: string;
  readonly isEqual: boolean;
  readonly rows: number;
  /** Lines to print. */
  readonly lines: readonly string[];
}

/** Equal only if rows, cost and credits agree in every currency between generator, source and destination. */
export async function compare(
  environments: DemoEnvironments,
  organization: DemoOrganization,
): Promise<Comparison> {
  const [source, destination] = await Promise.all([
    totalsOf(environments.source, organization.source),
    totalsOf(environments.destination, organization.destination),
  ]);
  const truth = truthOf(organization);
  const currencies = [...new Set([...truth.keys(), ...source.keys(), ...destination.keys()])].sort();
  const isEqual = currencies.every(
    (currency) =>
      same(truth.get(currency), source.get(currency)) &&
      same(source.get(currency), destination.get(currency)),
  );
  const lines = currencies.flatMap((currency) => [
    `  ${currency}  source       ${inColumns(source.get(currency))}`,
    `       destination  ${inColumns(destination.get(currency))}`,
  ]);
  const rows = [...destination.values()].reduce((sum, totals) => sum + Number(totals.rows), 0);
  return { organization: organization.id, isEqual, rows, lines };
}

async function totalsOf(side: RunningStandIn, table: string): Promise<Map<string, SideTotals>> {
  const [rows] = await emulatorBigQuery(side).query({
    query: `SELECT currency, CAST(COUNT(*) AS STRING) AS row_count,
        CAST(SUM(ROUND(CAST(cost AS BIGNUMERIC), 15)) AS STRING) AS cost,
        CAST(SUM((SELECT SUM(ROUND(CAST(c.amount AS BIGNUMERIC), 15)) FROM UNNEST(credits) AS c)) AS STRING) AS credits
      FROM \`${table}\` GROUP BY currency`,
    location: side.location,
  });
  const totals = rows as { currency: string; row_count: string; cost: string; credits: string | null }[];
  return new Map(
    totals.map(({ currency, row_count: count, cost, credits }) => [
      currency,
      { rows: count, cost: canonical(cost), credits: canonical(credits ?? '0') },
    ]),
  );
}

function truthOf(organization: DemoOrganization): Map<string, SideTotals> {
  return new Map(
    [...organization.truth.byCurrency()].map(([currency, { rows, cost, credits }]) => [
      currency,
      { rows: String(rows), cost: canonical(formatMoney(cost)), credits: canonical(formatMoney(credits)) },
    ]),
  );
}

function same(a: SideTotals | undefined, b: SideTotals | undefined): boolean {
  return (
    a !== undefined && b !== undefined && a.rows === b.rows && a.cost === b.cost && a.credits === b.credits
  );
}

function canonical(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/0+$/, '').replace(/\.$/, '') : decimal;
}

function inColumns(totals: SideTotals | undefined): string {
  if (!totals) return 'nothing';
  return `${totals.rows.padStart(8)} rows   cost ${totals.cost.padStart(32)}   credits ${totals.credits.padStart(32)}`;
}
