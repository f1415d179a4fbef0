// A database that loses its answers, and a destination that is killed: no row is lost or doubled to them.
import { test } from 'node:test';
import { expectClean } from './expect-clean.ts';
import { ANSWER_TO_COMMIT_LOST } from './kinds/database.ts';
import { DESTINATION_RESTARTED } from './kinds/servers.ts';

const timeout = 600_000;

test('COMMITs whose answer is lost are neither repeated nor forgotten', { timeout }, async (context) => {
  await expectClean(context, ANSWER_TO_COMMIT_LOST, { seed: 11, hits: 6 });
});

test('a destination that lost its open streams gets their rows again', { timeout }, async (context) => {
  await expectClean(context, DESTINATION_RESTARTED, { seed: 13, hits: 2 });
});
