/** The progress of a command through many things, one after the other, on a terminal. */
import { count, duration } from '../http/human-text.ts';
import { barText } from './bar-text.ts';
import type { LiveLine } from './live-line.ts';
import type { Session } from './session.ts';

/** One thing is no progress worth a bar. */
const WORTH_A_BAR = 2;

/** A bar with how many of the total are done and the time left, as long as done says fewer; nothing where it is not wanted. */
export function startCountBar(
  activity: string,
  { total, done }: { readonly total: number; readonly done: () => number },
  session: Session,
  isWanted: boolean,
): LiveLine {
  const nowMs = (): number => session.io.now().getTime();
  const startMs = nowMs();
  return session.startLine(isWanted && total >= WORTH_A_BAR, (columns) => {
    const now = done();
    const left = now === 0 ? '…' : duration(((nowMs() - startMs) / now) * (total - now));
    const figures = `${Math.floor((100 * now) / total)}%  ${count(now)}/${count(total)}  ETA ${left}`;
    return barText(activity, now / total, figures, columns);
  });
}
