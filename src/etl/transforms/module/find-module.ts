/** Finds the files of module transforms in TRANSFORMS_DIR, and asks them what they are. */
import { readdir } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { TerminalError } from '../../../job/errors.ts';
import type { TableSchema } from '../../../job/table-schema.ts';
import type { ModuleDescription } from './thread-messages.ts';
import { ThreadHung, TransformThread, type ThreadLimits } from './transform-thread.ts';

const PREFIX = 'module:';
const NAME = /^[A-Za-z0-9_-]{1,100}$/;

/** In the order in which they are looked for. */
export const MODULE_ENDINGS = ['.mjs', '.js', '.ts'];

/** Whether a transform is a module. */
export function isModule(transform: string): boolean {
  return transform.startsWith(PREFIX);
}

/** The file of a transform; throws TerminalError('invalid_configuration') naming those that are there. */
export async function moduleFile(transformsDir: string, transform: string): Promise<string> {
  const name = transform.slice(PREFIX.length);
  const files = await moduleFiles(transformsDir);
  const found = MODULE_ENDINGS.map((ending) => `${name}${ending}`).find((file) => files.includes(file));
  if (found !== undefined) return resolve(join(transformsDir, found));
  const known = files.map((file) => `${PREFIX}${parse(file).name}`).join(', ');
  throw new TerminalError(
    'invalid_configuration',
    `transform ${transform} is not known: TRANSFORMS_DIR ${transformsDir} holds ${known === '' ? 'no module' : known}; put ${name}.mjs there, or choose another with org set --transform`,
  );
}

/** The names of all files that are modules; a folder that is not there holds none. */
async function moduleFiles(transformsDir: string): Promise<readonly string[]> {
  const files = await readdir(transformsDir, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return files
    .filter((file) => !file.isDirectory() && MODULE_ENDINGS.includes(parse(file.name).ext))
    .map(({ name }) => name)
    .sort();
}

/** What a module says of itself, columns for the source's where given; throws TerminalError('invalid_configuration') for one that is no transform. */
export async function describeModule(
  transform: string,
  path: string,
  limits: ThreadLimits,
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
export async function moduleFaults(transformsDir: string, limits: ThreadLimits): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const file of await moduleFiles(transformsDir)) {
    if (!NAME.test(parse(file).name))
      faults.push(`${file} is no name of a transform: A-Z a-z 0-9 _ - and an ending`);
    await describeModule(`${PREFIX}${parse(file).name}`, resolve(join(transformsDir, file)), limits).catch(
      (error: unknown) => faults.push(error instanceof Error ? error.message : String(error)),
    );
  }
  return faults;
}
