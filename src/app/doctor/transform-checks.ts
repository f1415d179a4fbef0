/** What doctor looks at in TRANSFORMS_DIR: that the files organizations name are there, and that modules can be loaded. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../job/errors.ts';
import { broken, ok, type HealthCheck } from '../../cli/health-check.ts';
import { describeModule, findModule, isModule } from '../../etl/transforms/module/find-module.ts';
import type { Organization } from '../../job/organization.ts';
import { modulesOf, type ModuleSettings } from '../load-transforms.ts';

const SQL = 'sql:';

/** One check for an organization whose transform is a file; none for the others. */
export function transformChecks(
  { organizationId, transform }: Organization,
  settings: ModuleSettings,
): HealthCheck[] {
  if (!isModule(transform) && !transform.startsWith(SQL)) return [];
  const look = () =>
    isModule(transform)
      ? moduleLoads(settings, transform)
      : isThere(join(settings.transformsDir, `${transform.slice(SQL.length)}.sql`));
  return [{ name: `${organizationId} transform ${transform}`, look }];
}

async function isThere(path: string): ReturnType<HealthCheck['look']> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there) return ok(path);
  return broken(
    `${path} is not there`,
    'put it there, correct TRANSFORMS_DIR, or name another with org set --transform',
  );
}

async function moduleLoads(settings: ModuleSettings, transform: string): ReturnType<HealthCheck['look']> {
  try {
    const module = await findModule(modulesOf(settings), transform);
    await describeModule(module);
    return ok(module.path);
  } catch (error) {
    return broken(
      messageOf(error),
      'correct the module or TRANSFORMS_DIR, or name another with org set --transform',
    );
  }
}
