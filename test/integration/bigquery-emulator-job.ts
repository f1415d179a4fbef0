// Jobs for tests of the stand-in, and the errors they end with.
import assert from 'node:assert/strict';
import type { Job } from '@google-cloud/bigquery';
import { LOCATION, PROJECT, rowsOf } from './bigquery-emulator-client.ts';
import type { Warehouse } from './bigquery-emulator-client.ts';

/** An error as the REST client throws it. */
export interface ApiFailure {
  readonly code: number;
  readonly errors: { reason: string }[];
  readonly message: string;
}

/** The error that an attempt ends with; fails the test when it succeeds. */
export async function failureOf(attempt: Promise<unknown>): Promise<ApiFailure> {
  return attempt.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error as ApiFailure,
  );
}

/** Starts a job under an id of our choosing; the client adds nothing to it. */
export async function startJob(
  { bigquery }: Warehouse,
  jobId: string,
  configuration: object,
  location = LOCATION,
): Promise<Job> {
  const [job] = await bigquery.createJob({ jobId, location, configuration });
  return job;
}

/** A table as job configurations name it. */
export function tableRef(datasetId: string, tableId: string): object {
  return { projectId: PROJECT, datasetId, tableId };
}

/** Makes table `t` with ids from 1 to `count`. */
export async function makeTableOfIds(warehouse: Warehouse, dataset: string, count: number): Promise<void> {
  const ids = `UNNEST(GENERATE_ARRAY(1, ${count})) AS id`;
  await rowsOf(warehouse, `CREATE TABLE ${dataset}.t AS SELECT id FROM ${ids}`);
}

/** The number of rows in a table. */
export async function countIn(warehouse: Warehouse, table: string): Promise<number> {
  const [row] = await rowsOf<{ n: number }>(warehouse, `SELECT COUNT(*) AS n FROM ${table}`);
  return row!.n;
}
