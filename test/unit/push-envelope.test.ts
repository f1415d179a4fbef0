// The envelope of a push is read as Pub/Sub documents it, and refused with everything that is wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePushEnvelope } from '../../src/pubsub/push-envelope.ts';

const SUBSCRIPTION = 'projects/p/subscriptions/s';

test('a message is read with its id, bytes, attributes and subscription', () => {
  const data = Buffer.from('{"a":1}').toString('base64');
  const message = { messageId: '1', message_id: '1', data, attributes: { key: 'value' }, publishTime: 'now' };
  assert.deepEqual(parsePushEnvelope({ message, subscription: SUBSCRIPTION, deliveryAttempt: 2 }), {
    kind: 'valid',
    message: {
      messageId: '1',
      data: Buffer.from('{"a":1}'),
      attributes: { key: 'value' },
      subscription: SUBSCRIPTION,
    },
  });
});

test('a message without data or attributes is empty, not invalid', () => {
  const parsed = parsePushEnvelope({ message: { messageId: '1' }, subscription: SUBSCRIPTION });
  assert.ok(parsed.kind === 'valid');
  assert.deepEqual([parsed.message.data.byteLength, parsed.message.attributes], [0, {}]);
});

test('everything that is wrong is said at once', () => {
  const message = { messageId: 7, data: '!', attributes: { key: 1 } };
  const parsed = parsePushEnvelope({ message });
  assert.ok(parsed.kind === 'invalid');
  assert.deepEqual(
    parsed.violations.map((violation) => violation.split(' ')[0]),
    ['subscription', 'message.messageId', 'message.data', 'message.attributes'],
  );
});

test('what is no envelope is refused: nothing, a list, text, an object without a message', () => {
  for (const body of [undefined, null, [], 'text', {}, { message: [] }])
    assert.equal(parsePushEnvelope(body).kind, 'invalid', JSON.stringify(body));
});
