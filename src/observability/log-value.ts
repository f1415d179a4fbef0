/** Turns whatever is logged into plain JSON values: secrets redacted, errors described, nothing too large or cyclic. */

export type LogValue =
  string | number | boolean | null | readonly LogValue[] | { readonly [key: string]: LogValue };

const REDACTED = '[redacted]';
const SECRET_KEY =
  /(^|[_-])pass$|pass(word|wd|phrase)|secret|(^|[_-])token$|(access|admin|id|refresh|bearer)[_-]?token|authorization|api[_-]?key|credentials?$|private[_-]?key|cookie|webhook/i;
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;
const MAX_TEXT = 8_192;
/** A shorter secret is part of too many innocent words to be looked for inside other text. */
const MIN_SECRET_INSIDE_TEXT = 6;

export type Redaction = { readonly secrets: readonly string[]; readonly withStacks: boolean };

/** The value as JSON can hold it; never throws, whatever getters or toJSON do. */
export function toLogValue(value: unknown, redaction: Redaction): LogValue {
  try {
    return convert(value, redaction, []);
  } catch (error) {
    return `[not loggable: ${error instanceof Error ? error.name : typeof error}]`;
  }
}

/** Text without any registered secret, neither as it is nor URL-encoded. */
export function redactText(text: string, secrets: readonly string[]): string {
  if (secrets.includes(text)) return REDACTED;
  const clean = secrets
    .filter((secret) => secret.length >= MIN_SECRET_INSIDE_TEXT)
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
  return clean.length > MAX_TEXT ? `${clean.slice(0, MAX_TEXT)}… (${clean.length} characters)` : clean;
}

function convert(value: unknown, redaction: Redaction, parents: readonly object[]): LogValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return redactText(value, redaction.secrets);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean') return value;
  // JSON has one kind of number, and readers of it often only 53 bits.
  if (typeof value === 'bigint')
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : value.toString();
  if (typeof value !== 'object') return `[${typeof value}]`;
  if (parents.includes(value)) return '[circular]';
  if (parents.length >= MAX_DEPTH) return '[too deep]';
  return convertObject(value, redaction, [...parents, value]);
}

function convertObject(value: object, redaction: Redaction, parents: readonly object[]): LogValue {
  if (value instanceof Error) return convertError(value, redaction, parents);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map) return convert(Object.fromEntries(value), redaction, parents);
  if (Array.isArray(value) || value instanceof Set) {
    const items = [...value];
    const kept = items.slice(0, MAX_ITEMS).map((item) => convert(item, redaction, parents));
    return items.length > MAX_ITEMS ? [...kept, `… ${items.length - MAX_ITEMS} more`] : kept;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(
    entries
      .slice(0, MAX_ITEMS)
      .map(([key, item]) => [
        key,
        SECRET_KEY.test(key) && item !== null ? REDACTED : convert(item, redaction, parents),
      ]),
  );
}

/** Name, message and the reason or code that classifies it; the stack and the rest of the chain only at debug. */
function convertError(error: Error, redaction: Redaction, parents: readonly object[]): LogValue {
  const { reason, code } = error as { reason?: unknown; code?: unknown };
  return {
    name: error.name,
    message: redactText(error.message, redaction.secrets),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.cause === undefined ? {} : { cause: convert(error.cause, redaction, parents) }),
    ...(redaction.withStacks && error.stack !== undefined
      ? { stack: redactText(error.stack, redaction.secrets) }
      : {}),
  };
}
