// The servers around the workers killed and started again: a Pub/Sub emulator that forgets everything, a destination that forgets what was not committed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBigQueryEmulator } from '../../../dev/emulators/bigquery/start.ts';
import { startPubSubEmulator } from '../../../dev/emulators/pubsub/start.ts';
import { openWarehouses } from '../../integration/run-setup.ts';
import { destinationEnvironment, sourceBigQuery } from '../../support/environment.ts';
import { playEpisode } from '../episode.ts';
import { crashGround } from '../ground.ts';
import { StrikePlan } from '../strike-plan.ts';
import type { Kind } from './kind.ts';

/** All topics, subscriptions and messages are gone; they are made anew, and no publisher repeats himself: the reaper must. */
export const PUBSUB_RESTARTED: Kind = {
  name: 'Pub/Sub emulator killed and restarted',
  async play({ endings, program, seed, hits }) {
    let emulator = await startPubSubEmulator();
    const port = Number(emulator.host.split(':')[1]);
    endings.after(() => emulator.stop());
    const ground = await crashGround(endings, program, { pubSubHost: emulator.host });
    const plan = new StrikePlan(seed, /claim|append|decide|finish/);
    return playEpisode(ground, {
      replicas: 2,
      customers: 6,
      rowsPerJob: 40,
      hitsWanted: hits,
      ringAgain: false,
      nextStrikes: () => [plan.next('SIGSTOP')],
      async whileStopped(_fleet, worker) {
        await emulator.kill();
        worker.signal('SIGCONT');
        emulator = await startPubSubEmulator({ port });
        await ground.topics.provision();
      },
    });
  },
};

/** The destination's committed rows survive, its write streams do not. */
export const DESTINATION_RESTARTED: Kind = {
  name: 'BigQuery stand-in killed and restarted',
  async play({ endings, program, seed, hits }) {
    const dataDir = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-crash-'));
    endings.after(() => rm(dataDir, { recursive: true }));
    let standIn = await startBigQueryEmulator({ ...destinationEnvironment, dataDir });
    endings.after(() => standIn.stop());
    const ports = { restPort: portOf(standIn.restHost), grpcPort: portOf(standIn.grpcHost) };
    const warehouses = openWarehouses({ source: sourceBigQuery(), destination: standIn });
    endings.after(() => warehouses.close());
    // Every restart may cost each open job an attempt.
    const variables = { MAX_RETRIES: '20' };
    const ground = await crashGround(endings, program, { warehouses: () => warehouses, variables });
    const plan = new StrikePlan(seed, /append|createWrite|finalize|decide|commit/);
    return playEpisode(ground, {
      replicas: 1,
      customers: Math.min(3, hits),
      rowsPerJob: 40,
      hitsWanted: hits,
      attemptsAllowed: true,
      nextStrikes: () => [plan.next('SIGSTOP'), plan.next('SIGSTOP'), plan.next('SIGKILL')],
      async whileStopped() {
        await standIn.kill();
        standIn = await startBigQueryEmulator({ ...destinationEnvironment, dataDir, ...ports });
      },
    });
  },
};

function portOf(host: string): number {
  return Number(host.split(':')[1]);
}
