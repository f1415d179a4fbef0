// A folder of module transforms of a test's own, on the real clock.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { processClock } from '../../src/app/process-clock.ts';
import { modulesIn, type ModuleFolder } from '../../src/etl/transforms/module/find-module.ts';
import type { Modules } from '../../src/etl/transforms/module/modules.ts';

/** The folder with these files, removed after the test; their columns and cursor are the source's unless they say otherwise. */
export async function moduleFolder(
  context: TestContext,
  files: Readonly<Record<string, string>>,
  timeLimitMs = 60_000,
): Promise<Modules & ModuleFolder & { put(name: string, text: string): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-modules-'));
  context.after(() => rm(folder, { recursive: true }));
  const put = (name: string, text: string) => writeFile(join(folder, name), text);
  for (const [name, text] of Object.entries(files)) await put(name, text);
  const where = { folder, clock: processClock, timeLimitMs, maxHeapMb: 64 };
  return { ...where, ...modulesIn(where), put };
}

/** A module that leaves the columns as they are, with this body of `transformRows(rows, context)`. */
export function sameColumns(body: string, before = ''): string {
  return `${before}
export const columns = (source) => source;
export const cursor = 'export_time';
export function transformRows(rows, context) { ${body} }
`;
}
