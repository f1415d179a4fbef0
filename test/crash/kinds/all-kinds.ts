// Every kind of fault a campaign plays, with its share of the strikes.
import * as database from './database.ts';
import type { Kind } from './kind.ts';
import * as machine from './machine.ts';
import * as processes from './processes.ts';
import * as servers from './servers.ts';

/** A kind, the name it is chosen by, and the most hits one episode of it gets. */
export type CampaignKind = { readonly id: string; readonly kind: Kind; readonly hits: number };

/** In the order in which they take turns; killing comes often, because it is what is counted. */
export const ALL_KINDS: readonly CampaignKind[] = [
  { id: 'kill', kind: processes.KILLED, hits: 20 },
  { id: 'term', kind: processes.ASKED_TO_STOP, hits: 12 },
  { id: 'term-twice', kind: processes.ASKED_TWICE, hits: 6 },
  { id: 'stop', kind: processes.ASLEEP_PAST_THE_LEASE, hits: 12 },
  { id: 'kill-sqlite', kind: processes.KILLED_ON_SQLITE, hits: 4 },
  { id: 'undisturbed', kind: database.UNDISTURBED, hits: 0 },
  { id: 'commit-cut', kind: database.ANSWER_TO_COMMIT_LOST, hits: 20 },
  { id: 'db-restart', kind: database.DATABASE_RESTARTED, hits: 3 },
  { id: 'db-read-only', kind: database.DATABASE_READ_ONLY, hits: 3 },
  { id: 'db-connections', kind: database.CONNECTIONS_KILLED, hits: 5 },
  { id: 'db-full', kind: database.TOO_MANY_CONNECTIONS, hits: 2 },
  { id: 'db-lock-wait', kind: database.LOCK_WAIT_TIMEOUT, hits: 2 },
  { id: 'db-deadlock', kind: database.DEADLOCK, hits: 3 },
  { id: 'pubsub', kind: servers.PUBSUB_RESTARTED, hits: 2 },
  { id: 'destination', kind: servers.DESTINATION_RESTARTED, hits: 6 },
  { id: 'clock', kind: machine.CLOCK_JUMPS, hits: 10 },
  { id: 'disk', kind: machine.DISK_FULL, hits: 2 },
  { id: 'output', kind: machine.OUTPUT_CLOSED, hits: 4 },
];
