/** What an organization's module makes of its source table. */
import type { Organization } from '../../../job/organization.ts';
import type { ModulePlan } from '../../../job/plan.ts';
import type { TableSchema } from '../../../job/table-schema.ts';
import { describeModule, findModule, isModule } from './find-module.ts';
import type { Modules } from './modules.ts';

/** A module with the columns it makes. */
export type ModuleTransform = {
  readonly plan: Omit<ModulePlan, 'verifyColumns' | 'currencyColumn'>;
  readonly columns: TableSchema;
};

/** Undefined for other transforms; throws TerminalError('invalid_configuration') for a module that is not there or cannot be used. */
export async function moduleTransformOf(
  { transform }: Pick<Organization, 'transform'>,
  source: TableSchema,
  modules: Modules | undefined,
): Promise<ModuleTransform | undefined> {
  if (!isModule(transform)) return undefined;
  const { version, cursor, columns } = await describeModule(await findModule(modules, transform), source);
  return { plan: { version, cursorField: cursor, sourceSchema: source }, columns };
}

/** Whether a module still is the one that a plan was made for; throws as moduleTransformOf does. */
export async function isSameModule(
  transform: string,
  { version }: ModulePlan,
  modules: Modules | undefined,
): Promise<boolean> {
  const found = await findModule(modules, transform);
  return (await describeModule(found)).version === version;
}
