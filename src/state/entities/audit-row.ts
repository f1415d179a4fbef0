/** One row of audit_log: who did what through the CLI or the page. */
import { Entity } from 'typeorm';
import { BigWhole, Id, LongText, Text } from './column.ts';

@Entity('audit_log')
export class AuditRow {
  @Id() id!: number;
  @Text('actor') actor!: string;
  @Text('action') action!: string;
  @Text('subject') subject!: string;
  @LongText('before_state') beforeState!: string | null;
  @LongText('after_state') afterState!: string | null;
  @BigWhole('recorded_at') recordedAt!: bigint;
}
