// A module in its thread: whatever it does wrong is an error that names the row, and what it must not depend on shows.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { encodeRows } from '../../src/columnar/encode-rows.ts';
import type { ArrowRows } from '../../src/columnar/arrow-rows.ts';
import { tableSchemaMessage } from '../../src/columnar/table-schema-message.ts';
import {
  describeModule,
  findModule,
  moduleFaults,
  modulesIn,
} from '../../src/etl/transforms/module/find-module.ts';
import { moduleStream } from '../../src/etl/transforms/module/module-stream.ts';
import type { TransformedSlice } from '../../src/etl/transforms/module/thread-messages.ts';
import type { Clock } from '../../src/job/clock.ts';
import type { TableSchema } from '../../src/job/table-schema.ts';
import { eventually } from '../support/eventually.ts';
import { moduleFolder, sameColumns } from '../support/module-folder.ts';

const COLUMNS: TableSchema = [
  { name: 'id', type: 'INT64', mode: 'NULLABLE' },
  { name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' },
  { name: 'export_time', type: 'TIMESTAMP', mode: 'NULLABLE' },
];

type Given = {
  readonly clock?: Clock;
  readonly firstRow?: number;
  readonly signal?: AbortSignal;
  readonly version?: string;
};

/** Gives 300 rows, in two messages, to a module with this text. */
async function given(context: TestContext, text: string, { firstRow = 0, ...options }: Given = {}) {
  const folder = await moduleFolder(context, { 'mine.mjs': text });
  const watchedBy = (clock: Clock) => findModule(modulesIn({ ...folder, clock }), 'module:mine');
  const version = options.version ?? (await describeModule(await watchedBy(forever))).version;
  const slices: TransformedSlice[] = [];
  const stream = moduleStream(messages(), firstRow, {
    module: await watchedBy(options.clock ?? folder.clock),
    version,
    seed: 'acme/job',
    ...(options.signal && { signal: options.signal }),
    work: {
      transform: 'module:mine',
      organizationId: 'acme',
      stream: 0,
      source: COLUMNS,
      sourceCursor: 'export_time',
      columns: COLUMNS,
      window: { lo: undefined, hi: 10n ** 15n },
      keepsRejected: false,
      takesDigests: false,
      arrowSchema: tableSchemaMessage(COLUMNS),
    },
  });
  for await (const slice of stream) slices.push(slice);
  return slices;
}

async function* messages(): AsyncGenerator<ArrowRows> {
  for (const [from, count] of [
    [0, 280],
    [280, 20],
  ] as const)
    yield encodeRows(
      COLUMNS,
      Array.from({ length: count }, (_, i) => ({ id: BigInt(from + i), cost: 0.5, export_time: 0n })),
    );
}

/** No time passes. */
const forever: Clock = {
  nowMs: () => 0,
  sleep: (_, signal) =>
    new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true })),
};

test('rows come back in the order in which they were given, whatever the slices', async (context) => {
  const slices = await given(context, sameColumns('return rows;'));
  assert.deepEqual(
    slices.map(({ ends }) => ends.length),
    [256, 24, 20],
  );
  assert.ok(slices.every(({ ends, rows }) => rows?.rowCount === ends.at(-1)));
});

test('a row that throws is named by its offset, its cursor and the line, and never quoted', async (context) => {
  const text = sameColumns(`
    return rows.map((row) => {
      if (row.id === 270n) throw new TypeError('secret ' + row.id);
      return row;
    });`);
  await assert.rejects(given(context, text, { firstRow: 1000 }), {
    reason: 'transform_failed',
    message:
      'module:mine failed on the row at offset 1270 of read stream 0 (export_time 1970-01-01T00:00:00.000000Z): it threw a TypeError at line 6; correct the module, or have it reject such rows',
  });
});

for (const [what, body, before] of [
  ['chance', 'return rows.map((row) => ({ ...row, cost: row.id === 3n ? Math.random() : 0 }));', ''],
  ['the clock', 'return rows.map((row) => ({ ...row, cost: row.id === 3n ? Date.now() : 0 }));', ''],
  [
    'the year',
    'return rows.map((row) => ({ ...row, cost: row.id === 3n ? new Date().getFullYear() : 0 }));',
    '',
  ],
  [
    'rows before it',
    'return rows.map((row) => ({ ...row, cost: row.id === 3n ? (seen += rows.length) : 0 }));',
    'let seen = 0;',
  ],
  ['rows beside it', 'return rows.map((row, i) => (row.id === 3n && i === 3 ? [] : row));', ''],
] as const)
  test(`a module whose rows depend on ${what} is caught by being asked twice`, async (context) => {
    await assert.rejects(given(context, sameColumns(body, before)), {
      reason: 'transform_not_deterministic',
      message:
        /^module:mine made something else of (the row at offset 3|one of the rows at offsets 0 to 255) of read stream 0/,
    });
  });

test('a module that fails on rows only when they come together is not deterministic either', async (context) => {
  const text = sameColumns(`if (rows.length > 1) throw new Error('no'); return rows;`);
  await assert.rejects(given(context, text), { reason: 'transform_not_deterministic' });
});

test('a date made of a row is no dependence on the clock', async (context) => {
  const text = sameColumns(
    `return rows.map((row) => ({ ...row, cost: new Date(Number(row.id) * 1e11).getUTCFullYear() + Date.UTC(2026, 1) }));`,
  );
  assert.equal((await given(context, text)).length, 3);
});

for (const [what, body, message] of [
  ['ends the process', 'process.exit(3);', /the module of module:mine ended its thread; correct the module/],
  [
    'fills the memory',
    'const all = []; for (;;) all.push(new Array(1e5).fill({}));',
    /^the module of module:mine used more than 64 MB of memory, twice MEMORY_BUDGET_MB: have it hold less, or raise that; correct the module$/,
  ],
  [
    'fails behind its own back',
    `Promise.reject(new Error('secret')); return rows;`,
    /ended its thread with an error outside of transformRows \(Error\)/,
  ],
] as const)
  test(`a module that ${what} ends its thread only`, async (context) => {
    await assert.rejects(given(context, sameColumns(body)), (error: Error) => {
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

test('a module that does not come back is given up, and the row is found that it hangs at', async (context) => {
  const { folder } = await moduleFolder(context, {});
  const log = join(folder, 'hanging');
  // Time passes only once the module has said that it is about to hang: 25 ticks each time.
  let ticks = 0;
  const clock: Clock = {
    nowMs: () => 0,
    async sleep(_, signal) {
      const mayPass = () => signal?.aborted === true || ticks < 25 * timesIn(log);
      await eventually(mayPass, { describe: 'the module to hang' });
      ticks += 1;
    },
  };
  const text = sameColumns(
    `return rows.map((row) => {
      if (row.id === 17n) {
        appendFileSync(${JSON.stringify(log)}, 'x');
        for (;;);
      }
      return row;
    });`,
    `import { appendFileSync } from 'node:fs';`,
  );
  await assert.rejects(given(context, text, { clock }), {
    reason: 'transform_failed',
    message: /^module:mine did not come back from the row at offset 17 of read stream 0 within 60 s/,
  });
});

const timesIn = (log: string): number => (existsSync(log) ? readFileSync(log, 'utf8').length : 0);

test('a run that is stopped does not wait for a module', async (context) => {
  const stopping = new AbortController();
  const { folder } = await moduleFolder(context, {});
  const log = join(folder, 'hanging');
  const text = sameColumns(
    `appendFileSync(${JSON.stringify(log)}, 'x'); for (;;);`,
    `import { appendFileSync } from 'node:fs';`,
  );
  const ending = given(context, text, { signal: stopping.signal });
  ending.catch(() => undefined);
  await eventually(() => timesIn(log) === 1, { describe: 'the module to hang' });
  stopping.abort(new Error('stopped'));
  await assert.rejects(ending, /stopped/);
});

test('a module that was replaced since the job was planned is not used', async (context) => {
  await assert.rejects(given(context, sameColumns('return rows;'), { version: 'another' }), {
    name: 'TransientError',
    reason: 'transform_changed',
  });
});

test('a module has the version of its content and of what it says it depends on', async (context) => {
  const modules = await moduleFolder(context, { 'mine.mjs': sameColumns('return rows;') });
  const version = async () => (await describeModule(await findModule(modules, 'module:mine'))).version;
  const first = await version();
  assert.equal(await version(), first);
  await modules.put('mine.mjs', sameColumns('/* changed */ return rows;'));
  const second = await version();
  await modules.put('key', 'one');
  const keyed = `import { readFileSync } from 'node:fs';\nexport const version = readFileSync(${JSON.stringify(join(modules.folder, 'key'))}, 'utf8');\n${sameColumns('return rows;')}`;
  await modules.put('mine.mjs', keyed);
  const third = await version();
  await modules.put('key', 'two');
  assert.equal(new Set([first, second, third, await version()]).size, 4);
});

test('everything that is wrong with the modules of a folder is told at once', async (context) => {
  const good = sameColumns('return rows;');
  const modules = await moduleFolder(context, {
    'broken.mjs': 'export const = 1;',
    'nothing.mjs': '',
    'columnless.js': good.replace('columns', 'cols'),
    'cursorless.ts': good.replace('cursor', 'cur'),
    'numbered.mjs': `export const version = 7;${good}`,
    'a b.mjs': good,
    'good.mjs': good,
    'query.sql': 'SELECT 1',
  });
  const faults = await moduleFaults(modules);
  assert.equal(faults.length, 6, faults.join('\n'));
  for (const fault of [
    /broken\.mjs cannot be loaded: /,
    /nothing\.mjs exports no function transformRows/,
    /columnless\.js exports no columns/,
    /cursorless\.ts exports no cursor/,
    /numbered\.mjs exports a version that is no text/,
    /a b\.mjs is no name of a transform/,
  ])
    assert.ok(
      faults.some((each) => fault.test(each)),
      `${fault.source} of\n${faults.join('\n')}`,
    );
});

for (const [columns, fault] of [
  [`[]`, /must be a list of fields/],
  [`[{ name: 'export_time', type: 'TIME_STAMP' }]`, /gives export_time the unknown type "TIME_STAMP"/],
  [`[{ name: 'export_time', type: 'INTERVAL' }]`, /column export_time has type INTERVAL/],
  [
    `[{ name: 'id', type: 'INT64' }]`,
    /names the cursor export_time, which is no TIMESTAMP, DATETIME or DATE column/,
  ],
  [`[{ name: 'export_time', type: 'DATE', mode: 'REPEATED' }]`, /names the cursor export_time/],
] as const)
  test(`columns ${columns} are refused`, async (context) => {
    const text = sameColumns('return rows;').replace('(source) => source', columns);
    const modules = await moduleFolder(context, { 'mine.mjs': text });
    await assert.rejects(
      async () => describeModule(await findModule(modules, 'module:mine'), COLUMNS),
      fault,
    );
  });

test('a module that is not there is refused with those that are', async (context) => {
  const modules = await moduleFolder(context, { 'one.mjs': '', 'two.ts': '' });
  await assert.rejects(findModule(modules, 'module:mine'), {
    reason: 'invalid_configuration',
    message: /module:mine is not known: TRANSFORMS_DIR holds module:one, module:two; put mine\.mjs there/,
  });
  await assert.rejects(findModule(undefined, 'module:mine'), /holds no module/);
  await assert.rejects(
    findModule(modulesIn({ ...modules, folder: join(modules.folder, 'none') }), 'module:mine'),
    /no module/,
  );
});
