/** Colours, for terminals whose user did not refuse them. */
import { styleText } from 'node:util';
import type { JobStatus } from '../job/job.ts';
import type { CliIo, Output } from './cli-io.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Text in a style, or as it is where colours are off. */
export type Paint = (style: Style | undefined, text: string) => string;

/** Colours on a TTY only, and never with NO_COLOR. Source: no-color.org. */
export function hasColours(output: Output, env: CliIo['env']): boolean {
  return output.isTTY === true && (env['NO_COLOR'] ?? '') === '';
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
