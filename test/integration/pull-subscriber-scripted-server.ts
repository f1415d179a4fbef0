// A Pub/Sub server of a few lines that does what no emulator does on request: ignores flow control, answers pings, refuses, falls silent.
import { protos } from '@google-cloud/pubsub';
import { grpc } from 'google-gax';

const { v1: messages } = protos.google.pubsub;
const { Empty } = protos.google.protobuf;

type StreamingPullRequest = protos.google.pubsub.v1.StreamingPullRequest;
type AcknowledgeRequest = protos.google.pubsub.v1.AcknowledgeRequest;
type ModifyAckDeadlineRequest = protos.google.pubsub.v1.ModifyAckDeadlineRequest;
type Stream = grpc.ServerDuplexStream<StreamingPullRequest, protos.google.pubsub.v1.IStreamingPullResponse>;

/** The calls it got, and what it does with the next ones. */
export class ScriptedServer {
  readonly host: string;
  readonly streams: {
    readonly requests: StreamingPullRequest[];
    readonly stream: Stream;
    readonly peer: string;
  }[] = [];
  readonly acknowledged: string[][] = [];
  readonly modified: { readonly ackIds: string[]; readonly seconds: number }[] = [];
  answersPings = false;
  /** The status of the next unary calls, by ack ids; undefined accepts them. */
  refuse: (ackIds: readonly string[]) => grpc.status | undefined = () => undefined;
  /** Ends each stream as soon as it is opened. */
  refuseStreams: grpc.status | undefined;
  readonly #server: grpc.Server;

  private constructor(server: grpc.Server, port: number) {
    this.#server = server;
    this.host = `127.0.0.1:${port}`;
  }

  static async start(): Promise<ScriptedServer> {
    const server = new grpc.Server();
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    const scripted = new ScriptedServer(server, port);
    server.addService(SERVICE, {
      streamingPull: (stream: Stream) => scripted.#open(stream),
      acknowledge: (call: grpc.ServerUnaryCall<AcknowledgeRequest, unknown>, done: Done) => {
        scripted.acknowledged.push(call.request.ackIds);
        scripted.#answer(call.request.ackIds, done);
      },
      modifyAckDeadline: (call: grpc.ServerUnaryCall<ModifyAckDeadlineRequest, unknown>, done: Done) => {
        const { ackIds, ackDeadlineSeconds: seconds } = call.request;
        scripted.modified.push({ ackIds, seconds });
        scripted.#answer(ackIds, done);
      },
    });
    return scripted;
  }

  /** Sends messages down the newest stream; id `m1` has the ack id `m1-a` unless another is given. */
  send(...ids: readonly (string | readonly [id: string, ackId: string])[]): void {
    const receivedMessages = ids.map((each) => {
      const [messageId, ackId] = typeof each === 'string' ? [each, `${each}-a`] : each;
      return { ackId, message: { messageId, data: Buffer.from(messageId) } };
    });
    this.streams.at(-1)?.stream.write({ receivedMessages });
  }

  /** Ends the newest stream with this status. */
  endStream(code: grpc.status): void {
    this.streams.at(-1)?.stream.emit('error', { code, details: 'scripted' });
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #open(stream: Stream): void {
    const requests: StreamingPullRequest[] = [];
    // Asked now: a stream that has ended no longer knows.
    this.streams.push({ requests, stream, peer: stream.getPeer() });
    stream.on('error', () => undefined);
    if (this.refuseStreams !== undefined) {
      stream.emit('error', { code: this.refuseStreams, details: 'scripted' });
      return;
    }
    stream.sendMetadata(new grpc.Metadata());
    stream.on('data', (request: StreamingPullRequest) => {
      requests.push(request);
      if (requests.length > 1 && this.answersPings) stream.write({});
    });
  }

  #answer(ackIds: readonly string[], done: Done): void {
    const code = this.refuse(ackIds);
    if (code === undefined) done(null, {});
    else done({ code, details: 'scripted' }, null);
  }
}

type Done = (error: { code: grpc.status; details: string } | null, value: unknown) => void;

interface Codec {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

function method(name: string, request: Codec, response: Codec, streaming: boolean) {
  const serialize = (codec: Codec) => (message: unknown) =>
    Buffer.from(codec.encode(message as never).finish());
  return {
    path: `/google.pubsub.v1.Subscriber/${name}`,
    requestStream: streaming,
    responseStream: streaming,
    requestSerialize: serialize(request),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    responseSerialize: serialize(response),
    responseDeserialize: (bytes: Buffer) => response.decode(bytes),
  };
}

const SERVICE = {
  streamingPull: method('StreamingPull', messages.StreamingPullRequest, messages.StreamingPullResponse, true),
  acknowledge: method('Acknowledge', messages.AcknowledgeRequest, Empty, false),
  modifyAckDeadline: method('ModifyAckDeadline', messages.ModifyAckDeadlineRequest, Empty, false),
} as unknown as grpc.ServiceDefinition;
