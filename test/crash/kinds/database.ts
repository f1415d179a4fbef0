// A MariaDB of its own that is broken in every way while a worker lies stopped at a seeded point, and mended once the worker has met it.
import { createConnection, type Connection } from 'mysql2/promise';
import { startMariaDb, type MariaDb } from '../../../dev/emulators/mariadb/start.ts';
import type { Daemon } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { playEpisode, type EpisodeOptions } from '../episode.ts';
import { crashGround, newDatabase } from '../ground.ts';
import { StatementProxy } from '../statement-proxy.ts';
import { StrikePlan } from '../strike-plan.ts';
import type { Kind } from './kind.ts';

const PATIENCE_MS = 120_000;
/** BATCH_SIZE of the workers. */
const ROWS_A_BATCH = 10;
const [FEW_BATCHES, MANY_BATCHES] = [4, 40];
/** A login that a read-only server and a full one refuse, unlike that of the harness. */
const WORKER = { user: 'worker', password: 'worker' };

/** What a fault works with. */
type Broken = {
  readonly mariaDb: MariaDb;
  readonly proxy: StatementProxy;
  readonly database: string;
  readonly worker: Daemon;
  /** Lets the worker go on. */
  readonly wake: () => void;
};

/** Breaks the database, wakes the worker, and mends it when the worker has felt it. */
type Fault = (broken: Broken) => Promise<void>;

/** Nothing is broken: what jobs of few batches, and of many, cost the database. */
export const UNDISTURBED: Kind = {
  name: 'nothing broken',
  async play({ endings, program }) {
    const cost = async (rowsPerJob: number) => {
      const { ground, proxy } = await ownDatabase(endings, program);
      const common = { replicas: 1, customers: 2, rounds: 3, hitsWanted: 0, nextStrikes: () => [] };
      const episode = await playEpisode(ground, { ...common, rowsPerJob });
      return { episode, perJob: proxy.statements / episode.jobs };
    };
    const [few, many] = [await cost(FEW_BATCHES * ROWS_A_BATCH), await cost(MANY_BATCHES * ROWS_A_BATCH)];
    const { episode, perJob } = few;
    return {
      ...episode,
      violations: [...episode.violations, ...many.episode.violations],
      figures: {
        [`statements of a job of ${FEW_BATCHES} batches, without heartbeats`]: Math.round(perJob),
        [`statements of a job of ${MANY_BATCHES} batches, without heartbeats`]: Math.round(many.perJob),
        'statements of one more batch': Math.round((many.perJob - perJob) / (MANY_BATCHES - FEW_BATCHES)),
      },
    };
  },
};

/** Every nth COMMIT takes effect and its answer never arrives; no process is stopped. */
export const ANSWER_TO_COMMIT_LOST: Kind = {
  name: 'connection cut after COMMIT',
  async play({ endings, program, seed, hits }) {
    const { ground, proxy } = await ownDatabase(endings, program);
    const every = 5 + (seed % 5);
    proxy.cutAfterCommit(every, hits);
    const common = { replicas: 2, customers: Math.min(4, hits), rowsPerJob: 40 };
    const episode = await playEpisode(ground, {
      ...common,
      hitsWanted: 0,
      nextStrikes: () => [],
      goOnUntil: () => proxy.commitsCut >= hits,
    });
    return { ...episode, faults: { 'answer to COMMIT lost': proxy.commitsCut } };
  },
};

/** SIGKILL of the server, and a new start on the same data. */
export const DATABASE_RESTARTED = databaseKind(
  'database killed and restarted',
  async ({ mariaDb, worker, wake }) => {
    const timesLost = (): number => worker.logged(/database out of reach/).length;
    const before = timesLost();
    await mariaDb.kill();
    wake();
    await felt(() => timesLost() > before, 'the loss of the database').finally(() => mariaDb.restart());
  },
);

/** 1290: the server only lets itself be read, as a replica does after a failover. */
export const DATABASE_READ_ONLY = databaseKind(
  'database read-only (1290)',
  async ({ mariaDb, proxy, wake }) => {
    const met = proxy.errorCount(1290);
    await asRoot(mariaDb, async (root) => {
      await root.query('SET GLOBAL read_only = 1');
      wake();
      await felt(() => proxy.errorCount(1290) > met, 'error 1290').finally(() =>
        root.query('SET GLOBAL read_only = 0'),
      );
    });
  },
);

/** 2013: every connection of the workers is killed. */
export const CONNECTIONS_KILLED = databaseKind('connections killed (2013)', async ({ mariaDb, wake }) => {
  await asRoot(mariaDb, async (root) => {
    await killConnections(root);
    wake();
  });
});

/** 1040: the connections of the workers are killed, and others take all there are. */
export const TOO_MANY_CONNECTIONS = databaseKind(
  'too many connections (1040)',
  async ({ mariaDb, proxy, wake }) => {
    const met = proxy.errorCount(1040);
    await asRoot(mariaDb, async (root) => {
      await root.query('SET GLOBAL max_connections = 10');
      await killConnections(root);
      const hogs = await takeAllConnections(mariaDb);
      wake();
      await felt(() => proxy.errorCount(1040) > met, 'error 1040').finally(async () => {
        await Promise.all(hogs.map((hog) => hog.end()));
        await root.query('SET GLOBAL max_connections = 500');
      });
    });
  },
);

/** 1205: somebody holds the rows that every claim locks for longer than a statement waits. */
export const LOCK_WAIT_TIMEOUT = databaseKind(
  'lock wait timeout (1205)',
  async ({ mariaDb, proxy, database, wake }) => {
    const met = proxy.errorCount(1205);
    await asRoot(mariaDb, async (root) => {
      await root.query(`USE ${database}`);
      await root.query('BEGIN');
      await root.query('SELECT id FROM client_billing_config FOR UPDATE');
      wake();
      await felt(() => proxy.errorCount(1205) > met, 'error 1205').finally(() => root.query('ROLLBACK'));
    });
  },
);

/** 1213: between the two locks of a worker's transaction somebody takes the second, then asks for the first, and has more to lose. */
export const DEADLOCK = databaseKind(
  'deadlock (1213)',
  async ({ mariaDb, proxy, database, wake }) => {
    const met = proxy.errorCount(1213);
    const between = proxy.holdBetweenLocks();
    wake();
    const { first, second, goOn } = await between;
    await asRoot(mariaDb, async (root) => {
      await root.query(`USE ${database}`);
      await root.query('CREATE TABLE IF NOT EXISTS weight (n INT)');
      await root.query('BEGIN');
      // The server gives up the transaction that has changed fewer rows.
      await root.query('INSERT INTO weight SELECT seq FROM seq_1_to_5000');
      await root.query(second);
      goOn();
      await root.query(first);
      await root.query('ROLLBACK');
    }).finally(goOn);
    await felt(() => proxy.errorCount(1213) > met, 'error 1213');
  },
  { neverSaid: /deadlock/i },
);

function databaseKind(name: string, fault: Fault, more: Pick<EpisodeOptions, 'neverSaid'> = {}): Kind {
  return {
    name,
    async play({ endings, program, seed, hits }) {
      const { ground, mariaDb, proxy, database } = await ownDatabase(endings, program);
      const plan = new StrikePlan(seed, /claim|Plan|append|record|decide|commit|finish/);
      let [last, pending] = [Promise.resolve(), 0];
      const episode = await playEpisode(ground, {
        ...more,
        replicas: 2,
        customers: Math.min(4, 1 + hits),
        rowsPerJob: 40,
        hitsWanted: hits,
        // A process goes on after its strike, so one that was struck gets no second one before it has ended.
        nextStrikes: () => Array.from({ length: hits }, () => plan.next('SIGSTOP')),
        // More may be struck than was wanted, and a worker that has nothing to do meets no fault.
        goOnUntil: () => pending === 0,
        whileStopped: (_fleet, worker) => {
          const wake = (): void => worker.signal('SIGCONT');
          // One fault after the other: each is mended before the next.
          pending += 1;
          last = last
            .then(() => fault({ mariaDb, proxy, database, worker, wake }))
            .finally(() => (pending -= 1));
          return last;
        },
      });
      return { ...episode, faults: { [name]: episode.hits.length } };
    },
  };
}

async function ownDatabase(
  endings: Parameters<typeof crashGround>[0],
  program: Parameters<typeof crashGround>[1],
) {
  const mariaDb = await startMariaDb();
  endings.after(() => mariaDb.stop());
  const settings = await newDatabase(mariaDb);
  if (settings.kind !== 'mysql') throw new Error('a MariaDB gave another kind of database');
  const { database } = settings;
  await asRoot(mariaDb, async (root) => {
    await root.query(`CREATE USER '${WORKER.user}'@'127.0.0.1' IDENTIFIED BY '${WORKER.password}'`);
    await root.query(`GRANT ALL ON ${database}.* TO '${WORKER.user}'@'127.0.0.1'`);
  });
  const proxy = await StatementProxy.to(mariaDb);
  endings.after(() => proxy.close());
  const databaseOfWorkers = { ...settings, ...WORKER, port: proxy.port };
  const ground = await crashGround(endings, program, { database: settings, databaseOfWorkers });
  return { ground, mariaDb, proxy, database };
}

async function asRoot(mariaDb: MariaDb, work: (root: Connection) => Promise<void>): Promise<void> {
  const root = await createConnection({ ...login(mariaDb), user: mariaDb.user, password: mariaDb.password });
  try {
    await work(root);
  } finally {
    await root.end();
  }
}

function login({ host, port }: MariaDb) {
  return { host, port };
}

async function killConnections(root: Connection): Promise<void> {
  const [rows] = await root.query(
    `SELECT id FROM information_schema.processlist WHERE user = '${WORKER.user}'`,
  );
  // One that has ended by itself meanwhile is as good as killed.
  for (const { id } of rows as { id: number }[]) await root.query(`KILL ${id}`).catch(() => undefined);
}

async function takeAllConnections(mariaDb: MariaDb): Promise<Connection[]> {
  const taken: Connection[] = [];
  for (;;) {
    const next = await createConnection({ ...login(mariaDb), ...WORKER }).catch(() => undefined);
    if (!next) return taken;
    taken.push(next);
  }
}

function felt(condition: () => boolean | Promise<boolean>, what: string): Promise<boolean> {
  return eventually(condition, { describe: `${what} to reach a worker`, timeoutMs: PATIENCE_MS });
}
