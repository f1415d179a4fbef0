/** Rewrites the table of variables in README.md from the code: `npx tsx dev/docs/write-configuration-table.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { TABLE_END, TABLE_START, withConfigurationTable } from './configuration-table.ts';

const readme = new URL('../../README.md', import.meta.url);
const rewritten = withConfigurationTable(readFileSync(readme, 'utf8'));
if (rewritten === undefined) {
  console.error(`README.md has no ${TABLE_START} and ${TABLE_END}: put both where the table belongs`);
  process.exitCode = 1;
} else {
  writeFileSync(readme, rewritten);
}
