/** One row of etl_batches: the resume checkpoint of one stream. */
import { Entity } from 'typeorm';
import type { BatchState } from '../../job/batch.ts';
import { BigWhole, Count, Id, LongText, Text } from './column.ts';

@Entity('etl_batches')
export class BatchRow {
  @Id() id!: number;
  @Text('organization_id') organizationId!: string;
  @Text('job_id') jobId!: string;
  @Count('plan_number') planNumber!: number;
  @Count('stream') stream!: number;
  @Count('batch') batch!: number;
  @Count('read_offset') readOffset!: number;
  @Count('write_offset') writeOffset!: number;
  @Count('rows_read') rowsRead!: number;
  @Count('rows_written') rowsWritten!: number;
  @Count('rows_dropped') rowsDropped!: number;
  @Count('rows_quarantined') rowsQuarantined!: number;
  @Count('bytes') bytes!: number;
  @LongText('totals') totals!: string;
  @Text('fingerprint') fingerprint!: string | null;
  @LongText('days') days!: string | null;
  @Text('state') state!: BatchState;
  @BigWhole('updated_at') updatedAt!: bigint;
}
