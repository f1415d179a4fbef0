// Hears what doubles and replicas do, and has the checker judge it.
import type { Micros } from '../../src/job/instant.ts';
import type { BrokerEvent, DeadLetter } from '../support/fake-broker.ts';
import type { Checker } from './checker.ts';
import { hasLetterOfMessage } from './final-checks.ts';
import { isQuarantine, isStaging } from './gated-sides.ts';
import { SECRET } from './organizations.ts';

/** What it asks the world for. */
export type Sight = {
  readonly checker: Checker;
  readonly contentOf: (messageId: string) => unknown;
  readonly deadLetters: () => readonly DeadLetter[];
  /** Whether the broker may give up on a message. */
  readonly mayGiveUp: boolean;
  readonly now: () => Micros;
  /** Whether the replica is alive and was not told to stop. */
  readonly goesOnWorking: (replica: string) => boolean;
};

type Detail = Readonly<Record<string, unknown>>;

export class Witness {
  readonly #sight: Sight;
  /** Write streams whose acknowledgements were untrue. */
  readonly #untrue = new Set<string>();
  /** When each delivery of each message happened. */
  readonly #deliveredAt = new Map<string, Micros>();
  /** Names of the jobs whose failure somebody was told of. */
  readonly alerted = new Set<string>();
  /** Calls the warehouses have begun to carry out. */
  warehouseCalls = 0;

  constructor(sight: Sight) {
    this.#sight = sight;
  }

  /** A write stream has acknowledged what it does not hold. */
  swallowed(stream: string): void {
    this.#untrue.add(stream);
  }

  /** Something was done in a warehouse. */
  effect(caller: string, event: string, detail: Detail): void {
    if (event === 'call') this.warehouseCalls += 1;
    if (event === 'committed') this.#committed(detail);
    const stream = String(detail['stream']);
    if (event === 'finalized' && !this.#untrue.has(stream))
      this.#sight.checker.finalized(caller, stream, Number(detail['rows']));
  }

  /** Something happened to a message. */
  message({ kind, messageId, subscriber = '', attempt }: BrokerEvent): void {
    const { checker, contentOf, deadLetters, goesOnWorking, mayGiveUp } = this.#sight;
    const delivery = `${messageId} ${attempt}`;
    if (kind === 'delivered') this.#deliveredAt.set(delivery, this.#sight.now());
    if (kind === 'acked') {
      const content = contentOf(messageId) as { organization_id?: string; job_id?: string };
      const isDead = content.job_id === undefined && hasLetterOfMessage(deadLetters());
      checker.acked(subscriber, content, isDead, this.#deliveredAt.get(delivery) ?? 0n);
    }
    if (kind === 'nacked' && goesOnWorking(subscriber))
      checker.violation(`I13: ${subscriber} nacked ${messageId} although it goes on working`);
    if (kind === 'dead_lettered' && !mayGiveUp) checker.violation(`I10: the broker gave up on ${messageId}`);
  }

  /** A replica would log this. I12. */
  text(replica: string, text: string): void {
    if (text.includes(SECRET))
      this.#sight.checker.violation(`I12: ${replica} would log the content of a row: ${text}`);
  }

  /** Rows that wait in a staging table can be seen by nobody. */
  #committed({ streams = [], jobId, rows }: Detail): void {
    const names = streams as readonly string[];
    if (names.some(isStaging)) return;
    const lineages = (rows as readonly { readonly lineage: unknown }[]).map(({ lineage }) => String(lineage));
    const { commits, quarantines } = this.#sight.checker;
    if (names.some(isQuarantine)) quarantines.committed({ streams: names, lineages });
    else commits.committed({ streams: names, jobId: jobId as string | undefined, lineages });
  }
}
