// One episode: customers get rows and jobs without end while replicas are struck, until enough strikes have hit; then all is examined.
import { Customer } from './customer.ts';
import { Fleet, type FleetOptions, type Hit } from './fleet.ts';
import type { Ground } from './ground.ts';
import { examine, type Findings } from './oracle.ts';
import { VisibilityWatch } from './visibility-watch.ts';

export type EpisodeOptions = Omit<FleetOptions, 'ground'> & {
  readonly customers: number;
  readonly rowsPerJob: number;
  /** Rounds every customer gets at least (default 1). */
  readonly rounds?: number;
  /** More than hits to wait for (default: nothing). */
  readonly goOnUntil?: () => boolean;
  /** Whether errors are met that cost attempts (default: none may be charged). */
  readonly attemptsAllowed?: boolean;
  /** What no worker may ever have to say, because it is mended where it happens. */
  readonly neverSaid?: RegExp;
  /** Whether a job that does not end is published again and again (default true); else a lost message is the broker's and the reaper's affair. */
  readonly ringAgain?: boolean;
};

/** What an episode came to. */
export type Episode = Findings & {
  readonly hits: readonly Hit[];
  /** What was broken around the processes, by name. */
  readonly faults?: Readonly<Record<string, number>>;
  /** What was measured beside, by name. */
  readonly figures?: Readonly<Record<string, number>>;
  readonly started: number;
  readonly appendedRows: number;
  readonly delaysMs: Fleet['handovers']['delaysMs'];
  readonly looks: number;
  readonly seconds: number;
};

/** Plays it to its end; `violations` is empty when all went as owed. */
export async function playEpisode(ground: Ground, options: EpisodeOptions): Promise<Episode> {
  const startedMs = performance.now();
  const customers = await newCustomers(ground, options.customers);
  const watch = new VisibilityWatch(customers);
  const fleet = new Fleet({ ...options, ground });
  fleet.start();
  const feeding = await Promise.allSettled(customers.map((customer) => feed(customer, fleet, options)));
  const codes = await fleet.stop();
  await watch.stop();
  const findings = await examine(ground, customers, options);
  return {
    ...findings,
    hits: fleet.hits,
    started: fleet.started,
    appendedRows: fleet.appendedRows,
    delaysMs: fleet.handovers.delaysMs,
    looks: watch.looks,
    seconds: (performance.now() - startedMs) / 1000,
    violations: [
      ...feeding.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : [])),
      ...codes
        .filter((code) => code !== 0)
        .map((code) => `a worker asked to stop at the end left with ${code}`),
      ...fleet.unexplained,
      ...(options.neverSaid ? fleet.logged(options.neverSaid) : []),
      ...watch.violations,
      ...findings.violations,
    ],
  };
}

async function newCustomers(ground: Ground, count: number): Promise<Customer[]> {
  const customers = [];
  // One after the other: the stand-in works in one thread anyway.
  for (let made = 0; made < count; made += 1) customers.push(await Customer.join(ground));
  return customers;
}

async function feed(customer: Customer, fleet: Fleet, options: EpisodeOptions): Promise<void> {
  const { rowsPerJob, rounds = 1, ringAgain = true, goOnUntil = () => true } = options;
  do {
    await customer.beginRound(rowsPerJob);
    await customer.roundEnds({ ringAgain, strikes: () => fleet.hits.length });
  } while (!fleet.satisfied || !goOnUntil() || customer.rounds.length < rounds);
}
