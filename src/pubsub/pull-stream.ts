/** One StreamingPull stream kept open: server-side flow control, a pinned ack deadline, and a reconnect whenever it ends. */
import type { protos, v1 } from '@google-cloud/pubsub';
import type { Clock, Random } from '../job/clock.ts';
import type { ConnectionState } from '../worker/delivery.ts';
import { pubSubTrouble } from './errors.ts';

export type ReceivedMessage = protos.google.pubsub.v1.IReceivedMessage;
type StreamingPull = ReturnType<v1.SubscriberClient['streamingPull']>;

export type PullStreamOptions = {
  readonly subscriber: v1.SubscriberClient;
  readonly subscription: string;
  readonly ackDeadlineMs: number;
  readonly maxOutstanding: number;
  /** Names this client, so that flow control goes on over a reconnect. */
  readonly clientId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onMessages: (messages: readonly ReceivedMessage[]) => void;
  readonly onTrouble: (message: string) => void;
};

const MIN_RECONNECT_MS = 100;
const MAX_RECONNECT_MS = 10_000;
/** The client's own deadline is 15 minutes; the server ends streams as it sees fit, and each end is a reconnect anyway. */
const STREAM_LIFE_MS = 24 * 60 * 60_000;
/** Without a keep-alive from us the server ends the stream; any request on it counts. Source: StreamingPullRequest in pubsub.proto. */
const KEEP_ALIVE_MS = 30_000;

/** Receives until it is stopped. */
export class PullStream {
  readonly #options: PullStreamOptions;
  readonly #stopped = new AbortController();
  #stream: StreamingPull | undefined;
  #paused = false;
  #connection: ConnectionState = { connected: false, why: 'not started' };
  #lastTrouble = '';

  constructor(options: PullStreamOptions) {
    this.#options = options;
  }

  connection(): ConnectionState {
    return this.#connection;
  }

  /** Opens the stream and opens it again each time it ends. */
  start(): void {
    void this.#stayConnected();
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }

  stop(): void {
    this.#stopped.abort();
    this.#stream?.cancel();
    this.#connection = { connected: false, why: 'stopped' };
  }

  async #stayConnected(): Promise<void> {
    const { clock, random } = this.#options;
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      const received = await this.#receiveUntilEnd();
      failures = received ? 0 : failures + 1;
      const ceilingMs = Math.min(MAX_RECONNECT_MS, MIN_RECONNECT_MS * 2 ** failures);
      await clock.sleep(MIN_RECONNECT_MS + random() * ceilingMs, this.#stopped.signal);
    }
  }

  /** Resolves when the stream has ended, with whether it had been working. */
  #receiveUntilEnd(): Promise<boolean> {
    const { subscriber, onMessages } = this.#options;
    const ended = new AbortController();
    return new Promise((resolve) => {
      const stream = subscriber.streamingPull({ timeout: STREAM_LIFE_MS });
      let worked = false;
      const markConnected = (): void => {
        worked = true;
        this.#lastTrouble = '';
        if (!this.#stopped.signal.aborted) this.#connection = { connected: true, why: 'receiving' };
      };
      const finish = (error?: unknown): void => {
        if (ended.signal.aborted) return;
        ended.abort();
        this.#disconnected(error);
        stream.cancel();
        resolve(worked);
      };
      stream.on('metadata', markConnected);
      stream.on('data', (response: { receivedMessages?: readonly ReceivedMessage[] | null }) => {
        markConnected();
        if (response.receivedMessages?.length) onMessages(response.receivedMessages);
      });
      stream.on('error', finish);
      stream.on('end', () => finish());
      stream.on('close', () => finish());
      stream.write(this.#openingRequest());
      this.#stream = stream;
      if (this.#paused) stream.pause();
      void this.#keepAlive(stream, ended.signal);
    });
  }

  async #keepAlive(stream: StreamingPull, ended: AbortSignal): Promise<void> {
    const { clock, ackDeadlineMs } = this.#options;
    for (;;) {
      await clock.sleep(KEEP_ALIVE_MS, ended);
      if (ended.aborted) return;
      stream.write({ streamAckDeadlineSeconds: ackDeadlineMs / 1000 });
    }
  }

  #openingRequest(): protos.google.pubsub.v1.IStreamingPullRequest {
    const { subscription, ackDeadlineMs, maxOutstanding, clientId } = this.#options;
    return {
      subscription,
      streamAckDeadlineSeconds: ackDeadlineMs / 1000,
      maxOutstandingMessages: maxOutstanding,
      clientId,
    };
  }

  #disconnected(error: unknown): void {
    this.#stream = undefined;
    if (this.#stopped.signal.aborted) return;
    if (error === undefined) {
      this.#connection = { connected: false, why: 'the stream ended, reconnecting' };
      return;
    }
    const { message } = pubSubTrouble(error, this.#options.subscription);
    this.#connection = { connected: false, why: message };
    // Told once: an outage must not flood the log.
    if (message !== this.#lastTrouble) this.#options.onTrouble(message);
    this.#lastTrouble = message;
  }
}
