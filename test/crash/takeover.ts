// npm run takeover [-- --rounds 5] [--lease 10]: how long the job of a worker that dies, or is asked to stop, waits for another one
// that stands by, and how many of its rows are sent twice. Nobody publishes a message again but the workers themselves.
import { parseArgs } from 'node:util';
import type { Daemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { Customer } from './customer.ts';
import { Endings } from './endings.ts';
import { crashGround, type Ground } from './ground.ts';
import { programBesideServers } from './program-beside-servers.ts';
import type { Report } from './strike.ts';

const ROWS = 3_000;
/** So many rows in, a job of batches of ten is in its middle. */
const ROWS_BEFORE_DEPARTURE = 200;
const PATIENCE_MS = 300_000;

type Departure = 'SIGKILL' | 'SIGTERM';

/** One departure: milliseconds until another worker has claimed the job, and until it sends rows; rows sent beyond those of the job. */
type Takeover = { readonly claimedMs: number; readonly sendingMs: number; readonly rowsSentTwice: number };

/** A worker and what it has reported since the round began. */
type Replica = { readonly daemon: Daemon; claims: number; rows: number };

/** What the round waits for. */
type Round = {
  readonly replicas: Replica[];
  claimedAtMs: number | undefined;
  sendingAtMs: number | undefined;
  left: Replica | undefined;
};

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, lease: { type: 'string', default: '10' } },
});
const endings = new Endings();
try {
  const program = await programBesideServers(endings);
  const ground = await crashGround(endings, program, { variables: { LEASE_SECONDS: values.lease } });
  const customer = await Customer.join(ground);
  const round = newRound();
  for (let standing = 0; standing < 2; standing += 1) await join(ground, round);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const takeovers: Takeover[] = [];
    for (let played = 0; played < Number(values.rounds); played += 1) {
      takeovers.push(await departure(signal, customer, round));
      await join(ground, round);
    }
    tell(signal, takeovers);
  }
} finally {
  await endings.run();
}

function newRound(): Round {
  return { replicas: [], claimedAtMs: undefined, sendingAtMs: undefined, left: undefined };
}

/** Starts a worker and waits until it can take jobs. */
async function join(ground: Ground, round: Round): Promise<void> {
  const replica: Replica = {
    daemon: await ground.start([], (report) => note(round, replica, report)),
    claims: 0,
    rows: 0,
  };
  await replica.daemon.says(/worker started/);
  round.replicas.push(replica);
}

function note(round: Round, replica: Replica, report: Report): void {
  const isOther = round.left !== undefined && round.left !== replica;
  if (report.kind === 'claimed') {
    replica.claims += 1;
    if (isOther) round.claimedAtMs ??= performance.now();
  } else if (report.kind === 'appended') {
    replica.rows += report.rows;
    if (isOther) round.sendingAtMs ??= performance.now();
  }
}

async function departure(signal: Departure, customer: Customer, round: Round): Promise<Takeover> {
  Object.assign(round, { claimedAtMs: undefined, sendingAtMs: undefined, left: undefined });
  for (const replica of round.replicas) Object.assign(replica, { claims: 0, rows: 0 });
  await customer.beginRound(ROWS);
  const busy = await eventually(() => round.replicas.find(({ rows }) => rows >= ROWS_BEFORE_DEPARTURE), {
    describe: `${ROWS_BEFORE_DEPARTURE} rows of a job`,
    timeoutMs: PATIENCE_MS,
  });
  round.left = busy;
  const leftAtMs = performance.now();
  busy.daemon.signal(signal);
  const end = await busy.daemon.ended;
  if (end !== (signal === 'SIGKILL' ? 'SIGKILL' : 0))
    throw new Error(`after ${signal} a worker ended with ${end}`);
  await customer.roundEnds({ ringAgain: false, strikes: () => 0 });
  const rowsSent = round.replicas.reduce((sum, { rows }) => sum + rows, 0);
  round.replicas.splice(round.replicas.indexOf(busy), 1);
  return {
    claimedMs: (round.claimedAtMs ?? NaN) - leftAtMs,
    sendingMs: (round.sendingAtMs ?? NaN) - leftAtMs,
    rowsSentTwice: rowsSent - ROWS,
  };
}

function tell(signal: Departure, takeovers: readonly Takeover[]): void {
  const seconds = (of: (takeover: Takeover) => number): string =>
    takeovers.map((takeover) => (of(takeover) / 1000).toFixed(1)).join(', ');
  console.log(`${signal}, lease ${values.lease} s`);
  console.log(`  claimed by another after ${seconds(({ claimedMs }) => claimedMs)} s`);
  console.log(`  rows are sent again after ${seconds(({ sendingMs }) => sendingMs)} s`);
  console.log(`  rows sent twice: ${takeovers.map(({ rowsSentTwice }) => rowsSentTwice).join(', ')}`);
}
