// Which runs of one world are the same run but for the names of what went wrong in them.
import { createHash } from 'node:crypto';
import { TERMINAL_REASONS, TRANSIENT_REASONS } from './fault-kinds.ts';

/** What of a line says which fault its call met. */
const FAULT_OF_CALL = /^(\S+ r\d+ #\d+ \S+) [a-z_]+ [\d.]+$/;
/** A reason that was injected is a name on record to whoever has acted upon it: how it acted is in the events. */
const INJECTED_REASON = new RegExp([...TRANSIENT_REASONS, ...TERMINAL_REASONS].join('|'), 'g');

/**
 * A hash of everything that the replicas of a run could hear, when, and of all that it left on record. After their faults, two
 * runs with one key have gone the same way, answer by answer: from then on a second fault finds the same world in both.
 */
export class RunKey {
  readonly #hash = createHash('sha1');

  readonly onEvent = (line: string, value: unknown): void => {
    this.#add(line.replace(FAULT_OF_CALL, '$1'));
    this.#add(JSON.stringify([value], asJson));
  };

  /** The key of the run that has come to its end with these contents of the database. */
  end(contents: string): string {
    this.#add(contents);
    return this.#hash.digest('base64');
  }

  #add(text: string): void {
    this.#hash.update(`${text.replaceAll(INJECTED_REASON, 'injected')}\n`);
  }
}

function asJson(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  return value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
}
