/** One row of etl_jobs. */
import { Entity } from 'typeorm';
import type { JobStatus, JobType } from '../../job/job.ts';
import type { Reason } from '../../job/reason.ts';
import { BigWhole, Count, Flag, Id, LongText, Text } from './column.ts';

@Entity('etl_jobs')
export class JobRow {
  @Id() id!: number;
  @Text('organization_id') organizationId!: string;
  @Text('job_id') jobId!: string;
  @Text('job_type') jobType!: JobType;
  @Text('status') status!: JobStatus;
  @BigWhole('window_start') windowStart!: bigint | null;
  @BigWhole('window_end') windowEnd!: bigint | null;
  @Count('attempts') attempts!: number;
  @Count('interruptions') interruptions!: number;
  @Count('crashes') crashes!: number;
  @LongText('crash_suspects') crashSuspects!: string | null;
  @BigWhole('next_attempt_at') nextAttemptAt!: bigint | null;
  @BigWhole('doorbell_seen_at') doorbellSeenAt!: bigint;
  @Text('lease_owner') leaseOwner!: string | null;
  @Count('lease_epoch') leaseEpoch!: number;
  @BigWhole('lease_expires_at') leaseExpiresAt!: bigint | null;
  @Count('plan_number') planNumber!: number;
  @LongText('plan') plan!: string | null;
  @LongText('commit_set') commitSet!: string | null;
  @Flag('needs_operator') needsOperator!: boolean;
  @Count('rows_read') rowsRead!: number | null;
  @Count('rows_written') rowsWritten!: number | null;
  @Count('bytes_written') bytesWritten!: number | null;
  @Text('error_reason') errorReason!: Reason | null;
  @LongText('error_message') errorMessage!: string | null;
  @Flag('cancel_requested') cancelRequested!: boolean;
  @Text('requested_by') requestedBy!: string | null;
  @Text('message_id') messageId!: string | null;
  @BigWhole('created_at') createdAt!: bigint;
  @BigWhole('started_at') startedAt!: bigint | null;
  @BigWhole('finished_at') finishedAt!: bigint | null;
  @BigWhole('updated_at') updatedAt!: bigint;
}
