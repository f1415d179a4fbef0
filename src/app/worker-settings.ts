/** The worker's settings, with the name this replica carries in leases. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import type { WorkerSettings } from '../worker/worker-context.ts';

/** A new owner name at every call: a restarted process must not take its predecessor's leases for its own. */
export function workerSettings({ jobs }: Config): WorkerSettings {
  return {
    owner: `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`,
    leaseMs: jobs.leaseMs,
    maxConcurrentJobs: jobs.maxConcurrentJobs,
    parkedLimit: jobs.parkedLimit,
    drainTimeoutMs: jobs.drainTimeoutMs,
    noProgressTimeoutMs: jobs.noProgressTimeoutMs,
  };
}
