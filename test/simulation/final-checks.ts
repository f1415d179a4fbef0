// What must hold when everything that was asked for has come to its end.
import type { Reason } from '../../src/job/reason.ts';
import type { DeadLetter } from '../support/fake-broker.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import type { Checker } from './checker.ts';
import { rowsDifference } from './copy-model.ts';
import { nameOf } from './database-facts.ts';
import { UNKNOWN_ORGANIZATION } from './organizations.ts';
import type { Scenario } from './scenario.ts';
import { copiesOf } from './simulated-module.ts';

/** For these reasons a job fails again and again until something else is done. */
const HOPELESS: readonly string[] = ['unknown_organization', 'beyond_watermark'] satisfies Reason[];

/** What a world has come to. */
export type End = {
  readonly scenario: Scenario;
  /** Whether every organization was asked for one more copy, without faults. */
  readonly hasLastJobs: boolean;
  /** Whether all dead letters were replayed when nothing went wrong any more. */
  readonly hasReplayed: boolean;
  readonly warehouseViolations: readonly string[];
  readonly deadLetters: readonly DeadLetter[];
  /** The bodies of the messages that the broker gave up on. */
  readonly givenUp: readonly unknown[];
  /** Names of the jobs whose failure somebody was told of. */
  readonly alerted: ReadonlySet<string>;
  readonly sourceRows: (organizationId: string) => readonly Row[];
  readonly visible: (organizationId: string) => readonly Row[];
};

/** Tells the checker of everything that does not hold. */
export function checkEnd(checker: Checker, end: End): void {
  const { scenario } = end;
  for (const violation of end.warehouseViolations) checker.violation(`the warehouse: ${violation}`);
  for (const { job } of scenario.requests)
    if (job && !isRemembered(job, checker, end))
      checker.violation(`I10: nobody remembers the job ${job.join('/')}`);
  const hasInvalid = scenario.requests.some(({ job }) => job === undefined);
  if (hasInvalid && !hasLetterOfMessage(end.deadLetters))
    checker.violation('I10: an invalid message left no dead letter');
  for (const organizationId of scenario.organizations) {
    checker.commits.checkUnchanged(organizationId);
    checker.quarantines.checkEnd(organizationId);
  }
  if (scenario.outbox) checkOutbox(checker, end);
  if (end.hasReplayed) checkReplayed(checker, end);
  if (end.hasLastJobs) checkLastJobs(checker, end);
}

/** I10: a replay leaves no job behind, neither one nobody wrote down nor one that could succeed now. */
function checkReplayed(checker: Checker, { scenario }: End): void {
  for (const { job } of scenario.requests)
    if (job && job[0] !== UNKNOWN_ORGANIZATION && !checker.job(job.join('/')))
      checker.violation(
        `I10: the job ${job.join('/')} is not on record after all dead letters were replayed`,
      );
  for (const job of checker.jobs())
    if (job.status === 'FAILED' && !HOPELESS.includes(job.error_reason ?? ''))
      checker.violation(
        `I10: ${nameOf(job)} is FAILED after all dead letters were replayed: ${job.error_message}`,
      );
}

/** Before anybody had written the job down, the broker may have given its message up: then that is on record. */
function isRemembered(
  [organization, id]: readonly [string, string],
  checker: Checker,
  { givenUp }: End,
): boolean {
  const bodies = givenUp as readonly { readonly organization_id?: string; readonly job_id?: string }[];
  return (
    checker.jobs().some((one) => one.organization_id === organization && one.job_id === id) ||
    bodies.some((body) => body.organization_id === organization && body.job_id === id)
  );
}

/** Whether a message that can never run was published as a dead letter. */
export function hasLetterOfMessage(deadLetters: readonly DeadLetter[]): boolean {
  return deadLetters.some(({ attributes }) => attributes['source'] !== 'failed_job');
}

/** I10: whoever has to know of a failed job was told. */
function checkOutbox(checker: Checker, { deadLetters, alerted }: End): void {
  const published = new Set(deadLetters.map(({ attributes }) => attributes['job']));
  for (const job of checker.jobs().filter(({ status }) => status === 'FAILED')) {
    const name = `${job.organization_id}/${job.job_id}`;
    if (!published.has(name)) checker.violation(`I10: the dead letter of ${name} was never published`);
    if (!alerted.has(name)) checker.violation(`I10: nobody was alerted of ${name}`);
  }
}

/** I10: whatever went wrong before, one job without faults brings over all that is left. */
function checkLastJobs(checker: Checker, { sourceRows, visible }: End): void {
  for (const job of checker.jobs().filter(({ job_id: id }) => id.startsWith('last'))) {
    const of = job.organization_id;
    if (job.status !== 'SUCCESS')
      checker.violation(`I10: ${of}/${job.job_id} is ${job.status}: ${job.error_message}`);
    const difference = rowsDifference(copiesOf(of, sourceRows(of)), visible(of));
    if (difference) checker.violation(`I1: ${of} after its last job: ${difference}`);
  }
}
