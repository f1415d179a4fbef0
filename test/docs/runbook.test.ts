// Whoever looks a reason up in docs/runbook.md finds it, and whatever command the pages name is there.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { runCli } from '../../src/cli/run-cli.ts';
import { REASONS, type Outcome, type Reason } from '../../src/job/reason.ts';

const root = new URL('../../', import.meta.url);
const runbook = readFileSync(new URL('docs/runbook.md', root), 'utf8');
const reasons = Object.keys(REASONS) as Reason[];
const SAYS: Readonly<Record<Outcome, string>> = {
  terminal: '**Terminal**',
  transient: '**Transient**',
  lease_lost: '**Lease lost**',
};
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'k8s/README.md',
  ...readdirSync(new URL('docs/', root))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

test('every reason has a heading of its own in the order of the code, and no heading lacks a reason', () => {
  const headings = [...runbook.matchAll(/^##+ (.*)$/gm)].map(([, heading]) => heading);
  assert.deepEqual(
    headings,
    reasons.map((reason) => `\`${reason}\``),
  );
});

for (const reason of reasons) {
  test(`the runbook says of ${reason} that it is ${REASONS[reason]}, and what to do`, () => {
    const section = runbook.split(`\n## \`${reason}\`\n`)[1]?.split('\n## ')[0]?.trim() ?? '';
    assert.ok(section.replace('.**', '**').startsWith(SAYS[REASONS[reason]]), section.slice(0, 40));
    assert.match(section, /^- \*\*Mend\*\*|\[`invalid_message`\]\(#invalid_message\)\.$/m);
  });
}

test('every link within the runbook leads to one of its reasons', () => {
  const targets = [...runbook.matchAll(/\]\(#([^)]*)\)/g)].map(([, target]) => target);
  assert.ok(targets.length > 0);
  assert.deepEqual(
    targets.filter((target) => !reasons.some((reason) => reason === target)),
    [],
  );
});

for (const page of PAGES) {
  test(`every command in ${page} exists and has the options it is shown with`, async () => {
    for (const snippet of commandsIn(readFileSync(new URL(page, root), 'utf8'))) {
      const words = snippet.split(/\s+/).slice(1);
      const end = words.findIndex((word) => !/^[a-z]+$/.test(word));
      const help = await helpOfCall(end < 0 ? words : words.slice(0, end));
      assert.ok(help !== undefined, `${snippet}: no such command`);
      for (const option of words.filter((word) => word.startsWith('--')))
        assert.ok(help.includes(`${option} `) || help.includes(`${option}\n`), `${snippet}: ${option}`);
    }
  });
}

test('a command that does not exist would be found out', async () => {
  assert.deepEqual(commandsIn('`pulse-billing-etl no such` and `pulse-billing-etl\nx`'), [
    'pulse-billing-etl no such',
    'pulse-billing-etl x',
  ]);
  assert.equal(await helpOf(['no', 'such']), undefined);
  assert.equal(await helpOf(['org', 'such']), undefined);
  assert.equal(await helpOfCall(['org', 'such']), undefined);
  assert.equal(await helpOfCall(['migrate', 'such']), undefined);
  assert.ok(await helpOfCall(['org', 'set', 'acme']));
});

/** What is shown as code and begins with the program's name, in a line of a block or within a sentence; without comments. */
function commandsIn(page: string): string[] {
  const typed = [...page.matchAll(/^ *```console\n([\s\S]*?)^ *```$/gm)].flatMap(([, lines]) =>
    (lines ?? '').split('\n').flatMap((line) => (line.startsWith('$ ') ? line.slice(2) : [])),
  );
  const blocks = [...page.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap(([, lines]) =>
    (lines ?? '').split('\n'),
  );
  const spans = [...page.replace(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/`([^`]+)`/g)].map(
    ([, code]) => code ?? '',
  );
  return [...typed, ...blocks, ...spans]
    .map((code) => code.replace(/#.*/, '').replace(/\s+/g, ' ').trim())
    .filter((code) => code.startsWith('pulse-billing-etl '));
}

/** The help of the command that words begin with; what follows must be arguments it takes. */
async function helpOfCall(words: readonly string[]): Promise<string | undefined> {
  for (let end = words.length; end > 0; end -= 1) {
    const help = await helpOf(words.slice(0, end));
    if (help !== undefined)
      return end === words.length || /^Usage: .*(<|\[(?!options|command))/.test(help) ? help : undefined;
  }
  return undefined;
}

/** The help of a command, without running it; undefined when there is no such command. */
async function helpOf(words: readonly string[]): Promise<string | undefined> {
  const stdout = new PassThrough();
  await runCli([...words, '--help'], {
    stdout,
    stderr: new PassThrough(),
    env: {},
    readFile: () => '',
    createApp: () => assert.fail('help needs no program'),
    version: '0.0.0',
    user: 'reader',
    now: () => new Date(0),
    randomSuffix: () => 'x',
    random: () => 0,
    onInterrupt: () => () => undefined,
    pollMs: 1,
  });
  const help = String(stdout.read());
  // Of what it does not know the program prints the help of the command above.
  return help.startsWith(`Usage: pulse-billing-etl ${words.join(' ')} `) ? help : undefined;
}
