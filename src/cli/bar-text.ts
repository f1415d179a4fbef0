/** Bars that fit the terminal. */

const FULL = '█';
const EMPTY = '░';
const WIDEST_BAR = 24;
const NARROWEST_BAR = 6;

/** `name bar figures` in so many columns: where there is not enough room the bar goes first, then the name is cut. */
export function barText(name: string, share: number, figures: string, columns: number): string {
  const room = columns - name.length - figures.length - 2;
  if (room < NARROWEST_BAR) return named(name, figures, columns);
  const width = Math.min(WIDEST_BAR, room);
  const full = Math.min(width, Math.floor(share * width));
  return `${name} ${FULL.repeat(full)}${EMPTY.repeat(width - full)} ${figures}`;
}

/** `name text` in so many columns; the name is cut before the text is. */
export function named(name: string, text: string, columns: number): string {
  const room = columns - text.length - 1;
  const short = name.length <= room ? name : `${name.slice(0, Math.max(0, room - 1))}…`;
  return `${short} ${text}`.slice(0, columns);
}
