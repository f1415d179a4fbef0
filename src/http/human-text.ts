/** Numbers, times and sizes as people read them. */
import { formatInstant, type Micros } from '../job/instant.ts';

/** 1,234,567 */
export function count(value: number | undefined): string {
  return value === undefined ? '–' : value.toLocaleString('en-US');
}

/** 2026-01-31 12:00:05Z; whole seconds are enough to read. */
export function time(instant: Micros | undefined): string {
  return instant === undefined ? '–' : `${formatInstant(instant).slice(0, 19).replace('T', ' ')}Z`;
}

/** 12.3 MB, in powers of ten. */
export function size(bytes: number | undefined): string {
  if (bytes === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const scaled = bytes / 1000 ** power;
  return `${power === 0 ? scaled : scaled.toFixed(1)} ${units[power]}`;
}

/** 850 ms, 12.3 s, 5m 03s, 2h 05m, 9d 04h */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const two = (value: number): string => value.toString().padStart(2, '0');
  if (hours >= 48) return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
  return hours > 0 ? `${hours}h ${two(minutes)}m` : `${minutes}m ${two(seconds % 60)}s`;
}

/** The time between two instants, or a dash while one of them is open. */
export function between(start: Micros | undefined, end: Micros | undefined): string {
  return start === undefined || end === undefined ? '–' : duration(Number(end - start) / 1_000);
}

/** 1.2k, 3.4M, 5.6B: for where there is no room. */
export function briefCount(value: number): string {
  const units = ['', 'k', 'M', 'B', 'T'];
  const power = value < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : Number(scaled.toFixed(1))}${units[power]}`;
}

/** 0.5 s, 45 s, 3 min, 1.5 h: for an axis. */
export function briefDuration(seconds: number): string {
  const inUnit = (value: number, unit: string): string => `${Number(value.toFixed(1))} ${unit}`;
  if (seconds < 60) return inUnit(seconds, 's');
  return seconds < 3_600 ? inUnit(seconds / 60, 'min') : inUnit(seconds / 3_600, 'h');
}

/** 97 %, or 99.9 % where a whole number would hide a failure; a dash where nothing ended. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (100 * part) / whole;
  return `${percent > 99 && percent < 100 ? Math.floor(percent * 10) / 10 : Math.round(percent)} %`;
}
