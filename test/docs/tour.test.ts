// What pages take from the recorded tour is there: its pictures, and the lines that README.md shows of it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);
const tour = readFileSync(new URL('docs/tour.md', root), 'utf8');

test('every picture of the tour is there', () => {
  const pictures = [...tour.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path]) => path ?? '');
  assert.ok(pictures.length > 2);
  for (const path of pictures) assert.ok(existsSync(new URL(`docs/${path}`, root)), path);
});

test('README.md shows lines of the tour as they were recorded', () => {
  const readme = readFileSync(new URL('README.md', root), 'utf8');
  const shown = [...readme.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, lines]) =>
    (lines ?? '').trim().split('\n'),
  );
  assert.ok(
    ['verify', 'repair', 'backfill'].every((name) => shown.some((line) => line.includes(` ${name} `))),
  );
  const recorded = tour.split('\n');
  for (const line of shown) assert.ok(recorded.includes(line), `${line} is not in docs/tour.md`);
});
