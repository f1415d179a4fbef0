/** What the commands need of the program; the composition root makes it, tests fake it. */
import type { Config } from '../config/config.ts';
import type { JobRequest, Step } from '../job/job.ts';
import type { Organization } from '../job/organization.ts';
import type { Plan } from '../job/plan.ts';
import type { Logger } from '../observability/logger.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';
import type { HealthCheck } from './health-check.ts';

export type CliApp = {
  readonly config: Config;
  readonly logger: Logger;
  /** The state, the same at every call; close() closes it. */
  openState(): Promise<State>;
  /** The daemon: runs until a signal; resolves with the exit code. */
  runWorker(): Promise<number>;
  /** Creates topic, dead-letter topic and subscriptions, or finds them; with the gcloud commands that do the same. */
  provision(): Promise<Provisioned>;
  /** Publishes the request; resolves with the id of the message. */
  publish(request: JobRequest): Promise<string>;
  /** Runs one job here and now, telling the steps it begins; an abort interrupts it at its next checkpoint. */
  runJob(
    request: JobRequest,
    options: {
      readonly signal: AbortSignal;
      readonly onStep: (step: Step) => void;
      readonly onProgress: (progress: JobProgress) => void;
    },
  ): Promise<JobRecord>;
  /** What a run would do, without doing it. */
  planJob(request: JobRequest): Promise<PlanPreview>;
  /** Whether the copy of an organization keeps what FOCUS asks; reads the destination, changes nothing. */
  checkFocus(organization: Organization): Promise<FocusReport>;
  /** What doctor looks at in TRANSFORMS_DIR for one organization; nothing where its transform is no file. */
  transformChecks(organization: Organization): Promise<readonly HealthCheck[]>;
  /** What doctor looks at whatever is configured; nothing is opened before a check looks. */
  healthChecks(): Promise<readonly HealthCheck[]>;
  /** What doctor looks at for each organization; rejects when the database cannot say which there are. */
  organizationChecks(): Promise<readonly HealthCheck[]>;
  /** Frees everything that was opened; safe to repeat. */
  close(): Promise<void>;
};

export type Provisioned = {
  readonly resources: readonly {
    readonly kind: 'topic' | 'subscription';
    readonly name: string;
    readonly state: 'created' | 'exists' | 'updated';
  }[];
  readonly gcloud: readonly string[];
};

/** How far a run is, told at each checkpoint. */
export type JobProgress = {
  readonly rowsDone: number;
  readonly rowsEstimated: number;
  readonly bytesDone: number;
};

export type PlanPreview = {
  /** Undefined: there is nothing to do. */
  readonly plan: Plan | undefined;
  /** Why there is nothing to do, or why this plan. */
  readonly why: string;
  readonly schemaChanges: readonly string[];
  readonly destinationExists: boolean;
};

/** What is found of a copy in FOCUS columns. */
export type FocusReport =
  /** No problems: every rule of the version holds. */
  | {
      readonly kind: 'checked';
      readonly version: string;
      readonly problems: readonly string[];
    }
  | { readonly kind: 'no_focus_transform'; readonly transform: string }
  | { readonly kind: 'not_copied' }
  /** The table has every column, and no row. */
  | { readonly kind: 'nothing_copied' };

/** Makes the program from a configuration; nothing is opened before it is asked for. */
export type AppFactory = (options: { readonly config: Config; readonly logger: Logger }) => CliApp;
