/** The rates of the calls whose quotas end first, shared by everything in this process that makes them. */
import type { Clock } from '../job/clock.ts';
import { CallRate, type RateLimit } from './call-rate.ts';

/** CreateWriteStream is counted in the project of the table, jobs.insert by the account that asks. */
export type PacedCall = 'create_write_stream' | 'insert_job';

/** Told of waits and refusals by the kind of call. */
export type PaceObserver = { waited(call: PacedCall, ms: number): void; slowed(call: PacedCall): void };

/** Over all workers together. */
export type CallLimits = { readonly writeStreamsPerHour: number; readonly jobsPerSecond: number };

/** Streams at once after a quiet time. "If you exceed 40-50 calls per second, the latency grows." Source: BigQuery documentation, Storage Write API best practices. */
const STREAM_BURST = 40;
/** With it the default of 80 stays within 100 requests in any one second. Source: BigQuery documentation, Quotas and limits. */
const JOB_BURST = 20;

/** One bucket for each project or account; each begins full. */
export class CallRates {
  readonly #limits: Readonly<Record<PacedCall, RateLimit>>;
  readonly #clock: Clock;
  readonly #rates = new Map<string, CallRate>();
  #observer: PaceObserver = { waited: () => undefined, slowed: () => undefined };
  #workers = 1;

  constructor({ writeStreamsPerHour, jobsPerSecond }: CallLimits, clock: Clock) {
    this.#clock = clock;
    this.#limits = {
      create_write_stream: { perSecond: writeStreamsPerHour / 3_600, burst: STREAM_BURST },
      insert_job: { perSecond: jobsPerSecond, burst: JOB_BURST },
    };
  }

  /** The rate of a call for whom BigQuery counts it: a project or an account. */
  of(call: PacedCall, counted: string): CallRate {
    const key = `${call} ${counted}`;
    const existing = this.#rates.get(key);
    if (existing) return existing;
    const rate = new CallRate(this.#limits[call], this.#clock, {
      waited: (ms) => this.#observer.waited(call, ms),
      slowed: () => this.#observer.slowed(call),
    });
    rate.shareAmong(this.#workers);
    this.#rates.set(key, rate);
    return rate;
  }

  /** Divides every limit among so many live workers. */
  shareAmong(workers: number): void {
    this.#workers = workers;
    for (const rate of this.#rates.values()) rate.shareAmong(workers);
  }

  /** From now on this is told. */
  observe(observer: PaceObserver): void {
    this.#observer = observer;
  }
}
