// npm run crash -- --kills 1000 --seed 7 [--turns 1] [--kinds kill,stop,…] [--report file.json]: episodes of every kind in turn until
// so many processes were killed, or every kind had so many turns. The seed fixes where processes are struck; what they had reached by then is up to the machine.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Endings } from './endings.ts';
import { ALL_KINDS, type CampaignKind } from './kinds/all-kinds.ts';
import { programBesideServers } from './program-beside-servers.ts';
import { addEpisode, newTally, printedTallies, type Tally } from './tally.ts';
import { trace } from './trace.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    turns: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    kinds: { type: 'string' },
    report: { type: 'string', default: '.local/crash-report.json' },
  },
});
const killsWanted = Number(values.kills);
const chosen = chosenKinds(values.kinds?.split(','));
const tallies = new Map<string, Tally>();
const endings = new Endings();
try {
  const program = await programBesideServers(endings);
  for (let turn = 0; killed() < killsWanted && turn < Number(values.turns); turn += 1) {
    for (const one of chosen) await play(one, program, Number(values.seed) + turn * 1_000);
  }
} finally {
  await endings.run();
}
const violations = [...tallies.values()].flatMap((tally) => tally.violations);
process.stdout.write(`${printedTallies([...tallies.values()])}\n${violations.join('\n')}\n`);
process.exitCode = violations.length === 0 ? 0 : 1;

async function play(
  { id, kind, hits }: CampaignKind,
  program: readonly string[],
  seed: number,
): Promise<void> {
  const missing = kind.missing?.();
  if (missing !== undefined) {
    process.stderr.write(`${id} is left out: ${missing}\n`);
    return;
  }
  trace('episode', { id, seed });
  const own = new Endings();
  const tally = tallies.get(id) ?? newTally(id);
  tallies.set(id, tally);
  try {
    addEpisode(tally, await kind.play({ endings: own, program, seed, hits }));
  } catch (error) {
    tally.violations.push(
      `${id}, seed ${seed}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
    );
  } finally {
    await own.run().catch((error: unknown) => process.stderr.write(`after ${id}: ${String(error)}\n`));
  }
  const { episodes, jobs, rows, doubled, lost, violations: found } = tally;
  const so = `${episodes} episodes, ${jobs} jobs, ${rows} rows, ${doubled} doubled, ${lost} lost, ${found.length} violations`;
  process.stdout.write(`${id} (seed ${seed}): ${so}; ${killed()} processes killed so far\n`);
  const report = { seed: values.seed, killed: killed(), kinds: [...tallies.values()] };
  writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
}

function killed(): number {
  return [...tallies.values()].reduce((sum, { kills }) => sum + kills, 0);
}

function chosenKinds(ids: readonly string[] | undefined): readonly CampaignKind[] {
  if (!ids) return ALL_KINDS;
  const unknown = ids.filter((id) => !ALL_KINDS.some((kind) => kind.id === id));
  if (unknown.length === 0) return ALL_KINDS.filter(({ id }) => ids.includes(id));
  throw new Error(
    `no such kinds: ${unknown.join(', ')}; there are ${ALL_KINDS.map(({ id }) => id).join(', ')}`,
  );
}
