// docs/json.md says what the commands print with --json.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { format } from 'prettier';
import { sampleCli } from '../support/sample-calls.ts';
import { jsonPage } from './json-page.ts';

test('the keys and types of every command are those of the page', async (context) => {
  const page = readFileSync(new URL('../../docs/json.md', import.meta.url), 'utf8');
  const printed = await format(await jsonPage(() => sampleCli(context)), {
    parser: 'markdown',
    printWidth: 110,
  });
  assert.equal(page, printed, 'run: npx tsx test/docs/write-json-page.ts');
});
