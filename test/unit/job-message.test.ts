// What a message must be to become a job, and what is said of every other.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { MAX_MESSAGE_BYTES, parseMessage, type ParsedMessage } from '../../src/job/message.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const KEY = { organization_id: 'acme', job_id: 'job-1' };
const DAY = { start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' };
const NOT_AN_INSTANT = 'must be an RFC 3339 timestamp of at most microseconds, such as 2026-01-31T00:00:00Z';

function parse(message: unknown): ParsedMessage {
  return parseMessage(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)));
}

function requestOf(message: unknown) {
  const parsed = parse(message);
  assert.equal(parsed.kind, 'valid', inspect(parsed));
  return parsed.request;
}

function violationsOf(message: unknown, reason = 'invalid_message'): readonly string[] {
  const parsed = parse(message);
  assert.equal(parsed.kind, 'invalid', `${JSON.stringify(message).slice(0, 200)} was accepted`);
  assert.equal(parsed.reason, reason);
  return parsed.violations;
}

describe('a message that is accepted', () => {
  test('is an incremental job when it says nothing else', () => {
    assert.deepEqual(requestOf(KEY), {
      organizationId: 'acme',
      jobId: 'job-1',
      jobType: 'incremental',
      window: undefined,
      requestedBy: undefined,
    });
  });

  test('carries its window to the microsecond, in UTC, whatever offset it was written with', () => {
    const window = { start: '2026-01-01T01:00:00.000001+01:00', end: '2025-12-31T23:30:00.5-01:00' };
    assert.deepEqual(requestOf({ ...KEY, job_type: 'backfill', window }).window, {
      start: 1_767_225_600_000_001n,
      end: 1_767_227_400_500_000n,
    });
  });

  test('may be any job type, with a window where the type allows one', () => {
    assert.equal(requestOf({ ...KEY, job_type: 'incremental' }).jobType, 'incremental');
    assert.equal(requestOf({ ...KEY, job_type: 'repair', window: DAY }).jobType, 'repair');
    assert.equal(requestOf({ ...KEY, job_type: 'verify', window: DAY }).jobType, 'verify');
    assert.equal(requestOf({ ...KEY, job_type: 'verify' }).window, undefined);
  });

  test('may have names and a requester of exactly 255 characters', () => {
    const name = 'aZ09._-'.repeat(40).slice(0, 255);
    const { organizationId, jobId, requestedBy } = requestOf({
      organization_id: name,
      job_id: name,
      requested_by: 'ü'.repeat(255),
    });
    assert.deepEqual([organizationId, jobId, requestedBy], [name, name, 'ü'.repeat(255)]);
  });

  test('may have exactly 64 KiB', () => {
    const message = JSON.stringify(KEY);
    assert.equal(requestOf(message + ' '.repeat(MAX_MESSAGE_BYTES - message.length)).jobId, 'job-1');
  });
});

describe('bytes that are no message', () => {
  test('one byte more than 64 KiB is too large, said with both numbers', () => {
    const message = JSON.stringify(KEY);
    assert.deepEqual(
      violationsOf(message + ' '.repeat(MAX_MESSAGE_BYTES - message.length + 1), 'message_too_large'),
      ['the message has 65537 bytes; at most 65536 are allowed'],
    );
  });

  test('a size is refused before anything is read, in bytes and not in characters', () => {
    assert.equal(parseMessage(new Uint8Array(50_000_000)).kind, 'invalid');
    violationsOf(JSON.stringify({ ...KEY, requested_by: 'ü'.repeat(33_000) }), 'message_too_large');
  });

  for (const [what, bytes] of [
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00]],
  ] as const) {
    test(`${what} is not UTF-8`, () => {
      assert.deepEqual(parseMessage(Uint8Array.from(bytes)), {
        kind: 'invalid',
        reason: 'not_utf8',
        violations: ['the message is not valid UTF-8'],
      });
    });
  }

  for (const [what, text] of [
    ['nothing at all', ''],
    ['plain words', 'run the job'],
    ['a byte order mark before valid JSON', `\uFEFF${JSON.stringify(KEY)}`],
    ['a message cut short', JSON.stringify(KEY).slice(0, -1)],
    ['two messages', JSON.stringify(KEY).repeat(2)],
    ['a trailing comma', '{"organization_id":"acme","job_id":"job-1",}'],
    ['single quotes', "{'organization_id':'acme','job_id':'job-1'}"],
    ['NaN', '{"organization_id":NaN}'],
    ['brackets that open for ever', '['.repeat(MAX_MESSAGE_BYTES)],
  ] as const) {
    test(`${what}: not JSON`, () => {
      const [violation, ...more] = violationsOf(text, 'not_json');
      assert.match(violation ?? '', /^the message is not JSON: ./);
      assert.ok((violation ?? '').length < 300);
      assert.deepEqual(more, []);
    });
  }
});

describe('JSON that is no message', () => {
  for (const text of ['null', 'true', '5', '"acme"', '[]', `[${JSON.stringify(KEY)}]`]) {
    test(`${text} is no object`, () => {
      assert.deepEqual(violationsOf(text), ['the message must be a JSON object']);
    });
  }

  test('an empty object lacks both names, and every rule they break is told', () => {
    assert.deepEqual(violationsOf({}), [
      'organization_id may hold only A-Z a-z 0-9 . _ -',
      'organization_id must be longer than or equal to 1 characters',
      'organization_id must be a string',
      'job_id may hold only A-Z a-z 0-9 . _ -',
      'job_id must be longer than or equal to 1 characters',
      'job_id must be a string',
    ]);
  });

  for (const name of [
    '',
    ' ',
    'a b',
    'a/b',
    '../x',
    'a\\b',
    'acme\n',
    'acmé',
    'ａcme',
    '組織',
    '😀',
    'a\u0000b',
    'a;--',
  ]) {
    test(`${JSON.stringify(name)} is no name`, () => {
      for (const field of ['organization_id', 'job_id']) {
        const violations = violationsOf({ ...KEY, [field]: name });
        assert.ok(violations.includes(`${field} may hold only A-Z a-z 0-9 . _ -`), violations.join());
      }
    });
  }

  test('a name of 256 characters is too long', () => {
    assert.deepEqual(violationsOf({ ...KEY, job_id: 'x'.repeat(256) }), [
      'job_id must be shorter than or equal to 255 characters',
    ]);
  });

  for (const value of [5, true, ['acme'], {}]) {
    test(`${JSON.stringify(value)} is no string, in any field that is one`, () => {
      for (const field of ['organization_id', 'job_id', 'requested_by'])
        assert.ok(violationsOf({ ...KEY, [field]: value }).includes(`${field} must be a string`));
      assert.deepEqual(violationsOf({ ...KEY, job_type: value }), [
        'job_type must be one of the following values: incremental, backfill, verify, repair',
      ]);
    });
  }

  test('null is a wrong type in every field, those that may be left out included', () => {
    for (const field of ['organization_id', 'job_id', 'job_type', 'window', 'requested_by'])
      assert.equal(violationsOf({ ...KEY, [field]: null })[0], `${field} must not be null`);
  });

  test('a requester of 256 characters is too long', () => {
    assert.deepEqual(violationsOf({ ...KEY, requested_by: 'x'.repeat(256) }), [
      'requested_by must be shorter than or equal to 255 characters',
    ]);
  });

  for (const type of ['', 'Incremental', 'INCREMENTAL', 'delete', 'constructor', 'toString']) {
    test(`"${type}" is no job type`, () => {
      assert.deepEqual(violationsOf({ ...KEY, job_type: type }), [
        'job_type must be one of the following values: incremental, backfill, verify, repair',
      ]);
    });
  }

  test('a message that breaks several rules is told all of them', () => {
    const message = {
      ...KEY,
      job_id: 'a b',
      project: 'p',
      requested_by: null,
      job_type: 'backfill',
      window: 5,
    };
    assert.deepEqual(violationsOf(message), [
      'project is not a known field',
      'requested_by must not be null',
      'window must be an object',
      'job_id may hold only A-Z a-z 0-9 . _ -',
    ]);
  });
});

describe('names nobody knows', () => {
  const hostile = [
    'project',
    'dataset',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'then',
    '',
  ];
  for (const name of hostile) {
    test(`${JSON.stringify(name)} is not a known field, at the top and inside the window`, () => {
      const extra = `${JSON.stringify(name)}:"x"`;
      const top = `{"organization_id":"acme","job_id":"job-1",${extra}}`;
      assert.deepEqual(violationsOf(top), [`${name} is not a known field`]);
      const inside = `{"organization_id":"acme","job_id":"job-1","job_type":"repair","window":{"start":"${DAY.start}","end":"${DAY.end}",${extra}}}`;
      assert.deepEqual(violationsOf(inside), [`window.${name} is not a known field`]);
    });
  }

  test('a __proto__ with members changes no prototype and lends no field', () => {
    const text = '{"__proto__":{"polluted":"yes"},"job_id":"job-1"}';
    assert.ok(violationsOf(text).includes('__proto__ is not a known field'));
    assert.ok(violationsOf(text).includes('organization_id must be a string'));
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  test('a strange name is repeated escaped and cut', () => {
    const [control] = violationsOf({ ...KEY, 'a\n\u001b[31m': 1 });
    assert.equal(control, 'a\\n\\u001b[31m is not a known field');
    const [long] = violationsOf({ ...KEY, ['x'.repeat(5_000)]: 1 });
    assert.equal(long, `${'x'.repeat(64)}… is not a known field`);
  });

  test('a message made of unknown fields is answered with a hundred of them and a count', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`f${at}`, 1]));
    const violations = violationsOf({ ...KEY, ...many });
    assert.equal(violations.length, 101);
    assert.equal(violations[99], 'f99 is not a known field');
    assert.equal(violations[100], 'and 4900 more violations');
  });
});

describe('names given twice', () => {
  test('are refused, whichever of the two values would have won', () => {
    assert.deepEqual(violationsOf('{"organization_id":"acme","job_id":"a","job_id":"b"}'), [
      'job_id must not be given twice',
    ]);
    assert.deepEqual(violationsOf('{"organization_id":"acme","job_id":"a","job\\u005fid":"a"}'), [
      'job_id must not be given twice',
    ]);
  });

  test('are refused inside the window too', () => {
    const text = `{"organization_id":"acme","job_id":"a","job_type":"repair","window":{"start":"${DAY.start}","end":"${DAY.end}","end":"2027-01-01T00:00:00Z"}}`;
    assert.deepEqual(violationsOf(text), ['end must not be given twice']);
  });

  test('are no fault in two objects, nor when a value only looks like a name', () => {
    assert.equal(requestOf('{"organization_id":"job_id","job_id":"job_id"}').organizationId, 'job_id');
    const quoted = String.raw`{"organization_id":"acme","job_id":"a","requested_by":"\"job_id\":\\"}`;
    assert.equal(requestOf(quoted).requestedBy, '"job_id":\\');
    assert.deepEqual(
      violationsOf('{"organization_id":"acme","job_id":"a","start":1,"window":{"start":"x"}}')[0],
      'start is not a known field',
    );
  });
});

describe('nesting', () => {
  const tooDeep = ['the message must not be nested deeper than 2 levels'];

  for (const [what, value] of [
    ['brackets', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['braces', '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)],
    ['one level more than a window', '{"start":{}}'],
  ] as const) {
    test(`${what} are refused wherever they stand`, () => {
      for (const field of ['organization_id', 'window', 'unknown'])
        assert.deepEqual(violationsOf(`{"job_id":"a","${field}":${value}}`), tooDeep);
    });
  }
});

describe('a window', () => {
  test('is required for backfill and repair, and not allowed for incremental', () => {
    for (const jobType of ['backfill', 'repair'])
      assert.deepEqual(violationsOf({ ...KEY, job_type: jobType }), [
        `window is required for job_type ${jobType}`,
      ]);
    for (const incremental of [KEY, { ...KEY, job_type: 'incremental' }])
      assert.deepEqual(violationsOf({ ...incremental, window: DAY }), [
        'window is not allowed for job_type incremental',
      ]);
  });

  for (const value of ['2026-01-01', 5, true, [], [DAY.start]]) {
    test(`is no window when it is ${JSON.stringify(value)}`, () => {
      assert.deepEqual(violationsOf({ ...KEY, job_type: 'backfill', window: value }), [
        'window must be an object',
      ]);
    });
  }

  test('needs both ends, as strings', () => {
    assert.deepEqual(violationsOf({ ...KEY, job_type: 'backfill', window: {} }), [
      'window.start must be a string',
      'window.end must be a string',
    ]);
    assert.deepEqual(violationsOf({ ...KEY, job_type: 'backfill', window: { start: 1, end: null } }), [
      'window.end must not be null',
      'window.start must be a string',
      'window.end must be a string',
    ]);
  });

  test('starts before it ends: the same instant twice, or the wrong way round, is none', () => {
    for (const window of [
      { start: DAY.start, end: DAY.start },
      { start: DAY.start, end: '2026-01-01T01:00:00+01:00' },
      { start: DAY.end, end: DAY.start },
    ])
      assert.deepEqual(violationsOf({ ...KEY, job_type: 'repair', window }), [
        'window.start must be before window.end',
      ]);
  });

  for (const instant of [
    '',
    'yesterday',
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2016-12-31T23:59:60Z',
    '2026-01-01T00:00:00.1234567Z',
    '2026-01-01T00:00:00.000000001Z',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+00:60',
    '2026-01-01T00:00:00+0100',
    ' 2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00Z\n',
    '1767225600',
    '２０２６-01-01T00:00:00Z',
  ]) {
    test(`has no end at ${JSON.stringify(instant)}`, () => {
      assert.deepEqual(
        violationsOf({ ...KEY, job_type: 'repair', window: { start: instant, end: instant } }),
        [`window.start ${NOT_AN_INSTANT}`, `window.end ${NOT_AN_INSTANT}`],
      );
    });
  }

  test('may be written with nanoseconds that are zero', () => {
    const window = { start: '2026-01-01T00:00:00.000000000Z', end: '2026-01-01T00:00:00.000001000Z' };
    assert.deepEqual(requestOf({ ...KEY, job_type: 'repair', window }).window, {
      start: 1_767_225_600_000_000n,
      end: 1_767_225_600_000_001n,
    });
  });
});

test('whatever bytes come, the answer is a request within the rules or at least one violation', () => {
  const seed = 20_260_131;
  const random = new SeededRandom(seed);
  let accepted = 0;
  for (let round = 0; round < 4_000; round += 1) {
    const bytes = random.chance(0.5) ? damaged(random) : Buffer.from(invented(random));
    let parsed: ParsedMessage;
    try {
      parsed = parseMessage(bytes);
    } catch (error) {
      assert.fail(`seed ${seed}, round ${round}: ${bytes.toString('base64')} made it throw ${String(error)}`);
    }
    if (parsed.kind === 'valid') {
      accepted += 1;
      assertWithinTheRules(parsed, bytes);
    } else {
      assert.ok(parsed.violations.length > 0, `seed ${seed}, round ${round}: refused without a violation`);
    }
  }
  // Otherwise the loop would only ever see rubbish refused.
  assert.ok(accepted > 100, `only ${accepted} messages were accepted`);
});

function assertWithinTheRules(parsed: Extract<ParsedMessage, { kind: 'valid' }>, bytes: Buffer): void {
  const { organizationId, jobId, jobType, window } = parsed.request;
  const message = JSON.parse(bytes.toString()) as Record<string, unknown>;
  assert.deepEqual([message['organization_id'], message['job_id']], [organizationId, jobId]);
  for (const name of [organizationId, jobId]) assert.match(name, /^[A-Za-z0-9._-]{1,255}$/);
  for (const name of Object.keys(message))
    assert.ok(['organization_id', 'job_id', 'job_type', 'window', 'requested_by'].includes(name), name);
  if (jobType === 'incremental') assert.equal(window, undefined);
  if (jobType === 'backfill' || jobType === 'repair') assert.ok(window);
  if (window) assert.ok(window.start < window.end);
}

/** A valid message with some bytes changed, lost, doubled or put in. */
function damaged(random: SeededRandom): Buffer {
  const message = { ...KEY, job_type: 'repair', window: DAY, requested_by: 'somebody' };
  let bytes = Buffer.from(JSON.stringify(message));
  for (let left = random.below(4); left > 0; left -= 1) {
    const at = random.below(bytes.length);
    const piece = random.pick([
      random.bytes(1 + random.below(4)),
      Buffer.from(random.pick(['"', '{', '}', '[', ',', ':', '\\', '\u0000', 'null', '1e999'])),
      bytes.subarray(at, at + random.below(30)),
    ]);
    bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + random.below(3))]);
  }
  return bytes;
}

/** Well-formed JSON out of known and hostile names and values. */
function invented(random: SeededRandom): string {
  const names = [
    'organization_id',
    'job_id',
    'job_type',
    'window',
    'requested_by',
    '__proto__',
    'constructor',
    'x',
  ];
  const field = (name: string): string => `${JSON.stringify(name)}:${value(random, name)}`;
  const chosen = names.filter((_name, at) => random.chance(at < 2 ? 0.95 : at < 5 ? 0.5 : 0.05));
  if (random.chance(0.05)) chosen.push(random.pick(names));
  return `{${chosen.map(field).join(',')}}`;
}

function value(random: SeededRandom, name: string): string {
  if (random.chance(0.1))
    return random.pick(['null', '5', '-0', '1e400', 'true', '[]', '{}', '[{}]', '""', '"é/"']);
  switch (name) {
    case 'job_type':
      return JSON.stringify(random.pick(['incremental', 'backfill', 'verify', 'repair', 'none']));
    case 'window': {
      const instants = [DAY.start, DAY.end, '2026-01-01T00:00:00.000001Z', '2026-02-30T00:00:00Z', ''];
      const ends = { start: random.pick(instants), end: random.pick(instants) };
      return JSON.stringify(random.chance(0.1) ? { ...ends, constructor: 1 } : ends);
    }
    default:
      return JSON.stringify(random.pick(['acme', 'job-1', 'a.b_c-d', 'A'.repeat(255)]));
  }
}
