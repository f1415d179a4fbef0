// One organization of an episode: it gets new billing rows and a job for them, round after round.
import { setTimeout as delay } from 'node:timers/promises';
import type { JobKey } from '../../src/job/job.ts';
import { isTerminal } from '../../src/job/job-status.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { newCopy, sqlName, type Copy } from '../integration/run-setup.ts';
import { eventually } from '../support/eventually.ts';
import type { Ground } from './ground.ts';
import { trace } from './trace.ts';

const COLUMNS = 'id INT64, cost FLOAT64, currency STRING, export_time TIMESTAMP';
const EPOCH = '2026-01-01 00:00:00';
const EPOCH_MICROS = BigInt(Date.UTC(2026, 0, 1)) * 1_000n;
const LOOK_MS = 300;
/** Four minutes on a machine with time to spare, long after any lease; a machine without it gives looks as seldom as work. */
const LOOKS_ENOUGH = 800;
/** The emulator keeps a message a minute for a stream that is gone; a publisher who repeats himself gets on. */
const RING_AGAIN_MS = 5_000;

/** New rows and the job that must copy exactly them. */
export type Round = { readonly key: JobKey; readonly rows: number };

/** How an end is waited for. */
type Waiting = {
  /** Whether the job is published again and again. */
  readonly ringAgain: boolean;
  /** How many strikes have hit so far. */
  readonly strikes: () => number;
};

export class Customer {
  readonly copy: Copy;
  readonly rounds: Round[] = [];
  readonly #ground: Ground;
  #open: Round | undefined;
  #rows = 0;

  private constructor(ground: Ground, copy: Copy) {
    this.#ground = ground;
    this.copy = copy;
  }

  static async join(ground: Ground): Promise<Customer> {
    return new Customer(ground, await newCopy(ground.state, ground.warehouses, COLUMNS));
  }

  /** The cursor of the last row exported, in microseconds: where the watermark has to be once the last job has ended. */
  get lastExport(): bigint {
    return EPOCH_MICROS + BigInt(this.#rows) * 1_000_000n;
  }

  /** Exports rows later than all before, and publishes a job for them. */
  async beginRound(rows: number): Promise<void> {
    const { organizationId, source } = this.copy;
    const first = this.#rows + 1;
    this.#rows += rows;
    await this.#ground.warehouses().atSource(
      `INSERT INTO ${sqlName(source)}
       SELECT n, n / 7, 'USD', TIMESTAMP_ADD(TIMESTAMP '${EPOCH} UTC', INTERVAL n SECOND)
       FROM UNNEST(GENERATE_ARRAY(${first}, ${this.#rows})) AS n`,
    );
    const round = { key: { organizationId, jobId: `round-${this.rounds.length + 1}` }, rows };
    this.rounds.push(round);
    this.#open = round;
    // The broker may be what is broken just now: a publisher who was refused tries again.
    await eventually(() => this.#ring().then(() => true), {
      describe: 'a job to be published',
      timeoutMs: 240_000,
    });
  }

  /**
   * Resolves when the open round's job has ended; rejects with what is known of it when it does not end though nothing was
   * struck for long enough.
   */
  async roundEnds({ ringAgain, strikes }: Waiting): Promise<void> {
    let ringAtMs = performance.now() + RING_AGAIN_MS;
    let [looks, struck] = [0, strikes()];
    let job: JobRecord | undefined;
    while (this.#open) {
      // The database may be what is broken just now.
      job = await this.#ground.state.jobs.find(this.#open.key).catch(() => job);
      if (job && isTerminal(job.status)) {
        this.#open = undefined;
        trace('job ended', { job: `${job.organizationId}/${job.jobId}`, status: job.status });
      } else if (looks > LOOKS_ENOUGH) {
        throw new Error(`a job does not end: ${told(job)}`);
      } else await delay(LOOK_MS);
      looks = strikes() === struck ? looks + 1 : 0;
      struck = strikes();
      // A message that is lost before anybody has read it can only be missed by whoever published it.
      if ((ringAgain || !job) && performance.now() > ringAtMs) {
        await this.#ring().catch(() => undefined);
        ringAtMs += RING_AGAIN_MS;
      }
    }
  }

  async #ring(): Promise<void> {
    if (this.#open) await this.#ground.topics.publish(this.#open.key);
  }
}

function told(job: JobRecord | undefined): string {
  if (!job) return 'it is not on record';
  const { organizationId, jobId, status, attempts, interruptions, leaseOwner, needsOperator, errorMessage } =
    job;
  const rest = { status, attempts, interruptions, leaseOwner, needsOperator, errorMessage };
  return `${organizationId}/${jobId} ${JSON.stringify(rest)}`;
}
