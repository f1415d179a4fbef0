/** The write streams of a plan, one per read stream, each created at its first row and recorded before the first append. */
import type { JsonObject } from '../state/json.ts';
import type { TableRef } from '../job/table-ref.ts';
import type { PlannedRun } from './run.ts';
import { stagingTable, usesStaging } from './staging.ts';

/** Names by read stream; recorded in the load step so that a resumed run appends to the same streams. */
export class WriteStreams {
  readonly #run: PlannedRun;
  readonly #names: Map<number, string>;
  #lastRecording: Promise<void> = Promise.resolve();

  private constructor(run: PlannedRun, names: Map<number, string>) {
    this.#run = run;
    this.#names = names;
  }

  /** Those an earlier run of the same plan recorded. */
  static async recorded(run: PlannedRun): Promise<WriteStreams> {
    const step = await run.state.steps.get(run.lease, run.planNumber, 'load');
    return new WriteStreams(run, namesFromDetail(step?.detail ?? {}));
  }

  /** The write stream for a read stream, created and recorded when there is none. */
  async open(stream: number): Promise<string> {
    const existing = this.#names.get(stream);
    if (existing !== undefined) return existing;
    const name = await this.#run.destination.createWriteStream(this.#table(), this.#run.signal);
    this.#names.set(stream, name);
    await this.#record();
    return name;
  }

  #table(): TableRef {
    return usesStaging(this.#run) ? stagingTable(this.#run) : this.#run.plan.destination;
  }

  /** The name for a read stream that wrote rows; undefined when it had none. */
  nameOf(stream: number): string | undefined {
    return this.#names.get(stream);
  }

  /** One recording after the other, so that a slower earlier one cannot overwrite a later one. */
  #record(): Promise<void> {
    const { state, lease, planNumber } = this.#run;
    const detail = {
      write_streams: Object.fromEntries([...this.#names].map(([stream, name]) => [String(stream), name])),
    };
    const recording = this.#lastRecording.then(() => state.steps.update(lease, planNumber, 'load', detail));
    this.#lastRecording = recording.catch(() => undefined);
    return recording;
  }
}

function namesFromDetail({ write_streams: streams }: JsonObject): Map<number, string> {
  if (typeof streams !== 'object' || streams === null || Array.isArray(streams)) return new Map();
  const entries = Object.entries(streams).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return new Map(entries.map(([stream, name]) => [Number(stream), name]));
}
