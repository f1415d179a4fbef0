/** A source plugged in as a module of the user's own, loaded when it is first asked. */
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Source } from '../etl/source.ts';
import { messageOf, TerminalError } from '../job/errors.ts';

/** What a source module exports. */
export type SourceModule = {
  /** Opens the source once per process; folder is where the module lies. close is called before the process ends. */
  readonly openSource: (settings: { readonly folder: string }) => Source & { close?(): Promise<void> };
};

const ENDINGS = ['.mjs', '.js', '.ts'];

/** The source that `<folder>/<name>.mjs` (or .js, .ts) opens; what is wrong with the module fails the first operation. */
export function moduleSource(folder: string, name: string): Source & { close(): Promise<void> } {
  let opening: Promise<ReturnType<SourceModule['openSource']>> | undefined;
  const opened = () => (opening ??= open(folder, name));
  return {
    describe: async (...given) => (await opened()).describe(...given),
    currentTime: async (...given) => (await opened()).currentTime(...given),
    survey: async (...given) => (await opened()).survey(...given),
    estimate: async (...given) => (await opened()).estimate(...given),
    totals: async (...given) => (await opened()).totals(...given),
    dailyTotals: async (...given) => (await opened()).dailyTotals(...given),
    openReadSession: async (...given) => (await opened()).openReadSession(...given),
    resumeReadSession: async (...given) => (await opened()).resumeReadSession(...given),
    async *readRows(...given) {
      yield* (await opened()).readRows(...given);
    },
    async close() {
      const source = await opening?.catch(() => undefined);
      await source?.close?.();
    },
  };
}

async function open(folder: string, name: string): Promise<ReturnType<SourceModule['openSource']>> {
  const path = await firstThatExists(ENDINGS.map((ending) => resolve(join(folder, `${name}${ending}`))));
  if (path === undefined)
    throw wrong(`${join(folder, name)}.mjs does not exist; put the module there or change SOURCES_DIR`);
  const loaded = (await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw wrong(`${path} cannot be loaded: ${messageOf(error)}`);
  })) as Partial<SourceModule>;
  if (typeof loaded.openSource !== 'function') throw wrong(`${path} exports no function openSource`);
  return loaded.openSource({ folder });
}

async function firstThatExists(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths)
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  return undefined;
}

function wrong(what: string): TerminalError {
  return new TerminalError('invalid_configuration', `the source module ${what}`);
}
