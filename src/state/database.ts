/** Runs transactions and reads on the database, repeating what a deadlock or a lost connection rolled back. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { Micros } from '../job/instant.ts';
import { asDatabaseError, databaseFault, type DatabaseFault } from './database-errors.ts';
import type { Dialect } from './dialect.ts';
import { SerialQueue } from './serial-queue.ts';

/** What a transaction or a read works with. Inside a transaction only query builders are used: `save` would open its own. */
export type Session = { readonly manager: EntityManager; readonly dialect: Dialect };

/** How often a transaction is begun before its error is passed on. A lock is waited for inside each try, too. */
const MAX_TRIES: Readonly<Partial<Record<DatabaseFault, number>>> = {
  rolled_back: 40,
  lock_wait: 3,
  connection_lost: 2,
};
const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 250;

export class Database {
  readonly dialect: Dialect;
  readonly #dataSource: DataSource;
  readonly #name: string;
  readonly #queue: SerialQueue | undefined;

  constructor(dataSource: DataSource, dialect: Dialect, name: string) {
    this.#dataSource = dataSource;
    this.dialect = dialect;
    this.#name = name;
    this.#queue = dialect.kind === 'sqlite' ? new SerialQueue() : undefined;
  }

  /**
   * Runs work in one transaction. Work may run several times, so it must change nothing but the database.
   * Rejects with TransientError `database_unavailable` when the database cannot be reached or when the connection
   * broke during COMMIT; then the outcome is unknown and is read again by the caller's own key.
   */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#repeating((runner, committing) => this.#inTransaction(runner, work, committing));
  }

  /** Runs queries outside any transaction, and never inside somebody else's. */
  read<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#repeating((runner) => work(this.#session(runner)));
  }

  /** Runs work on a connection of its own, once. */
  withRunner<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.#alone(() => this.#onRunner(work)).catch((error: unknown) => {
      throw asDatabaseError(error, this.#name);
    });
  }

  async #repeating<T>(run: (runner: QueryRunner, committing: () => void) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      let committing = false;
      try {
        return await this.#alone(() => this.#onRunner((runner) => run(runner, () => (committing = true))));
      } catch (error) {
        if (!mayRepeat(error, tries, committing)) throw asDatabaseError(error, this.#name, committing);
        await delay(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries, 10)));
      }
    }
  }

  async #inTransaction<T>(
    runner: QueryRunner,
    work: (session: Session) => Promise<T>,
    committing: () => void,
  ): Promise<T> {
    await this.dialect.begin(runner);
    try {
      const result = await work(this.#session(runner));
      committing();
      await this.dialect.commit(runner);
      return result;
    } catch (error) {
      await this.#rollBack(runner, error);
      throw error;
    }
  }

  /** Leaves no transaction open on the connection, or no connection. */
  async #rollBack(runner: QueryRunner, error: unknown): Promise<void> {
    // The server rolls back what a lost connection had begun; asking over it would only wait again.
    if (databaseFault(error) === 'connection_lost') return;
    await this.dialect.rollback(runner).catch(() => discard(runner));
  }

  async #onRunner<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const runner = this.#dataSource.createQueryRunner();
    try {
      return await work(runner);
    } catch (error) {
      if (databaseFault(error) === 'connection_lost') await discard(runner);
      throw error;
    } finally {
      await runner.release();
    }
  }

  #alone<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue ? this.#queue.run(task) : task();
  }

  #session(runner: QueryRunner): Session {
    return { manager: runner.manager, dialect: this.dialect };
  }
}

/** The database's clock, read now: after the locks of a transaction were taken it is the time at which they are held. */
export async function databaseNow({ manager, dialect }: Session): Promise<Micros> {
  const [row] = await manager.query<{ now: string | number | bigint }[]>(`SELECT ${dialect.now} AS now`);
  if (row === undefined) throw new Error('the database gave no time');
  return BigInt(row.now);
}

function mayRepeat(error: unknown, tries: number, committing: boolean): boolean {
  const fault = databaseFault(error);
  // Whether a COMMIT took effect cannot be known once its connection is lost: only the caller can look.
  if (fault === 'connection_lost' && committing) return false;
  return tries < (MAX_TRIES[fault] ?? 1);
}

/** Takes a connection that nothing is known of any more out of the pool. */
async function discard(runner: QueryRunner): Promise<void> {
  const connection = (await runner.connect().catch(() => undefined)) as { destroy?: () => void } | undefined;
  connection?.destroy?.();
}
