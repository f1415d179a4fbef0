import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { CallOptions, grpc } from 'google-gax';
import { MessageStream } from '../../src/bigquery/message-stream.ts';

/** A call whose connection is the test: messages arrive when it says so, and it sees how many were asked for. */
function fakeCall() {
  const stream = Object.assign(new PassThrough({ objectMode: true }), {
    cancelled: 0,
    cancel: () => (stream.cancelled += 1),
  });
  const seen = { asked: 0 };
  const connection = { startRead: () => (seen.asked += 1) } as unknown as grpc.InterceptingCall;
  let client: { startRead(): void } | undefined;
  const messages = new MessageStream<string>((options: CallOptions) => {
    const { interceptors } = (options.otherArgs as { options: grpc.CallOptions }).options;
    client = interceptors![0]!({} as grpc.InterceptorOptions, () => connection);
    return stream;
  });
  return {
    messages,
    stream,
    seen,
    /** The client library wants to read this many messages ahead. */
    wants: (count: number): void => {
      for (let i = 0; i < count; i += 1) client!.startRead();
    },
  };
}

describe('the messages of one call', () => {
  it('are asked for two ahead of those taken, however many the client library would hold', async () => {
    const { messages, stream, seen, wants } = fakeCall();
    wants(16);
    assert.equal(seen.asked, 2);
    for (const message of ['a', 'b', 'c']) stream.write(message);
    assert.equal(await messages.next(), 'a');
    assert.equal(seen.asked, 3);
    assert.equal(await messages.next(), 'b');
    assert.equal(await messages.next(), 'c');
    assert.equal(seen.asked, 5);
  });

  it('are all delivered before the error or the end that follows them', async () => {
    const broken = fakeCall();
    broken.stream.emit('data', 'a');
    broken.stream.emit('error', new Error('broken'));
    assert.equal(await broken.messages.next(), 'a');
    await assert.rejects(broken.messages.next(), /broken/);
    const ended = fakeCall();
    ended.stream.emit('data', 'a');
    ended.stream.emit('end');
    assert.equal(await ended.messages.next(), 'a');
    assert.equal(await ended.messages.next(), undefined);
  });

  it('stop with the call when it is abandoned, the awaited one included', async () => {
    const { messages, stream } = fakeCall();
    const awaited = messages.next();
    messages.abandon(new Error('enough'));
    await assert.rejects(awaited, /enough/);
    stream.emit('data', 'late');
    await assert.rejects(messages.next(), /enough/);
    assert.equal(stream.cancelled, 1);
  });
});
