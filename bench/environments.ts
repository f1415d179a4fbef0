// The two BigQuery stand-ins of a benchmark, with a generated export loaded into the source.
import { createAndLoadBillingExport } from '../dev/billing-export/load-billing-export.ts';
import { startBigQueryEmulator, type RunningStandIn } from '../dev/emulators/bigquery/start.ts';

/** Both sides, and the table that is copied. */
export interface BenchEnvironments {
  readonly source: RunningStandIn;
  readonly destination: RunningStandIn;
  /** The variables that lead the program to both sides. */
  readonly variables: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export const SOURCE_DATASET = 'billing';
export const SOURCE_TABLE = 'export';
/** 2026-03-01T00:00:00Z: far enough back for every row to have settled. */
const FIRST_EXPORT_TIME = 1_772_323_200_000_000n;

/** Starts both sides and loads `rows` rows; says how long that took. */
export async function startBenchEnvironments(rows: number): Promise<BenchEnvironments> {
  const [source, destination] = await Promise.all([
    startBigQueryEmulator({ project: 'source-env', location: 'EU' }),
    startBigQueryEmulator({ project: 'destination-env', location: 'EU' }),
  ]);
  const startedMs = performance.now();
  await createAndLoadBillingExport({
    restHost: source.restHost,
    grpcHost: source.grpcHost,
    project: source.project,
    location: source.location,
    dataset: SOURCE_DATASET,
    table: SOURCE_TABLE,
    seed: 'bench',
    organization: 'bench',
    rows,
    firstExportTime: FIRST_EXPORT_TIME,
  });
  console.log(
    `loaded ${rows.toLocaleString('en')} rows in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  const variables = {
    BIGQUERY_EMULATOR_HOST: source.restHost,
    BIGQUERY_STORAGE_EMULATOR_HOST: source.grpcHost,
    DESTINATION_BIGQUERY_EMULATOR_HOST: destination.restHost,
    DESTINATION_BIGQUERY_STORAGE_EMULATOR_HOST: destination.grpcHost,
  };
  const stop = async (): Promise<void> => {
    await Promise.allSettled([source.stop(), destination.stop()]);
  };
  return { source, destination, variables, stop };
}
