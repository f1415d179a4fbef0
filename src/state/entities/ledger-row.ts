/** One row of etl_ledger: what one organization's rows of one source day add up to. */
import { Entity } from 'typeorm';
import { BigWhole, Count, Id, LongText, Text } from './column.ts';

@Entity('etl_ledger')
export class LedgerRow {
  @Id() id!: number;
  @Text('organization_id') organizationId!: string;
  @Text('source_day') sourceDay!: string;
  @Count('row_count') rowCount!: number;
  @LongText('totals') totals!: string;
  @Text('fingerprint') fingerprint!: string | null;
  @LongText('parts') parts!: string | null;
  @BigWhole('verified_at') verifiedAt!: bigint;
}
