/** What is told of a pull stream: whether it is connected, why not, and trouble once for each kind of it. */
import type { ConnectionState } from '../worker/delivery.ts';
import { pubSubTrouble } from './errors.ts';

/** Keeps the last state of one stream. */
export class ConnectionReport {
  readonly #subscription: string;
  readonly #onTrouble: (message: string) => void;
  #state: ConnectionState = { connected: false, why: 'not started' };
  #lastTrouble = '';

  constructor(subscription: string, onTrouble: (message: string) => void) {
    this.#subscription = subscription;
    this.#onTrouble = onTrouble;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  connected(): void {
    this.#state = { connected: true, why: 'receiving' };
  }

  /** Not connected, and that is as it should be. */
  atRest(why: string): void {
    this.#state = { connected: false, why };
  }

  /** The stream ended; servers end good ones as they see fit, so that is no trouble before the next one fails. */
  ended(error: unknown, wasGood: boolean): void {
    const trouble = error === undefined ? undefined : pubSubTrouble(error, this.#subscription);
    if (wasGood) this.#lastTrouble = '';
    if (!trouble || (wasGood && trouble.kind === 'transient')) {
      this.atRest('the stream ended, reconnecting');
      return;
    }
    this.atRest(trouble.message);
    // Told once: an outage must not flood the log.
    if (trouble.message !== this.#lastTrouble) this.#onTrouble(trouble.message);
    this.#lastTrouble = trouble.message;
  }
}
