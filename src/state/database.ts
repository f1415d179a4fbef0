/** Runs transactions and reads on the database, repeating what a deadlock or a lost connection rolled back. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { Micros } from '../job/instant.ts';
import { asDatabaseError, databaseFault } from './database-errors.ts';
import { answerInTime, NoAnswerError } from './answer-in-time.ts';
import { CompiledTables } from './compiled-table.ts';
import type { Dialect } from './dialect.ts';
import { mayRepeat, pauseMs } from './repetition.ts';
import { SerialQueue } from './serial-queue.ts';

/** What a transaction or a read works with. */
export type Session = {
  readonly runner: QueryRunner;
  /** For queries that are put together when asked, inside a transaction by query builders only: `save` would open its own. */
  readonly manager: EntityManager;
  readonly dialect: Dialect;
  /** For statements that are the same each time. */
  readonly tables: CompiledTables;
};

/** For one try as a whole: waiting for a connection, for locks and for every answer. */
const TRY_TIMEOUT_MS = 20_000;

/** One try of a transaction or read. */
type Try = {
  readonly runner: QueryRunner;
  /** COMMIT was sent: from here on a lost connection leaves the outcome unknown. */
  committing: boolean;
  /** Nobody waits for it any more: it must not commit. */
  abandoned: boolean;
};

/** One database as transactions and reads; it serialises them where there is only one connection. */
export class Database {
  readonly dialect: Dialect;
  readonly #dataSource: DataSource;
  readonly #name: string;
  readonly #tables: CompiledTables;
  readonly #queue: SerialQueue | undefined;
  readonly #tryTimeoutMs: number | undefined;

  constructor(dataSource: DataSource, dialect: Dialect, name: string, tryTimeoutMs = TRY_TIMEOUT_MS) {
    this.#dataSource = dataSource;
    this.dialect = dialect;
    this.#name = name;
    this.#tables = new CompiledTables(dataSource, dialect);
    this.#queue = dialect.kind === 'sqlite' ? new SerialQueue() : undefined;
    // SQLite answers in this very thread, and a transaction may wait long for its turn.
    this.#tryTimeoutMs = dialect.kind === 'sqlite' ? undefined : tryTimeoutMs;
  }

  /**
   * Runs work in one transaction. Work may run several times, so it must change nothing but the database.
   * Rejects with TransientError `database_unavailable` when the database cannot be reached or when the connection
   * broke during COMMIT; then the outcome is unknown and is read again by the caller's own key.
   */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#repeating((attempt) => this.#inTransaction(attempt, work), this.#tryTimeoutMs);
  }

  /** Runs queries outside any transaction, and never inside somebody else's. */
  read<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#repeating(({ runner }) => work(this.#session(runner)), this.#tryTimeoutMs);
  }

  /** Runs work that minds its transactions itself on a connection of its own, however long it takes; it may run several times. */
  withRunner<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.#repeating(({ runner }) => work(runner), undefined);
  }

  async #repeating<T>(run: (attempt: Try) => Promise<T>, timeoutMs: number | undefined): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      const attempt = { committing: false, abandoned: false };
      try {
        return await this.#alone(() => this.#onRunner(run, attempt, timeoutMs));
      } catch (error) {
        const { committing } = attempt;
        if (!mayRepeat(error, tries, committing)) throw asDatabaseError(error, this.#name, committing);
        await delay(pauseMs(tries));
      }
    }
  }

  async #inTransaction<T>(attempt: Try, work: (session: Session) => Promise<T>): Promise<T> {
    const { runner } = attempt;
    await this.dialect.begin(runner);
    try {
      const result = await work(this.#session(runner));
      if (attempt.abandoned) throw new NoAnswerError(this.#tryTimeoutMs);
      attempt.committing = true;
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

  async #onRunner<T>(
    run: (attempt: Try) => Promise<T>,
    flags: Omit<Try, 'runner'>,
    timeoutMs: number | undefined,
  ): Promise<T> {
    const runner = this.#dataSource.createQueryRunner();
    const work = run(Object.assign(flags, { runner }));
    try {
      const result = await (timeoutMs === undefined ? work : answerInTime(work, timeoutMs));
      await runner.release();
      return result;
    } catch (error) {
      flags.abandoned = true;
      // Not waited for: where no connection was free there is none yet.
      if (isUncertain(error)) void discard(runner);
      else await runner.release();
      throw error;
    }
  }

  #alone<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue ? this.#queue.run(task) : task();
  }

  #session(runner: QueryRunner): Session {
    return { runner, manager: runner.manager, dialect: this.dialect, tables: this.#tables };
  }
}

/** The database's clock, read now: after the locks of a transaction were taken it is the time at which they are held. */
export async function databaseNow({ runner, dialect }: Session): Promise<Micros> {
  const [row] = await dialect.rows(runner, `SELECT ${dialect.now}`, []);
  if (row === undefined) throw new Error('the database gave no time');
  return BigInt(row[0] as string | number | bigint);
}

/** Whether the connection may be broken, or busy with what nobody waits for any more. */
function isUncertain(error: unknown): boolean {
  return error instanceof NoAnswerError || databaseFault(error) === 'connection_lost';
}

/** Takes a connection that nothing is known of any more out of the pool. */
async function discard(runner: QueryRunner): Promise<void> {
  const connection = (await runner.connect().catch(() => undefined)) as { destroy?: () => void } | undefined;
  connection?.destroy?.();
}
