/** The world of a command: streams, environment, signals and the program behind it. */
import type { Environment } from '../config/read-config.ts';
import type { AppFactory } from './app-port.ts';

/** A stream to write to; colours and bars are for terminals only. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export type CliIo = {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  readonly readFile: (path: string) => string;
  readonly createApp: AppFactory;
  readonly version: string;
  /** Who is at the keyboard, for the audit log. */
  readonly user: string;
  readonly now: () => Date;
  /** Random text for a job id, lower-case letters and digits. */
  readonly randomSuffix: () => string;
  /** At least 0 and less than 1. */
  readonly random: () => number;
  /** Calls the handler at Ctrl-C instead of ending the process; returns how to stop that. */
  readonly onInterrupt: (handler: () => void) => () => void;
  /** How often a followed job is looked at. */
  readonly pollMs: number;
};
