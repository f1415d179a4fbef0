// The organizations of a load: each with a source table of a few rows, in strict warehouses that answer after a while.
import assert from 'node:assert/strict';
import pLimit from 'p-limit';
import { processClock } from '../../src/app/process-clock.ts';
import type { Organization } from '../../src/job/organization.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import type { State } from '../../src/state/open-state.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { strictDestination } from '../support/strict-warehouse/destination-side.ts';
import { strictSource } from '../support/strict-warehouse/source-side.ts';
import { StrictWarehouse } from '../support/strict-warehouse/strict-warehouse.ts';

const ROWS_EACH = 4;
/** Fewer than a state has connections. */
const CONFIGURED_AT_ONCE = 4;
const HOUR = 3_600_000_000n;

/** Both warehouses, filled for the organizations of a load. */
export type LoadedWarehouses = {
  sides(owner: string): (organization: Organization) => {
    source: ReturnType<typeof strictSource>;
    destination: ReturnType<typeof strictDestination>;
  };
  /** Calls so far of both sides, by operation. */
  readonly calls: ReadonlyMap<string, number>;
  /** A run of the organization's job has ended here: its next job is given something to copy. */
  ended(organizationId: string): void;
  /** Throws unless of every organization whose job ended here the first rows are in the copy and none is there twice. */
  proveCopied(): void;
};

/** Fills the source tables of the organizations; every call then takes `callMs`. */
export function loadedWarehouses(organizations: readonly string[], callMs: number): LoadedWarehouses {
  const calls = new Map<string, number>();
  const now = (): bigint => BigInt(Date.now()) * 1_000n;
  const common = { clock: processClock, now };
  const source = new StrictWarehouse({ project: 'source-env', location: 'EU', ...common });
  const destination = new StrictWarehouse({ project: 'destination-env', location: 'US', ...common });
  for (const warehouse of [source, destination])
    warehouse.faults = ({ operation }) => {
      calls.set(operation, (calls.get(operation) ?? 0) + 1);
      return callMs > 0 ? { kind: 'none', delayMs: callMs } : undefined;
    };
  // Long settled, and later than all before at every growth.
  let cursor = now() - 10n * HOUR;
  const grow = (organizationId: string): void =>
    source.addRows(
      sourceOf(organizationId),
      Array.from({ length: ROWS_EACH }, () => rowAt(++cursor)),
    );
  for (const organizationId of organizations) {
    source.addTable(sourceOf(organizationId), [
      { name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' },
      { name: 'currency', type: 'STRING', mode: 'NULLABLE' },
      { name: 'export_time', type: 'TIMESTAMP', mode: 'NULLABLE' },
    ]);
    grow(organizationId);
  }
  const served = new Set<string>();
  return {
    sides: (owner) => () => ({
      source: strictSource(source, owner),
      destination: strictDestination(destination, owner),
    }),
    calls,
    ended(organizationId) {
      served.add(organizationId);
      grow(organizationId);
    },
    proveCopied() {
      for (const organizationId of served) {
        const cursors = destination.rows(destinationOf(organizationId)).map((row) => row['export_time']);
        assert.ok(cursors.length >= ROWS_EACH, `${organizationId}: only ${cursors.length} rows were copied`);
        assert.equal(new Set(cursors).size, cursors.length, `${organizationId}: rows were copied twice`);
      }
    },
  };
}

/** Configures the organizations in the database. */
export async function configureOrganizations(state: State, organizations: readonly string[]): Promise<void> {
  await pLimit(CONFIGURED_AT_ONCE).map(organizations, (organizationId) => configure(state, organizationId));
}

function configure(state: State, organizationId: string): Promise<unknown> {
  return state.organizations.set({
    organizationId,
    source: sourceOf(organizationId),
    destination: destinationOf(organizationId),
    destinationLocation: 'US',
  });
}

function rowAt(cursor: bigint): Row {
  return { cost: Number(cursor % 1_000n) / 10, currency: 'USD', export_time: cursor };
}

function sourceOf(organizationId: string): TableRef {
  return { project: 'source-env', dataset: 'billing', table: `export_${organizationId}` };
}

function destinationOf(organizationId: string): TableRef {
  return { project: 'destination-env', dataset: 'copies', table: organizationId };
}
