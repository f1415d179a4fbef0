/** Keeps a pull stream alive by pings, and notices when a server that used to answer them has fallen silent. */
import type { Clock } from '../job/clock.ts';

/** Without a sign from us the server ends the stream; any request on it counts. Source: StreamingPullRequest in pubsub.proto. */
const PING_MS = 30_000;
/** Protocol version 1 answers each ping with an empty response within this time. Source: Google's own clients. */
const ANSWER_MS = 15_000;

/** Older servers and emulators answer no ping, so only one that has answered before can be missed. */
export class StreamPulse {
  readonly #clock: Clock;
  #answersPings = false;
  #heard = 0;
  #emptyHeard = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A response arrived; one without messages is an answer to a ping. */
  heard(messages: number): void {
    this.#heard += 1;
    if (messages === 0) this.#emptyHeard += 1;
  }

  /** Pings until the stream has ended; resolves with false when the server has fallen silent before that. */
  async beat(ping: () => void, isListening: () => boolean, ended: AbortSignal): Promise<boolean> {
    const isOver = (): boolean => ended.aborted;
    for (;;) {
      await this.#clock.sleep(PING_MS, ended);
      if (isOver()) return true;
      const [heard, emptyHeard] = [this.#heard, this.#emptyHeard];
      ping();
      await this.#clock.sleep(ANSWER_MS, ended);
      if (isOver()) return true;
      if (this.#emptyHeard > emptyHeard) this.#answersPings = true;
      if (this.#answersPings && isListening() && this.#heard === heard) return false;
    }
  }
}
