// The README's table of variables says what the code says.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  configurationTable,
  markedPart,
  TABLE_END,
  TABLE_START,
  withConfigurationTable,
} from '../../dev/docs/configuration-table.ts';
import { VARIABLE_NAMES } from '../../src/config/variables.ts';

const readme = new URL('../../README.md', import.meta.url);
const page = existsSync(readme) ? readFileSync(readme, 'utf8') : undefined;

test(
  'the table in README.md is the one of the code',
  { skip: page === undefined ? 'there is no README.md yet' : false },
  () => {
    const table = markedPart(page ?? '');
    assert.ok(table !== undefined, `README.md lacks ${TABLE_START} or ${TABLE_END}`);
    assert.deepEqual(
      rows(table),
      rows(configurationTable()),
      'run: npx tsx dev/docs/write-configuration-table.ts',
    );
  },
);

test('the table has one row for each variable', () => {
  for (const name of VARIABLE_NAMES)
    assert.equal(configurationTable().split(`| \`${name}\` |`).length, 2, `rows of ${name}`);
});

test('rewriting a page replaces what is between the markers and nothing else', () => {
  const before = `# Title\n\n${TABLE_START}\nold\n${TABLE_END}\n\nafter\n`;
  const after = withConfigurationTable(before) ?? '';
  assert.ok(after.startsWith(`# Title\n\n${TABLE_START}\n\n**Database**`));
  assert.ok(after.endsWith(`|\n\n${TABLE_END}\n\nafter\n`));
  assert.equal(withConfigurationTable(after), after);
  assert.equal(withConfigurationTable('no markers'), undefined);
});

/** Rows without the padding that a formatter may put into a Markdown table. */
function rows(table: string): string[] {
  return table
    .split('\n')
    .map((line) =>
      line
        .replace(/\s*\|\s*/g, '|')
        .replace(/-{2,}/g, '--')
        .trim(),
    )
    .filter((line) => line !== '');
}
