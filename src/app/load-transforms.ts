/** Reads the transforms of TRANSFORMS_DIR once, at start. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { moduleFaults, modulesIn } from '../etl/transforms/module/find-module.ts';
import type { Modules } from '../etl/transforms/module/modules.ts';
import { parseSqlFile } from '../etl/transforms/sql-file.ts';
import type { SqlTransform } from '../job/sql-transform.ts';
import { processClock } from './process-clock.ts';

const SQL_FILE = /^[A-Za-z0-9_-]{1,100}\.sql$/;

/** No row of billing data takes a module that long, on any machine. */
const MODULE_TIME_LIMIT_MS = 60_000;

const BYTES_PER_MB = 1024 * 1024;
/** A thread has the same rows several times: as values, as what the module makes of them, and as Arrow. */
const HEAP_PER_BUDGET = 2;
/** Node itself takes some of it. */
const LEAST_HEAP_MB = 64;

/** What modules are found and run with. */
export type ModuleSettings = Pick<Config['jobs'], 'transformsDir' | 'memoryBudgetBytes'>;

/** The modules, looked for whenever a job needs one; of memory their threads may take twice MEMORY_BUDGET_MB. */
export function modulesOf({ transformsDir: folder, memoryBudgetBytes }: ModuleSettings): Modules {
  const maxHeapMb = Math.max(LEAST_HEAP_MB, (HEAP_PER_BUDGET * memoryBudgetBytes) / BYTES_PER_MB);
  return modulesIn({ folder, clock: processClock, timeLimitMs: MODULE_TIME_LIMIT_MS, maxHeapMb });
}

/** Loads every module once, as a job would; throws one error that names what is wrong with any of them. */
export async function checkModules(settings: ModuleSettings): Promise<void> {
  const faults = await moduleFaults(modulesOf(settings));
  const { transformsDir: folder } = settings;
  if (faults.length > 0) throw new Error(`TRANSFORMS_DIR ${folder} cannot be used: ${faults.join('; ')}`);
}

/** By name; a folder that is not there holds none. Throws one error that names every faulty file. */
export function loadSqlTransforms(folder: string): ReadonlyMap<string, SqlTransform> {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.sql')) : [];
  const faults: string[] = [];
  const transforms = new Map<string, SqlTransform>();
  for (const name of names.sort()) {
    const parsed = parseSqlFile(readFileSync(join(folder, name), 'utf8'));
    if (!SQL_FILE.test(name)) faults.push(`${name} is no name of a transform: A-Z a-z 0-9 _ - and .sql`);
    if (parsed.kind === 'faulty') faults.push(...parsed.faults.map((fault) => `${name} ${fault}`));
    else transforms.set(basename(name, '.sql'), parsed.transform);
  }
  if (faults.length > 0) throw new Error(`TRANSFORMS_DIR ${folder} cannot be used: ${faults.join('; ')}`);
  return transforms;
}
