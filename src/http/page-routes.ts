/** The pages: overview, organization, job, dead letters, and the files they load. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { JobKey } from '../job/job.ts';
import { jobName } from '../job/job.ts';
import { dayText, type Micros } from '../job/instant.ts';
import type { DeadLetterRecord } from '../state/dead-letter-store.ts';
import { isReplayable } from '../worker/replay-dead-letter.ts';
import type { Access } from './access.ts';
import { DONE_TEXTS } from './act.ts';
import { deadLetterFilter } from './dead-letter-filter.ts';
import { HttpProblem } from './envelope.ts';
import type { Health } from './health-routes.ts';
import { jobFilter, type JobListFilter, type Query } from './job-filter.ts';
import {
  countLiveWorkers,
  firstFigureDay,
  readOverview,
  readProgress,
  type ReadableState,
} from './overview.ts';
import { actionButton } from './pages/action-button.ts';
import { ASSETS } from './pages/assets.ts';
import { deadLettersPage } from './pages/dead-letters-page.ts';
import type { Environment, Frame } from './pages/frame.ts';
import { toText, type Html } from './pages/html.ts';
import type { JobListing } from './pages/job-list.ts';
import { jobPage } from './pages/job-page.ts';
import { organizationPage } from './pages/organization-page.ts';
import { overviewPage } from './pages/overview-page.ts';

export type PageSources = {
  readonly state: ReadableState;
  readonly health: Health;
  readonly environment: Environment;
  readonly access: Access;
};
type Job = { readonly Params: { readonly organization: string; readonly job: string } };

const SHOWN_BATCHES = 25;
const SHOWN_CHANGES = 20;
const SHOWN_LETTERS = 25;

export function addPageRoutes(server: FastifyInstance, sources: PageSources): void {
  const { state } = sources;
  for (const { path, type, text } of ASSETS)
    server.get(path, { config: { access: 'sign-in' } }, async (_request, reply) =>
      // The name changes with the content.
      reply.type(type).header('cache-control', 'public, max-age=31536000, immutable').send(text),
    );

  server.get<{ Querystring: Query }>('/', async (request, reply) => {
    const listing = await readListing(state, jobFilter(withoutDone(request.query)));
    const overview = await readOverview(state);
    return show(reply, overviewPage(await readFrame(request, sources, overview.now), overview, listing));
  });

  server.get<{ Params: { organization: string }; Querystring: Query }>(
    '/organizations/:organization',
    async (request, reply) => {
      const organizationId = request.params.organization;
      const organization = await state.organizations.find(organizationId);
      if (!organization)
        throw new HttpProblem(404, 'not_found', `there is no organization "${organizationId}"`);
      const now = await state.now();
      const filter = { ...jobFilter(withoutDone(request.query)), organizationId };
      const detail = {
        organization,
        figures: await state.jobs.figures(firstFigureDay(now), organizationId),
        ledger: await state.ledger.list(organizationId, dayText(firstFigureDay(now)), dayText(now)),
        listing: await readListing(state, filter),
        audit: await state.audit.list({ subject: organizationId, limit: SHOWN_CHANGES }),
        now,
      };
      return show(reply, organizationPage(await readFrame(request, sources, now), detail));
    },
  );

  server.get<Job>('/jobs/:organization/:job', async (request, reply) => {
    const key: JobKey = { organizationId: request.params.organization, jobId: request.params.job };
    const job = await state.jobs.find(key);
    if (!job)
      throw new HttpProblem(404, 'not_found', `there is no job "${key.jobId}" of "${key.organizationId}"`);
    const now = await state.now();
    const detail = {
      progress: await readProgress(job, state),
      steps: await state.steps.list(key),
      batches: await state.batches.newest(key, job.planNumber, SHOWN_BATCHES),
      batchCount: (await state.batches.progress(key, job.planNumber)).batches,
      audit: await state.audit.list({ subject: jobName(key), limit: SHOWN_CHANGES }),
      now,
    };
    return show(reply, jobPage(await readFrame(request, sources, now), detail));
  });

  server.get<{ Querystring: Query }>('/dead-letters', async (request, reply) => {
    const filter = deadLetterFilter(request.query);
    const letters = await state.deadLetters.list({ ...filter, limit: SHOWN_LETTERS + 1 });
    const now = await state.now();
    const listing = {
      filter,
      letters: letters.slice(0, SHOWN_LETTERS),
      hasOlder: letters.length > SHOWN_LETTERS,
    };
    const frame = await readFrame(request, sources, now);
    const replay = (letter: DeadLetterRecord): Html | undefined =>
      isReplayable(letter)
        ? actionButton(frame, `/api/dead-letters/${letter.id}/replay`, 'Replay')
        : undefined;
    return show(reply, deadLettersPage(frame, listing, now, replay));
  });
}

/** One job more than is shown says whether there are older ones; nothing is counted. */
async function readListing(state: ReadableState, filter: JobListFilter): Promise<JobListing> {
  const jobs = await state.jobs.list({ ...filter, limit: filter.limit + 1 });
  return { filter, jobs: jobs.slice(0, filter.limit), hasOlder: jobs.length > filter.limit };
}

async function readFrame(
  request: FastifyRequest,
  { state, health, environment, access }: PageSources,
  now: Micros,
): Promise<Frame> {
  const session = access.sessions?.read(request);
  const done = (request.query as Query)['done'];
  return {
    environment,
    ready: health.ready(),
    liveWorkers: await countLiveWorkers(state),
    viewer: session
      ? { kind: 'admin', ...session }
      : { kind: 'reader', signInPossible: access.sessions !== undefined },
    here: request.url.replace(/[?&]done=[a-z-]*$/, ''),
    now,
    done: typeof done === 'string' && Object.hasOwn(DONE_TEXTS, done) ? DONE_TEXTS[done] : undefined,
  };
}

function withoutDone({ done: _, ...query }: Query): Query {
  return query;
}

function show(reply: FastifyReply, page: Html): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(toText(page));
}
