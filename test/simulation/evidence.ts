// What can be seen of a simulated world from outside the program.
import type { Micros } from '../../src/job/instant.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import type { Facts } from './database-facts.ts';

/** What the checker sees of a world. */
export type Evidence = {
  readonly facts: Facts;
  now(): Micros;
  /** Rows anybody sees at an organization's destination now. */
  visible(organizationId: string): readonly Row[];
  /** Rows anybody sees in an organization's quarantine now. */
  quarantined(organizationId: string): readonly Row[];
  /** Rows of an organization's source as of an instant. */
  sourceRows(organizationId: string, snapshot: Micros): readonly Row[];
  readonly maxRetries: number;
  /** Whether the destination knows a write stream of this name. */
  hasWriteStream(name: string): boolean;
  /** Whether the module is another one than at the beginning. */
  moduleWasExchanged(): boolean;
  /** Told of a job that waits for a person for a reason there is. */
  operatorNeeded(organizationId: string, jobId: string): void;
  /** Terminal reasons that were injected so far. */
  readonly injectedReasons: ReadonlySet<string>;
};
