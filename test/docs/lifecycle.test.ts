// docs/job-lifecycle.md shows the graph of the code, and names a file of the code for every change of status.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  DIAGRAM_END,
  DIAGRAM_START,
  diagramIn,
  statusDiagram,
  withDiagram,
} from '../../dev/docs/status-diagram.ts';
import { isTerminal, STATUS_GRAPH } from '../../src/job/job-status.ts';
import { JOB_STATUSES } from '../../src/job/job.ts';

const page = readFileSync(new URL('../../docs/job-lifecycle.md', import.meta.url), 'utf8');
const transitionFiles = readdirSync(new URL('../../src/state/transitions/', import.meta.url));
const allowed = JOB_STATUSES.flatMap((from) => STATUS_GRAPH[from].map((to) => `${from} → ${to}`));

test('the diagram on the page is the one of the code', () => {
  const diagram = diagramIn(page);
  assert.ok(diagram !== undefined, `docs/job-lifecycle.md lacks ${DIAGRAM_START} or ${DIAGRAM_END}`);
  assert.equal(diagram, statusDiagram(STATUS_GRAPH), 'run: npx tsx dev/docs/write-status-diagram.ts');
});

test('the diagram has an arrow for each transition, from the start to each end, and no other', () => {
  const arrows = [...(diagramIn(page) ?? '').matchAll(/^ *(\S+) --> (\S+)$/gm)];
  const ends = JOB_STATUSES.filter(isTerminal).map((status) => `${status} → [*]`);
  assert.deepEqual(
    arrows.map(([, from, to]) => `${from} → ${to}`).sort(),
    ['[*] → QUEUED', ...allowed, ...ends].sort(),
  );
});

test('the table names a file for every change of status, and no change that the graph forbids', () => {
  const rows = [...page.matchAll(/^\| `(\S+)` → `(\S+)` +\| (.+?) +\|/gm)];
  assert.deepEqual(rows.map(([, from, to]) => `${from} → ${to}`).sort(), ['[*] → QUEUED', ...allowed].sort());
  for (const [row, , , files] of rows) assert.match(files ?? '', /^`[a-z-]+\.ts`(, `[a-z-]+\.ts`)*$/, row);
});

test('the page names every file of src/state/transitions and no file that is not there', () => {
  const named = new Set([...page.matchAll(/`([a-z-]+\.ts)`/g)].map(([, file]) => file));
  assert.deepEqual([...named].sort(), [...transitionFiles].sort());
});

test('rewriting a page replaces what is between the markers and nothing else', () => {
  const before = `# Title\n\n${DIAGRAM_START}\nold\n${DIAGRAM_END}\n\nafter\n`;
  assert.equal(withDiagram(before, 'new'), `# Title\n\n${DIAGRAM_START}\n\nnew\n\n${DIAGRAM_END}\n\nafter\n`);
  assert.equal(withDiagram('no markers', 'new'), undefined);
});
