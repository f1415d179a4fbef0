// Rewrites docs/json.md from what the commands print: `npx tsx test/docs/write-json-page.ts`.
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { sampleCli } from '../support/sample-calls.ts';
import { jsonPage } from './json-page.ts';

const closing: (() => unknown)[] = [];
const page = await jsonPage(() => sampleCli({ after: (work) => void closing.push(work as () => unknown) }));
writeFileSync(
  new URL('../../docs/json.md', import.meta.url),
  await format(page, { parser: 'markdown', printWidth: 110 }),
);
for (const close of closing) await close();
