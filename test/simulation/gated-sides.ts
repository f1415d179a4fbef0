// Source and destination as one run of a replica reaches them: through the gate, and only for its organization's own tables.
import type { AppendOutcome, Destination, StreamWriter } from '../../src/etl/destination.ts';
import type { Source } from '../../src/etl/source.ts';
import type { ArrowRows } from '../../src/columnar/arrow-rows.ts';
import { tableName, type TableRef } from '../../src/job/table-ref.ts';
import { REFUSALS } from './fault-kinds.ts';
import type { Gate } from './gate.ts';

type Method = (...given: unknown[]) => Promise<unknown>;

/** Told of a table or stream that is none of the organization's. */
export type OnStranger = (operation: string, name: string) => void;

/** The source, for one organization. */
export function gatedSource(source: Source, gate: Gate, table: TableRef, onStranger: OnStranger): Source {
  return {
    ...(gatedMethods('source', source, gate, (name) => name === tableName(table), onStranger) as Source),
    readRows: (stream, offset, signal) => gatedRows(source, gate, stream, offset, signal),
  };
}

/** What the gate of a destination tells, and does to the warehouse behind it. */
export type DestinationSurroundings = {
  readonly onStranger: OnStranger;
  /** Told of a write stream that acknowledged what it does not hold. */
  readonly onSwallowed: (stream: string) => void;
  /** The next commit job ends in error. */
  readonly failNextJob: () => void;
};

/** The destination, for one organization: its own tables, a source in the same warehouse among them, and staging tables. */
export function gatedDestination(
  destination: Destination,
  gate: Gate,
  tables: readonly TableRef[],
  { onStranger, onSwallowed, failNextJob }: DestinationSurroundings,
): Destination {
  const own = tables.map(tableName);
  const isOwn = (name: string): boolean => own.includes(name) || isStaging(name);
  return {
    ...(gatedMethods('destination', destination, gate, isOwn, onStranger) as Destination),
    // Calls nothing.
    commitJob: (rows) => destination.commitJob(rows),
    runCommitJob: (set) =>
      gate.call('destination.runCommitJob', () => destination.runCommitJob(set), { failing: failNextJob }),
    openWriter: (stream, schema) => {
      if (!isOwn(stream.replace(/\/streams\/.*/, ''))) onStranger('openWriter', stream);
      return gatedWriter(destination.openWriter(stream, schema), gate, () => onSwallowed(stream));
    },
  };
}

/** Whether a table holds rows that wait to be made visible. */
export function isStaging(name: string): boolean {
  return name.startsWith('destination-env.copies.pulse_billing_etl_staging_');
}

/** Whether a table or write stream is one of rejected rows. */
export function isQuarantine(name: string): boolean {
  return name.startsWith('destination-env.quarantine.');
}

function gatedMethods(
  side: 'source' | 'destination',
  methods: object,
  gate: Gate,
  isOwn: (name: string) => boolean,
  onStranger: OnStranger,
): object {
  return Object.fromEntries(
    Object.entries(methods as Record<string, Method>).map(([name, method]) => [
      name,
      (...given: unknown[]) => {
        for (const stranger of tablesIn(given).map(tableName))
          if (!isOwn(stranger)) onStranger(name, stranger);
        return gate.call(`${side}.${name}`, () => method(...given));
      },
    ]),
  );
}

function tablesIn(given: readonly unknown[]): readonly TableRef[] {
  return given.flatMap((value) => {
    if (typeof value !== 'object' || value === null) return [];
    if ('project' in value) return [value as TableRef];
    return 'table' in value ? tablesIn([value.table]) : [];
  });
}

/** Each message of the stream is a call of its own, as it is one answer of the service. */
async function* gatedRows(
  source: Source,
  gate: Gate,
  stream: string,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<ArrowRows> {
  const { signal: never } = new AbortController();
  for (let at = offset; ;) {
    signal.throwIfAborted();
    const message = await unlessAborted(
      gate.call('source.readRows', () => first(source.readRows(stream, at, never))),
      signal,
    );
    if (!message) return;
    at += message.rowCount;
    yield message;
  }
}

async function first<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}

/** A caller that stops waiting for an answer hears nothing of it any more. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Appends arrive in the order in which they were sent; one that is on its way arrives even after close(). */
function gatedWriter(writer: StreamWriter, gate: Gate, onSwallowed: () => void): StreamWriter {
  const connection = { lastMs: 0 };
  return {
    append: (rows, offset) =>
      gate.call('destination.append', () => writer.append(rows, offset), {
        connection,
        refusal: refused,
        swallowed: () => {
          onSwallowed();
          return { kind: 'acknowledged' };
        },
      }),
    close: () => undefined,
  };
}

function refused(choice: number): AppendOutcome {
  const kind = REFUSALS[choice % REFUSALS.length]!;
  return { kind, message: `scripted: ${kind}` };
}
