// The two sides of a copy that moves no rows and takes as long, or fails, as a test wants.
import { Field, Schema, TimestampMicrosecond } from 'apache-arrow';
import type { Destination } from '../../src/etl/destination.ts';
import type { Source } from '../../src/etl/source.ts';
import { MICROS_PER_MINUTE, type Micros } from '../../src/job/instant.ts';
import { encodeSchema } from '../support/arrow-encoder.ts';

/** What a job does. */
export type Script =
  /** Ends in SUCCESS at once: the source is empty. */
  | { readonly kind: 'nothing_new' }
  /** Reads until then, or until it is stopped, and ends in SUCCESS without rows. */
  | { readonly kind: 'reads'; readonly until: Promise<void> }
  /** As `reads`, but deaf to being stopped. */
  | { readonly kind: 'reads_on'; readonly until: Promise<void> }
  /** Fails so often, then finds nothing new. */
  | { readonly kind: 'fails'; readonly error: Error; times: number };

interface Stage {
  readonly clock: { nowMicros(): Micros };
  readonly scripts: ReadonlyMap<string, Script>;
  readonly reading: Map<string, { now: string[]; most: number }>;
  readonly runs: { replica: string; organizationId: string }[];
}

const DAY = 24n * 60n * MICROS_PER_MINUTE;
const ARROW_SCHEMA = encodeSchema(
  new Schema([new Field('export_time', new TimestampMicrosecond('UTC'), true)]),
);

/** Both sides for one run of an organization's job on one replica. */
export function scriptedSides(
  stage: Stage,
  replica: string,
  organizationId: string,
): { source: Source; destination: Destination } {
  stage.runs.push({ replica, organizationId });
  const script = (): Script => stage.scripts.get(organizationId) ?? { kind: 'nothing_new' };
  const source: Partial<Source> = {
    async describe(table) {
      const told = script();
      if (told.kind === 'fails' && told.times-- > 0) throw told.error;
      return {
        table,
        location: 'EU',
        schema: [{ name: 'export_time', type: 'TIMESTAMP', mode: 'NULLABLE' }],
      };
    },
    currentTime: async () => stage.clock.nowMicros(),
    async survey({ snapshot }) {
      const { kind } = script();
      const maxCursor = kind === 'nothing_new' || kind === 'fails' ? undefined : snapshot - DAY;
      return { maxCursor, nullCursors: 0 };
    },
    estimate: async () => ({ rows: 1, bytes: 1 }),
    totals: async () => [],
    openReadSession: async () => ({
      name: 'session',
      streams: ['stream'],
      arrowSchema: ARROW_SCHEMA,
      expiresAt: stage.clock.nowMicros() + DAY,
    }),
    resumeReadSession: async (session) => session,
    async *readRows(_stream, _offset, signal) {
      const reading = stage.reading.get(replica) ?? { now: [], most: 0 };
      stage.reading.set(replica, reading);
      reading.now.push(organizationId);
      reading.most = Math.max(reading.most, reading.now.length);
      try {
        const told = script();
        if (told.kind === 'reads') await Promise.race([told.until, aborted(signal)]);
        if (told.kind === 'reads_on') await told.until;
        signal.throwIfAborted();
        yield* [];
      } finally {
        reading.now.splice(reading.now.indexOf(organizationId), 1);
      }
    },
  };
  const destination: Partial<Destination> = {
    // Elsewhere, so that rows pass through the worker.
    datasetLocation: async () => 'US',
    describe: async () => undefined,
    createTable: async () => undefined,
  };
  return { source: source as Source, destination: destination as Destination };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
