// Pairs are left out where another pair stands for them: played all the same, those that are compared here are one run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../support/seeded-random.ts';
import { WORLD_FAULTS } from './fault-kinds.ts';
import { planText, type PlannedFault } from './fault-plans.ts';
import { secondFaults, singleFaults } from './plan-enumeration.ts';
import { firstOfEachRun } from './play-plans.ts';
import { keyOf } from './play-singles.ts';
import { RunKey } from './run-key.ts';
import { openSharedDatabase, type SharedDatabase } from './shared-database.ts';
import { simulatePlan } from './simulate.ts';
import type { PlayedCall } from './fault-clock.ts';

const JOB = 'streams';
const SAMPLES = 30;
/** The keys of all first faults take long to find. */
const FIRSTS = 900;

test('what follows the fault that stands for others is what follows those others', async (context) => {
  const database = await openSharedDatabase();
  context.after(() => database.close());
  const { calls } = await runOf(database, []);
  const random = new SeededRandom(7);
  const firsts = singleFaults(calls).slice(0, FIRSTS);
  const runs: { first: number; key: string }[] = [];
  for (const [first, fault] of firsts.entries())
    runs.push({ first, key: keyOf(fault, (await runOf(database, [fault])).key) });
  const standing = new Set(firstOfEachRun(runs));
  const others = runs.filter(({ first }) => !standing.has(first));
  assert.ok(others.length > SAMPLES, 'many first faults lead to one run with others');

  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const { first, key } = random.pick(others);
    const other = firsts[first]!;
    const standsForIt = firsts[runs.find((run) => run.key === key)!.first]!;
    const second = random.pick(secondFaults((await runOf(database, [other])).calls, other));
    await assertSameRun(database, [standsForIt, second], [other, second]);
  }
});

test('a loss at one call is the loss at the call before if no warehouse has worked in between', async (context) => {
  const database = await openSharedDatabase();
  context.after(() => database.close());
  const { calls } = await runOf(database, []);
  const random = new SeededRandom(11);
  let compared = 0;
  while (compared < SAMPLES) {
    const first = random.pick(singleFaults(calls));
    const { calls: after } = await runOf(database, [first]);
    const played = secondFaults(after, first).filter(({ kind }) => kind.endsWith('_lost'));
    const losses = played.filter(({ kind }) => (WORLD_FAULTS as readonly string[]).includes(kind));
    if (losses.length === 0) continue;
    const loss = random.pick(losses);
    if (!isLeftOut({ ...loss, at: loss.at + 1 }, after, losses)) continue;
    await assertSameRun(database, [first, loss], [first, { ...loss, at: loss.at + 1 }]);
    compared += 1;
  }
});

/** Whether there is such a call, and the loss has an effect there that is not played. */
function isLeftOut(
  { at, kind }: PlannedFault,
  calls: readonly PlayedCall[],
  played: readonly PlannedFault[],
): boolean {
  const call = calls[at - 1];
  const hasEffect = call && !call.withoutEffect.some((idle) => idle === kind);
  return hasEffect === true && !played.some((one) => one.at === at && one.kind === kind);
}

async function runOf(database: SharedDatabase, faults: readonly PlannedFault[]) {
  const key = new RunKey();
  const { calls } = await simulatePlan(database, { job: JOB, faults }, { onEvent: key.onEvent });
  return { calls, key: key.end(database.contents()) };
}

async function assertSameRun(
  database: SharedDatabase,
  played: readonly PlannedFault[],
  leftOut: readonly PlannedFault[],
): Promise<void> {
  const [one, other] = [await runOf(database, played), await runOf(database, leftOut)];
  const names = [leftOut, played].map((faults) => planText({ job: JOB, faults }));
  assert.equal(other.key, one.key, names.join(' is another run than '));
}
