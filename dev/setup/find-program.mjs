// Finds programs on this machine without running them.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian and others keep servers that are not in the PATH of an ordinary user. */
const SYSTEM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The PATH without the bin folders of Node packages, so that what is found outlives their reinstallation. */
export function systemPath() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.filter((folder) => !folder.endsWith(join('node_modules', '.bin'))).join(delimiter);
}

/** The full path of the first executable file called `name` in the PATH or a system folder, or undefined. */
export function findProgram(name) {
  return findPrograms(name)[0];
}

/** The full paths of all executable files with one of `names`, in the order of the names, then of the PATH. */
export function findPrograms(...names) {
  const folders = new Set(
    [...systemPath().split(delimiter), ...SYSTEM_FOLDERS].filter((folder) => folder !== ''),
  );
  return names.flatMap((name) => [...folders].map((folder) => join(folder, name)).filter(isExecutable));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
