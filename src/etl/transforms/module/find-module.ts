/** Finds the files of module transforms in TRANSFORMS_DIR, and asks them what they are. */
import { readdir } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { messageOf, TerminalError } from '../../../job/errors.ts';
import type { TableSchema } from '../../../job/table-schema.ts';
import type { FoundModule, Modules } from './modules.ts';
import type { ModuleDescription } from './thread-messages.ts';
import { ThreadHung, TransformThread, type ThreadLimits } from './transform-thread.ts';

/** Where modules lie, and how the threads are watched in which they run. */
export type ModuleFolder = Omit<ThreadLimits, 'signal'> & { readonly folder: string };

const PREFIX = 'module:';
const NAME = /^[A-Za-z0-9_-]{1,100}$/;

/** In the order in which they are looked for. */
const ENDINGS = ['.mjs', '.js', '.ts'];

/** Whether a transform is a module. */
export function isModule(transform: string): boolean {
  return transform.startsWith(PREFIX);
}

/** The module of a transform; throws TerminalError('invalid_configuration') naming those that are there. */
export async function findModule(modules: Modules | undefined, transform: string): Promise<FoundModule> {
  const found = (await modules?.list()) ?? [];
  const module = found.find((candidate) => candidate.transform === transform);
  if (module) return module;
  const known = found.map((candidate) => candidate.transform).join(', ');
  throw new TerminalError(
    'invalid_configuration',
    `transform ${transform} is not known: TRANSFORMS_DIR holds ${known === '' ? 'no module' : known}; put ${transform.slice(PREFIX.length)}.mjs there, or choose another with org set --transform`,
  );
}

/** What a module says of itself, columns for the source's where given; throws TerminalError('invalid_configuration') for one that is no transform. */
export async function describeModule(module: FoundModule, source?: TableSchema): Promise<ModuleDescription> {
  const started = module.start();
  try {
    return await started.describe(source);
  } catch (error) {
    if (!(error instanceof ThreadHung)) throw error;
    throw new TerminalError(
      'invalid_configuration',
      `${module.path} is not loaded after ${module.timeLimitMs / 1000} s; correct the module`,
    );
  } finally {
    await started.close();
  }
}

/** Everything that is wrong with the modules, one line each. */
export async function moduleFaults(modules: Modules): Promise<readonly string[]> {
  const found = await modules.list();
  const faults = found.map(async (module) => {
    const name = module.transform.slice(PREFIX.length);
    if (!NAME.test(name)) return `${module.path} is no name of a transform: A-Z a-z 0-9 _ - and an ending`;
    return describeModule(module).then(() => undefined, messageOf);
  });
  return (await Promise.all(faults)).filter((fault) => fault !== undefined);
}

/** The modules of a folder, each in a thread of its own: of two of one name the first by its ending. A folder that is not there holds none. */
export function modulesIn({ folder, ...limits }: ModuleFolder): Modules {
  return {
    async list() {
      const names = await filesIn(folder);
      return names
        .filter((file) => ENDINGS.includes(parse(file).ext))
        .sort((a, b) => ENDINGS.indexOf(parse(a).ext) - ENDINGS.indexOf(parse(b).ext) || (a < b ? -1 : 1))
        .map((file) => inThread(`${PREFIX}${parse(file).name}`, resolve(join(folder, file)), limits));
    },
  };
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return files.filter((file) => !file.isDirectory()).map(({ name }) => name);
}

function inThread(transform: string, path: string, limits: Omit<ModuleFolder, 'folder'>): FoundModule {
  const { timeLimitMs } = limits;
  return {
    ...{ transform, path, timeLimitMs },
    start: ({ aheadMs, signal } = {}) =>
      new TransformThread(transform, path, { ...limits, ...(signal && { signal }) }, aheadMs),
  };
}
