/** A server stream whose messages are asked for one by one, so that no more of them lie in memory than are wanted. */
import { grpc, type CallOptions } from 'google-gax';
import type { Readable } from 'node:stream';

/** A server-streaming call of the official clients. */
export type ServerStream = Readable & { cancel(): void };

/** Messages received but not yet taken, beside the one being worked on. */
const READ_AHEAD = 2;

/** The messages of one call; without its read-ahead limit each layer of the client would hold sixteen of them, and there are four. */
export class MessageStream<Message> {
  readonly #stream: ServerStream;
  readonly #arrived: Message[] = [];
  #waiting: { resolve: (message: Message | undefined) => void; reject: (error: Error) => void } | undefined;
  #ending: { readonly error: Error } | 'end' | undefined;
  /** Reads the gate may still let through, and those it holds back. */
  #allowed = READ_AHEAD;
  #heldBack: (() => void)[] = [];

  /** Starts the call; the options must be handed to it as they are. */
  constructor(start: (options: CallOptions) => ServerStream) {
    this.#stream = start({
      // Resuming belongs to who knows the offset: a try of the client's own would begin at the old one.
      retryRequestOptions: { retries: 0, noResponseRetries: 0 },
      otherArgs: { options: { interceptors: [this.#gate()] } },
    });
    this.#stream.on('data', (message: Message) => this.#arrive(message));
    this.#stream.on('end', () => this.#finish('end'));
    this.#stream.on('error', (error: Error) => this.#finish({ error }));
  }

  /** The next message, undefined after the last one; rejects with the error the call ended in. To be awaited before it is called again. */
  next(): Promise<Message | undefined> {
    const message = this.#arrived.shift();
    if (message !== undefined) {
      this.#allowOneMore();
      return Promise.resolve(message);
    }
    if (this.#ending === 'end') return Promise.resolve(undefined);
    const { error } = this.#ending ?? {};
    if (error) return Promise.reject(error);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Ends the call here and now: a pending next() rejects with the error, messages not taken are dropped. */
  abandon(error: Error): void {
    this.#arrived.length = 0;
    this.#finish({ error });
    this.#stream.cancel();
  }

  #arrive(message: Message): void {
    if (this.#ending) return;
    const waiting = this.#waiting;
    if (!waiting) {
      this.#arrived.push(message);
      return;
    }
    this.#waiting = undefined;
    this.#allowOneMore();
    waiting.resolve(message);
  }

  #finish(ending: { readonly error: Error } | 'end'): void {
    this.#ending ??= ending;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (ending === 'end') waiting?.resolve(undefined);
    else waiting?.reject(ending.error);
  }

  #allowOneMore(): void {
    const read = this.#heldBack.shift();
    if (read) read();
    else this.#allowed += 1;
  }

  /** Stands between the client and the connection: each message the client asks for needs leave, and taking one gives it. */
  #gate(): grpc.Interceptor {
    const pass = (read: () => void): void => {
      if (this.#allowed > 0) {
        this.#allowed -= 1;
        read();
      } else {
        this.#heldBack.push(read);
      }
    };
    class GatedCall extends grpc.InterceptingCall {
      override startRead(): void {
        pass(() => super.startRead());
      }
    }
    return (options, nextCall) => new GatedCall(nextCall(options));
  }
}
