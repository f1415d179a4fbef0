// The workers of a load, each in a process of its own: then the database is the first to be saturated, not an event loop.
import { fork, type ChildProcess } from 'node:child_process';
import type { Delivery } from '../../src/worker/delivery.ts';
import { settingsOf, type Crew } from './crew.ts';
import type { Load } from './given-load.ts';
import type { MessageQueue } from './message-queue.ts';
import type { RunTold } from './new-worker.ts';
import type { FromWorker, ToWorker } from './worker-process.ts';

/** Each worker in a process of its own; each has warehouses of its own too, so an organization may have one job only. */
export async function crewOfProcesses(
  load: Load,
  organizations: readonly string[],
  queue: MessageQueue,
  onRun: RunTold,
): Promise<Crew> {
  const children = await Promise.all(
    Array.from({ length: load.workers }, async (_, at) => {
      const child = fork(new URL('worker-process.ts', import.meta.url), {
        execArgv: ['--import', 'tsx'],
        serialization: 'advanced',
      });
      tell(child, { kind: 'begin', load, settings: settingsOf(load, at), organizations });
      await answer(child, 'ready');
      return child;
    }),
  );
  return {
    pids: children.flatMap(({ pid }) => pid ?? []),
    start: () => children.forEach((child) => connect(child, queue, onRun)),
    async finish() {
      const calls = new Map<string, number>();
      for (const child of children) {
        tell(child, { kind: 'finish' });
        const done = await answer(child, 'done');
        for (const [operation, count] of done.calls)
          calls.set(operation, (calls.get(operation) ?? 0) + count);
        child.disconnect();
      }
      return calls;
    },
  };
}

/** Hands the queue's messages to the process, and its answers back. */
function connect(child: ChildProcess, queue: MessageQueue, onRun: RunTold): void {
  const held = new Map<string, Delivery>();
  const subscription = queue.subscribe();
  const answered = (messageId: string): Delivery | undefined => {
    const delivery = held.get(messageId);
    held.delete(messageId);
    return delivery;
  };
  child.on('message', (message) => {
    const told = message as FromWorker;
    if (told.kind === 'run') onRun(told.what, told.key, told.atMs);
    if (told.kind === 'ack') void answered(told.messageId)?.ack();
    if (told.kind === 'nack') void answered(told.messageId)?.nack();
    if (told.kind === 'publish') queue.publishAgain(told.data);
  });
  child.once('exit', (code) => {
    if (code !== 0) throw new Error(`a worker's process ended with ${code}`);
  });
  subscription.start((delivery) => {
    held.set(delivery.messageId, delivery);
    tell(child, { kind: 'message', messageId: delivery.messageId, data: delivery.data });
  });
}

function tell(child: ChildProcess, message: ToWorker): void {
  child.send(message);
}

function answer<Kind extends FromWorker['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<FromWorker, { kind: Kind }>> {
  return new Promise((resolve) => {
    const look = (message: unknown): void => {
      const told = message as FromWorker;
      if (told.kind !== kind) return;
      child.off('message', look);
      resolve(told as Extract<FromWorker, { kind: Kind }>);
    };
    child.on('message', look);
  });
}
