/** The configuration of a process as the rest of the code knows it: read once, frozen, typed. */
import type { Values } from './variables.ts';

export type DatabaseConfig =
  | {
      readonly kind: 'mysql';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
      /** PEM text, not a path. */
      readonly sslCa?: string;
      readonly poolSize: number;
    }
  | { readonly kind: 'sqlite'; readonly path: string };

/** host:port of the two APIs of a BigQuery emulator. */
export type BigQueryEmulator = { readonly restHost: string; readonly storageHost: string };

export type Config = {
  readonly database: DatabaseConfig;
  readonly retentionDays: number;
  /** Undefined: only commands that need no Pub/Sub can run. */
  readonly projectId: string | undefined;
  readonly serviceAccountFile: string | undefined;
  readonly pubsub: {
    readonly topic: string;
    readonly subscription: string;
    readonly deadLetterTopic: string;
    readonly deadLetterSubscription: string;
  };
  readonly jobs: {
    readonly batchSize: number;
    readonly maxRetries: number;
    readonly retryDelayMs: number;
    readonly maxConcurrentJobs: number;
    readonly parkedLimit: number;
    readonly readStreams: number;
    readonly memoryBudgetBytes: number;
    readonly leaseMs: number;
    readonly drainTimeoutMs: number;
    readonly noProgressTimeoutMs: number;
    readonly transformsDir: string;
    readonly sourcesDir: string;
    readonly stagingDataset: string | undefined;
    readonly writeStreamsPerHour: number;
    readonly bigQueryJobsPerSecond: number;
  };
  readonly logs: { readonly level: Values['LOG_LEVEL']; readonly format: Values['LOG_FORMAT'] };
  /** Whether spans are exported; where to and how, the exporter reads from OTEL_* itself. */
  readonly tracing: boolean;
  readonly alertWebhookUrl: string | undefined;
  readonly alertModule: string | undefined;
  readonly staleAfterMs: number;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly adminToken: string | undefined;
    readonly publicHealth: boolean;
    readonly publicMetrics: boolean;
  };
  /** Undefined: push is off. */
  readonly push: { readonly audience: string; readonly serviceAccount: string } | undefined;
  readonly emulators: {
    readonly pubsubHost: string | undefined;
    readonly source: BigQueryEmulator | undefined;
    readonly destination: BigQueryEmulator | undefined;
  };
};

/** Every value that must never be printed, for the logger to redact. */
export function secretsOf(config: Config): string[] {
  const password = config.database.kind === 'mysql' ? config.database.password : undefined;
  return [password, config.http.adminToken, config.alertWebhookUrl].filter(
    (secret) => secret !== undefined && secret !== '',
  ) as string[];
}
