// Creates data directories for MariaDB: initialized once, then copied, which takes milliseconds instead of seconds.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = join(import.meta.dirname, '../../../.local');

/** The size of the redo log, which has to be the same at initialization and at every start. */
export const REDO_LOG_SIZE = '16M';

/** An initialized data directory at `directory`; one that exists already is left as it is. */
export async function prepareDataDirectory(
  directory: string,
  initializer: string,
  server: string,
): Promise<void> {
  if (await exists(join(directory, 'mysql'))) return;
  await mkdir(dirname(directory), { recursive: true });
  await cp(await template(initializer, server), directory, {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
  });
}

/** A new directory under the operating system's folder for temporary files. */
export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'pulse-billing-etl-mariadb-'));
}

async function template(initializer: string, server: string): Promise<string> {
  const { stdout } = await run(server, ['--no-defaults', '--version']);
  const version = /Ver (\S+)/.exec(stdout)?.[1] ?? 'unknown';
  const finished = join(CACHE, `mariadb-template-${version}`);
  if (await exists(finished)) return finished;

  // Made under another name and then renamed, so that nobody copies a half-made one; of two makers one loses the race.
  await mkdir(CACHE, { recursive: true });
  const draft = await mkdtemp(join(CACHE, `${basename(finished)}-draft-`));
  await run(initializer, [
    '--no-defaults',
    `--datadir=${draft}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
    `--innodb-log-file-size=${REDO_LOG_SIZE}`,
    ...asRoot(),
  ]);
  await rename(draft, finished).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(finished))) throw error;
  });
  return finished;
}

/** MariaDB runs as root only when told to in so many words, as in a container where there is no other user. */
export function asRoot(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
