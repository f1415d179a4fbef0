/** An alert in words: what happened to whom, where to read about it and what to type next. */

/** What is alerted about; kind and reason are words from closed lists. */
export type Alert = {
  readonly kind: string;
  readonly organizationId: string | undefined;
  readonly jobId: string | undefined;
  readonly reason: string | undefined;
  readonly message: string;
  /** How many of its kind and key it stands for. */
  readonly times: number;
  /** RFC 3339. */
  readonly at: string;
};

const HEADLINES: Readonly<Record<string, string>> = {
  failed: 'FAILED',
  crash_loop: 'FAILED after its process died again and again',
  needs_operator: 'needs an operator: nobody can prove whether its commit took effect',
  commit_retrying: 'is decided and its commit is tried again until it succeeds',
  stale_organization: 'falls behind',
  ledger_mismatch: 'differs between source and destination',
};
const MAX_MESSAGE = 1_500;

/** A few lines for a chat; whatever the message holds mentions nobody and links nowhere. */
export function alertText(alert: Alert): string {
  const { organizationId, jobId, kind, times, message } = alert;
  const subject =
    [organizationId, jobId].filter((part) => part !== undefined).join('/') || 'pulse-billing-etl';
  const repeated = times > 1 ? ` (${times} times)` : '';
  const short = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
  return [
    `${subject} ${HEADLINES[kind] ?? kind}${repeated}`,
    escaped(short),
    ...labelled('runbook', runbookHeading(alert)),
    ...labelled('next', nextStep(alert)),
  ].join('\n');
}

/** Where the runbook says what to do; undefined where no reason is known. */
export function runbookHeading({ reason }: Alert): string | undefined {
  return reason === undefined ? undefined : `docs/runbook.md#${reason}`;
}

/** The command to look closer or, where the cause is removed, to try again. */
export function nextStep({ kind, organizationId, jobId }: Alert): string | undefined {
  if (organizationId === undefined) return undefined;
  if (jobId === undefined) return `pulse-billing-etl status --org ${organizationId}`;
  const verb = kind === 'failed' || kind === 'crash_loop' ? 'retry' : 'show';
  return `pulse-billing-etl ${verb} ${organizationId} ${jobId}`;
}

/** Source: Slack's documentation of text formatting: these three characters are control characters. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function labelled(label: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${label}: ${value}`];
}
