/** What doctor looks at in TRANSFORMS_DIR: that the files organizations name are there. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { broken, ok, type HealthCheck } from '../../cli/health-check.ts';
import type { Organization } from '../../job/organization.ts';

/** One check for an organization whose transform is a file; none for the others. */
export function transformChecks(
  { organizationId, transform }: Organization,
  transformsDir: string,
): HealthCheck[] {
  const [kind, name] = transform.split(':');
  const endings = kind === 'sql' ? ['.sql'] : kind === 'module' ? ['.ts', '.js', '.mjs'] : [];
  if (name === undefined || endings.length === 0) return [];
  const look = async () => {
    for (const ending of endings) {
      const path = join(transformsDir, `${name}${ending}`);
      if (
        await access(path).then(
          () => true,
          () => false,
        )
      )
        return ok(path);
    }
    return broken(
      `${join(transformsDir, name)}${endings.join(' or ')} is not there`,
      'put it there, correct TRANSFORMS_DIR, or name another with org set --transform',
    );
  };
  return [{ name: `${organizationId} transform ${transform}`, look }];
}
