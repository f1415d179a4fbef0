// The three organizations of the demo and their generated billing exports.
import {
  appendBillingExport,
  createAndLoadBillingExport,
  type LoadedExport,
} from '../billing-export/load-billing-export.ts';
import type { TruthLedger } from '../billing-export/truth-ledger.ts';
import type { DemoEnvironments } from './environments.ts';

/** One organization: where its export is, where the copy goes, and what the generator knows of it. */
export interface DemoOrganization {
  readonly id: string;
  readonly source: string;
  readonly destination: string;
  readonly currencies: readonly string[];
  readonly truth: TruthLedger;
}

const ROWS = 100_000;
const LATER_ROWS = 20_000;
const SEED = 'demo';
/** 2026-03-01T00:00:00Z: far enough back for every row to have settled. */
const FIRST_EXPORT_TIME = 1_772_323_200_000_000n;
const HOUR_MICROS = 3_600_000_000n;

const CURRENCIES: Readonly<Record<string, readonly string[]>> = {
  acme: ['USD', 'EUR'],
  globex: ['USD', 'JPY', 'GBP'],
  initech: ['EUR'],
};

/** Generates and loads the exports, one organization after the other, telling of each. */
export async function loadOrganizations(environments: DemoEnvironments): Promise<DemoOrganization[]> {
  const organizations: DemoOrganization[] = [];
  for (const [id, currencies] of Object.entries(CURRENCIES)) {
    const { truth, rows } = await createAndLoadBillingExport({
      ...addressOf(environments, id, currencies),
      location: environments.source.location,
      rows: ROWS,
      firstExportTime: FIRST_EXPORT_TIME,
    });
    console.log(`  ${id}: ${rows.toLocaleString('en')} rows in ${currencies.join(', ')}`);
    organizations.push({
      id,
      currencies,
      truth,
      source: `source-env.billing_${id}.gcp_billing_export_resource_v1`,
      destination: `destination-env.billing_copies.${id}`,
    });
  }
  return organizations;
}

/** Adds rows exported after everything the organization has so far. */
export async function exportMoreRows(
  environments: DemoEnvironments,
  organization: DemoOrganization,
): Promise<LoadedExport> {
  const last = organization.truth.lastExportTime() ?? FIRST_EXPORT_TIME;
  const loaded = await appendBillingExport({
    ...addressOf(environments, organization.id, organization.currencies),
    rows: LATER_ROWS,
    firstExportTime: last + HOUR_MICROS,
  });
  organization.truth.addAll(loaded.truth);
  return loaded;
}

function addressOf({ source }: DemoEnvironments, id: string, currencies: readonly string[]) {
  return {
    restHost: source.restHost,
    grpcHost: source.grpcHost,
    project: source.project,
    dataset: `billing_${id}`,
    table: 'gcp_billing_export_resource_v1',
    seed: SEED,
    organization: id,
    currencies,
  };
}
