// The two warehouses of a simulated world, as its organizations see them.
import type { Micros } from '../../src/job/instant.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { StrictWarehouse } from '../support/strict-warehouse/strict-warehouse.ts';
import { destinationOf, isPushedDown, quarantineOf, SOURCE_SCHEMA, sourceOf } from './organizations.ts';
import type { Export } from './scenario.ts';
import type { Scheduler } from './scheduler.ts';
import type { WatchedLog } from './watched-doubles.ts';

/** One in each environment; who is copied by queries has both sides in the second. */
export class Warehouses {
  readonly source: StrictWarehouse;
  readonly destination: StrictWarehouse;

  constructor(clock: Scheduler, log: WatchedLog, rowsPerMessage: number) {
    const shared = { clock, now: () => clock.nowMicros(), log };
    this.source = new StrictWarehouse({ ...shared, project: 'source-env', location: 'EU', rowsPerMessage });
    this.destination = new StrictWarehouse({ ...shared, project: 'destination-env', location: 'US' });
  }

  /** The organization has a table it exports to. */
  addSource(organizationId: string): void {
    this.#sourceOf(organizationId).addTable(sourceOf(organizationId), SOURCE_SCHEMA);
  }

  export({ organizationId, rows }: Export): void {
    if (rows.length > 0) this.#sourceOf(organizationId).addRows(sourceOf(organizationId), rows);
  }

  /** The rows of an organization's source now. */
  exported(organizationId: string): readonly Row[] {
    return this.#sourceOf(organizationId).rows(sourceOf(organizationId));
  }

  /** The rows of an organization's source as of an instant. */
  exportedBy(organizationId: string, snapshot: Micros): readonly Row[] {
    return this.#sourceOf(organizationId).existing(sourceOf(organizationId)).asOf(snapshot);
  }

  /** The rows anybody sees at an organization's destination now. */
  visible(organizationId: string): readonly Row[] {
    return this.destination.table(destinationOf(organizationId))?.rows ?? [];
  }

  /** The rows anybody sees in an organization's quarantine now. */
  quarantined(organizationId: string): readonly Row[] {
    return this.destination.table(quarantineOf(organizationId))?.rows ?? [];
  }

  #sourceOf(organizationId: string): StrictWarehouse {
    return isPushedDown(organizationId) ? this.destination : this.source;
  }
}
