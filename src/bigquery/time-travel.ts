/** How far back a table of a dataset can be read. */
import type { TableRef } from '../job/table-ref.ts';
import type { Environment } from './environment.ts';
import { restCall } from './rest.ts';
import { datasetPath } from './table-ref.ts';

/** Seven days unless the dataset says otherwise. Source: BigQuery documentation, time travel. */
const DEFAULT_HOURS = 168;

/** The time travel window of the table's dataset, in hours. */
export async function timeTravelHours(environment: Environment, table: TableRef): Promise<number> {
  const { maxTimeTravelHours } = await restCall<{ readonly maxTimeTravelHours?: string }>(environment, {
    method: 'GET',
    project: table.project,
    path: datasetPath(table),
    doing: `looking up the time travel window of ${table.project}.${table.dataset}`,
  });
  return maxTimeTravelHours === undefined ? DEFAULT_HOURS : Number(maxTimeTravelHours);
}
