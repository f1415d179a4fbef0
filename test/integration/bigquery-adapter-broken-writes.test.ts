import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { processClock } from '../../src/app/process-clock.ts';
import { CallRates } from '../../src/bigquery/call-rates.ts';
import { bigQueryDestination } from '../../src/bigquery/destination.ts';
import { GRPC } from '../../src/bigquery/error-reasons.ts';
import type { StreamWriter } from '../../src/etl/destination.ts';
import { eventually } from '../support/eventually.ts';
import {
  inBandError,
  serviceError,
  startScriptedService,
  type AppendCall,
  type AppendRequest,
  type ScriptedService,
} from './bigquery-adapter-scripted-service.ts';

const STREAM = 'projects/p/datasets/d/tables/t/streams/s';
const TABLE = { project: 'project-one', dataset: 'd', table: 't' };
const SCHEMA = Buffer.from('schema');
const ACKNOWLEDGED = { kind: 'acknowledged' };
let service: ScriptedService;
let destination: ReturnType<typeof bigQueryDestination>;

before(async () => {
  service = await startScriptedService();
  destination = bigQueryDestination(service.settings);
});
after(async () => {
  await destination.close();
  await service.close();
});

/** A write stream as the service keeps it: two rows an append, offsets checked, and every request remembered. */
class Stream {
  readonly requests: { connection: number; offset: number; withStream: boolean; withSchema: boolean }[] = [];
  rows = 0;
  connections = 0;

  take(connection: number, request: AppendRequest): object {
    const offset = Number(request.offset.value);
    this.requests.push({
      connection,
      offset,
      withStream: request.writeStream === STREAM,
      withSchema: request.arrowRows.writerSchema?.serializedSchema.equals(SCHEMA) ?? false,
    });
    if (offset < this.rows) return inBandError(GRPC.alreadyExists, 'there already', 'OFFSET_ALREADY_EXISTS');
    if (offset > this.rows) return inBandError(GRPC.outOfRange, 'beyond the end', 'OFFSET_OUT_OF_RANGE');
    this.rows += 2;
    return { appendResult: { offset: { value: offset } } };
  }
}

type Handler = (call: AppendCall, request: AppendRequest, nth: number, connection: number) => void;

/** Hands every request to the handler, numbered across connections from 1; counts connections from 1. */
function scriptAppends(handle: Handler): { connections: number; requests: number } {
  const seen = { connections: 0, requests: 0 };
  service.script = {
    ...service.script,
    appendRows: (call) => {
      seen.connections += 1;
      const connection = seen.connections;
      return (request) => {
        seen.requests += 1;
        handle(call, request, seen.requests, connection);
      };
    },
  };
  return seen;
}

function writer(): StreamWriter {
  return destination.openWriter(STREAM, SCHEMA);
}

function append(to: StreamWriter, offset: number): ReturnType<StreamWriter['append']> {
  return to.append({ recordBatch: Buffer.from([offset]), rowCount: 2 }, offset);
}

const answer = (call: AppendCall, response: object): unknown => call.write(response as never);

describe('appending while things break', () => {
  it('names stream and schema once per connection', async () => {
    const stream = new Stream();
    scriptAppends((call, request, _nth, connection) => answer(call, stream.take(connection, request)));
    const to = writer();
    assert.deepEqual(await Promise.all([0, 2, 4].map((offset) => append(to, offset))), [
      ACKNOWLEDGED,
      ACKNOWLEDGED,
      ACKNOWLEDGED,
    ]);
    to.close();
    assert.deepEqual(
      stream.requests.map(({ withStream, withSchema }) => [withStream, withSchema]),
      [
        [true, true],
        [false, false],
        [false, false],
      ],
    );
  });

  it('sends what is unanswered again in order when an append was executed and its reply lost', async () => {
    const stream = new Stream();
    scriptAppends((call, request, nth, connection) => {
      const response = stream.take(connection, request);
      if (nth < 3) return;
      if (nth === 3) call.emit('error', serviceError(GRPC.unavailable, 'connection reset'));
      else answer(call, response);
    });
    const to = writer();
    assert.deepEqual(await Promise.all([0, 2, 4].map((offset) => append(to, offset))), [
      ACKNOWLEDGED,
      ACKNOWLEDGED,
      ACKNOWLEDGED,
    ]);
    to.close();
    assert.deepEqual(
      stream.requests.map(({ offset }) => offset),
      [0, 2, 4, 0, 2, 4],
    );
    assert.deepEqual(stream.requests[3], { connection: 2, offset: 0, withStream: true, withSchema: true });
    assert.equal(stream.rows, 6);
  });

  it('begins anew from the first refused append when the service refuses in passing', async () => {
    const stream = new Stream();
    scriptAppends((call, request, nth, connection) => {
      if (nth === 2) answer(call, inBandError(GRPC.internal, 'try again'));
      else answer(call, stream.take(connection, request));
    });
    const to = writer();
    assert.deepEqual(await Promise.all([0, 2, 4].map((offset) => append(to, offset))), [
      ACKNOWLEDGED,
      ACKNOWLEDGED,
      ACKNOWLEDGED,
    ]);
    to.close();
    assert.equal(stream.rows, 6);
  });

  it('takes a minute without an answer for a broken connection', async () => {
    const stream = new Stream();
    const seen = scriptAppends((call, request, nth, connection) => {
      const response = stream.take(connection, request);
      if (nth > 1) answer(call, response);
    });
    const to = writer();
    const appended = append(to, 0);
    await eventually(() => seen.requests === 1, { describe: 'the append to arrive' });
    service.waits.passDeadlines();
    assert.deepEqual(await appended, ACKNOWLEDGED);
    assert.equal(seen.connections, 2);
    assert.equal(service.waits.deadlines, 0, 'an answered append has no deadline');
    to.close();
  });

  it('goes on over a new connection when the service ends an idle one', async () => {
    const stream = new Stream();
    let idle: AppendCall | undefined;
    const seen = scriptAppends((call, request, _nth, connection) => {
      idle = call;
      answer(call, stream.take(connection, request));
    });
    const to = writer();
    await append(to, 0);
    idle!.end();
    assert.deepEqual(await append(to, 2), ACKNOWLEDGED);
    to.close();
    assert.equal(stream.rows, 4);
    assert.ok(seen.connections <= 2);
  });

  it('names the rejected row and takes no more appends', async () => {
    scriptAppends((call) =>
      answer(call, {
        ...inBandError(GRPC.invalidArgument, 'errors found while processing rows'),
        rowErrors: [{ index: 1, code: 'FIELDS_ERROR', message: 'cost is no number' }],
      }),
    );
    const to = writer();
    const first = append(to, 40);
    const second = append(to, 42);
    await assert.rejects(first, { reason: 'row_rejected', message: /row 41 .*cost is no number/ });
    await assert.rejects(second, { reason: 'row_rejected' });
    await assert.rejects(append(to, 44), { reason: 'row_rejected' });
  });

  it('tells drift, a finalized stream and a vanished table apart by the codes of the Storage API', async () => {
    const inBand = async (...error: Parameters<typeof inBandError>) => {
      scriptAppends((call) => answer(call, inBandError(...error)));
      const to = writer();
      return append(to, 0).finally(() => to.close());
    };
    const drift = inBand(GRPC.invalidArgument, 'extra', 'SCHEMA_MISMATCH_EXTRA_FIELDS');
    await assert.rejects(drift, { reason: 'schema_drift' });
    await assert.rejects(inBand(GRPC.notFound, 'gone', 'TABLE_NOT_FOUND'), {
      reason: 'destination_not_found',
    });
    await assert.rejects(inBand(GRPC.permissionDenied, 'no'), { reason: 'access_denied' });
    for (const code of [
      'STREAM_FINALIZED',
      'INVALID_STREAM_STATE',
      'STREAM_NOT_FOUND',
      'STREAM_ALREADY_COMMITTED',
    ] as const) {
      assert.equal((await inBand(GRPC.invalidArgument, 'over', code)).kind, 'stream_lost');
    }
  });

  it('reads the same codes where they end the connection', async () => {
    const ending = async (...error: Parameters<typeof serviceError>) => {
      const seen = scriptAppends((call) => call.emit('error', serviceError(...error)));
      const to = writer();
      const outcome = await append(to, 0).finally(() => to.close());
      return { kind: outcome.kind, connections: seen.connections };
    };
    const once = { connections: 1 };
    assert.deepEqual(await ending(GRPC.invalidArgument, 'over', 'STREAM_FINALIZED'), {
      ...once,
      kind: 'stream_lost',
    });
    assert.deepEqual(await ending(GRPC.notFound, 'gone'), { ...once, kind: 'stream_lost' });
    assert.deepEqual(await ending(GRPC.alreadyExists, 'there'), { ...once, kind: 'acknowledged' });
    assert.deepEqual(await ending(GRPC.outOfRange, 'beyond'), { ...once, kind: 'out_of_range' });
    await assert.rejects(ending(GRPC.invalidArgument, 'x', 'SCHEMA_MISMATCH_EXTRA_FIELDS'), {
      reason: 'schema_drift',
    });
  });

  it('gives up as rate-limited when ten tries in a row are refused for quota', async () => {
    const seen = scriptAppends((call) =>
      answer(call, inBandError(GRPC.resourceExhausted, 'throughput quota')),
    );
    const to = writer();
    await assert.rejects(append(to, 0), { name: 'TransientError', reason: 'rate_limited' });
    assert.equal(seen.requests, 10);
    to.close();
  });

  it('answers what is outstanding when it is closed', async () => {
    const seen = scriptAppends(() => undefined);
    const to = writer();
    const appended = append(to, 0);
    await eventually(() => seen.requests === 1, { describe: 'the append to arrive' });
    to.close();
    await assert.rejects(appended, { name: 'TransientError', message: /closed/ });
    assert.equal(service.waits.deadlines, 0);
  });
});

describe('committing while things break', () => {
  const streams = ['a', 'b'].map((name) => `projects/p/datasets/d/tables/t/streams/${name}`);
  const committed = { commitTime: { seconds: 1_767_225_600, nanos: 0 } };
  const refused = (...codes: string[]): object => ({
    streamErrors: codes.map((code, i) => ({ code, entity: streams[i], errorMessage: 'refused' })),
  });

  /** Answers each commit with the next answer; streams are in the states given by their last letter. */
  function scriptCommits(answers: readonly object[], states: Record<string, object | 'missing'>): string[][] {
    const commits: string[][] = [];
    service.script = {
      batchCommitWriteStreams: ({ writeStreams }) => {
        commits.push(writeStreams);
        return (answers[commits.length - 1] ?? answers.at(-1)) as never;
      },
      getWriteStream: ({ name }) => {
        const state = states[name.at(-1)!];
        return state === 'missing' || !state ? serviceError(GRPC.notFound, 'gone') : (state as never);
      },
    };
    return commits;
  }
  const commit = () => destination.commitWriteStreams(TABLE, streams);

  it('finds a commit done whose reply was lost, without committing again', async () => {
    const commits = scriptCommits([serviceError(GRPC.unavailable, 'reply lost')], {
      a: committed,
      b: committed,
    });
    assert.deepEqual(await commit(), { kind: 'committed' });
    assert.equal(commits.length, 1);
  });

  it('commits the same set again when the lost try had no effect', async () => {
    const commits = scriptCommits([serviceError(GRPC.unavailable, 'request lost'), committed], {
      a: {},
      b: {},
    });
    assert.deepEqual(await commit(), { kind: 'committed' });
    assert.deepEqual(commits, [streams, streams]);
  });

  it('takes it for done when all streams had been committed before, and only then', async () => {
    scriptCommits([refused('STREAM_ALREADY_COMMITTED', 'STREAM_ALREADY_COMMITTED')], {});
    assert.deepEqual(await commit(), { kind: 'committed' });
    scriptCommits([refused('STREAM_ALREADY_COMMITTED', 'STREAM_NOT_FOUND')], { a: {}, b: {} });
    assert.equal((await commit()).kind, 'ambiguous');
  });

  it('asks the streams when the set cannot be committed any more', async () => {
    const gone = refused('STREAM_NOT_FOUND', 'INVALID_STREAM_STATE');
    scriptCommits([gone], { a: 'missing', b: committed });
    assert.deepEqual(await commit(), { kind: 'committed' }, 'one commit time is all of them');
    scriptCommits([gone], { a: 'missing', b: 'missing' });
    assert.equal((await commit()).kind, 'ambiguous');
    scriptCommits([gone], { a: committed, b: {} });
    assert.equal((await commit()).kind, 'ambiguous', 'half a set committed proves nothing');
    scriptCommits([serviceError(GRPC.notFound, 'no table', 'TABLE_NOT_FOUND')], {
      a: 'missing',
      b: 'missing',
    });
    assert.equal((await commit()).kind, 'ambiguous');
  });

  it('leaves the outcome open, as transient, while nothing can be learnt', async () => {
    const commits = scriptCommits([serviceError(GRPC.unavailable, 'down')], { a: {}, b: {} });
    await assert.rejects(commit(), { name: 'TransientError', reason: 'warehouse_unavailable' });
    assert.equal(commits.length, 4);
    scriptCommits([serviceError(GRPC.permissionDenied, 'no')], { a: {}, b: {} });
    await assert.rejects(commit(), { reason: 'access_denied' });
  });
});

describe('creating a write stream', () => {
  const table = (...names: string[]) => ({
    location: 'US',
    schema: { fields: names.map((name) => ({ name, type: 'STRING' })) },
  });

  it('waits for a table or a column that the Storage Write API has not learnt of yet', async () => {
    const known = (...names: string[]) => ({
      name: STREAM,
      tableSchema: { fields: names.map((name) => ({ name, type: 'STRING', mode: 'NULLABLE' })) },
    });
    service.script = {
      rest: (_request, reply) => reply.json(200, table('id', 'added')),
      createWriteStream: () => known('id'),
    };
    const tooEarly = { name: 'TransientError', retryAfterMs: 60_000 };
    await assert.rejects(destination.createWriteStream(TABLE), {
      ...tooEarly,
      message: /column added of project-one\.d\.t/,
    });
    service.script.createWriteStream = () => serviceError(GRPC.notFound, 'no such table');
    await assert.rejects(destination.createWriteStream(TABLE), {
      ...tooEarly,
      message: /the table of project-one\.d\.t/,
    });
    service.script.createWriteStream = () => known('added', 'ID');
    assert.equal(await destination.createWriteStream(TABLE), STREAM);
  });

  it('comes more slowly once it was refused for being too much, and no longer waits for its turn when the job stops', async () => {
    const rates = new CallRates({ writeStreamsPerHour: 3_600_000, jobsPerSecond: 80 }, processClock);
    const told: string[] = [];
    rates.observe({ waited: (call) => told.push(`${call} waited`), slowed: (call) => told.push(call) });
    const paced = bigQueryDestination({ ...service.settings, rates });
    let refusals = 2;
    service.script = {
      rest: (_request, reply) => reply.json(200, table('id')),
      createWriteStream: () =>
        refusals-- > 0
          ? serviceError(GRPC.resourceExhausted, "Exceeds 'CreateWriteStream requests' quota")
          : { name: STREAM },
    };
    assert.equal(await paced.createWriteStream(TABLE), STREAM);
    // Both refusals fall into one moment.
    assert.equal(told.filter((each) => each === 'create_write_stream').length, 1);
    rates.shareAmong(1_000_000_000);
    const stop = new AbortController();
    const never = Promise.allSettled([1, 2].map(() => paced.createWriteStream(TABLE, stop.signal)));
    await eventually(() => told.at(-1) === 'create_write_stream waited', { describe: () => told.join() });
    stop.abort(new Error('stopped by the test'));
    assert.ok((await never).some(({ status }) => status === 'rejected'));
    await paced.close();
  });
});

describe('finalizing a write stream', () => {
  it('asks again while the service is in trouble and tells a lost stream from one that is gone', async () => {
    let asked = 0;
    service.script = {
      finalizeWriteStream: () => {
        asked += 1;
        return asked < 3 ? serviceError(GRPC.unavailable, 'busy') : { rowCount: 7 };
      },
    };
    assert.deepEqual(await destination.finalizeWriteStream(STREAM), { kind: 'finalized', rows: 7 });
    service.script = { finalizeWriteStream: () => serviceError(GRPC.notFound, 'gone') };
    assert.deepEqual(await destination.finalizeWriteStream(STREAM), { kind: 'missing' });
    service.script = {
      finalizeWriteStream: () => serviceError(GRPC.failedPrecondition, 'committed already'),
    };
    await assert.rejects(destination.finalizeWriteStream(STREAM), {
      name: 'TransientError',
      reason: 'stream_lost',
    });
  });
});
