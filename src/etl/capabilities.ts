/** What this version can carry out; everything else is refused by name at plan time rather than half done. */
import { TerminalError } from '../job/errors.ts';
import type { Organization } from '../job/organization.ts';
import { isModule } from './transforms/module/find-module.ts';

/** Throws a TerminalError naming the first setting that this version does not carry out. */
export function refuseWhatIsUnsupported(organization: Organization): void {
  const refused = firstUnsupported(organization);
  if (refused) {
    throw new TerminalError(
      'unsupported',
      `${refused} is not carried out by this version; see "What works today" in the README`,
    );
  }
}

function firstUnsupported(organization: Organization): string | undefined {
  if (organization.verifyLevel !== 'fingerprint') return undefined;
  if (organization.sourceKind !== 'bigquery')
    return `verify_level fingerprint of a source of kind ${organization.sourceKind}`;
  // What a module makes has nothing at the source to be compared with.
  if (isModule(organization.transform))
    return `verify_level fingerprint under transform ${organization.transform}`;
  return undefined;
}
