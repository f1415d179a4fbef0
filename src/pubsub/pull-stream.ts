/** One StreamingPull stream kept open: server-side flow control, a pinned ack deadline, and a reconnect whenever it ends. */
import type { protos, v1 } from '@google-cloud/pubsub';
import type { Clock, Random } from '../job/clock.ts';
import type { ConnectionState } from '../worker/delivery.ts';
import { isChannelReady } from './channel-state.ts';
import type { PubSubClients } from './clients.ts';
import { ConnectionReport } from './connection-report.ts';
import { StreamPulse } from './stream-pulse.ts';

export type ReceivedMessage = protos.google.pubsub.v1.IReceivedMessage;
type StreamingPull = ReturnType<v1.SubscriberClient['streamingPull']>;

export type PullStreamOptions = {
  readonly clients: Pick<PubSubClients, 'subscriber' | 'renewSubscriber'>;
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
/** A stream that lived this long was a good one: its end is the server's habit, not trouble. */
const GOOD_LIFE_MS = 10_000;
/** A refusal comes within this time once the line stands, round trip and all; silence beyond it is that of an empty subscription. */
const QUIET_MS = 500;
const LINE_CHECK_MS = 50;
/** Asks the server to answer pings. Source: StreamingPullRequest in pubsub.proto, and Google's own clients. */
const PROTOCOL_VERSION = 1;

/** Receives until it is stopped. */
export class PullStream {
  readonly #options: PullStreamOptions;
  readonly #stopped = new AbortController();
  #stream: StreamingPull | undefined;
  #endStream: () => void = () => undefined;
  #renewStream: (why: string) => void = () => undefined;
  #held = false;
  #away: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  readonly #report: ConnectionReport;

  constructor(options: PullStreamOptions) {
    this.#options = options;
    this.#report = new ConnectionReport(options.subscription, options.onTrouble);
  }

  connection(): ConnectionState {
    return this.#report.state;
  }

  /** Opens the stream and opens it again each time it ends. */
  start(): void {
    this.#report.atRest('connecting');
    void this.#stayConnected();
  }

  /** Takes nothing more from the stream, or goes on: the last resort against a server that ignores flow control. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#stream?.pause();
    else this.#stream?.resume();
  }

  /** Ends the stream until rejoin(): a message sent into a stream nobody reads would spend its deadline there, again and again. */
  leave(): void {
    if (this.#away) return;
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.#away = { over, end };
    this.#endStream();
  }

  rejoin(): void {
    this.#away?.end();
    this.#away = undefined;
  }

  /** Leaves the stream and its connection for new ones; without a stream there is nothing to leave. */
  renew(why: string): void {
    this.#renewStream(why);
  }

  stop(): void {
    this.#stopped.abort();
    this.#endStream();
    this.rejoin();
    this.#report.atRest('stopped');
  }

  async #stayConnected(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stopped;
    const isStopped = (): boolean => signal.aborted;
    let failures = 0;
    for (;;) {
      await this.#away?.over;
      if (isStopped()) return;
      const openedMs = clock.nowMs();
      const error = await this.#receiveUntilEnd();
      const wasGood = clock.nowMs() - openedMs >= GOOD_LIFE_MS;
      failures = wasGood ? 0 : failures + 1;
      if (isStopped()) return;
      if (this.#away) this.#report.atRest('pulling is paused');
      else this.#report.ended(error, wasGood);
      const ceilingMs = Math.min(MAX_RECONNECT_MS, MIN_RECONNECT_MS * 2 ** failures);
      await clock.sleep(MIN_RECONNECT_MS + random() * ceilingMs, signal);
    }
  }

  /** Resolves when the stream has ended, with its error if it had one. */
  #receiveUntilEnd(): Promise<unknown> {
    const { clients, onMessages, clock } = this.#options;
    const { subscriber } = clients;
    const ended = new AbortController();
    const pulse = new StreamPulse(clock);
    return new Promise((resolve) => {
      const stream = subscriber.streamingPull({ timeout: STREAM_LIFE_MS });
      const finish = (error?: unknown): void => {
        if (ended.signal.aborted) return;
        ended.abort();
        this.#stream = undefined;
        stream.cancel();
        resolve(error);
      };
      const connected = (): void => {
        if (!ended.signal.aborted && !this.#stopped.signal.aborted) this.#report.connected();
      };
      stream.on('metadata', connected);
      stream.on('data', ({ receivedMessages }: protos.google.pubsub.v1.IStreamingPullResponse) => {
        const messages = receivedMessages ?? [];
        connected();
        pulse.heard(messages.length);
        if (messages.length > 0) onMessages(messages);
      });
      stream.on('error', finish);
      stream.on('end', () => finish());
      stream.on('close', () => finish());
      stream.write(this.#openingRequest());
      this.#stream = stream;
      this.#endStream = () => finish();
      const renew = (why: string): void => {
        if (ended.signal.aborted) return;
        finish(new Error(why));
        // Another stream of the same client would use the same connection, which may be what is dead.
        clients.renewSubscriber(subscriber);
      };
      this.#renewStream = renew;
      if (this.#held) stream.pause();
      void this.#connectedWhenQuiet(subscriber, connected, ended.signal);
      void pulse
        .beat(
          () => stream.write({ streamAckDeadlineSeconds: this.#ackDeadlineSeconds }),
          () => !this.#held,
          ended.signal,
        )
        .then((alive) => {
          if (!alive) renew('the server no longer answers on the stream');
        });
    });
  }

  async #connectedWhenQuiet(
    subscriber: v1.SubscriberClient,
    connected: () => void,
    ended: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    const isOver = (): boolean => ended.aborted;
    let readySinceMs: number | undefined;
    for (;;) {
      readySinceMs = (await isChannelReady(subscriber)) ? (readySinceMs ?? clock.nowMs()) : undefined;
      if (isOver()) return;
      if (readySinceMs !== undefined && clock.nowMs() - readySinceMs >= QUIET_MS) {
        connected();
        return;
      }
      await clock.sleep(LINE_CHECK_MS, ended);
    }
  }

  #openingRequest(): protos.google.pubsub.v1.IStreamingPullRequest {
    const { subscription, maxOutstanding, clientId } = this.#options;
    return {
      subscription,
      streamAckDeadlineSeconds: this.#ackDeadlineSeconds,
      maxOutstandingMessages: maxOutstanding,
      clientId,
      protocolVersion: PROTOCOL_VERSION,
    };
  }

  get #ackDeadlineSeconds(): number {
    return this.#options.ackDeadlineMs / 1000;
  }
}
