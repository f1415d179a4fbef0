/** Tells open pages that something changed: one loop asks the database, however many pages are open. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { formatInstant } from '../job/instant.ts';
import { HttpProblem } from './envelope.ts';
import { countLiveWorkers, readRunning, type ReadableState } from './overview.ts';

export type LiveSettings = {
  readonly pollMs: number;
  /** A comment this often keeps proxies from closing a silent connection. */
  readonly heartbeatMs: number;
  readonly maxClients: number;
};

const LIVE_SETTINGS: LiveSettings = { pollMs: 1_000, heartbeatMs: 15_000, maxClients: 64 };
/** What has not ended, and a page of what has, is all that a page can show of jobs. */
const WATCHED_JOBS = 200;
const MAX_UNREAD_BYTES = 64 * 1024;

/** Serves /api/events; polls only while somebody listens, and ends every stream when the server closes. */
export function addLiveEvents(server: FastifyInstance, state: ReadableState, settings = LIVE_SETTINGS): void {
  const clients = new Set<FastifyReply>();
  let timer: NodeJS.Timeout | undefined;
  let lastVersion: string | undefined;
  let lastSentMs = 0;
  let closing = false;

  const send = (text: string): void => {
    lastSentMs = Date.now();
    for (const { raw } of clients)
      // One that does not read any more is dropped, and reconnects if it lives: what waits for it must not pile up.
      if (raw.writableLength > MAX_UNREAD_BYTES) raw.destroy();
      else raw.write(text);
  };
  const poll = async (): Promise<void> => {
    // An outage of the database is no change; the page shows what it knew.
    const version = await versionOf(state).catch(() => lastVersion);
    if (version !== lastVersion && lastVersion !== undefined) send(`event: changed\ndata: ${version}\n\n`);
    else if (Date.now() - lastSentMs >= settings.heartbeatMs) send(': still here\n\n');
    lastVersion = version;
  };
  const loop = (): void => {
    timer = setTimeout(() => {
      void poll().finally(() => (clients.size > 0 && !closing ? loop() : stop()));
    }, settings.pollMs);
  };
  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
    lastVersion = undefined;
  };

  server.get('/api/events', (_request, reply) => {
    if (closing) throw new HttpProblem(503, 'draining', 'this worker is stopping');
    if (clients.size >= settings.maxClients)
      throw new HttpProblem(
        503,
        'too_many_clients',
        `${settings.maxClients} pages are open already: reload by hand`,
      );
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Kept alive after its end it would hold up the end of the server.
      connection: 'close',
      'x-content-type-options': 'nosniff',
      // nginx would hold events back otherwise.
      'x-accel-buffering': 'no',
    });
    // A page that comes back after a break may have missed something.
    reply.raw.write('retry: 3000\nevent: changed\ndata: connected\n\n');
    clients.add(reply);
    reply.raw.on('close', () => clients.delete(reply));
    if (timer === undefined) loop();
  });

  server.addHook('preClose', async () => {
    closing = true;
    stop();
    for (const { raw } of clients) raw.end();
    clients.clear();
  });
}

/** A text that differs whenever a page would look different. */
async function versionOf(state: ReadableState): Promise<string> {
  const running = await readRunning(state);
  const waiting = await state.jobs.list({ status: ['QUEUED'], limit: WATCHED_JOBS });
  const [newest] = await state.jobs.list({ limit: 1 });
  const [letter] = await state.deadLetters.list({ limit: 1 });
  const organizations = await state.organizations.list();
  const seen = [
    running.map(({ job, rowsDone }) => [job.id, job.status, rowsDone, String(job.updatedAt)]),
    waiting.map(({ id, updatedAt }) => [id, String(updatedAt)]),
    newest?.id,
    letter?.id,
    organizations.map(({ organizationId, paused, activeJob, watermark, updatedAt }) => [
      organizationId,
      paused,
      activeJob,
      watermark === undefined ? null : formatInstant(watermark),
      String(updatedAt),
    ]),
    await countLiveWorkers(state),
  ];
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex').slice(0, 16);
}
