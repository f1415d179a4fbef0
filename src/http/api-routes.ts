/** The JSON behind the status page: overview, jobs with filters, one job with everything. */
import type { FastifyInstance } from 'fastify';
import { MICROS_PER_SECOND } from '../job/instant.ts';
import { isTerminal } from '../job/job-status.ts';
import { JOB_STATUSES, type JobStatus } from '../job/job.ts';
import { HttpProblem, success } from './envelope.ts';
import { jobDetailJson, jobJson } from './job-json.ts';
import { organizationJson } from './organization-json.ts';
import {
  readOverview,
  readProgress,
  type Overview,
  type ReadableState,
  type RunningJob,
} from './overview.ts';

type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

export function addApiRoutes(server: FastifyInstance, state: ReadableState): void {
  server.get('/api/status', async () => {
    const overview = await readOverview(state);
    return success(`${overview.organizations.length} organizations`, overviewJson(overview));
  });

  server.get<{ Querystring: Query }>('/api/jobs', async ({ query }) => {
    const jobs = await state.jobs.list(jobFilter(query));
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

/** The filter behind ?organization=&status=&limit=; answers 400 with every violation. */
export function jobFilter(query: Query): { organizationId?: string; status?: JobStatus[]; limit: number } {
  const violations = Object.keys(query)
    .filter((name) => !['organization', 'status', 'limit'].includes(name))
    .map((name) => `${JSON.stringify(name)} is not a parameter: use organization, status and limit`);
  const words = [query['status'] ?? []].flat().flatMap((text) => text.split(','));
  const status = words.filter((word) => word !== '').map((word) => word.toUpperCase());
  for (const word of status)
    if (!(JOB_STATUSES as readonly string[]).includes(word))
      violations.push(`status ${JSON.stringify(word)} is none of ${JOB_STATUSES.join(', ')}`);
  const limitText = [query['limit'] ?? []].flat()[0] ?? '';
  const limit = limitText === '' ? DEFAULT_LIMIT : Number(limitText);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    violations.push(`limit ${JSON.stringify(limitText)} is not a whole number from 1 to ${MAX_LIMIT}`);
  if (violations.length > 0)
    throw new HttpProblem(400, 'invalid_request', violations[0] as string, violations);
  const organizationId = [query['organization'] ?? []].flat()[0];
  return {
    limit,
    ...(organizationId === undefined || organizationId === '' ? {} : { organizationId }),
    ...(status.length === 0 ? {} : { status: status as JobStatus[] }),
  };
}

function overviewJson({ now, organizations, running, counts }: Overview) {
  return {
    organizations: organizations.map(({ organization, lastJob }) => ({
      ...organizationJson(organization),
      behind_seconds:
        organization.watermark === undefined
          ? null
          : Number((now - organization.watermark) / MICROS_PER_SECOND),
      last_job: lastJob ? jobJson(lastJob) : null,
    })),
    running: running.map((entry) => ({ ...jobJson(entry.job), progress: progressJson(entry) })),
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
