// The process of one worker of a load: its messages come from the parent, and its answers go there.
import assert from 'node:assert/strict';
import { openState, type State } from '../../src/state/open-state.ts';
import type { DeliverySource } from '../../src/worker/delivery.ts';
import type { JobKey } from '../../src/job/job.ts';
import type { WorkerSettings } from '../../src/worker/worker-context.ts';
import type { Worker } from '../../src/worker/worker.ts';
import type { Load } from './given-load.ts';
import { newWorker } from './new-worker.ts';
import { loadedWarehouses, type LoadedWarehouses } from './warehouses.ts';

/** What the parent says. */
export type ToWorker =
  | {
      readonly kind: 'begin';
      readonly load: Load;
      readonly settings: WorkerSettings;
      readonly organizations: readonly string[];
    }
  | { readonly kind: 'message'; readonly messageId: string; readonly data: Uint8Array }
  | { readonly kind: 'finish' };

/** What it hears. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ack' | 'nack'; readonly messageId: string }
  | { readonly kind: 'publish'; readonly data: Uint8Array }
  | { readonly kind: 'run'; readonly what: 'started' | 'ended'; readonly key: JobKey; readonly atMs: number }
  | { readonly kind: 'done'; readonly calls: ReadonlyMap<string, number> };

type Begun = { readonly state: State; readonly warehouses: LoadedWarehouses; readonly worker: Worker };

let begun: Promise<Begun> | undefined;
let deliver: Parameters<DeliverySource['start']>[0] = () => undefined;

const deliveries: DeliverySource = {
  ackDeadlineMs: 60_000,
  start: (onDelivery) => void (deliver = onDelivery),
  pause: () => undefined,
  resume: () => undefined,
  extend: () => Promise.resolve(),
  connection: () => ({ connected: true, why: 'by the parent' }),
  stopReceiving: () => undefined,
  close: () => Promise.resolve(),
};

process.on('message', (message) => void heed(message as ToWorker));
// Without a parent nobody would hear of it.
process.once('disconnect', () => process.exit(begun === undefined ? 0 : 1));

async function heed(told: ToWorker): Promise<void> {
  switch (told.kind) {
    case 'begin':
      begun = begin(told);
      await begun;
      {
        tell({ kind: 'ready' });
        return;
      }
    case 'message': {
      take(told.messageId, told.data);
      return;
    }
    case 'finish':
      tell({ kind: 'done', calls: await finish() });
      begun = undefined;
  }
}

async function begin({
  load,
  settings,
  organizations,
}: Extract<ToWorker, { kind: 'begin' }>): Promise<Begun> {
  const warehouses = loadedWarehouses(organizations, load.callMs);
  const state = await openState(load.database);
  const publish = (data: Uint8Array): void => tell({ kind: 'publish', data });
  const worker = newWorker(settings, state, deliveries, publish, warehouses, (what, key, atMs) => {
    const { organizationId, jobId } = key;
    tell({ kind: 'run', what, key: { organizationId, jobId }, atMs });
  });
  worker.start();
  return { state, warehouses, worker };
}

function take(messageId: string, data: Uint8Array): void {
  deliver({
    messageId,
    data,
    attributes: {},
    ack: async () => tell({ kind: 'ack', messageId }),
    nack: async () => tell({ kind: 'nack', messageId }),
  });
}

async function finish(): Promise<ReadonlyMap<string, number>> {
  assert.ok(begun);
  const { state, warehouses, worker } = await begun;
  await worker.drain();
  await state.close();
  warehouses.proveCopied();
  return warehouses.calls;
}

function tell(message: FromWorker): void {
  process.send?.(message);
}
