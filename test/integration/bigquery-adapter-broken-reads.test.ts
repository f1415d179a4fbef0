import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bigQuerySource } from '../../src/bigquery/source.ts';
import { GRPC } from '../../src/bigquery/error-reasons.ts';
import { eventually } from '../support/eventually.ts';
import {
  serviceError,
  startScriptedService,
  type ReadCall,
  type ScriptedService,
} from './bigquery-adapter-scripted-service.ts';

const ROWS = 10;
const PASSING = [GRPC.unavailable, GRPC.internal, GRPC.aborted];
const never = new AbortController().signal;
let service: ScriptedService;
let source: ReturnType<typeof bigQuerySource>;

before(async () => {
  service = await startScriptedService();
  source = bigQuerySource(service.settings);
});
after(async () => {
  await source.close();
  await service.close();
});

/** One message holding the row of this number. */
function row(number: number): object {
  return { rowCount: 1, arrowRecordBatch: { serializedRecordBatch: Buffer.from([number]) } };
}

/** Sends rows from the offset asked for and breaks as told; returns the offsets asked for. */
function scriptReads(
  breaks: (call: ReadCall, nth: number, sendUpTo: (end: number) => void) => void,
): number[] {
  const offsets: number[] = [];
  service.script = {
    readRows: ({ offset }, call) => {
      offsets.push(Number(offset));
      breaks(call, offsets.length, (end) => {
        for (let number = Number(offset); number < end; number += 1) call.write(row(number) as never);
      });
    },
  };
  return offsets;
}

async function readAll(from = 0, signal = never): Promise<number[]> {
  const rows: number[] = [];
  for await (const { recordBatch } of source.readRows('a/stream', from, signal)) rows.push(recordBatch[0]!);
  return rows;
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('reading while the connection breaks', () => {
  it('goes on at the next row after a break, however often, and delivers each row once', async () => {
    // One row a try: more breaks than would be borne without any row between them.
    const offsets = scriptReads((call, nth, sendUpTo) => {
      const next = offsets.at(-1)! + 1;
      sendUpTo(next);
      if (next === ROWS) call.end();
      else call.emit('error', serviceError(PASSING[nth % PASSING.length]!, 'broken'));
    });
    assert.deepEqual(await readAll(), numbers(0, ROWS));
    assert.equal(offsets[0], 0);
    // What was received but not taken when the call broke may be asked for again.
    assert.ok(offsets.every((offset, i) => i === 0 || offset >= offsets[i - 1]!));
  });

  it('gives up when six tries in a row bring no row', async () => {
    const offsets = scriptReads((call, _nth, sendUpTo) => {
      sendUpTo(2);
      call.emit('error', serviceError(GRPC.unavailable, 'overloaded'));
    });
    await assert.rejects(readAll(1), { reason: 'warehouse_unavailable', message: /overloaded/ });
    assert.ok(offsets.length >= 6 && offsets.length <= 12, `${offsets.length} tries`);
  });

  it('takes a minute of silence for a break', async () => {
    let cancelled = false;
    const offsets = scriptReads((call, nth, sendUpTo) => {
      sendUpTo(nth === 1 ? 4 : ROWS);
      if (nth === 1) call.on('cancelled', () => (cancelled = true));
      else call.end();
    });
    const reading = readAll();
    await eventually(() => offsets.length === 1 && service.waits.deadlines === 1, {
      describe: 'a silent read',
    });
    const passing = setInterval(() => service.waits.passDeadlines(), 50);
    assert.deepEqual(await reading, numbers(0, ROWS));
    clearInterval(passing);
    assert.deepEqual(offsets.slice(0, 2), [0, 4]);
    await eventually(() => cancelled, { describe: 'the silent call to be cancelled' });
  });

  it('ends where the service knows no further row, as after a break behind the last one', async () => {
    scriptReads((call, nth, sendUpTo) => {
      if (nth === 1) sendUpTo(ROWS);
      setTimeout(
        () =>
          call.emit(
            'error',
            nth === 1
              ? serviceError(GRPC.unavailable, 'broken')
              : serviceError(GRPC.outOfRange, 'beyond the end'),
          ),
        50,
      );
    });
    assert.deepEqual(await readAll(), numbers(0, ROWS));
  });

  it('says that an expired session is lost, and does not ask again', async () => {
    for (const error of [
      serviceError(
        GRPC.failedPrecondition,
        'there was an error operating on a stream: session expired at noon',
      ),
      serviceError(GRPC.notFound, 'no such stream'),
    ]) {
      const offsets = scriptReads((call) => call.emit('error', error));
      await assert.rejects(readAll(), { name: 'TransientError', reason: 'stream_lost' });
      assert.equal(offsets.length, 1);
    }
  });

  it('does not ask again where it is not allowed to read', async () => {
    const offsets = scriptReads((call) => call.emit('error', serviceError(GRPC.permissionDenied, 'no')));
    await assert.rejects(readAll(), { name: 'TerminalError', reason: 'access_denied' });
    assert.equal(offsets.length, 1);
  });

  it('stops waiting for a silent service as soon as it is told to', async () => {
    const offsets = scriptReads(() => undefined);
    const stop = new AbortController();
    const reading = readAll(0, stop.signal);
    await eventually(() => offsets.length === 1, { describe: 'the read to begin' });
    const reason = new Error('drained');
    stop.abort(reason);
    await assert.rejects(reading, reason);
    assert.equal(service.waits.deadlines, 0);
  });

  it('holds the service back while rows are not taken', async () => {
    const mebibyte = { rowCount: 1, arrowRecordBatch: { serializedRecordBatch: Buffer.alloc(1024 * 1024) } };
    let sent = 0;
    service.script = {
      readRows: (_request, call) => {
        const sendMore = (): void => {
          while (sent < 300) {
            sent += 1;
            if (!call.write(mebibyte)) return void call.once('drain', sendMore);
          }
          call.end();
        };
        sendMore();
      },
    };
    const rows = source.readRows('a/stream', 0, never)[Symbol.asyncIterator]();
    await rows.next();
    let before = -1;
    await eventually(
      () => {
        const settled = sent === before;
        before = sent;
        return settled;
      },
      { describe: 'the service to be held back' },
    );
    // 16 MiB of flow-control window, what the gate lets through, and what the server itself buffers.
    assert.ok(sent < 50, `${sent} MiB were sent ahead`);
    let taken = 1;
    for (let next = await rows.next(); !next.done; next = await rows.next()) taken += 1;
    assert.equal(taken, 300);
  });
});
