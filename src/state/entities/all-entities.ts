/** Every entity, for the data source. */
import { AlertRow } from './alert-row.ts';
import { AuditRow } from './audit-row.ts';
import { BatchRow } from './batch-row.ts';
import { DeadLetterRow } from './dead-letter-row.ts';
import { JobRow } from './job-row.ts';
import { LedgerRow } from './ledger-row.ts';
import { OrganizationRow } from './organization-row.ts';
import { StepRow } from './step-row.ts';
import { WorkerRow } from './worker-row.ts';

/** In no particular order. */
export const ALL_ENTITIES = [
  OrganizationRow,
  JobRow,
  StepRow,
  BatchRow,
  LedgerRow,
  DeadLetterRow,
  AuditRow,
  AlertRow,
  WorkerRow,
];
