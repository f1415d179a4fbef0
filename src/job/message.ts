/** Reads the bytes of a message into a job request, or into everything that is wrong with them. */
import 'reflect-metadata';
import { plainToInstance, Type } from 'class-transformer';
import {
  IsIn,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateNested,
  validateSync,
  type ValidationError,
} from 'class-validator';
import { parseInstant } from './instant.ts';
import { JOB_TYPES, type JobRequest, type JobType } from './job.ts';
import type { Reason } from './reason.ts';

export const MAX_MESSAGE_BYTES = 64 * 1024;

/** A message is either a request or a list of violations, each naming the field and the rule. */
export type ParsedMessage =
  | { readonly kind: 'valid'; readonly request: JobRequest }
  | { readonly kind: 'invalid'; readonly reason: InvalidReason; readonly violations: readonly string[] };
export type InvalidReason = Extract<
  Reason,
  'not_utf8' | 'not_json' | 'message_too_large' | 'invalid_message'
>;

const NAME = /^[A-Za-z0-9._-]+$/;
const NAME_RULE = 'may hold only A-Z a-z 0-9 . _ -';

class WindowBody {
  @IsString()
  start!: string;

  @IsString()
  end!: string;
}

class MessageBody {
  @IsString()
  @Length(1, 255)
  @Matches(NAME, { message: `$property ${NAME_RULE}` })
  organization_id!: string;

  @IsString()
  @Length(1, 255)
  @Matches(NAME, { message: `$property ${NAME_RULE}` })
  job_id!: string;

  @IsOptional()
  @IsIn(JOB_TYPES)
  job_type?: JobType;

  @IsOptional()
  @ValidateNested()
  @Type(() => WindowBody)
  window?: WindowBody;

  @IsOptional()
  @IsString()
  @MaxLength(255)
  requested_by?: string;
}

/** Never throws: whatever the bytes are, the answer is a request or the reasons why not. */
export function parseMessage(bytes: Uint8Array): ParsedMessage {
  if (bytes.byteLength > MAX_MESSAGE_BYTES) {
    return invalid('message_too_large', [
      `the message has ${bytes.byteLength} bytes; at most ${MAX_MESSAGE_BYTES} are allowed`,
    ]);
  }
  const text = decode(bytes);
  if (text === undefined) return invalid('not_utf8', ['the message is not valid UTF-8']);
  const json = parseJson(text);
  if ('error' in json) return invalid('not_json', [`the message is not JSON: ${json.error}`]);
  if (typeof json.value !== 'object' || json.value === null || Array.isArray(json.value)) {
    return invalid('invalid_message', ['the message must be a JSON object']);
  }
  return validate(json.value);
}

function validate(value: object): ParsedMessage {
  const nulls = nullFields(value);
  if (nulls.length > 0) return invalid('invalid_message', nulls);
  const body = plainToInstance(MessageBody, value);
  const errors = validateSync(body, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  const violations = errors.flatMap((error) => violationsOf(error, ''));
  if (violations.length > 0) return invalid('invalid_message', violations);
  return withWindow(body);
}

function withWindow(body: MessageBody): ParsedMessage {
  const jobType = body.job_type ?? 'incremental';
  const start = body.window && parseInstant(body.window.start);
  const end = body.window && parseInstant(body.window.end);
  const violations = windowViolations(jobType, body.window, start, end);
  if (violations.length > 0) return invalid('invalid_message', violations);
  const window = start !== undefined && end !== undefined ? { start, end } : undefined;
  const { organization_id: organizationId, job_id: jobId, requested_by: requestedBy } = body;
  return { kind: 'valid', request: { organizationId, jobId, jobType, window, requestedBy } };
}

function windowViolations(
  jobType: JobType,
  window: WindowBody | undefined,
  start?: bigint,
  end?: bigint,
): string[] {
  if (!window) {
    return jobType === 'backfill' || jobType === 'repair'
      ? [`window is required for job_type ${jobType}`]
      : [];
  }
  if (jobType === 'incremental') return ['window is not allowed for job_type incremental'];
  const rule = 'must be an RFC 3339 timestamp of at most microseconds, such as 2026-01-31T00:00:00Z';
  const violations = [];
  if (start === undefined) violations.push(`window.start ${rule}`);
  if (end === undefined) violations.push(`window.end ${rule}`);
  if (start !== undefined && end !== undefined && start >= end)
    violations.push('window.start must be before window.end');
  return violations;
}

/** An explicit null is a wrong type, though class-validator's IsOptional would let it pass. */
function nullFields(value: object): string[] {
  return Object.entries(value)
    .filter(([, field]) => field === null)
    .map(([name]) => `${printable(name)} must not be null`);
}

function violationsOf(error: ValidationError, path: string): string[] {
  const property = `${path}${printable(error.property)}`;
  const own = Object.entries(error.constraints ?? {}).map(([rule, text]) =>
    rule === 'whitelistValidation' ? `${property} is not a known field` : path + text,
  );
  return [...own, ...(error.children ?? []).flatMap((child) => violationsOf(child, `${property}.`))];
}

/** A field name from outside, safe and short enough to repeat in a log line or an attribute. */
function printable(name: string): string {
  const escaped = JSON.stringify(name).slice(1, -1);
  return escaped.length > 64 ? `${escaped.slice(0, 64)}…` : escaped;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parseJson(text: string): { value: unknown } | { error: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: error instanceof Error ? error.message.slice(0, 200) : 'unreadable' };
  }
}

function invalid(reason: InvalidReason, violations: readonly string[]): ParsedMessage {
  return { kind: 'invalid', reason, violations };
}
