/** One row of etl_steps. */
import { Entity } from 'typeorm';
import type { Step } from '../../job/job.ts';
import { BigWhole, Count, Id, LongText, Text } from './column.ts';

@Entity('etl_steps')
export class StepRow {
  @Id() id!: number;
  @Text('organization_id') organizationId!: string;
  @Text('job_id') jobId!: string;
  @Count('plan_number') planNumber!: number;
  @Text('step') step!: Step;
  @Text('status') status!: string;
  @BigWhole('started_at') startedAt!: bigint;
  @BigWhole('finished_at') finishedAt!: bigint | null;
  @LongText('detail') detail!: string;
}
