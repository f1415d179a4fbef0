// All phenomena, how often each has its turn, and the order in which turns are taken.
import type { Random } from '../random.ts';
import { WeightedChoice } from '../weighted-choice.ts';
import { goodwillCharge, lateRounding, lateTax, promotionGrant, supportCharge } from './account-charges.ts';
import { consumptionModelCommitment, creditCommitment } from './commitments.ts';
import { correction } from './corrections.ts';
import { crowdedLabelsRow } from './crowded-labels.ts';
import { lateSustainedUseCredit } from './late-credits.ts';
import { identicalRows } from './identical-rows.ts';
import { marketplaceRow } from './marketplace.ts';
import type { Phenomenon } from './phenomenon.ts';
import { regularUsage } from './regular-usage.ts';
import { tinyCost } from './tiny-costs.ts';

/** What is not regular usage, and the share of turns it takes; the rest of the turns is regular usage. */
const rarities: readonly { readonly phenomenon: Phenomenon; readonly share: number }[] = [
  { phenomenon: identicalRows, share: 0.01 },
  { phenomenon: correction, share: 0.01 },
  { phenomenon: tinyCost, share: 0.01 },
  { phenomenon: marketplaceRow, share: 0.01 },
  { phenomenon: supportCharge, share: 0.004 },
  { phenomenon: lateTax, share: 0.002 },
  { phenomenon: lateRounding, share: 0.002 },
  { phenomenon: promotionGrant, share: 0.002 },
  { phenomenon: creditCommitment, share: 0.006 },
  { phenomenon: consumptionModelCommitment, share: 0.006 },
  { phenomenon: lateSustainedUseCredit, share: 0.006 },
  { phenomenon: goodwillCharge, share: 0.003 },
  { phenomenon: crowdedLabelsRow, share: 0.004 },
];

/** Every so many turns at the start one rarity has its turn for certain, so that a small export shows them all. */
const TURNS_BETWEEN_FIRST_SHOWINGS = 6;
const FIRST_SHOWINGS_END = (rarities.length + 1) * TURNS_BETWEEN_FIRST_SHOWINGS;

/** Decides whose turn it is: each rarity once within the first rows, and after that by chance. */
export class Turns {
  readonly #choice: WeightedChoice<Phenomenon>;
  #taken = 0;

  constructor() {
    const regularShare = 1 - rarities.reduce((sum, { share }) => sum + share, 0);
    const all = [{ phenomenon: regularUsage, share: regularShare }, ...rarities];
    this.#choice = new WeightedChoice(
      all.map(({ phenomenon }) => phenomenon),
      (_, index) => all[index]?.share ?? 0,
    );
  }

  /** The phenomenon whose turn it is, among those that write no more rows than are left. */
  next(random: Random, rowsLeft: number): Phenomenon {
    const turn = this.#taken++;
    const drawn = turn < FIRST_SHOWINGS_END ? firstShowing(turn) : this.#choice.draw(random);
    return drawn.rows <= rowsLeft ? drawn : regularUsage;
  }
}

/** Regular usage comes first, as corrections need rows to correct. */
function firstShowing(turn: number): Phenomenon {
  return rarities[turn / TURNS_BETWEEN_FIRST_SHOWINGS - 1]?.phenomenon ?? regularUsage;
}
