/** One row of dead_letters. */
import { Entity } from 'typeorm';
import { BigWhole, Id, LongText, Text } from './column.ts';

@Entity('dead_letters')
export class DeadLetterRow {
  @Id() id!: number;
  @Text('source') source!: string;
  @LongText('message') message!: string;
  @Text('message_encoding') messageEncoding!: string;
  @Text('message_id') messageId!: string | null;
  @LongText('attributes') attributes!: string;
  @Text('organization_id') organizationId!: string | null;
  @Text('job_id') jobId!: string | null;
  @Text('reason') reason!: string;
  @LongText('violations') violations!: string;
  @BigWhole('seen_at') seenAt!: bigint;
  @BigWhole('next_publish_at') nextPublishAt!: bigint | null;
  @BigWhole('replayed_at') replayedAt!: bigint | null;
  @Text('replayed_by') replayedBy!: string | null;
}
