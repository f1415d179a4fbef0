// Every known way to lose or double rows that the simulation is checked against, with the invariant it breaks.
import type { Variant } from '../replica.ts';
import { ackBeforeSuccess, duplicateNacked, silenceTrusted } from './acknowledgements.ts';
import { inBandErrorIgnored, noFinalizedCount } from './appends.ts';
import {
  ambiguousCommitUnderNewSet,
  commitAssumed,
  leaseCheckBeforeCommit,
  newStreamsAfterDecision,
  watermarkOutsideTransaction,
} from './decisions.ts';
import { claimsWithoutEpoch, leaseByLocalClock } from './leases.ts';
import {
  cancelForgotten,
  failedSilently,
  givenUpTooEarly,
  letterAckedUnfiled,
  letterMarkedTooEarly,
  retryKeepsCancelWish,
  startedWhilePaused,
} from './operators.ts';
import { moduleUnversioned, rejectedTwice, rejectedUncommitted } from './rejections.ts';
import { commitJobOfEachOwner, repairAppends, repairMovesWatermark } from './replacements.ts';

/** Each with how the violation begins that it has to be caught by. */
export const VARIANTS: readonly (readonly [Variant, RegExp])[] = [
  [leaseCheckBeforeCommit, /^I5/],
  [newStreamsAfterDecision, /^I[45]/],
  [ackBeforeSuccess, /^I6/],
  [inBandErrorIgnored, /^I1:/],
  [noFinalizedCount, /^I1:/],
  [watermarkOutsideTransaction, /^I7/],
  [leaseByLocalClock, /^I8/],
  [ambiguousCommitUnderNewSet, /^I4/],
  [commitAssumed, /^I9/],
  [duplicateNacked, /^I13/],
  [silenceTrusted, /^I10: not everything has ended/],
  [claimsWithoutEpoch, /^I8/],
  [cancelForgotten, /^I8.*asked to stop/],
  [startedWhilePaused, /^I8.*paused/],
  [retryKeepsCancelWish, /^I8.*although nobody asked/],
  [givenUpTooEarly, /^I10.*crash_loop/],
  [failedSilently, /^I10.*0 dead letters/],
  [letterMarkedTooEarly, /^I10.*never published/],
  [letterAckedUnfiled, /^I10.*was filed 0 times/],
  [repairAppends, /^I1:/],
  [commitJobOfEachOwner, /^I4/],
  [repairMovesWatermark, /^I7/],
  [rejectedUncommitted, /^I1:.*rejected rows/],
  [rejectedTwice, /^I4/],
  [moduleUnversioned, /^I1:.*rejected rows/],
];
