/** One side's BigQuery as the rest of this folder uses it: the clients, the clock, and how its failures are named. */
import type { Clock, Random } from '../job/clock.ts';
import type { JobError } from '../job/errors.ts';
import type { CallRates, PacedCall } from './call-rates.ts';
import { acquireClients, type Clients, type ClientSettings } from './clients.ts';
import { classifyGrpcError, classifyRestError, type FailedCall, type Side } from './errors.ts';

/** How a side is reached and paid for. */
export type BigQuerySettings = ClientSettings & {
  /** Labels of every query job, which show up in the bill. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Most bytes a single query may be billed for; BigQuery refuses the query otherwise. */
  readonly maximumBytesBilled?: bigint | undefined;
  /** Dataset of the source's project in which transformed rows are staged; beside the source's table unless given. */
  readonly stagingDataset?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** How often calls with scarce quotas may be made; left out, as often as anybody likes. */
  readonly rates?: CallRates | undefined;
  /** Told of what is worth a line in the log but is no error. */
  readonly note?: ((message: string) => void) | undefined;
};

/** An opened side. */
export type Environment = Clients & {
  readonly settings: BigQuerySettings;
  readonly clock: Clock;
  readonly random: Random;
  /** What an error of a REST call means; `doing` ends the sentence "while …". */
  restError(thrown: unknown, doing: string): JobError;
  /** What an error of a Storage API call means; `doing` ends the sentence "while …". */
  storageError(thrown: unknown, doing: string): JobError;
  /** A failed call to the REST API, for errors found inside an answer. */
  restCall(doing: string): FailedCall;
  storageCall(doing: string): FailedCall;
  note(message: string): void;
  /** Makes a call with a scarce quota in its turn; throws the signal's reason when it aborts first. */
  paced<T>(call: PacedCall, make: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
};

/** Variables that lead to the hosts of each side. Source: spec.md §7. */
const HOST_VARIABLES = {
  source: { rest: 'BIGQUERY_EMULATOR_HOST', storage: 'BIGQUERY_STORAGE_EMULATOR_HOST' },
  destination: {
    rest: 'DESTINATION_BIGQUERY_EMULATOR_HOST (or BIGQUERY_EMULATOR_HOST)',
    storage: 'DESTINATION_BIGQUERY_STORAGE_EMULATOR_HOST (or BIGQUERY_STORAGE_EMULATOR_HOST)',
  },
} as const;

/** Opens a side; nothing is called before the first operation. */
export function openEnvironment(settings: BigQuerySettings, side: Side): Environment {
  const { clients, release } = acquireClients(settings);
  const restCall = (doing: string): FailedCall => ({
    doing,
    side,
    host: clients.restHost,
    hostVariable: settings.restHost === undefined ? undefined : HOST_VARIABLES[side].rest,
  });
  const storageCall = (doing: string): FailedCall => ({
    doing,
    side,
    host: clients.storageHost,
    hostVariable: settings.storageHost === undefined ? undefined : HOST_VARIABLES[side].storage,
  });
  return {
    ...clients,
    settings,
    clock: settings.clock,
    random: settings.random,
    restCall,
    storageCall,
    note: (message) => settings.note?.(message),
    paced: (call, make, signal) =>
      settings.rates?.of(call, countedFor(call, settings)).paced(make, signal) ?? make(),
    restError: (thrown, doing) => classifyRestError(thrown, restCall(doing)),
    storageError: (thrown, doing) => classifyGrpcError(thrown, storageCall(doing)),
    close: release,
  };
}

/** Streams are made in the project of their table, which is the destination's. */
function countedFor(call: PacedCall, { projectId, impersonate, serviceAccountFile }: ClientSettings): string {
  return call === 'create_write_stream' ? projectId : (impersonate ?? serviceAccountFile ?? 'own');
}
