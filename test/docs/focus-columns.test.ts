// The page about FOCUS columns says what the code says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { focusColumnsPage } from '../../dev/docs/focus-columns.ts';

const page = readFileSync(new URL('../../docs/focus-columns.md', import.meta.url), 'utf8');

test('docs/focus-columns.md is the page of the code', () => {
  assert.deepEqual(lines(page), lines(focusColumnsPage()), 'run: npx tsx dev/docs/write-focus-columns.ts');
});

test('every column is explained by an expression or a note', () => {
  const rows = lines(page).filter((line) =>
    /^\|[A-Za-z_]+\|(STRING|BIGNUMERIC|FLOAT64|TIMESTAMP)\|/.test(line),
  );
  assert.equal(rows.length, 58);
  for (const row of rows) assert.doesNotMatch(row, /\|\|\|$/);
});

/** Lines without the padding that a formatter puts into a Markdown table, and without empty ones. */
function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/\s*\|\s*/g, '|')
        .replace(/-{2,}/g, '--')
        .trim(),
    )
    .filter((line) => line !== '');
}
