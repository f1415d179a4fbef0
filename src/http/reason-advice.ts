/** What to do about each reason, in a sentence or two; docs/runbook.md says the same at length. */
import type { Reason } from '../job/reason.ts';

/** ORG and JOB stand for the job's own; every command named here is in the runbook's section of the reason. */
const ADVICE: Readonly<Record<Reason, string>> = {
  not_utf8:
    'The publisher sent bytes that are not text. Mend the publisher; for a job that is wanted now: `pulse-billing-etl enqueue ORG`',
  not_json:
    'The publisher sent text that is not JSON. Mend the publisher; for a job that is wanted now: `pulse-billing-etl enqueue ORG`',
  message_too_large:
    'Something else publishes to this topic: a valid message has a few hundred bytes. Find out who.',
  invalid_message:
    'A field is missing, unknown or breaks a rule. Mend the publisher; for a job that is wanted now: `pulse-billing-etl enqueue ORG`',
  undeliverable:
    'Pub/Sub gave the message up after a hundred deliveries: what ends the workers? Then `pulse-billing-etl dlq replay ID`',
  unknown_organization:
    'Correct the publisher’s spelling, or add the organization: `pulse-billing-etl org set ORG --source P.D.T --destination P.D.T`',
  invalid_configuration:
    'The message names the setting: correct it with `pulse-billing-etl org set`, then check with `pulse-billing-etl plan ORG`',
  source_not_found:
    'Is the billing export still on, and into this dataset? If the table moved: `pulse-billing-etl org set ORG --source P.D.T --keep-watermark`',
  null_cursor: 'Fill or delete the rows without a cursor, or choose a column that is always filled.',
  cost_limit: 'Raise the limit: `pulse-billing-etl org set ORG --max-bytes-billed N`',
  destination_ahead:
    'The destination holds rows this database knows nothing of. Find out which job wrote them, as the runbook shows, before anything else.',
  beyond_watermark: 'Copy the rows for the first time, then ask again: `pulse-billing-etl enqueue ORG`',
  unsupported: 'The message names the setting or column that cannot be used: choose another.',
  snapshot_expired:
    'The job took longer than the source’s time travel reaches. Find out why: `pulse-billing-etl show ORG JOB`',
  destination_not_found:
    'Nothing is copied until it is back: restore it by time travel, or start over: `pulse-billing-etl org set ORG --since 1970-01-01`',
  location_mismatch: 'Let the location be found out: `pulse-billing-etl org set ORG --source-location ""`',
  schema_drift:
    'The message is a diff. New columns: `pulse-billing-etl org set ORG --schema-policy evolve`; a conflict: change the destination’s column or copy into a new table.',
  access_denied:
    'Grant the role that the message asks for, wait a minute or two, then check with `pulse-billing-etl plan ORG`',
  invalid_request:
    'Do what BigQuery’s sentence asks where it is about your tables; otherwise report it with the output of `pulse-billing-etl show ORG JOB --json`',
  quota_exceeded:
    'Raise the quota or wait for it to refill; if the worker uses it up itself, lower MAX_CONCURRENT_JOBS.',
  rate_limited:
    'Usually nothing to do. If it stays, spread the publisher’s schedule or lower MAX_CONCURRENT_JOBS.',
  warehouse_unavailable:
    'One organization or all? All: look at Google Cloud’s status page, then at the cluster’s egress. Retry when it is over.',
  recently_written: 'Nothing to do: BigQuery lets go of rows written a moment ago after a while.',
  row_rejected: 'BigQuery refused a value. The message names it: correct it at the source, or report it.',
  stream_lost: 'Nothing to do: the job plans anew and copies again.',
  transform_failed:
    'The module in TRANSFORMS_DIR could not transform the row that the message names: correct the module, then retry.',
  transform_not_deterministic:
    'The module made something else of the same rows the second time. Take the clock, chance and memory of other rows out of it, then retry.',
  transform_changed: 'Nothing to do: the module’s file was replaced under a running job, which plans anew.',
  too_many_rejected:
    'Nothing was made visible. Look at what the module rejects, or allow it: `pulse-billing-etl org set ORG --max-rejected-percent N --quarantine-table P.D.T`',
  row_count_mismatch: 'Nothing was made visible. If it comes again, report it.',
  verification_mismatch:
    'Nothing was made visible. The message says which totals differ: who changes rows at the source while they are read?',
  commit_ambiguous:
    'Count the visible rows as the runbook shows, then settle it: `pulse-billing-etl resolve ORG JOB --committed`',
  database_unavailable: 'Mend the database or the way to it; the jobs go on by themselves.',
  no_progress:
    'A call never came back. Once is no harm; if it comes again, see where: `pulse-billing-etl show ORG JOB`',
  crash_loop:
    'The process died under this job again and again: look at its memory and its last log lines, then retry.',
  cancelled: 'Somebody cancelled it. If it is wanted after all: `pulse-billing-etl retry ORG JOB`',
  lease_lost: 'Nothing to do: another worker took the job over and goes on with it.',
  unknown: 'Nobody has classified this error yet. Read the message and the log around it; report it.',
};

/** The advice for a reason; undefined for one that is not on the list, as an older dead letter may have. */
export function adviceFor(reason: string): string | undefined {
  return Object.hasOwn(ADVICE, reason) ? ADVICE[reason as Reason] : undefined;
}
