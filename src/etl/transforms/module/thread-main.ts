/** The thread in which a module transform runs: one request at a time, each answered once. */
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { asJobError } from '../../../job/errors.ts';
import { columnsOf, loadModule, type LoadedModule } from './module-file.ts';
import { runClockAhead } from './run-clock-ahead.ts';
import { SliceTransformer } from './slice-transformer.ts';
import type { ThreadReply, ThreadRequest, ThreadStart } from './thread-messages.ts';

const { path, progress, aheadMs } = workerData as ThreadStart;
if (aheadMs > 0) runClockAhead(aheadMs);

let loading: Promise<LoadedModule> | undefined;
let transformer: SliceTransformer | undefined;

parentPort?.on('message', (request: ThreadRequest) => {
  void answer(request)
    .catch(refused)
    .then((reply) => parentPort?.postMessage(reply, transferred(reply)));
});

async function answer(request: ThreadRequest): Promise<ThreadReply> {
  const { module, version } = await (loading ??= loadModule(path));
  switch (request.kind) {
    case 'describe': {
      const columns = request.source ? columnsOf(path, module, request.source) : [];
      return { kind: 'described', description: { version, cursor: module.cursor, columns } };
    }
    case 'begin':
      transformer = new SliceTransformer(module, basename(path), request.work, progress);
      return { kind: 'begun', version };
    case 'transform':
      if (!transformer) throw new Error('rows came before the thread was told what to do with them');
      return { kind: 'transformed', ...transformer.transform(request) };
  }
}

function refused(thrown: unknown): ThreadReply {
  const { outcome, reason, message } = asJobError(thrown);
  return outcome === 'terminal'
    ? { kind: 'refused', reason: reason as Extract<ThreadReply, { kind: 'refused' }>['reason'], message }
    : { kind: 'refused', reason: 'transform_failed', message };
}

function transferred(reply: ThreadReply): ArrayBuffer[] {
  if (reply.kind !== 'transformed') return [];
  return [reply.rows, reply.rejected].flatMap((rows) =>
    rows ? [rows.recordBatch.buffer as ArrayBuffer] : [],
  );
}
