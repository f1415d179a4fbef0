/** Opens the two sides of an organization's copy, once per identity, and closes them all at the end. */
import type { CallRates } from '../bigquery/call-rates.ts';
import { bigQueryDestination, type BigQueryDestination } from '../bigquery/destination.ts';
import { bigQuerySource } from '../bigquery/source.ts';
import type { Config } from '../config/config.ts';
import type { Organization } from '../job/organization.ts';
import { openSource, type ClosableSource } from '../sources/open-source.ts';
import { processClock } from './process-clock.ts';

export type Sides = {
  readonly source: ClosableSource;
  readonly destination: Omit<BigQueryDestination, 'close'>;
};

/** The opened sides of every organization asked for. */
export type SidesRegistry = {
  open(organization: Organization): Sides;
  close(): Promise<void>;
};

/** Queries run and reads are billed in the project of the table they ask: its owner sees what the copy costs. */
export function createSidesRegistry(config: Config, rates: CallRates): SidesRegistry {
  const sources = new Map<string, ClosableSource>();
  const destinations = new Map<string, ReturnType<typeof bigQueryDestination>>();
  const common = {
    rates,
    serviceAccountFile: config.serviceAccountFile,
    labels: { managed_by: 'pulse-billing-etl' },
    clock: processClock,
    random: Math.random,
  };
  return {
    open({ sourceKind, source, sourceServiceAccount, destination, destinationServiceAccount }) {
      return {
        source: once(sources, `${sourceKind} ${source.project} ${sourceServiceAccount}`, () =>
          openSource(sourceKind, config.jobs.sourcesDir, () =>
            bigQuerySource({
              ...common,
              ...config.emulators.source,
              projectId: source.project,
              impersonate: sourceServiceAccount,
              stagingDataset: config.jobs.stagingDataset,
            }),
          ),
        ),
        destination: once(destinations, `${destination.project} ${destinationServiceAccount}`, () =>
          bigQueryDestination({
            ...common,
            ...config.emulators.destination,
            projectId: destination.project,
            impersonate: destinationServiceAccount,
          }),
        ),
      };
    },
    async close() {
      await Promise.allSettled([...sources.values(), ...destinations.values()].map((side) => side.close()));
    },
  };
}

function once<T>(opened: Map<string, T>, key: string, open: () => T): T {
  const existing = opened.get(key);
  if (existing !== undefined) return existing;
  const created = open();
  opened.set(key, created);
  return created;
}
