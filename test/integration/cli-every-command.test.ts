// What every command owes its user, asked of each command there is: a new one cannot forget it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { Command, Option } from 'commander';
import { buildProgram } from '../../src/cli/run-cli.ts';
import { openSession } from '../../src/cli/session.ts';
import { openState } from '../../src/state/open-state.ts';
import { cliOn } from '../support/cli-call.ts';
import { argvOf, SAMPLE_CALLS, sampleCli, type SampleCall } from '../support/sample-calls.ts';

type Leaf = { readonly name: string; readonly words: readonly string[]; readonly command: Command };

/** The worker's output is its log; a script for a shell is no data. */
const WITHOUT_JSON = ['worker', 'completion'];
/** They must be of use where there is no database, or none of this version yet. */
const WITHOUT_DATABASE = ['worker', 'completion', 'migrate', 'doctor', 'provision'];
/** Whatever is typed may be meant, so that only the answer can tell. */
const FREE_TEXT = ['--org', '--source-kind'];
const NONSENSE = '*~nonsense';
const LEAVES = leavesOf(buildProgram(openSession(bareIo())), []);

test('there are commands to ask, and a sample call of each', () => {
  assert.ok(LEAVES.length > 20);
  const sampled = new Set(SAMPLE_CALLS.map(({ command }) => command));
  const missing = LEAVES.filter(({ name }) => !sampled.has(name) && !WITHOUT_JSON.includes(name));
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
    'add a call to test/support/sample-calls.ts',
  );
});

for (const { name, words, command } of LEAVES) {
  test(`${name}: help says what it does, what each option is for, and shows itself at work`, async () => {
    const { code, stdout, stderr } = await cliOn().call(...words, '--help');
    assert.deepEqual([code, stderr], [0, '']);
    assert.ok(command.description().length > 10);
    for (const option of command.options) assert.ok(option.description.length > 5, option.flags);
    assert.ok(stdout.includes(`\n  $ pulse-billing-etl ${name}`), stdout);
    assert.equal(/--json/.test(stdout), !WITHOUT_JSON.includes(name));
  });

  test(`${name}: an option or argument it does not have, and one it lacks, are wrong usage in one line`, async () => {
    const required = command.registeredArguments.filter((argument) => argument.required);
    const surplus = [...command.registeredArguments.map(() => '1'), 'surplus'];
    const wrong = [['--no-such-option'], surplus, ...(required.length > 0 ? [[]] : [])];
    for (const argv of wrong) await assertWrongUsage([...words, ...argv]);
  });

  for (const option of command.options.filter(takesAChoice))
    test(`${name}: ${option.long} names itself, the value and what would be right`, async () => {
      const errors: string[] = [];
      for (const argv of argumentsOf(name))
        errors.push((await assertWrongUsage([...words, ...argv, option.long!, NONSENSE])).stderr);
      // With some of the arguments the option has no place, which is told first.
      const named = errors.find((error) => error.includes(option.long!) && error.includes(NONSENSE));
      assert.ok(named !== undefined, errors.join(''));
      assert.match(named.replace(NONSENSE, ''), /use |one of|choices are|none of/i);
    });
}

for (const call of SAMPLE_CALLS) {
  const title = argvOf(call).join(' ');

  test(`${title}: is exit code 0 and prints JSON and nothing else with --json`, async (context) => {
    const cli = await sampleCli(context, { tty: true });
    const { code, stdout, stderr } = await cli.call(...argvOf(call), '--json');
    assert.equal(code, 0, stderr);
    assert.equal(Array.isArray(JSON.parse(stdout)), call.shape.isList === true);
    assert.equal(stdout, `${JSON.stringify(JSON.parse(stdout), undefined, 2)}\n`);
  });

  test(`${title}: says the same in a pipe as on a terminal, where colours and bars come on top`, async (context) => {
    const plain = await outputOf(context, call, {});
    assert.equal(plain.isColoured, false);
    assert.notEqual(plain.text, '');
    const refused = await outputOf(context, call, { tty: true, env: { NO_COLOR: '1' } });
    assert.deepEqual(refused, plain);
    const terminal = await outputOf(context, call, { tty: true });
    assert.equal(terminal.text, plain.text);
    assert.deepEqual(await outputOf(context, call, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } }), terminal);
  });

  test(`${title}: a configuration that is wrong is exit code 2 before anything is done`, async () => {
    const { code, stdout, stderr } = await cliOn({ env: { BATCH_SIZE: 'many' } }).call(...argvOf(call));
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^error: the configuration is wrong: BATCH_SIZE is "many": .*\n$/);
  });

  if (needsDatabase(call))
    test(`${title}: a database without tables is exit code 1, and it is said what makes them`, async () => {
      const { code, stdout, stderr } = await onEmptyDatabase(call);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^error: the database .* run pulse-billing-etl migrate\n$/);
    });
}

const empty = await openState({ kind: 'sqlite', path: ':memory:' });
after(() => empty.close());

function onEmptyDatabase(call: SampleCall) {
  return cliOn({ app: { openState: async () => empty } }).call(...argvOf(call));
}

function needsDatabase({ command, argv }: SampleCall): boolean {
  if (WITHOUT_DATABASE.includes(command)) return false;
  // To publish needs Pub/Sub alone.
  const publishes = ['enqueue', 'verify', 'repair', 'backfill'].includes(command);
  return !publishes || ['--wait', '--all', '--focus'].some((option) => argv.includes(option));
}

async function outputOf(
  context: Parameters<typeof sampleCli>[0],
  call: SampleCall,
  options: Parameters<typeof sampleCli>[1],
): Promise<{ readonly text: string; readonly isColoured: boolean }> {
  const { code, stdout, stderr } = await (await sampleCli(context, options)).call(...argvOf(call));
  assert.equal(code, 0, stderr);
  const text = stripVTControlCharacters(stdout);
  // Jobs of a fresh state have their own times, and columns are as wide as these.
  const timeless = text
    .replace(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
    .replace(/\d+(\.\d+)? m?s\b/g, 'DURATION')
    .replace(/ +/g, ' ');
  return { text: timeless, isColoured: text !== stdout };
}

async function assertWrongUsage(argv: readonly string[]): Promise<{ readonly stderr: string }> {
  const { code, stdout, stderr } = await cliOn().call(...argv);
  assert.deepEqual([code, stdout], [2, ''], `${argv.join(' ')}: ${stderr}`);
  assert.match(stderr, /^error: [^\n]+\n(\(Did you mean .*\)\n)?$/, argv.join(' '));
  return { stderr };
}

function takesAChoice(option: Option): boolean {
  return option.required && !FREE_TEXT.includes(option.long ?? '');
}

/** Arguments and options without which the command would complain about something else. */
function argumentsOf(name: string): readonly (readonly string[])[] {
  return [...SAMPLE_CALLS.filter(({ command }) => command === name).map(({ argv }) => argv), []];
}

function leavesOf(command: Command, path: readonly string[]): Leaf[] {
  if (command.commands.length === 0) return [{ name: path.join(' '), words: path, command }];
  return command.commands.flatMap((below) => leavesOf(below, [...path, below.name()]));
}

function bareIo(): Parameters<typeof openSession>[0] {
  return {
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    env: {},
    readFile: () => '',
    createApp: () => assert.fail('to look at the commands needs no program'),
    version: '0.0.0',
    user: 'tester',
    now: () => new Date(0),
    randomSuffix: () => 'x',
    random: () => 0,
    onInterrupt: () => () => undefined,
    pollMs: 1,
  };
}
