/** The write streams of a plan, one per read stream and table, each created at its first row and recorded before the first append. */
import type { JsonObject } from '../state/json.ts';
import type { TableRef } from '../job/table-ref.ts';
import type { PlannedRun } from './run.ts';
import { stagingTable, usesStaging } from './staging.ts';

/** The table rows go to: the copy (or its staging table), or the quarantine of those that a module rejected. */
export type RowsTable = 'copy' | 'quarantine';

type Names = Readonly<Record<RowsTable, Map<number, string>>>;

/** Keys of the load step's detail. */
const DETAIL: Readonly<Record<RowsTable, string>> = {
  copy: 'write_streams',
  quarantine: 'quarantine_streams',
};

/** Names by read stream; recorded in the load step so that a resumed run appends to the same streams. */
export class WriteStreams {
  readonly #run: PlannedRun;
  readonly #names: Names;
  #lastRecording: Promise<void> = Promise.resolve();

  private constructor(run: PlannedRun, names: Names) {
    this.#run = run;
    this.#names = names;
  }

  /** Those an earlier run of the same plan recorded. */
  static async recorded(run: PlannedRun): Promise<WriteStreams> {
    const step = await run.state.steps.get(run.lease, run.planNumber, 'load');
    const detail = step?.detail ?? {};
    const names = {
      copy: namesFromDetail(detail, 'copy'),
      quarantine: namesFromDetail(detail, 'quarantine'),
    };
    return new WriteStreams(run, names);
  }

  /** The write stream for a read stream, created and recorded when there is none. */
  async open(stream: number, to: RowsTable): Promise<string> {
    const existing = this.#names[to].get(stream);
    if (existing !== undefined) return existing;
    const name = await this.#run.destination.createWriteStream(this.#table(to), this.#run.signal);
    this.#names[to].set(stream, name);
    await this.#record();
    return name;
  }

  #table(to: RowsTable): TableRef {
    const { quarantine } = this.#run.plan;
    if (to === 'quarantine' && quarantine) return quarantine;
    return usesStaging(this.#run) ? stagingTable(this.#run) : this.#run.plan.destination;
  }

  /** The name for a read stream that wrote rows; undefined when it had none. */
  nameOf(stream: number, to: RowsTable): string | undefined {
    return this.#names[to].get(stream);
  }

  /** One recording after the other, so that a slower earlier one cannot overwrite a later one. */
  #record(): Promise<void> {
    const { state, lease, planNumber } = this.#run;
    const { copy, quarantine } = this.#names;
    const detail = {
      [DETAIL.copy]: objectOf(copy),
      ...(quarantine.size > 0 && { [DETAIL.quarantine]: objectOf(quarantine) }),
    };
    const recording = this.#lastRecording.then(() => state.steps.update(lease, planNumber, 'load', detail));
    this.#lastRecording = recording.catch(() => undefined);
    return recording;
  }
}

function objectOf(names: ReadonlyMap<number, string>): Record<string, string> {
  return Object.fromEntries([...names].map(([stream, name]) => [String(stream), name]));
}

function namesFromDetail(detail: JsonObject, table: RowsTable): Map<number, string> {
  const streams = detail[DETAIL[table]];
  if (typeof streams !== 'object' || streams === null || Array.isArray(streams)) return new Map();
  const entries = Object.entries(streams).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return new Map(entries.map(([stream, name]) => [Number(stream), name]));
}
