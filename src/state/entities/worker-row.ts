/** One row of etl_workers: a replica or a run in the foreground that is running, or was. */
import { Entity } from 'typeorm';
import { BigWhole, Id, Text } from './column.ts';

@Entity('etl_workers')
export class WorkerRow {
  @Id() id!: number;
  @Text('owner') owner!: string;
  @Text('kind') kind!: 'worker' | 'foreground';
  @BigWhole('started_at') startedAt!: bigint;
  @BigWhole('seen_at') seenAt!: bigint;
  @BigWhole('lease_expires_at') leaseExpiresAt!: bigint;
}
