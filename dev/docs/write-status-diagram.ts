/** Rewrites the state diagram in docs/job-lifecycle.md from the code: `npx tsx dev/docs/write-status-diagram.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { STATUS_GRAPH } from '../../src/job/job-status.ts';
import { DIAGRAM_END, DIAGRAM_START, statusDiagram, withDiagram } from './status-diagram.ts';

const lifecycle = new URL('../../docs/job-lifecycle.md', import.meta.url);
const rewritten = withDiagram(readFileSync(lifecycle, 'utf8'), statusDiagram(STATUS_GRAPH));
if (rewritten === undefined) {
  console.error(
    `docs/job-lifecycle.md has no ${DIAGRAM_START} and ${DIAGRAM_END}: put both where the diagram belongs`,
  );
  process.exitCode = 1;
} else {
  writeFileSync(lifecycle, rewritten);
}
