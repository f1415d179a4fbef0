// Random worlds: 2–4 replicas of the real worker, 1–3 organizations, several jobs, and faults until a horizon. First share of the seeds.
import { test } from 'node:test';
import { assertSeedsHold } from './seed-range.ts';

test('never lost, never doubled, and everything ends: the first seeds', (context) =>
  assertSeedsHold(context, 1, 100));
