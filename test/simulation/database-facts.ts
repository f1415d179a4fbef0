// What a checker reads of the database, without the product's code.
import type { Database as SqliteConnection } from 'better-sqlite3';

/** A job as its row says; integers are bigint. */
export type JobFacts = {
  readonly organization_id: string;
  readonly job_id: string;
  readonly job_type: string;
  readonly window_end: bigint | null;
  readonly cancel_requested: bigint;
  readonly status: string;
  readonly lease_owner: string | null;
  readonly lease_epoch: bigint;
  readonly lease_expires_at: bigint | null;
  readonly plan_number: bigint;
  readonly plan: string | null;
  readonly commit_set: string | null;
  readonly needs_operator: bigint;
  readonly attempts: bigint;
  readonly rows_written: bigint | null;
  readonly error_reason: string | null;
  readonly error_message: string | null;
};

/** `organization/job`. */
export function nameOf(job: JobFacts): string {
  return `${job.organization_id}/${job.job_id}`;
}

export type WatermarkFacts = {
  readonly organization_id: string;
  readonly last_successful_run: bigint | null;
};

/** What a checker reads, without the product's code. */
export type Facts = {
  /** Grows whenever a row of any table is written. */
  changes(): number;
  /** The jobs whose rows were written since this was asked last. */
  changedJobs(): readonly JobFacts[];
  /** All watermarks, if any row that holds one was written since this was asked last. */
  changedWatermarks(): readonly WatermarkFacts[];
  /** Rows recorded as acknowledged for a write stream, as far as a running plan writes to it. */
  acknowledgedRows(writeStream: string): number;
  /** Dead letters on record of a job that failed. */
  lettersOf(organizationId: string, jobId: string): number;
  /** How often a message of the dead-letter subscription is on record. */
  filed(messageId: string): number;
  /** Alerts on record that a job failed. */
  alertsOf(organizationId: string, jobId: string): number;
  /** Letters and alerts of failed jobs that still have to be sent. */
  unsent(): number;
};

/** The others may be held back for an hour, to be told together. */
const ALERTS_OF_FAILURES = `etl_alerts WHERE kind IN ('failed', 'crash_loop')`;

/** One of the same kind and job was sent: what repeats it within an hour is told at the end of that. */
const TOLD_BEFORE = `SELECT 1 FROM etl_alerts told WHERE told.sent_at IS NOT NULL AND told.kind = etl_alerts.kind
  AND told.organization_id = etl_alerts.organization_id AND told.job_id = etl_alerts.job_id`;

/** Ids of the rows written by anybody. */
type Written = Readonly<Record<'etl_jobs' | 'client_billing_config', Set<bigint>>>;

/** Reads the database behind the program's back, and notes from now on which rows are written. */
export function factsOf(connection: SqliteConnection, written: Written): Facts {
  const changes = connection.prepare('SELECT total_changes()').pluck();
  const job = connection.prepare('SELECT * FROM etl_jobs WHERE id = ?');
  const watermarks = connection.prepare(
    'SELECT organization_id, last_successful_run FROM client_billing_config ORDER BY id',
  );
  for (const table of ['etl_jobs', 'client_billing_config'] as const) {
    connection.function(`${table}_written`, (id: bigint) => void written[table].add(id));
    for (const event of ['INSERT', 'UPDATE'])
      connection.exec(
        `CREATE TEMP TRIGGER ${table}_${event} AFTER ${event} ON main.${table} BEGIN SELECT ${table}_written(NEW.id); END`,
      );
  }
  const acknowledged = (streams: string, rows: string) =>
    connection
      .prepare(
        `SELECT COALESCE(SUM(b.${rows}), 0)
       FROM etl_steps s, json_each(s.detail, '$.${streams}') w
       JOIN etl_batches b ON b.organization_id = s.organization_id AND b.job_id = s.job_id
         AND b.plan_number = s.plan_number AND b.stream = CAST(w.key AS INTEGER) AND b.state = 'acknowledged'
       WHERE s.step = 'load' AND w.value = ?`,
      )
      .pluck();
  const copied = acknowledged('write_streams', 'rows_written');
  const rejected = acknowledged('quarantine_streams', 'rows_quarantined');
  const count = (sql: string) => connection.prepare(`SELECT COUNT(*) FROM ${sql}`).pluck();
  const letters = count(`dead_letters WHERE source = 'failed_job' AND organization_id = ? AND job_id = ?`);
  const alerts = count(`${ALERTS_OF_FAILURES} AND organization_id = ? AND job_id = ?`);
  const filed = count(`dead_letters WHERE source = 'message' AND message_id = ?`);
  const unpublished = count('dead_letters WHERE next_publish_at IS NOT NULL');
  const unsent = count(`${ALERTS_OF_FAILURES} AND sent_at IS NULL AND NOT EXISTS (${TOLD_BEFORE})`);
  return {
    lettersOf: (...key) => Number(letters.get(...key)),
    alertsOf: (...key) => Number(alerts.get(...key)),
    filed: (messageId) => Number(filed.get(messageId)),
    unsent: () => Number(unpublished.get()) + Number(unsent.get()),
    acknowledgedRows: (stream) => Number(copied.get(stream)) + Number(rejected.get(stream)),
    changes: () => Number(changes.get()),
    changedJobs: () => takeAll(written.etl_jobs).map((id) => job.get(id) as JobFacts),
    changedWatermarks: () =>
      takeAll(written.client_billing_config).length > 0 ? (watermarks.all() as WatermarkFacts[]) : [],
  };
}

/** Empties the set. A row whose change was rolled back is in it too, and reads as before. */
function takeAll(ids: Set<bigint>): readonly bigint[] {
  const all = [...ids];
  ids.clear();
  return all;
}
