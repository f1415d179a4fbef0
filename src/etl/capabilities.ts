/** What this version can carry out; everything else is refused by name at plan time rather than half done. */
import { TerminalError } from '../job/errors.ts';
import type { JobRequest } from '../job/job.ts';
import type { Organization } from '../job/organization.ts';

/** Throws a TerminalError naming the first setting that this version does not carry out. */
export function refuseWhatIsUnsupported(
  request: Pick<JobRequest, 'jobType'>,
  organization: Organization,
): void {
  const refused = firstUnsupported(request, organization);
  if (refused) {
    throw new TerminalError(
      'unsupported',
      `${refused} is not carried out by this version; see "What works today" in the README`,
    );
  }
}

function firstUnsupported(
  { jobType }: Pick<JobRequest, 'jobType'>,
  organization: Organization,
): string | undefined {
  if (jobType === 'verify') return `job_type ${jobType}`;
  if (organization.transform.startsWith('module:')) return `transform ${organization.transform}`;
  if (organization.verifyLevel === 'fingerprint') return 'verify_level fingerprint';
  return undefined;
}
