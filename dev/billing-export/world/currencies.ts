// The currencies that billing accounts are invoiced in, and their daily rates against the US dollar.
import { type EncodedText, encodeText } from '../encoded-text.ts';

/** A currency in which a billing account is invoiced. */
export interface Currency {
  readonly code: string;
  readonly encodedCode: EncodedText;
  /** Units of this currency for one US dollar on the UTC day, as `currency_conversion_rate` gives it. */
  readonly rateOn: (day: number) => number;
}

const UNITS_PER_DOLLAR: ReadonlyMap<string, number> = new Map([
  ['USD', 1],
  ['EUR', 0.9213],
  ['GBP', 0.7846],
  ['CHF', 0.8817],
  ['JPY', 151.37],
  ['INR', 83.94],
  ['BRL', 5.4361],
]);

/** A currency by its code. Throws for one whose rate the generator does not know. */
export function currency(code: string): Currency {
  const rate = UNITS_PER_DOLLAR.get(code);
  if (rate === undefined) {
    throw new Error(
      `The generator knows no rate for currency ${code}; it knows ${[...UNITS_PER_DOLLAR.keys()].join(', ')}.`,
    );
  }
  const rateOn = code === 'USD' ? () => 1 : (day: number) => rate * (1 + dailyDrift(code, day));
  return { code, encodedCode: encodeText(code), rateOn };
}

/** Within one per cent either way, a function of the day alone so that every run sees the same rate. */
function dailyDrift(code: string, day: number): number {
  const mixed = Math.imul(day ^ (code.charCodeAt(0) << 8) ^ code.charCodeAt(2), 2654435761) >>> 0;
  return (mixed / 4294967296 - 0.5) / 50;
}
