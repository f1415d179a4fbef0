// Known-bad ways to hold a job.
import type { Lease } from '../../../src/job/job.ts';
import type { State } from '../../../src/state/open-state.ts';
import type { Variant } from '../replica.ts';

/** Every second replica's clock is ahead by this much. */
const AHEAD_MICROS = 20_000_000n;

/** A lease has run out when the replica's own clock says so. */
export const leaseByLocalClock: Variant = {
  name: 'lease by the local clock',
  state: (real, { gate, execute }) => ({
    ...real,
    jobs: {
      ...real.jobs,
      async claim(key, owner, leaseMs) {
        const claim = await real.jobs.claim(key, owner, leaseMs);
        const ahead = Number(gate.replica.slice(1)) % 2 === 0 ? AHEAD_MICROS : 0n;
        if (claim.kind !== 'busy' || claim.leaseExpiresAt > (await real.now()) + ahead) return claim;
        execute(
          'UPDATE etl_jobs SET lease_expires_at = 0 WHERE organization_id = ? AND job_id = ?',
          key.organizationId,
          key.jobId,
        );
        return real.jobs.claim(key, owner, leaseMs);
      },
    },
  }),
};

/** A write goes through whoever made it: the lease it is made under is whichever the job has now. */
export const claimsWithoutEpoch: Variant = {
  name: 'claims without epoch fencing',
  state: (real) => {
    const current = async (lease: Lease): Promise<Lease> => {
      const job = await real.jobs.find(lease);
      return { ...lease, owner: job?.leaseOwner ?? lease.owner, epoch: job?.leaseEpoch ?? lease.epoch };
    };
    const unfenced = <Store extends object>(store: Store, names: readonly (keyof Store)[]): Store => ({
      ...store,
      ...Object.fromEntries(names.map((name) => [name, underCurrentLease(store[name] as Method, current)])),
    });
    return {
      ...real,
      jobs: {
        ...unfenced(real.jobs, ['storePlan', 'planAnew', 'decide', 'fail', 'retryLater', 'interrupt']),
        heartbeat: async (owner, leases, held, leaseMs) => {
          const beat = await real.jobs.heartbeat(owner, leases, held, leaseMs);
          return { ...beat, kept: [...leases], lost: [] };
        },
      },
      steps: unfenced(real.steps, ['start', 'finish', 'fail', 'update']),
      batches: unfenced(real.batches, ['record', 'discard']),
    } satisfies State;
  },
};

type Method = (lease: Lease, ...rest: unknown[]) => Promise<unknown>;

function underCurrentLease(method: Method, current: (lease: Lease) => Promise<Lease>): Method {
  return async (lease, ...rest) => method(await current(lease), ...rest);
}
