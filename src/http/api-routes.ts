/** The JSON behind the status page: overview, jobs with filters, one job with everything, dead letters. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { dayText, MICROS_PER_SECOND } from '../job/instant.ts';
import { isTerminal } from '../job/job-status.ts';
import { deadLetterFilter, deadLetterQuery } from './dead-letter-filter.ts';
import { deadLetterJson } from './dead-letter-json.ts';
import { HttpProblem, success } from './envelope.ts';
import { filterQuery, jobFilter, type Query } from './job-filter.ts';
import { jobDetailJson, jobJson } from './job-json.ts';
import { organizationJson } from './organization-json.ts';
import {
  readOverview,
  readProgress,
  type Overview,
  type ReadableState,
  type RunningJob,
} from './overview.ts';

const LETTERS_A_PAGE = 100;

export function addApiRoutes(server: FastifyInstance, state: ReadableState): void {
  addDeadLetters(server, state);
  server.get('/api/status', async () => {
    const overview = await readOverview(state);
    return success(`${overview.organizations.length} organizations`, overviewJson(overview));
  });

  server.get<{ Querystring: Query }>('/api/jobs', async ({ query }, reply) => {
    const filter = jobFilter(query);
    const jobs = await state.jobs.list(filter);
    linkOlder(reply, jobs, filter.limit, (beforeId) => `/api/jobs${filterQuery({ ...filter, beforeId })}`);
    return success(`${jobs.length} jobs, newest first`, jobs.map(jobJson));
  });

  server.get<{ Params: { organization: string; job: string } }>(
    '/api/jobs/:organization/:job',
    async ({ params: { organization, job: jobId } }) => {
      const key = { organizationId: organization, jobId };
      const job = await state.jobs.find(key);
      if (!job)
        throw new HttpProblem(
          404,
          'not_found',
          `there is no job "${jobId}" of organization "${organization}"`,
        );
      const steps = await state.steps.list(key);
      const batches = await state.batches.list(key, job.planNumber);
      const progress = isTerminal(job.status) ? null : progressJson(await readProgress(job, state));
      return success(`${jobId} is ${job.status}`, { ...jobDetailJson(job, steps, batches), progress });
    },
  );
}

function addDeadLetters(server: FastifyInstance, state: ReadableState): void {
  server.get<{ Querystring: Query }>('/api/dead-letters', async ({ query }, reply) => {
    const filter = deadLetterFilter(query);
    const letters = await state.deadLetters.list({ ...filter, limit: LETTERS_A_PAGE });
    linkOlder(
      reply,
      letters,
      LETTERS_A_PAGE,
      (beforeId) => `/api/dead-letters${deadLetterQuery({ ...filter, beforeId })}`,
    );
    return success(`${letters.length} dead letters, newest first`, letters.map(deadLetterJson));
  });
}

/** A full page may have older ones behind it; the database finds them by the last id, so a far page costs no more. */
function linkOlder(
  reply: FastifyReply,
  page: readonly { readonly id: number }[],
  limit: number,
  address: (beforeId: number) => string,
): void {
  const last = page.at(-1);
  if (last && page.length === limit) void reply.header('link', `<${address(last.id)}>; rel="next"`);
}

function overviewJson({ now, organizations, running, counts, figures, liveWorkers }: Overview) {
  return {
    organizations: organizations.map(({ organization, lastJob, successRate }) => ({
      ...organizationJson(organization),
      behind_seconds:
        organization.watermark === undefined
          ? null
          : Number((now - organization.watermark) / MICROS_PER_SECOND),
      jobs_succeeded: successRate.succeeded,
      jobs_ended: successRate.ended,
      last_job: lastJob ? jobJson(lastJob) : null,
    })),
    running: running.map((entry) => ({ ...jobJson(entry.job), progress: progressJson(entry) })),
    live_workers: liveWorkers,
    days: figures.map(({ day, organizationId, status, jobs, rows, bytes, meanSeconds, longestSeconds }) => ({
      day: dayText(day),
      organization_id: organizationId,
      status,
      jobs,
      rows,
      bytes,
      mean_seconds: meanSeconds,
      longest_seconds: longestSeconds,
    })),
    counts: counts.map(({ organizationId, status, count }) => ({
      organization_id: organizationId,
      status,
      count,
    })),
  };
}

function progressJson({ rowsDone, bytesDone, rowsEstimated }: RunningJob) {
  return { rows_done: rowsDone, bytes_done: bytesDone, rows_estimated: rowsEstimated ?? null };
}
