// A kind of fault, as the tests and the campaign play it.
import type { Program } from '../../support/daemon.ts';
import type { Endings } from '../endings.ts';
import type { Episode } from '../episode.ts';

/** What an episode of a kind is given. */
export type Stage = {
  readonly endings: Endings;
  readonly program: Program;
  readonly seed: number;
  /** Hits wanted. */
  readonly hits: number;
};

export type Kind = {
  readonly name: string;
  /** Why it cannot be played here, or undefined. */
  readonly missing?: () => string | undefined;
  play(stage: Stage): Promise<Episode>;
};
