// Messages that can never run: dead-lettered with the reason, then acked, and held for as long as that cannot be done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aRig, type Rig } from './worker-rig.ts';

function violationsOf({ broker }: Rig, at = 0): unknown {
  return JSON.parse(broker.deadLetters[at]?.attributes['violations'] ?? 'null');
}

for (const [reason, message, violation] of [
  ['not_json', 'run it', /^the message is not JSON: /],
  ['not_utf8', Uint8Array.of(0x22, 0xff, 0x22), /^the message is not valid UTF-8$/],
  ['message_too_large', ' '.repeat(65_537), /^the message has 65537 bytes; at most 65536 are allowed$/],
  ['invalid_message', { organization_id: 'acme' }, /^job_id /],
] as const) {
  test(`a message that is ${reason} is dead-lettered as it came, with reason and violations, and then acked`, async (t) => {
    const rig = await aRig(t);
    const a = rig.start('a');
    const id = rig.broker.publish(message, { attributes: { trace: 'kept' } });
    await rig.untilEvents('acked', 1, id);
    const [letter, ...more] = rig.broker.deadLetters;
    assert.deepEqual(more, []);
    assert.equal(letter?.attributes['reason'], reason);
    assert.equal(letter.attributes['trace'], 'kept');
    assert.match((violationsOf(rig) as string[])[0] ?? '', violation);
    const came =
      message instanceof Uint8Array
        ? message
        : Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
    assert.deepEqual(Buffer.from(letter.data), Buffer.from(came));
    assert.deepEqual(
      a.deadLettered.map((told) => told.reason),
      [reason],
    );
    assert.deepEqual(rig.broker.unacked(), []);
  });
}

test('a dead letter that cannot be published keeps its message: held, extended, tried again, published once and then acked', async (t) => {
  const rig = await aRig(t);
  const a = rig.start('a', { parkedLimit: 0 });
  rig.broker.refusePublications('the dead-letter topic does not exist');
  const id = rig.broker.publish('run it');
  await rig.clock.advance(3_600_000);
  assert.deepEqual([...rig.broker.eventsOf('acked'), ...rig.broker.eventsOf('nacked')], []);
  assert.equal(rig.broker.eventsOf('delivered', id).length, 1);
  assert.equal(a.worker.state().held, 1);
  assert.match(a.troubles[0] ?? '', /the dead-letter topic does not exist/);
  assert.ok(a.troubles.length >= 60 && a.troubles.length < 75, `told ${a.troubles.length} times in an hour`);
  rig.broker.refusePublications();
  await rig.untilEvents('acked', 1, id);
  assert.equal(rig.broker.deadLetters.length, 1);
  assert.equal(a.deadLettered.length, 1);
});

test('a bad message needs no database', async (t) => {
  const rig = await aRig(t);
  const a = rig.start('a');
  a.setDatabase('refuses');
  rig.broker.refusePublications('not yet');
  rig.broker.publish('run it');
  await rig.clock.advance(120_000);
  rig.broker.refusePublications();
  await rig.untilEvents('acked', 1);
  assert.equal(a.worker.state().databaseReachable, false);
});

test('a bad message that comes again while it is held is dead-lettered once', async (t) => {
  const rig = await aRig(t);
  const a = rig.start('a');
  rig.broker.refusePublications('not yet');
  const id = rig.broker.publish('run it');
  await rig.clock.advance(10_000);
  rig.broker.duplicate(id, a.subscriber);
  await rig.clock.advance(10_000);
  rig.broker.refusePublications();
  const acks = await rig.untilEvents('acked', 1, id);
  assert.deepEqual([acks.map(({ valid }) => valid), rig.broker.deadLetters.length], [[true], 1]);
});

test('two bad messages with the same bytes are two dead letters', async (t) => {
  const rig = await aRig(t);
  rig.start('a');
  rig.broker.publish('run it');
  rig.broker.publish('run it');
  await rig.untilEvents('acked', 2);
  assert.equal(rig.broker.deadLetters.length, 2);
});

test('violations are JSON that fits an attribute and says how many there is no room for', async (t) => {
  const rig = await aRig(t);
  rig.start('a');
  const unknown = Object.fromEntries(Array.from({ length: 90 }, (_, at) => [`unknown_field_${at}`, 1]));
  rig.broker.publish({ organization_id: 'acme', job_id: 'job', ...unknown });
  await rig.untilEvents('acked', 1);
  const text = rig.broker.deadLetters[0]?.attributes['violations'] ?? '';
  const told = JSON.parse(text) as string[];
  assert.ok(Buffer.byteLength(text) <= 1_024);
  assert.equal(told[0], 'unknown_field_0 is not a known field');
  assert.equal(told.at(-1), `and ${90 - (told.length - 1)} more`);
  assert.ok(told.length > 15);
});

test('one violation too long for an attribute is cut, and is still JSON', async (t) => {
  const rig = await aRig(t);
  rig.start('a');
  rig.broker.publish('\u0001'.repeat(300));
  rig.broker.publish(`{"organization_id":"acme","job_id":"job","${'\\u0001'.repeat(500)}":1}`);
  await rig.untilEvents('acked', 2);
  for (const at of [0, 1]) {
    const [violation] = violationsOf(rig, at) as string[];
    assert.ok(violation);
    assert.ok(Buffer.byteLength(rig.broker.deadLetters[at]?.attributes['violations'] ?? '') <= 1_024);
  }
});

test('a reason the sender gave does not stand in the way of ours', async (t) => {
  const rig = await aRig(t);
  rig.start('a');
  const attributes = { reason: 'because', violations: 'none', other: 'kept' };
  rig.broker.publish('run it', { attributes });
  await rig.untilEvents('acked', 1);
  const [letter] = rig.broker.deadLetters;
  assert.equal(letter?.attributes['reason'], 'not_json');
  // Last, so that a limit on the number of attributes cuts somebody else's.
  assert.deepEqual(Object.keys(letter.attributes), ['other', 'reason', 'violations']);
});
