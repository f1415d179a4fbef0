/** The closed list of reasons: metric label, log field, error_reason column and heading in docs/runbook.md. */

/** What a reason means for the job: never again, again later, or somebody else's now. */
export type Outcome = 'terminal' | 'transient' | 'lease_lost';

/** Every reason with its outcome; an error nobody could classify is `unknown`, which is transient. */
export const REASONS = {
  // the message
  not_utf8: 'terminal',
  not_json: 'terminal',
  message_too_large: 'terminal',
  invalid_message: 'terminal',
  undeliverable: 'terminal',
  unknown_organization: 'terminal',
  // the plan
  invalid_configuration: 'terminal',
  source_not_found: 'terminal',
  null_cursor: 'terminal',
  cost_limit: 'terminal',
  destination_ahead: 'terminal',
  beyond_watermark: 'terminal',
  unsupported: 'terminal',
  snapshot_expired: 'transient',
  // the destination
  destination_not_found: 'terminal',
  location_mismatch: 'terminal',
  schema_drift: 'terminal',
  // the warehouse
  access_denied: 'terminal',
  invalid_request: 'terminal',
  quota_exceeded: 'transient',
  rate_limited: 'transient',
  warehouse_unavailable: 'transient',
  recently_written: 'transient',
  row_rejected: 'terminal',
  stream_lost: 'transient',
  // a module transform
  transform_failed: 'terminal',
  transform_not_deterministic: 'terminal',
  transform_changed: 'transient',
  too_many_rejected: 'terminal',
  // proof
  row_count_mismatch: 'transient',
  verification_mismatch: 'terminal',
  commit_ambiguous: 'transient',
  // running
  database_unavailable: 'transient',
  no_progress: 'transient',
  crash_loop: 'terminal',
  cancelled: 'terminal',
  lease_lost: 'lease_lost',
  unknown: 'transient',
} as const satisfies Record<string, Outcome>;

export type Reason = keyof typeof REASONS;
