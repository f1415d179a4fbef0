/** One row of etl_alerts: an alert recorded in the transaction that caused it, sent from here. */
import { Entity } from 'typeorm';
import { BigWhole, Count, Id, LongText, Text } from './column.ts';

@Entity('etl_alerts')
export class AlertRow {
  @Id() id!: number;
  @Text('kind') kind!: string;
  @Text('organization_id') organizationId!: string | null;
  @Text('job_id') jobId!: string | null;
  @Text('reason') reason!: string | null;
  @LongText('message') message!: string;
  @BigWhole('created_at') createdAt!: bigint;
  @BigWhole('next_attempt_at') nextAttemptAt!: bigint;
  @Count('attempts') attempts!: number;
  @BigWhole('sent_at') sentAt!: bigint | null;
}
