/** The fields of a message, and what is wrong with the values somebody gave them. */
import 'reflect-metadata';
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
import { JOB_TYPES, type JobType } from './job.ts';
import { printable } from './json-text.ts';

const NAME = /^[A-Za-z0-9._-]+$/;
const NAME_RULE = 'may hold only A-Z a-z 0-9 . _ -';
const WINDOW_FIELDS = ['start', 'end'] as const;
const MESSAGE_FIELDS = ['organization_id', 'job_id', 'job_type', 'window', 'requested_by'] as const;

class WindowBody {
  @IsString()
  start!: string;

  @IsString()
  end!: string;
}

/** A message by the table in spec.md §3, before its window is read. */
export class MessageBody {
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
  window?: WindowBody;

  @IsOptional()
  @IsString()
  @MaxLength(255)
  requested_by?: string;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The body as far as it could be read, with one violation for each rule it breaks. */
export function readBody(value: JsonObject): { body: MessageBody; violations: string[] } {
  const { window } = value;
  const message = takeFields(new MessageBody(), MESSAGE_FIELDS, value, '');
  const nested = isJsonObject(window)
    ? takeFields(new WindowBody(), WINDOW_FIELDS, window, 'window.')
    : undefined;
  const misshapen = window !== undefined && window !== null && !nested;
  const body = Object.assign(message.taken, nested ? { window: nested.taken } : { window: undefined });
  const violations = [
    ...message.violations,
    ...(misshapen ? ['window must be an object'] : []),
    ...(nested?.violations ?? []),
    ...validateSync(body, { forbidUnknownValues: true }).flatMap((error) => violationsOf(error, '')),
  ];
  return { body, violations };
}

/** Whether a parsed JSON value is an object, and so neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Copies the known fields, and says of every other that it is none. By hand, because class-transformer drops names such
 * as `constructor` without a word and follows any nesting until the stack is full.
 */
function takeFields<T extends object>(
  taken: T,
  known: readonly (keyof T & string)[],
  value: JsonObject,
  path: string,
): { readonly taken: T; readonly violations: readonly string[] } {
  const violations = [];
  for (const [name, field] of Object.entries(value)) {
    const isKnown = (known as readonly string[]).includes(name);
    if (!isKnown) violations.push(`${path}${printable(name)} is not a known field`);
    // An explicit null is a wrong type, though class-validator's IsOptional would let it pass.
    else if (field === null) violations.push(`${path}${name} must not be null`);
    else Object.assign(taken, { [name]: field });
  }
  return { taken, violations };
}

function violationsOf(error: ValidationError, path: string): string[] {
  const own = Object.values(error.constraints ?? {}).map((text) => path + text);
  const below = `${path}${error.property}.`;
  return [...own, ...(error.children ?? []).flatMap((child) => violationsOf(child, below))];
}
