/** Whether rows are copied within the warehouse or streamed through this process, and why. */
import { TerminalError } from '../job/errors.ts';
import { isSameLocation } from '../job/location.ts';
import type { Organization } from '../job/organization.ts';
import type { Plan } from '../job/plan.ts';
import { tableName } from '../job/table-ref.ts';
import type { Field, TableSchema } from '../job/table-schema.ts';
import type { Destination } from './destination.ts';
import type { Slice } from './source.ts';
import { isModule } from './transforms/module/find-module.ts';

/** The path of a plan; throws a TerminalError when the configuration demands one that cannot be taken. */
export async function choosePath(
  { organization, destination }: { readonly organization: Organization; readonly destination: Destination },
  slice: Slice,
  sourceSchema: TableSchema,
  destinationLocation: string,
): Promise<Pick<Plan, 'writePath' | 'writePathReason'>> {
  const { writePath, organizationId } = organization;
  if (writePath === 'storage')
    return { writePath, writePathReason: 'the configuration says storage; rows are streamed by the worker' };
  const obstacle = await obstacleToQuery(organization, destination, slice, sourceSchema, destinationLocation);
  if (obstacle === undefined) {
    const does = slice.transform ? 'transforms and copies' : 'copies';
    const writePathReason = `both sides are in ${slice.location} under one identity, so that one query ${does} the rows within BigQuery`;
    return { writePath: 'query', writePathReason };
  }
  if (writePath === 'auto')
    return { writePath: 'storage', writePathReason: `rows are streamed by the worker, because ${obstacle}` };
  throw new TerminalError(
    'invalid_configuration',
    `write_path query cannot be taken, because ${obstacle}; let the worker stream the rows with org set ${organizationId} --write-path auto`,
  );
}

/** Why one query cannot read the source and write beside the destination; undefined when it can. Source: spec.md §5, "Push-down". */
async function obstacleToQuery(
  organization: Organization,
  destination: Destination,
  slice: Slice,
  sourceSchema: TableSchema,
  destinationLocation: string,
): Promise<string | undefined> {
  if (isModule(organization.transform)) return 'a module transform runs in the worker, row by row';
  if (organization.sourceKind !== 'bigquery')
    return `a source of kind ${organization.sourceKind} cannot be queried`;
  if (!isSameLocation(slice.location, destinationLocation))
    return `the source is in ${slice.location} and the destination in ${destinationLocation}`;
  if (organization.sourceServiceAccount !== organization.destinationServiceAccount)
    return 'the two sides are used under different service accounts';
  const table = await destination.describe(organization.destination);
  const reordered = table && reorderedField(sourceSchema, table.schema);
  if (reordered !== undefined)
    return `the fields of ${reordered} stand in another order in ${tableName(organization.destination)} than at the source, and a query goes by their order`;
  if (!(await destination.canQuery(slice)))
    return `the destination's side may not query ${tableName(slice.table)}`;
  return undefined;
}

/** The first STRUCT column whose fields the destination has in another order or number. Top-level columns go by name. */
function reorderedField(source: TableSchema, destination: TableSchema): string | undefined {
  for (const field of source) {
    const counterpart = destination.find(({ name }) => name.toLowerCase() === field.name.toLowerCase());
    if (counterpart && !sameOrder(field, counterpart)) return field.name;
  }
  return undefined;
}

function sameOrder({ fields: ours = [] }: Field, { fields: theirs = [] }: Field): boolean {
  return (
    ours.length === theirs.length &&
    ours.every((field, i) => {
      const other = theirs[i];
      return other && field.name.toLowerCase() === other.name.toLowerCase() && sameOrder(field, other);
    })
  );
}
