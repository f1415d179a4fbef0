/** Instants as whole microseconds since 1970-01-01T00:00:00Z, the only form in which times and cursors are computed with. */

/** Microseconds since the Unix epoch, UTC; negative before 1970. */
export type Micros = bigint;

export const MICROS_PER_MS = 1_000n;
export const MICROS_PER_SECOND = 1_000_000n;
export const MICROS_PER_MINUTE = 60n * MICROS_PER_SECOND;
export const MICROS_PER_DAY = 86_400n * MICROS_PER_SECOND;

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))$/;

/** Reads an RFC 3339 timestamp to the microsecond; undefined when it is none, names no real date or is finer than a microsecond. */
export function parseInstant(text: string): Micros | undefined {
  const match = RFC_3339.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', , sign, offsetHour, offsetMinute] = match;
  if (fraction.slice(6).replace(/0/g, '') !== '') return undefined;
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = utcDate(fields);
  if (!date) return undefined;
  const offsetMinutes = sign ? Number(`${sign}1`) * (Number(offsetHour) * 60 + Number(offsetMinute)) : 0;
  if (Math.abs(offsetMinutes) >= 24 * 60 || Number(offsetMinute ?? 0) > 59) return undefined;
  return (
    BigInt(date.getTime()) * MICROS_PER_MS +
    BigInt(fraction.slice(0, 6).padEnd(6, '0')) -
    BigInt(offsetMinutes) * MICROS_PER_MINUTE
  );
}

/** Writes an instant as RFC 3339 in UTC with six decimals, the form used in plans, logs and listings. */
export function formatInstant(instant: Micros): string {
  const micros = ((instant % MICROS_PER_SECOND) + MICROS_PER_SECOND) % MICROS_PER_SECOND;
  const seconds = (instant - micros) / MICROS_PER_SECOND;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}.${micros.toString().padStart(6, '0')}Z`;
}

/** The day an instant lies in, in UTC: `2026-01-31`. */
export function dayText(instant: Micros): string {
  return formatInstant(instant).slice(0, 10);
}

function utcDate([year, month, day, hour, minute, second]: [number, number, number, number, number, number]):
  Date | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const real =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  return real ? date : undefined;
}
