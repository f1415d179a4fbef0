/** Nothing → QUEUED: records that a job was asked for. The first request under a key wins. */
import type { JobRequest } from '../../job/job.ts';
import { NOW } from '../column-values.ts';
import type { Database } from '../database.ts';
import { JobRow } from '../entities/job-row.ts';
import { insertRows } from '../insert-rows.ts';
import { findJob } from '../job-queries.ts';
import { jobRecord, type JobRecord } from '../job-record.ts';

/** Inserts the job unless its key is known, renews its doorbell, and returns the row as it is then. */
export function admit(
  database: Database,
  request: JobRequest,
  messageId: string | undefined,
): Promise<JobRecord> {
  return database.transaction(async (session) => {
    await insertRows(
      session,
      JobRow,
      {
        organizationId: request.organizationId,
        jobId: request.jobId,
        jobType: request.jobType,
        status: 'QUEUED',
        windowStart: request.window?.start ?? null,
        windowEnd: request.window?.end ?? null,
        attempts: 0,
        interruptions: 0,
        crashes: 0,
        leaseEpoch: 0,
        planNumber: 1,
        needsOperator: false,
        cancelRequested: false,
        requestedBy: request.requestedBy ?? null,
        messageId: messageId?.slice(0, MESSAGE_ID_LENGTH) ?? null,
        doorbellSeenAt: NOW,
        createdAt: NOW,
        updatedAt: NOW,
      },
      {
        key: ['organizationId', 'jobId'],
        overwrite: messageId === undefined ? ['doorbellSeenAt'] : ['doorbellSeenAt', 'messageId'],
      },
    );
    const row = await findJob(session, request);
    if (!row)
      throw new Error(`job ${request.organizationId}/${request.jobId} vanished while it was admitted`);
    return jobRecord(row);
  });
}

const MESSAGE_ID_LENGTH = 255;
