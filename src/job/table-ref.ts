/** The name of a BigQuery table, validated once so that it can never carry SQL. */

export type TableRef = { readonly project: string; readonly dataset: string; readonly table: string };

// Project ids may carry a domain prefix (`example.com:project`). Source: BigQuery documentation, resource names.
const PROJECT = /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{2,61}[a-z0-9]$/;
const DATASET = /^[A-Za-z0-9_]{1,1024}$/;
const TABLE = /^[\p{L}\p{M}\p{N}_\p{Pd} ]{1,1024}$/u;

/** Reads `project.dataset.table`; undefined when any part breaks BigQuery's naming rules. */
export function parseTableRef(text: string): TableRef | undefined {
  const parts = text.split('.');
  const table = parts.pop();
  const dataset = parts.pop();
  const project = parts.join('.');
  if (table === undefined || dataset === undefined) return undefined;
  return isTableRef({ project, dataset, table }) ? { project, dataset, table } : undefined;
}

/** Which part of the text keeps it from being `project.dataset.table`, and the rule it breaks; undefined when none does. */
export function tableRefProblem(text: string): string | undefined {
  if (parseTableRef(text)) return undefined;
  const parts = text.split('.');
  const [table, dataset, project] = [parts.pop() ?? '', parts.pop() ?? '', parts.join('.')];
  if (project === '') return 'use project.dataset.table, such as my-project.billing.export';
  if (!PROJECT.test(project))
    return `"${project}" is no project id: use 4 to 63 of a-z 0-9 -, a letter first and no - at the end`;
  if (!DATASET.test(dataset)) return `"${dataset}" is no name of a dataset: use letters, digits and _`;
  return `"${table}" is no name of a table: use letters, digits, _, - and spaces`;
}

/** Whether every part follows BigQuery's naming rules. */
export function isTableRef(ref: TableRef): boolean {
  return PROJECT.test(ref.project) && DATASET.test(ref.dataset) && TABLE.test(ref.table);
}

/** The dotted name people write and read. */
export function tableName(ref: TableRef): string {
  return `${ref.project}.${ref.dataset}.${ref.table}`;
}
