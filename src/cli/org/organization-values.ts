/** Reads the values of `org set`; each parser refuses with the rule that a value breaks. */
import { InvalidArgumentError } from 'commander';
import { parseTableRef, tableRefProblem, type TableRef } from '../../job/table-ref.ts';

/** An option given an empty argument, which clears its column; commander has no other empty value. */
export type Cleared = '';

/** A table as `project.dataset.table`. */
export function table(text: string): TableRef {
  const ref = parseTableRef(text);
  if (!ref) throw new InvalidArgumentError(`${sentence(tableRefProblem(text) ?? '')}.`);
  return ref;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Every kind of transform name. Source: spec.md §5, Transforms. */
export function transform(text: string): string {
  return matching(
    text,
    /^(none|focus-1\.[012]|(sql|module):[A-Za-z0-9_-]{1,100})$/,
    'none, focus-1.0, focus-1.1, focus-1.2, sql:<name> or module:<name>',
  );
}

/** A location of BigQuery. */
export function location(text: string): string {
  return matching(text, /^[A-Za-z][A-Za-z0-9-]{1,62}$/, 'a BigQuery location such as EU or europe-west3');
}

/** The e-mail address of a service account. */
export function email(text: string): string {
  return matching(text, /^[^@\s]+@[^@\s]+\.[^@\s]+$/, 'the e-mail address of a service account');
}

/** The name of a top-level column. */
export function column(text: string): string {
  return matching(text, /^[\p{L}_][\p{L}\p{N}_]{0,299}$/u, 'the name of a top-level column');
}

/** Columns, nested ones too, separated by commas. */
export function columns(text: string): string[] {
  const path = /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u;
  return text.split(',').map((name) => matching(name.trim(), path, 'column names separated by commas'));
}

/** Up to four columns. Source: BigQuery documentation, clustered tables. */
export function clustering(text: string): string[] {
  const names = columns(text);
  if (names.length > 4) throw new InvalidArgumentError('BigQuery clusters by at most 4 columns.');
  return names;
}

/** Whole minutes, at most a year. */
export function settleMinutes(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 525_600)
    throw new InvalidArgumentError('Use whole minutes, at most a year.');
  return number;
}

/** Whole percent, from 0 to 100. */
export function percent(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 100)
    throw new InvalidArgumentError('Use whole percent, from 0 to 100.');
  return Number(text);
}

/** Bytes, at least one. */
export function bytes(text: string): bigint {
  // JSON readers hold no larger whole numbers.
  const fits = /^\d+$/.test(text) && BigInt(text) >= 1n && BigInt(text) <= BigInt(Number.MAX_SAFE_INTEGER);
  if (!fits) throw new InvalidArgumentError('Use a whole number of bytes, such as 1000000000000 for 1 TB.');
  return BigInt(text);
}

/** The parser, but for an empty argument, which clears the column. */
export function clearable<T>(parse: (text: string) => T): (text: string) => T | Cleared {
  return (text) => (text === '' ? '' : parse(text));
}

function matching(text: string, pattern: RegExp, rule: string): string {
  if (!pattern.test(text)) throw new InvalidArgumentError(`Use ${rule}.`);
  return text;
}
