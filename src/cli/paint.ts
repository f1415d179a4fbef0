/** Colours, for terminals whose user did not refuse them. */
import { styleText } from 'node:util';
import type { JobStatus } from '../job/job.ts';
import type { CliIo, Output } from './cli-io.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Text in a style, or as it is where colours are off. */
export type Paint = (style: Style | undefined, text: string) => string;

/** Colours on a terminal, unless NO_COLOR is set; FORCE_COLOR decides before both, 0 or false against. Source: no-color.org, force-color.org. */
export function hasColours(output: Output, env: CliIo['env']): boolean {
  const forced = env['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return output.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

export function paintFor(output: Output, env: CliIo['env']): Paint {
  if (!hasColours(output, env)) return (_, text) => text;
  return (style, text) => (style === undefined ? text : styleText(style, text, { validateStream: false }));
}

export const STATUS_STYLES: Readonly<Record<JobStatus, Style>> = {
  QUEUED: 'dim',
  IN_PROGRESS: 'cyan',
  COMMITTING: 'cyan',
  SUCCESS: 'green',
  FAILED: 'red',
  CANCELLED: 'yellow',
};
