// A way to the database that counts statements and errors as they pass, can lose the answer to a COMMIT, and can hold a transaction up.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { LocksOfConnection, type BothLocks } from './locks-of-connection.ts';

/** Source: the MySQL client/server protocol; a packet is three bytes of length, a sequence number and the payload. */
const HEADER_BYTES = 4;
const COM_QUERY = 0x03;
const ERR_PACKET = 0xff;

/** A transaction that has its first lock, and waits before it asks for its second until it may go on. */
export type BetweenLocks = BothLocks & { readonly goOn: () => void };

export class StatementProxy {
  readonly port: number;
  /** Statements sent, those of heartbeats apart, and COMMITs whose answer was lost on the way back. */
  statements = 0;
  heartbeatStatements = 0;
  commitsCut = 0;
  /** How often the server answered with an error, by its number. */
  readonly errors = new Map<number, number>();
  readonly #server;
  readonly #sockets = new Set<Socket>();
  #cutEvery = Infinity;
  #cutsLeft = 0;
  #commits = 0;
  #onBetweenLocks: ((held: BetweenLocks) => void) | undefined;

  private constructor(server: ReturnType<typeof createServer>, target: { host: string; port: number }) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#forward(client, connect(target.port, target.host)));
  }

  /** Listens on a free port of the loopback interface. */
  static async to(target: { host: string; port: number }): Promise<StatementProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new StatementProxy(server, target);
  }

  /** From now on every nth COMMIT takes effect and its answer is lost with the connection, so many times. */
  cutAfterCommit(every: number, times: number): void {
    [this.#cutEvery, this.#cutsLeft] = [every, times];
  }

  /** Holds the next transaction that locks an organization and then a job, between the two. */
  holdBetweenLocks(): Promise<BetweenLocks> {
    return new Promise((resolve) => (this.#onBetweenLocks = resolve));
  }

  errorCount(number: number): number {
    return this.errors.get(number) ?? 0;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #forward(client: Socket, server: Socket): void {
    let answerIsLost = false;
    const count = this.#statementCounter();
    const locks = new LocksOfConnection();
    let held: Promise<void>[] = [];
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    const sent = packets((payload, sequence) => {
      if (sequence !== 0 || payload[0] !== COM_QUERY) return;
      const query = payload.toString('latin1', 1);
      count(query);
      answerIsLost ||= this.#isCut(query);
      const between = locks.next(query);
      if (between && this.#onBetweenLocks) held = [this.#holdUp(between, this.#onBetweenLocks)];
    });
    const answered = packets((payload) => this.#countError(payload));
    client.on('data', (chunk: Buffer) => {
      held = [];
      sent(chunk);
      // A client sends nothing more before it has its answer.
      if (held.length > 0) void Promise.all(held).then(() => server.write(chunk));
      else server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      answered(chunk);
      // The server has answered, so the COMMIT took effect.
      if (answerIsLost) client.destroy();
      else client.write(chunk);
    });
  }

  /** Counts what one connection sends; a transaction that renews a worker is a heartbeat. */
  #statementCounter(): (query: string) => void {
    let [sent, isHeartbeat] = [0, false];
    const settle = (): void => {
      if (isHeartbeat) this.heartbeatStatements += sent;
      else this.statements += sent;
      [sent, isHeartbeat] = [0, false];
    };
    return (query) => {
      if (/^START TRANSACTION/i.test(query)) settle();
      sent += 1;
      isHeartbeat ||= /^INSERT INTO `etl_workers`/.test(query);
      if (/^(COMMIT|ROLLBACK)/i.test(query)) settle();
    };
  }

  /** Kept when the transaction may go on. */
  #holdUp(between: BothLocks, onBetweenLocks: (held: BetweenLocks) => void): Promise<void> {
    this.#onBetweenLocks = undefined;
    return new Promise((goOn) => onBetweenLocks({ ...between, goOn }));
  }

  #isCut(query: string): boolean {
    if (!/^COMMIT/i.test(query)) return false;
    this.#commits += 1;
    if (this.#cutsLeft === 0 || this.#commits % this.#cutEvery !== 0) return false;
    this.#cutsLeft -= 1;
    this.commitsCut += 1;
    return true;
  }

  #countError(payload: Buffer): void {
    if (payload[0] !== ERR_PACKET || payload.length < 3) return;
    const number = payload.readUInt16LE(1);
    this.errors.set(number, this.errorCount(number) + 1);
  }
}

/** Cuts a byte stream into packets. */
function packets(take: (payload: Buffer, sequence: number) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUIntLE(0, 3);
      if (rest.length < end) return;
      take(rest.subarray(HEADER_BYTES, end), rest[3] ?? 0);
      rest = rest.subarray(end);
    }
  };
}
