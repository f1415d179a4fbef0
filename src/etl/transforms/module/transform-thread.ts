/** A thread that runs one module transform, so that the event loop, and with it every heartbeat, goes on whatever the module does. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../../job/clock.ts';
import { TerminalError } from '../../../job/errors.ts';
import type { TableSchema } from '../../../job/table-schema.ts';
import type { StartedModule } from './modules.ts';
import {
  CALLS,
  CURRENT_ROW,
  type ModuleDescription,
  type SliceRequest,
  type ThreadReply,
  type ThreadRequest,
  type ThreadStart,
  type TransformedSlice,
  type TransformWork,
} from './thread-messages.ts';

/** How a thread is watched, and when it is given up. */
export type ThreadLimits = {
  readonly clock: Clock;
  /** Longest time without a row done. */
  readonly timeLimitMs: number;
  /** What its heap may grow to, in MB; the memory its messages take is not part of it. */
  readonly maxHeapMb: number;
  /** Ends the waiting for an answer. */
  readonly signal?: AbortSignal;
};

/** A process that was stopped for a while finds all its timers due at once: only so many ticks in a row without progress count. */
const TICKS = 20;

/** The file a thread starts with: TypeScript where this runs from the sources, JavaScript once it is built. */
const THREAD_FILE = new URL(
  import.meta.url.endsWith('.ts') ? './thread-main.ts' : './thread-main.js',
  import.meta.url,
);

/** The module did not come back from a row within the time limit. */
export class ThreadHung extends Error {
  /** The row of the message it was given last. */
  readonly row: number;

  constructor(row: number) {
    super('a transform did not come back');
    this.row = row;
  }
}

/** A module in a thread of its own. */
export class TransformThread implements StartedModule {
  readonly #name: string;
  readonly #limits: ThreadLimits;
  readonly #progress = new Int32Array(new SharedArrayBuffer(8));
  readonly #worker: Worker;
  /** What ended the thread, which may happen while nothing is asked. */
  #ended: TerminalError | undefined;

  /** Starts a thread that loads the file; its clock may run ahead. */
  constructor(name: string, path: string, limits: ThreadLimits, aheadMs = 0) {
    this.#name = name;
    this.#limits = limits;
    const start: ThreadStart = { path, progress: this.#progress, aheadMs };
    this.#worker = new Worker(THREAD_FILE, {
      workerData: start,
      resourceLimits: { maxOldGenerationSizeMb: limits.maxHeapMb },
      name: 'transform',
      // Node runs the sources as they are; a loader of this process would only slow the start down.
      execArgv: [],
    });
    this.#worker.on('error', (error: Error) => (this.#ended ??= this.#failed(whatEnded(error, limits))));
    this.#worker.on('exit', () => (this.#ended ??= this.#failed('ended its thread')));
  }

  async describe(source: TableSchema | undefined): Promise<ModuleDescription> {
    const reply = await this.#ask({ kind: 'describe', source });
    if (reply.kind !== 'described') throw this.#failed(`answered ${reply.kind} when asked what it is`);
    return reply.description;
  }

  async begin(work: TransformWork): Promise<string> {
    const reply = await this.#ask({ kind: 'begin', work });
    if (reply.kind !== 'begun') throw this.#failed(`answered ${reply.kind} when told to begin`);
    return reply.version;
  }

  async transform(request: SliceRequest): Promise<TransformedSlice> {
    const message = request.message && {
      ...request.message,
      // A copy of its own, which can be handed over.
      recordBatch: new Uint8Array(request.message.recordBatch),
    };
    const reply = await this.#ask({ ...request, ...(message && { message }) }, message?.recordBatch.buffer);
    if (reply.kind !== 'transformed') throw this.#failed(`answered ${reply.kind} when given rows`);
    return reply;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #ask(
    request: ThreadRequest,
    transfer?: ArrayBuffer,
  ): Promise<Exclude<ThreadReply, { kind: 'refused' }>> {
    const reply = await this.#reply(request, transfer);
    if (reply.kind === 'refused') throw new TerminalError(reply.reason, reply.message);
    return reply;
  }

  #reply(request: ThreadRequest, transfer: ArrayBuffer | undefined): Promise<ThreadReply> {
    const { signal } = this.#limits;
    return new Promise((resolve, reject) => {
      const settled = new AbortController();
      const settle = (act: () => void): void => {
        if (settled.signal.aborted) return;
        settled.abort();
        this.#worker.off('message', onMessage).off('exit', onExit);
        signal?.removeEventListener('abort', onAbort);
        act();
      };
      const onMessage = (reply: ThreadReply): void => settle(() => resolve(reply));
      // An error that ends the thread is told before the end.
      const onExit = (): void => settle(() => reject(this.#ended ?? this.#failed('ended its thread')));
      const onAbort = (): void => settle(() => reject(signal?.reason as Error));
      this.#worker.on('message', onMessage).on('exit', onExit);
      if (this.#ended) {
        onExit();
        return;
      }
      if (signal?.aborted) {
        onAbort();
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#worker.postMessage(request, transfer ? [transfer] : []);
      void this.#hung(settled.signal).then((row) => {
        if (row !== undefined) settle(() => reject(new ThreadHung(row)));
      });
    });
  }

  /** The row at which nothing has happened for the time limit; undefined once the answer is there. */
  async #hung(answered: AbortSignal): Promise<number | undefined> {
    const { clock, timeLimitMs } = this.#limits;
    let calls = Atomics.load(this.#progress, CALLS);
    for (let idle = 0; idle < TICKS; idle += 1) {
      await clock.sleep(timeLimitMs / TICKS, answered);
      if (answered.aborted) return undefined;
      const now = Atomics.load(this.#progress, CALLS);
      if (now !== calls) idle = -1;
      calls = now;
    }
    return Atomics.load(this.#progress, CURRENT_ROW);
  }

  #failed(what: string): TerminalError {
    return new TerminalError('transform_failed', `the module of ${this.#name} ${what}; correct the module`);
  }
}

function whatEnded(error: Error & { readonly code?: string }, { maxHeapMb }: ThreadLimits): string {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return `used more than ${maxHeapMb} MB of memory, twice MEMORY_BUDGET_MB: have it hold less, or raise that`;
  return `ended its thread with an error outside of transformRows (${error.name})`;
}
