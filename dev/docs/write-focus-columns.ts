/** Rewrites docs/focus-columns.md from the code: `npx tsx dev/docs/write-focus-columns.ts`. */
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { focusColumnsPage } from './focus-columns.ts';

const page = new URL('../../docs/focus-columns.md', import.meta.url);
writeFileSync(page, await format(focusColumnsPage(), { parser: 'markdown', printWidth: 110 }));
