/** Finds the files of module transforms in TRANSFORMS_DIR, and asks them what they are. */
import { readdir } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import type { Clock } from '../../../job/clock.ts';
import { messageOf, TerminalError } from '../../../job/errors.ts';
import type { TableSchema } from '../../../job/table-schema.ts';
import type { ModuleDescription } from './thread-messages.ts';
import { ThreadHung, TransformThread, type ThreadLimits } from './transform-thread.ts';

/** Where modules lie, and how the threads are watched in which they run. */
export type ModuleFolder = {
  readonly folder: string;
  readonly clock: Clock;
  /** Longest time a module may take for one row, or to be loaded. */
  readonly timeLimitMs: number;
  /** What the heap of each thread may grow to, in MB. */
  readonly maxHeapMb: number;
};

/** A module that is there. */
export type FoundModule = {
  readonly transform: string;
  readonly path: string;
  readonly limits: Omit<ThreadLimits, 'signal'>;
};

const PREFIX = 'module:';
const NAME = /^[A-Za-z0-9_-]{1,100}$/;

/** In the order in which they are looked for. */
const ENDINGS = ['.mjs', '.js', '.ts'];

/** Whether a transform is a module. */
export function isModule(transform: string): boolean {
  return transform.startsWith(PREFIX);
}

/** The module of a transform; throws TerminalError('invalid_configuration') naming those that are there. */
export async function findModule(modules: ModuleFolder | undefined, transform: string): Promise<FoundModule> {
  const found = await modulesIn(modules);
  const module = found.find((candidate) => candidate.transform === transform);
  if (module) return module;
  const known = found.map((candidate) => candidate.transform).join(', ');
  throw new TerminalError(
    'invalid_configuration',
    `transform ${transform} is not known: TRANSFORMS_DIR holds ${known === '' ? 'no module' : known}; put ${transform.slice(PREFIX.length)}.mjs there, or choose another with org set --transform`,
  );
}

/** What a module says of itself, columns for the source's where given; throws TerminalError('invalid_configuration') for one that is no transform. */
export async function describeModule(
  { transform, path, limits }: FoundModule,
  source?: TableSchema,
): Promise<ModuleDescription> {
  const thread = new TransformThread(transform, path, limits);
  try {
    return await thread.describe(source);
  } catch (error) {
    if (!(error instanceof ThreadHung)) throw error;
    throw new TerminalError(
      'invalid_configuration',
      `${path} is not loaded after ${limits.timeLimitMs / 1000} s; correct the module`,
    );
  } finally {
    await thread.close();
  }
}

/** Everything that is wrong with the modules of a folder, one line each. */
export async function moduleFaults(modules: ModuleFolder): Promise<readonly string[]> {
  const found = await modulesIn(modules);
  const faults = found.map(async (module) => {
    const name = module.transform.slice(PREFIX.length);
    if (!NAME.test(name)) return `${module.path} is no name of a transform: A-Z a-z 0-9 _ - and an ending`;
    return describeModule(module).then(() => undefined, messageOf);
  });
  return (await Promise.all(faults)).filter((fault) => fault !== undefined);
}

/** All modules of the folder; of two of one name the first by its ending. A folder that is not there holds none. */
async function modulesIn(modules: ModuleFolder | undefined): Promise<readonly FoundModule[]> {
  if (!modules) return [];
  const { folder, ...limits } = modules;
  const files = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const names = files.filter((file) => !file.isDirectory()).map(({ name }) => name);
  return names
    .filter((file) => ENDINGS.includes(parse(file).ext))
    .sort((a, b) => ENDINGS.indexOf(parse(a).ext) - ENDINGS.indexOf(parse(b).ext) || (a < b ? -1 : 1))
    .map((file) => ({
      transform: `${PREFIX}${parse(file).name}`,
      path: resolve(join(folder, file)),
      limits,
    }));
}
