// A fixed address in front of a server that may move, with a line that can be cut or fall silent.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Forwards every connection to where it points at that time. */
export class TcpProxy {
  readonly host: string;
  readonly #server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #target: string;

  private constructor(server: ReturnType<typeof createServer>, target: string) {
    this.#server = server;
    this.#target = target;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (client) => this.#forward(client));
  }

  /** Listens on a free port of the loopback interface. */
  static async to(target: string): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  /** Points new connections elsewhere. */
  pointTo(target: string): void {
    this.#target = target;
  }

  /** Ends all connections there are. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** From now on takes all bytes and hands none on, over the connections there are: a peer that vanished without a word. */
  fallSilent(): void {
    for (const [client, server] of this.#pairs) {
      client.unpipe(server).resume();
      server.unpipe(client).resume();
    }
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #forward(client: Socket): void {
    const [host, port] = this.#target.split(':');
    const server = connect(Number(port), host);
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
    client.pipe(server);
    server.pipe(client);
  }
}
