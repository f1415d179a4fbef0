// What may go wrong at a call of a simulated replica, and with which calls.

/** What becomes of the call itself, or of the replica that makes it. */
const CALL_FAULTS = [
  /** It never arrives, and the caller learns that something failed. */
  'request_lost',
  /** It is carried out, and the caller learns that something failed. */
  'reply_lost',
  /** The caller learns that something failed, and the call is carried out long after that. */
  'late_execution',
  'delay',
  'error_transient',
  'error_quota',
  'error_terminal',
  /** The append is answered, in band, with an outcome other than acknowledged. */
  'append_refused',
  /** The append is acknowledged, and its rows are not there. */
  'append_swallowed',
  /** The recorded job is carried out, ends in error and has no effect. */
  'commit_job_failed',
  'kill_before',
  'kill_after',
  'pause_before',
  'pause_after',
] as const;

/** What happens around a call, which itself goes on as usual. */
export const WORLD_FAULTS = [
  'duplicate_delivery',
  'same_job_published_again',
  'stream_cut',
  'streams_silent',
  'read_sessions_lost',
  'write_streams_lost',
  'committed_streams_forgotten',
  /** The file of the module that transforms rows is replaced by another version. */
  'module_exchanged',
  'database_outage',
  'drain',
  'rolling_restart',
] as const;

/** Of those, what takes away what a warehouse knows; only the warehouse's next call can show it. */
const LOSSES: readonly FaultKind[] = [
  'read_sessions_lost',
  'write_streams_lost',
  'committed_streams_forgotten',
];

/** What goes on after its call, or waits to be noticed: a run in which nobody noticed it is not that of another one yet. */
const LINGERING: readonly FaultKind[] = [
  ...LOSSES,
  'streams_silent',
  'stream_cut',
  'database_outage',
  'module_exchanged',
  'append_swallowed',
  'late_execution',
  'delay',
  'pause_before',
  'pause_after',
];

export const FAULT_KINDS = [...CALL_FAULTS, ...WORLD_FAULTS] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
export type WorldFault = (typeof WORLD_FAULTS)[number];

/** A fault at one call; `ms` is how long it lasts, where it lasts, and `choice` picks among its forms. */
export type Fault = { readonly kind: FaultKind; readonly ms: number; readonly choice: number };

/** `state.jobs.decide`, `destination.append`, `broker.ack` … */
export type Operation = `${'state' | 'source' | 'destination' | 'broker' | 'alerts'}.${string}`;

const OF_EVERY_CALL = [
  'request_lost',
  'reply_lost',
  'delay',
  'kill_before',
  'kill_after',
  'pause_before',
  'pause_after',
] as const satisfies readonly FaultKind[];
const OF_WAREHOUSES = [
  'late_execution',
  'error_transient',
  'error_quota',
  'error_terminal',
] as const satisfies readonly FaultKind[];
const OF_COMMIT_JOBS = ['commit_job_failed'] as const satisfies readonly FaultKind[];
const OF_APPENDS = ['append_refused', 'append_swallowed'] as const satisfies readonly FaultKind[];

/** What may become of a call of this operation. */
export function callFaultsOf(operation: Operation): readonly FaultKind[] {
  if (operation === 'destination.append') return [...OF_EVERY_CALL, ...OF_WAREHOUSES, ...OF_APPENDS];
  if (operation === 'destination.runCommitJob')
    return [...OF_EVERY_CALL, ...OF_WAREHOUSES, ...OF_COMMIT_JOBS];
  if (operation.startsWith('source.') || operation.startsWith('destination.'))
    return [...OF_EVERY_CALL, ...OF_WAREHOUSES];
  return OF_EVERY_CALL;
}

/** The reasons of `error_transient`, by choice. */
export const TRANSIENT_REASONS = [
  'warehouse_unavailable',
  'rate_limited',
  'snapshot_expired',
  'stream_lost',
] as const;
/** The reasons of `error_terminal`; a job that fails for any other terminal reason was failed by mistake. */
export const TERMINAL_REASONS = ['access_denied', 'row_rejected', 'schema_drift'] as const;
/** The answers of `append_refused`. */
export const REFUSALS = ['out_of_range', 'stream_lost'] as const;

/** In how many forms a fault comes; its choice says which. */
export function formsOf(kind: FaultKind): number {
  if (kind === 'error_transient') return TRANSIENT_REASONS.length;
  if (kind === 'error_terminal') return TERMINAL_REASONS.length;
  return kind === 'append_refused' ? REFUSALS.length : 1;
}

export function isWorldFault(kind: FaultKind): kind is WorldFault {
  return (WORLD_FAULTS as readonly string[]).includes(kind);
}

export function lingers(kind: FaultKind): boolean {
  return LINGERING.includes(kind);
}

export function isLoss(kind: FaultKind): boolean {
  return LOSSES.includes(kind);
}
