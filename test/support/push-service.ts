// A worker that takes its jobs by POST /push, on a database in memory, with jobs that do as told and keys of the test's own.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { processClock } from '../../src/app/process-clock.ts';
import { workerObserver, runObserver } from '../../src/app/observers.ts';
import { ByteBudget } from '../../src/etl/byte-budget.ts';
import { startHttpServer } from '../../src/http/server.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { createPushAuth } from '../../src/pubsub/push-auth.ts';
import { createPushDeliveries } from '../../src/pubsub/push-deliveries.ts';
import { openState, type State } from '../../src/state/open-state.ts';
import { Worker } from '../../src/worker/worker.ts';
import { scriptedSides, type Script } from '../unit/worker-scripted-sides.ts';
import { AUDIENCE, aTokenSigner, SERVICE_ACCOUNT } from './push-tokens.ts';

const SUBSCRIPTION = 'projects/some-project/subscriptions/jobs';

/** What a request was answered. */
export type PushAnswer = { readonly status: number; readonly body: AnswerBody };
type AnswerBody = {
  readonly message: string;
  readonly error?: { readonly reason: string; readonly violations: readonly string[] };
};

export type PushService = {
  readonly state: State;
  readonly worker: Worker;
  readonly port: number;
  readonly token: ReturnType<typeof aTokenSigner>['token'];
  /** Attributes of everything that was dead-lettered. */
  readonly deadLetters: Readonly<Record<string, string>>[];
  /** Configures an organization whose jobs follow the script. */
  organization(organizationId: string, script: Script): Promise<void>;
  /** Pushes this text as Pub/Sub does. */
  push(messageId: string, text: string, options?: PushOptions): Promise<PushAnswer>;
};
type PushOptions = { readonly token?: string | undefined; readonly subscription?: string };

/** A started service that ends with the test. */
export async function aPushService(
  context: TestContext,
  { holdMs, subscription = SUBSCRIPTION }: { holdMs?: number; subscription?: string } = {},
): Promise<PushService> {
  const state = await openState({ kind: 'sqlite', path: ':memory:' });
  await state.migrate();
  const signer = aTokenSigner();
  const deliveries = createPushDeliveries(processClock, holdMs);
  const deadLetters: Record<string, string>[] = [];
  const scripts = new Map<string, Script>();
  const worker = scriptedWorker(state, deliveries, deadLetters, scripts);
  const ok = { ok: true, why: 'fine' };
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    state,
    metrics: createMetrics(),
    health: { live: () => ok, ready: () => ok, started: () => ok },
    environment: { kind: 'project', name: 'some-project' },
    publishJob: async () => 'message',
    push: {
      deliveries,
      subscription,
      auth: createPushAuth({
        audience: AUDIENCE,
        serviceAccount: SERVICE_ACCOUNT,
        publicKeys: signer.publicKeys,
      }),
    },
    adminToken: undefined,
    publicHealth: false,
    publicMetrics: false,
    logger: silentLogger,
  });
  context.after(async () => {
    await worker.drain();
    await server.close();
    await state.close();
  });
  worker.start();
  return {
    state,
    worker,
    deadLetters,
    port: server.port,
    token: signer.token,
    async organization(organizationId, script) {
      scripts.set(organizationId, script);
      const outcome = await state.organizations.set({
        organizationId,
        source: { project: 'source-env', dataset: 'billing', table: 'export' },
        destination: { project: 'destination-env', dataset: 'copies', table: organizationId },
      });
      assert.equal(outcome.kind, 'created');
    },
    async push(messageId, text, options = {}) {
      const token = 'token' in options ? options.token : signer.token();
      const message = { messageId, data: Buffer.from(text).toString('base64'), attributes: {} };
      const answer = await fetch(`http://127.0.0.1:${server.port}/push`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ message, subscription: options.subscription ?? subscription }),
      });
      return { status: answer.status, body: (await answer.json()) as AnswerBody };
    },
  };
}

function scriptedWorker(
  state: State,
  deliveries: ReturnType<typeof createPushDeliveries>,
  deadLetters: Record<string, string>[],
  scripts: ReadonlyMap<string, Script>,
): Worker {
  const metrics = createMetrics();
  const clock = { nowMicros: () => BigInt(Date.now()) * 1_000n };
  const stage = { clock, scripts, reading: new Map<string, { now: string[]; most: number }>(), runs: [] };
  return new Worker({
    settings: {
      owner: 'push-worker',
      leaseMs: 10_000,
      maxConcurrentJobs: 4,
      parkedLimit: 100,
      drainTimeoutMs: 5_000,
      noProgressTimeoutMs: 3_600_000,
    },
    services: {
      state,
      settings: { maxRetries: 3, retryDelayMs: 1_000, batchRows: 1_000, readStreams: 1, build: 'test' },
      budget: new ByteBudget(16 * 1024 * 1024),
      clock: processClock,
      random: Math.random,
      observer: runObserver(silentLogger, metrics),
    },
    deliveries,
    publisher: {
      publishJob: async () => 'message',
      async publishDeadLetter(_data, attributes) {
        deadLetters.push({ ...attributes });
        return 'dead';
      },
    },
    openSides: ({ organizationId }) => scriptedSides(stage, 'push-worker', organizationId),
    observer: workerObserver(silentLogger, metrics),
  });
}
