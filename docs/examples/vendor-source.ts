/** A source module: a vendor drops gzipped CSV files into `inbox`; each is unpacked once, then read as the kind `files` reads. */
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { filesSource } from '../../src/sources/files/files-source.ts';
import type { SourceModule } from '../../src/sources/module-source.ts';

export const openSource: SourceModule['openSource'] = ({ folder }) => {
  const files = filesSource({ root: folder, now: () => BigInt(Date.now()) * 1000n });
  return {
    ...files,
    /** Planning begins here, before the snapshot is taken: what is unpacked now belongs to it. */
    async describe(table) {
      await unpack(join(folder, table.project, table.dataset, table.table));
      return files.describe(table);
    },
  };
};

/** A file may not change once it is seen: it appears whole, and of two processes that unpack it the first one wins. */
async function unpack(folder: string): Promise<void> {
  const unpacked = new Set(await readdir(folder));
  for (const name of await readdir(join(folder, 'inbox'))) {
    const target = name.replace(/\.gz$/, '');
    if (target === name || unpacked.has(target)) continue;
    const unfinished = join(folder, `_${process.pid}-${target}`);
    await writeFile(unfinished, gunzipSync(await readFile(join(folder, 'inbox', name))));
    await link(unfinished, join(folder, target)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
    await rm(unfinished);
  }
}
