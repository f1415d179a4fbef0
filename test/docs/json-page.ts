// Renders docs/json.md from what the commands print with --json.
import type { Cli } from '../support/cli-call.ts';
import { argvOf, SAMPLE_CALLS, type SampleCall } from '../support/sample-calls.ts';

/** Objects whose keys depend on what they are about. */
const OPEN_PATHS = [
  'steps[].detail',
  'attributes',
  'plan.source_schema[]',
  'commit_set',
  'batches[].totals[]',
];

const INTRODUCTION = `# JSON output

What each command prints with \`--json\`, on stdout and nothing else: one value, objects whose keys are the names of the database's columns, whatever the
exit code. Keys may be added, and readers should ignore those they do not know. Times are RFC 3339 with six decimals in UTC. An
error goes to stderr as text, and the exit code says of which kind it is: 1 failed, 2 wrong usage or configuration, 3 not found, 4 refused. Where a job or a check
is what failed, it is printed all the same.

This page is made from what the commands really print: \`npx tsx test/docs/write-json-page.ts\`.`;

/** The types seen at each path of a value, such as \`plan.window.lo\`. */
type Seen = Map<string, Set<string>>;

/** Runs every sample call on a state of its own; the page, with a line feed at its end. */
export async function jsonPage(openCli: () => Promise<Cli>): Promise<string> {
  const shapes = new Map<string, { calls: SampleCall[]; seen: Seen }>();
  for (const call of SAMPLE_CALLS) {
    const shape = shapes.get(call.shape.name) ?? {
      calls: [] as SampleCall[],
      seen: new Map<string, Set<string>>(),
    };
    shapes.set(call.shape.name, shape);
    shape.calls.push(call);
    const cli = await openCli();
    const { stdout, stderr } = await cli.call(...argvOf(call), '--json');
    if (stdout === '') throw new Error(`${argvOf(call).join(' ')}: ${stderr}`);
    const value = JSON.parse(stdout) as unknown;
    for (const each of Array.isArray(value) ? value : [value]) collect(each, '', shape.seen);
  }
  const sections = [...shapes].map(([name, shape]) => section(name, shape.calls, shape.seen));
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

function section(name: string, calls: readonly SampleCall[], seen: Seen): string {
  const lists = namesOf(calls.filter(({ shape }) => shape.isList === true));
  const objects = namesOf(calls.filter(({ shape }) => shape.isList !== true));
  const rows = [...seen].map(([path, types]) => `| \`${path}\` | ${[...types].sort().join(' or ')} |`);
  return [
    `## ${name[0]?.toUpperCase()}${name.slice(1)}`,
    [
      objects.length > 0 ? `One object: ${objects.join(', ')}.` : '',
      lists.length > 0 ? `An array of them: ${lists.join(', ')}.` : '',
    ]
      .filter((sentence) => sentence !== '')
      .join(' '),
    ['| Key | Value |', '|---|---|', ...rows].join('\n'),
  ].join('\n\n');
}

/** Commands as they are typed, with the options that change what is printed. */
function namesOf(calls: readonly SampleCall[]): string[] {
  const names = calls.map(({ command, argv }) => {
    const telling = argv.filter((word) => ['--wait', '--all', '--check', '--focus'].includes(word));
    return `\`${[command, ...(command === 'dlq list' ? [] : telling)].join(' ')}\``;
  });
  return [...new Set(names)];
}

function collect(value: unknown, path: string, seen: Seen): void {
  const isOpen = OPEN_PATHS.includes(path);
  if (Array.isArray(value) && !isOpen) {
    note(path, 'array', seen);
    for (const each of value) collectItem(each, `${path}[]`, seen);
    return;
  }
  if (typeof value !== 'object' || value === null || isOpen) {
    note(path, typeOf(value), seen);
    return;
  }
  if (path !== '') note(path, 'object', seen);
  for (const [key, item] of Object.entries(value)) collect(item, path === '' ? key : `${path}.${key}`, seen);
}

/** An array of plain values is told by its own line and that of what it holds. */
function collectItem(value: unknown, path: string, seen: Seen): void {
  if (typeof value === 'object' && value !== null && !OPEN_PATHS.includes(path)) collect(value, path, seen);
  else note(path, typeOf(value), seen);
}

function note(path: string, type: string, seen: Seen): void {
  seen.set(path, (seen.get(path) ?? new Set()).add(type));
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT.*Z$/.test(value) ? 'time' : 'text';
  return typeof value === 'boolean' ? 'true or false' : typeof value;
}
