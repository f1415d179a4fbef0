// What a command shows while it works: lines that fit the terminal, stay whole beside the log, and leave nothing behind.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { barText, named } from '../../src/cli/bar-text.ts';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { startJobBar } from '../../src/cli/job-bar.ts';
import { openSession, type Session } from '../../src/cli/session.ts';

const FIGURES = '25%  2,500/10,000 rows  2.5 MB/s  ETA 6.0 s';

type Terminal = {
  readonly session: Session;
  readonly setMs: (nowMs: number) => void;
  /** Everything that was ever drawn. */
  readonly drawn: () => string;
  /** What a reader sees in the end. */
  readonly seen: () => string[];
};

function terminal({
  env = {},
  isTTY = true,
  columns = 120,
}: Partial<CliIo['stderr']> & { env?: object } = {}): Terminal {
  const stderr = Object.assign(new PassThrough(), { isTTY, columns });
  let text = '';
  stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  let nowMs = 0;
  const io = { stdout: new PassThrough(), stderr, env, now: () => new Date(nowMs) } as unknown as CliIo;
  return {
    session: openSession(io),
    setMs: (ms) => (nowMs = ms),
    drawn: () => stripVTControlCharacters(text),
    seen: () => seenOn(text),
  };
}

/** Plays what is written on lines, as far as bars use a terminal: save, restore, to a column, erase. */
function seenOn(text: string): string[] {
  const lines = [''];
  let [row, column, saved] = [0, 0, [0, 0] as [number, number]];
  const write = (char: string): void => {
    const line = (lines[row] ?? '').padEnd(column);
    lines[row] = line.slice(0, column) + char + line.slice(column + 1);
    column += 1;
  };
  // eslint-disable-next-line no-control-regex -- a terminal is steered by control characters
  for (const [part] of text.matchAll(/\x1b\[\d*[GK]|\x1b\[\?\d+[hl]|\x1b[78]|[^\x1b]/g)) {
    if (part === '\n') [row, column] = [row + 1, 0];
    else if (part === '\x1b7') saved = [row, column];
    else if (part === '\x1b8') [row, column] = saved;
    else if (part.endsWith('G') && part.startsWith('\x1b')) column = Number(part.slice(2, -1)) - 1;
    else if (part === '\x1b[2K') lines[row] = '';
    else if (part === '\x1b[0K') lines[row] = (lines[row] ?? '').slice(0, column);
    else if (!part.startsWith('\x1b')) write(part);
  }
  return lines.map((line) => line.trimEnd()).filter((line) => line !== '');
}

test('a bar is as wide as there is room, and goes before any figure does; then the name is cut', () => {
  assert.equal(barText('acme/j1', 0.25, FIGURES, 119), `acme/j1 ██████░░░░░░░░░░░░░░░░░░ ${FIGURES}`);
  assert.equal(barText('acme/j1', 0.25, FIGURES, 60), `acme/j1 ██░░░░░░ ${FIGURES}`);
  assert.equal(barText('acme/j1', 0.25, FIGURES, 56), `acme/j1 ${FIGURES}`);
  assert.equal(barText('acme/a-rather-long-id', 0.25, FIGURES, 52), `acme/a-… ${FIGURES}`);
  for (let columns = 1; columns < 120; columns += 1) {
    assert.ok(barText('acme/a-rather-long-id', 0.25, FIGURES, columns).length <= columns);
    assert.ok(named('acme/a-rather-long-id', 'queued, 12.0 s', columns).length <= columns);
  }
});

test('a job shows what it is doing, and a bar while its rows are copied', () => {
  const { session, setMs, drawn } = terminal();
  const bar = startJobBar('acme/j1', session, true);
  const shownAt = (ms: number): string => {
    setMs(ms);
    session.note('.');
    return drawn().slice(drawn().lastIndexOf('acme/j1')).trim();
  };
  assert.equal(shownAt(500), 'acme/j1 starting, 500 ms');
  bar.wait('waiting for a worker');
  assert.equal(shownAt(1_000), 'acme/j1 waiting for a worker, 1.0 s');
  bar.enter('plan');
  assert.equal(shownAt(1_500), 'acme/j1 planning, 1.5 s');
  bar.enter('load');
  bar.update({ rowsDone: 0, rowsEstimated: 10_000, bytesDone: 0 });
  assert.equal(shownAt(2_000), 'acme/j1 copying, 2.0 s');
  setMs(3_500);
  bar.update({ rowsDone: 2_500, rowsEstimated: 10_000, bytesDone: 5_000_000 });
  assert.equal(shownAt(3_500), `acme/j1 ██████░░░░░░░░░░░░░░░░░░ ${FIGURES}`);
  bar.enter('verify');
  assert.equal(shownAt(4_000), 'acme/j1 comparing both sides (2,500 rows), 4.0 s');
  bar.stop();
});

test('an estimate that was too low stops at 100%', () => {
  const { session, drawn } = terminal();
  const bar = startJobBar('acme/j1', session, true);
  bar.update({ rowsDone: 12_000, rowsEstimated: 10_000, bytesDone: 0 });
  bar.stop();
  assert.match(drawn(), /█{24} 100% {2}12,000\/10,000 rows/);
});

test('what is said meanwhile stands above the bar, whole, and nothing of the bar is left', () => {
  const { session, seen } = terminal();
  const bar = startJobBar('acme/j1', session, true);
  session.note('first');
  assert.deepEqual(seen(), ['first', 'acme/j1 starting, 0 ms']);
  session.note('second');
  bar.stop();
  bar.stop();
  session.note('third');
  assert.deepEqual(seen(), ['first', 'second', 'third']);
});

test('nothing is drawn in a pipe, on a dumb terminal, or where it is not wanted', () => {
  const draw = ({ session, drawn }: Terminal, isWanted: boolean): string => {
    const bar = startJobBar('acme/j1', session, isWanted);
    session.note('a line');
    bar.stop();
    return drawn();
  };
  assert.equal(draw(terminal({ isTTY: false }), true), 'a line\n');
  assert.equal(draw(terminal({ env: { TERM: 'dumb' } }), true), 'a line\n');
  assert.equal(draw(terminal(), false), 'a line\n');
});
