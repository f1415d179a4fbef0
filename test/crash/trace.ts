// Tells what happens in an episode, line by line, to a file that CRASH_TRACE names: real processes never repeat a run exactly.
import { appendFileSync } from 'node:fs';

const FILE = process.env['CRASH_TRACE'];
const STARTED_MS = performance.now();

/** Adds a line of JSON with the milliseconds since the start; without a file it does nothing. */
export function trace(what: string, told: Readonly<Record<string, unknown>>): void {
  if (FILE === undefined) return;
  const line = { ms: Math.round(performance.now() - STARTED_MS), what, ...told };
  appendFileSync(FILE, `${JSON.stringify(line)}\n`);
}
