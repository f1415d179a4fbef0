// A BigQuery that does what a test tells it to, call by call: the real protocols on loopback, no data behind them.
import { createRequire } from 'node:module';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { protos } from '@google-cloud/bigquery-storage';
import { GrpcClient, grpc } from 'google-gax';
import type { BigQuerySettings } from '../../src/bigquery/environment.ts';
import type { Clock } from '../../src/job/clock.ts';

type Json = Record<string, unknown>;
const { Status } = protos.google.rpc;
const { StorageError } = protos.google.cloud.bigquery.storage.v1;
type StorageCode = keyof typeof StorageError.StorageErrorCode;

/** What a script answers to; a method without a script answers UNIMPLEMENTED. */
export type Script = {
  readRows?: (request: { readStream: string; offset: string }, call: ReadCall) => void;
  /** Told of each connection; the handler it returns gets the requests of that connection. */
  appendRows?: (call: AppendCall, connection: number) => (request: AppendRequest) => void;
  batchCommitWriteStreams?: (request: { writeStreams: string[] }) => Json | grpc.ServiceError;
  getWriteStream?: (request: { name: string }) => Json | grpc.ServiceError;
  finalizeWriteStream?: (request: { name: string }) => Json | grpc.ServiceError;
  createWriteStream?: (request: { parent: string }) => Json | grpc.ServiceError;
  createReadSession?: (request: Json) => Json | grpc.ServiceError;
  rest?: (request: { method: string; path: string; body: Json }, answer: RestAnswer) => void;
};
export type ReadCall = Pick<
  grpc.ServerWritableStream<unknown, Json>,
  'write' | 'end' | 'emit' | 'on' | 'once'
>;
export type AppendCall = Pick<grpc.ServerDuplexStream<AppendRequest, Json>, 'write' | 'end' | 'emit' | 'on'>;
export type AppendRequest = {
  writeStream: string;
  traceId: string;
  offset: { value: string };
  arrowRows: { writerSchema: { serializedSchema: Buffer } | null; rows: { serializedRecordBatch: Buffer } };
};
export type RestAnswer = { json(status: number, body: Json): void; cut(): void };

/** A running scripted service; `script` may be changed at any time. */
export type ScriptedService = {
  script: Script;
  settings: BigQuerySettings;
  waits: Waits;
  close(): Promise<void>;
};

/** Pauses of the code under test: short ones are over at once, the long ones (deadlines) when the test says so. */
export class Waits implements Clock {
  readonly #deadlines = new Set<() => void>();

  nowMs(): number {
    return performance.now();
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (delayMs < 30_000 || signal?.aborted) return;
    await new Promise<void>((resolve) => {
      this.#deadlines.add(resolve);
      signal?.addEventListener('abort', () => {
        this.#deadlines.delete(resolve);
        resolve();
      });
    });
  }

  /** Deadlines running now. */
  get deadlines(): number {
    return this.#deadlines.size;
  }

  /** Lets every deadline that runs now pass. */
  passDeadlines(): void {
    for (const pass of this.#deadlines) pass();
    this.#deadlines.clear();
  }
}

/** An error of the service, with the Storage API's own code when one is given. */
export function serviceError(code: number, message: string, storageCode?: StorageCode): grpc.ServiceError {
  const metadata = new grpc.Metadata();
  if (storageCode) {
    const status = Status.encode({ code, message, details: [storageErrorDetail(storageCode)] }).finish();
    metadata.set('grpc-status-details-bin', Buffer.from(status));
  }
  const error: unknown = Object.assign(new Error(message), { code, details: message, metadata });
  return error as grpc.ServiceError;
}

/** The same as the error inside an answer. */
export function inBandError(code: number, message: string, storageCode?: StorageCode): Json {
  return { error: { code, message, details: storageCode ? [storageErrorDetail(storageCode)] : [] } };
}

function storageErrorDetail(code: StorageCode): { type_url: string; value: Buffer } {
  return {
    type_url: 'type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError',
    value: Buffer.from(StorageError.encode({ code: StorageError.StorageErrorCode[code] }).finish()),
  };
}

/** Starts a service with nothing to say. */
export async function startScriptedService(): Promise<ScriptedService> {
  const waits = new Waits();
  const scripted = { script: {} as Script };
  const server = new grpc.Server();
  addStorageServices(server, scripted);
  const grpcPort = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  const rest = createServer((request, response) => void answerRest(scripted, request, response)).listen(
    0,
    '127.0.0.1',
  );
  await once(rest, 'listening');
  const settings = {
    projectId: 'scripted',
    restHost: `127.0.0.1:${(rest.address() as AddressInfo).port}`,
    storageHost: `127.0.0.1:${grpcPort}`,
    clock: waits,
    random: Math.random,
  };
  return Object.assign(scripted, {
    settings,
    waits,
    close: async () => {
      server.forceShutdown();
      rest.closeAllConnections();
      await new Promise((closed) => rest.close(closed));
    },
  });
}

function addStorageServices(server: grpc.Server, scripted: { readonly script: Script }): void {
  const json = createRequire(import.meta.url)(
    '@google-cloud/bigquery-storage/build/protos/protos.json',
  ) as object;
  const root = new GrpcClient().loadProtoJSON(json) as unknown as {
    google: { cloud: { bigquery: { storage: { v1: Record<string, { service: grpc.ServiceDefinition }> } } } };
  };
  const { BigQueryRead, BigQueryWrite } = root.google.cloud.bigquery.storage.v1;
  const unary =
    (method: Exclude<keyof Script, 'readRows' | 'appendRows' | 'rest'>) =>
    ({ request }: grpc.ServerUnaryCall<unknown, Json>, answer: grpc.sendUnaryData<Json>): void => {
      const result =
        scripted.script[method]?.(request as never) ?? serviceError(12, `${method} is not scripted`);
      if (result instanceof Error) answer(result);
      else answer(null, result);
    };
  let connections = 0;
  server.addService(BigQueryRead!.service, {
    createReadSession: unary('createReadSession'),
    readRows: (call: grpc.ServerWritableStream<{ readStream: string; offset: string }, Json>) =>
      scripted.script.readRows?.(call.request, call),
  });
  server.addService(BigQueryWrite!.service, {
    batchCommitWriteStreams: unary('batchCommitWriteStreams'),
    getWriteStream: unary('getWriteStream'),
    finalizeWriteStream: unary('finalizeWriteStream'),
    createWriteStream: unary('createWriteStream'),
    appendRows: (call: grpc.ServerDuplexStream<AppendRequest, Json>) => {
      connections += 1;
      const handle = scripted.script.appendRows?.(call, connections);
      call.on('data', (request: AppendRequest) => handle?.(request));
      call.on('end', () => call.end());
      call.on('error', () => undefined);
    },
  });
}

async function answerRest(
  scripted: { readonly script: Script },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const answer: RestAnswer = {
    json: (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    cut: () => request.socket.destroy(),
  };
  const call = {
    method: request.method!,
    path: request.url!,
    body: text === '' ? {} : (JSON.parse(text) as Json),
  };
  if (scripted.script.rest) scripted.script.rest(call, answer);
  else answer.json(501, { error: { message: 'nothing is scripted' } });
}
