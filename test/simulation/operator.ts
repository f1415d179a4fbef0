// An operator of a simulated world: stops jobs, settles those that need a person, pauses and configures organizations, retries jobs as the page does and replays dead letters as the command line does.
import { retryJob } from '../../src/http/act.ts';
import { isTerminal } from '../../src/job/job-status.ts';
import type { JobKey, JobStatus } from '../../src/job/job.ts';
import type { State } from '../../src/state/open-state.ts';
import type { SetOutcome } from '../../src/state/organization-store.ts';
import type { Publisher } from '../../src/worker/publisher.ts';
import { plannedReplay, replay } from '../../src/worker/replay-dead-letter.ts';
import type { Checker } from './checker.ts';
import { gatedPublisher } from './gated-broker.ts';
import { gatedState, type Perform } from './gated-state.ts';
import { Gate, type Surroundings } from './gate.ts';
import { cursorAt } from './organizations.ts';
import type { Variant, VariantSite } from './replica.ts';
import type { Act } from './scenario.ts';

const NAME = 'operator';
/** Between two looks at what has become of something. */
const LOOK_MS = 2_000;
/** After so many looks the operator gives up: the job never failed, or nothing can be reached. */
const LOOKS = 15;
const LETTERS = 1_000;

export type OperatorParts = {
  readonly surroundings: Surroundings;
  readonly state: State;
  readonly perform: Perform;
  readonly publisher: Publisher;
  readonly checker: Checker;
  /** Told before whatever may set jobs going. */
  readonly onAsked: () => void;
  readonly variant: Variant | undefined;
  readonly site: Omit<VariantSite, 'gate'>;
};

/** What one process of the operator's reaches the world by. */
type Hands = { readonly state: State; readonly publisher: Publisher };

export class Operator {
  readonly #parts: OperatorParts;
  #processes = 0;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  /** Does it to its end, or until the operator has lost patience. */
  async act(act: Act): Promise<void> {
    const { trace, scheduler } = this.#parts.surroundings;
    trace.event(
      scheduler.nowMs(),
      `operator ${act.kind} ${'organizationId' in act ? act.organizationId : ''}`,
    );
    switch (act.kind) {
      case 'cancel':
        return this.#cancel(act);
      case 'pause':
      case 'resume':
        return this.#pause(act.organizationId, act.kind);
      case 'retry':
        return this.#retry(act);
      case 'resolve':
        return this.#resolve(act);
      case 'reroute':
        return this.#untilSet(() =>
          this.#parts.state.organizations.set({
            organizationId: act.organizationId,
            writePath: act.writePath,
          }),
        );
      case 'replan':
        return this.#replan(act.organizationId);
      case 'replay':
        return this.#untilDone((hands) => this.#replayAll(hands));
    }
  }

  /** A transaction that nothing goes wrong with, as are those of a pause. */
  async #cancel(key: JobKey): Promise<void> {
    const { checker, state, perform } = this.#parts;
    checker.cancelWished(`${key.organizationId}/${key.jobId}`);
    await perform(NAME, 'state.jobs.requestCancel', [key], () => state.jobs.requestCancel(key));
  }

  async #pause(organizationId: string, change: 'pause' | 'resume'): Promise<void> {
    const { checker, state, perform } = this.#parts;
    if (change === 'resume') checker.paused(organizationId, false);
    const operation = `state.organizations.${change}`;
    await perform(NAME, operation, [], () => state.organizations[change](organizationId));
    if (change === 'pause') checker.paused(organizationId, true);
  }

  /** From where the copy has come to, or from before all rows; in one step with reading that, so that no job moves it on in between. */
  #replan(organizationId: string): Promise<void> {
    const { checker, state } = this.#parts;
    return this.#untilSet(async () => {
      const { watermark } = (await state.organizations.find(organizationId)) ?? {};
      const at = watermark ?? cursorAt(-1);
      const outcome = await state.organizations.set({ organizationId, watermark: { kind: 'since', at } });
      if (outcome.kind !== 'refused') checker.watermarkWished(organizationId, at);
      return outcome;
    });
  }

  /** Refused as long as a job is active; nothing goes wrong with it otherwise. */
  #untilSet(set: () => Promise<SetOutcome>): Promise<void> {
    const { perform } = this.#parts;
    return this.#untilDone(async () => {
      const outcome = await perform(NAME, 'state.organizations.set', [], set);
      return (outcome as SetOutcome).kind !== 'refused';
    });
  }

  /** Once it has failed or was cancelled. */
  async #retry(key: JobKey): Promise<void> {
    const name = `${key.organizationId}/${key.jobId}`;
    const { checker, onAsked } = this.#parts;
    await this.#untilDone(async ({ state, publisher }) => {
      const status = checker.job(name)?.status as JobStatus | undefined;
      if (status === 'SUCCESS') return true;
      if (status === undefined || !isTerminal(status)) return false;
      checker.retryWished(name);
      onAsked();
      await retryJob(state, (request) => publisher.publishJob(request), key, { name: NAME });
      return true;
    });
  }

  /** The rows of the copy are there: nothing but rejected rows is ever lost for good here. */
  async #resolve(key: JobKey): Promise<void> {
    const { checker, onAsked } = this.#parts;
    checker.quarantines.givenUp(`${key.organizationId}/${key.jobId}`);
    onAsked();
    await this.#untilDone(async ({ state }) => {
      const { kind } = await state.jobs.resolveCommitted(key);
      return kind === 'finished' || kind === 'refused';
    });
  }

  /** Every dead letter on record, the oldest first. */
  async #replayAll({ state, publisher }: Hands): Promise<boolean> {
    const { checker, onAsked } = this.#parts;
    const letters = await state.deadLetters.list({ replayed: false, afterId: 0, limit: LETTERS });
    for (const letter of letters) {
      const planned = await plannedReplay(letter, state);
      if (planned.outcome === 'retried') checker.retryWished(`${letter.organizationId}/${letter.jobId}`);
      onAsked();
      const { outcome } = await replay(planned, state, (request) => publisher.publishJob(request), NAME);
      if (outcome === 'failed') return false;
    }
    return true;
  }

  /** Tries again when it comes to nothing, and in a new process when the operator's has died. */
  async #untilDone(attempt: (hands: Hands) => Promise<boolean>): Promise<void> {
    const { scheduler } = this.#parts.surroundings;
    for (let look = 0; look < LOOKS; look += 1) {
      const isDone = await new Promise<boolean>((resolve) => {
        const hands = this.#newProcess(() => resolve(false));
        attempt(hands).then(resolve, () => resolve(false));
      });
      if (isDone) return;
      await scheduler.sleep(LOOK_MS);
    }
  }

  #newProcess(onKilled: () => void): Hands {
    const { surroundings, perform, variant, site } = this.#parts;
    this.#processes += 1;
    const gate = new Gate({ ...surroundings, onKilled }, `${NAME}${this.#processes}`);
    const state = gatedState(this.#parts.state, gate, perform);
    return {
      state: variant?.state?.(state, { ...site, gate }) ?? state,
      publisher: gatedPublisher(this.#parts.publisher, gate),
    };
  }
}
