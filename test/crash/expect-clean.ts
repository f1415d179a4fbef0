// Plays a kind of fault in a test: enough hits, and nothing lost, doubled, half visible or charged.
import assert from 'node:assert/strict';
import { after, type TestContext } from 'node:test';
import type { Program } from '../support/daemon.ts';
import { buildProgram } from './built-program.ts';
import { Endings } from './endings.ts';
import type { Episode } from './episode.ts';
import type { Kind } from './kinds/kind.ts';

/** All tests of a file run the same program. */
const ofThisFile = new Endings();
let program: Promise<Program> | undefined;
after(() => ofThisFile.run());

/** Fails when fewer strikes hit than were wanted, too. Skips by name what the machine lacks. */
export async function expectClean(
  context: TestContext,
  kind: Kind,
  { seed, hits }: { seed: number; hits: number },
): Promise<Episode | undefined> {
  const missing = kind.missing?.();
  if (missing !== undefined) {
    context.skip(missing);
    return undefined;
  }
  program ??= buildProgram(ofThisFile);
  const endings = Endings.of(context);
  const episode = await kind.play({ endings, program: await program, seed, hits });
  const { jobs, rows, looks, seconds, started } = episode;
  const hit =
    episode.hits.length + Object.values(episode.faults ?? {}).reduce((sum, count) => sum + count, 0);
  context.diagnostic(
    `${kind.name}: ${hit} hits, ${started} processes, ${jobs} jobs, ${rows} rows, ${looks} looks in ${seconds.toFixed(0)} s`,
  );
  assert.deepEqual(episode.violations, [], `seed ${seed}`);
  assert.ok(hit >= hits, `${hit} of ${hits} faults hit; seed ${seed}`);
  assert.ok(looks > 0, 'nobody looked at the destination meanwhile');
  return episode;
}
