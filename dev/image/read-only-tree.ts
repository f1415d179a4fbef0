// Makes what was built as unwritable for the image's user as a read-only root makes it, and measures it.
import { chmodSync, lchownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Every file and folder below becomes root's and nobody's to write; returns the bytes of all files. */
export function makeReadOnly(path: string): number {
  const found = lstatSync(path);
  lchownSync(path, 0, 0);
  if (found.isSymbolicLink()) return 0;
  chmodSync(path, found.mode & 0o555);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((bytes, name) => bytes + makeReadOnly(join(path, name)), 0);
}
