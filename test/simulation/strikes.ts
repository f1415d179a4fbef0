// What goes wrong around a call: with messages, streams and sessions, the database, or replicas as a whole.
import type { SeededRandom } from '../support/seeded-random.ts';
import type { WorldFault } from './fault-kinds.ts';
import type { Fleet } from './fleet.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedModule } from './simulated-module.ts';
import type { Warehouses } from './warehouses.ts';
import type { WatchedBroker } from './watched-doubles.ts';

/** What can be struck. */
export type Targets = {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly warehouses: Warehouses;
  readonly module: SimulatedModule;
  readonly broker: WatchedBroker;
  readonly fleet: Fleet;
  /** Whether the rows of any organization go through the module. */
  readonly usesModule: boolean;
  /** The bodies of the messages published so far. */
  readonly published: () => readonly string[];
};

export class Strikes {
  readonly #targets: Targets;
  #databaseBackAtMs = 0;

  constructor(targets: Targets) {
    this.#targets = targets;
  }

  databaseAnswers(): boolean {
    return this.#targets.scheduler.nowMs() >= this.#databaseBackAtMs;
  }

  /** Strikes at a call of this replica; what goes on does so for this long. */
  strike(fault: WorldFault, name: string, ms: number): void {
    const { scheduler, fleet, warehouses } = this.#targets;
    const replica = fleet.find(name);
    switch (fault) {
      case 'duplicate_delivery':
        return this.#deliverAgain();
      case 'same_job_published_again':
        return this.#publishAgain();
      case 'stream_cut':
        replica?.subscriber.cut();
        return scheduler.after(ms, () => replica?.subscriber.reconnect());
      case 'streams_silent':
        return this.#silence();
      case 'read_sessions_lost':
        return warehouses.source.loseReadSessions();
      case 'write_streams_lost':
        return warehouses.destination.loseWriteStreams();
      case 'committed_streams_forgotten':
        return warehouses.destination.loseWriteStreams({ forgetCommitted: true });
      case 'module_exchanged':
        return this.#targets.module.exchange();
      case 'database_outage':
        this.#databaseBackAtMs = Math.max(this.#databaseBackAtMs, scheduler.nowMs() + ms);
        return;
      case 'drain':
        return fleet.drain(replica);
      case 'rolling_restart':
        return fleet.restart();
    }
  }

  /** What would change nothing at a call of this replica. */
  withoutEffect(name: string): readonly WorldFault[] {
    const { source, destination } = this.#targets.warehouses;
    const idle: WorldFault[] = [];
    if (!this.#targets.usesModule) idle.push('module_exchanged');
    if (!source.hasReadSessions) idle.push('read_sessions_lost');
    if (!destination.hasWriteStreams(false)) idle.push('write_streams_lost');
    // Without one that is committed it is the loss of the others only.
    if (!destination.hasWriteStreams(true)) idle.push('committed_streams_forgotten');
    if (this.#targets.fleet.find(name)?.isDraining) idle.push('drain');
    return idle;
  }

  #deliverAgain(): void {
    const { broker, fleet, random } = this.#targets;
    const receiving = fleet.receiving();
    const givenUp = new Set(broker.eventsOf('dead_lettered').map(({ messageId }) => messageId));
    const delivered = broker.eventsOf('delivered').map(({ messageId }) => messageId);
    const ids = delivered.filter((messageId) => !givenUp.has(messageId));
    if (receiving.length === 0 || ids.length === 0) return;
    broker.duplicate(random.pick(ids), random.pick(receiving).subscriber);
  }

  /** Every connection stays open and brings nothing more, until it is renewed. */
  #silence(): void {
    for (const { subscriber } of this.#targets.fleet.receiving()) subscriber.mute();
  }

  #publishAgain(): void {
    const { broker, random, published } = this.#targets;
    if (published().length > 0) broker.publish(random.pick(published()));
  }
}
