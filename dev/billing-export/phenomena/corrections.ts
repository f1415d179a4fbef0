// Corrections: an earlier row is taken back by its negation and charged again at another price, both as new rows.
import { encodeText } from '../encoded-text.ts';
import { invoiceMonthOf } from '../invoice-month.ts';
import type { Line, Usage } from '../line.ts';
import type { Phenomenon } from './phenomenon.ts';

const MODE = encodeText('COMPLETE_NEGATION_WITH_REMONETIZATION');
const REASONS = [
  {
    type: encodeText('PRICE_CORRECTION'),
    description: encodeText('Price correction – korrigierter Vertragspreis'),
  },
  {
    type: encodeText('USAGE_CORRECTION'),
    description: encodeText('Usage correction for over-reported usage'),
  },
];

/** The negation of an earlier row and its re-monetisation, joined by one adjustment id. */
export const correction: Phenomenon = {
  rows: 2,
  play: ({ past, random, exportMicros }, line, write) => {
    line.copy(past.draw(random));
    const { type, description } = random.pick(REASONS);
    line.adjustment = { id: encodeText(`adj-${random.hex(16)}`), description, mode: MODE, type };
    line.exportMicros = exportMicros;
    line.invoiceMonth = invoiceMonthOf(line.usageStart, exportMicros);
    scale(line, -1);
    write();
    scale(line, -(0.5 + random.fineFraction() / 2));
    write();
  },
};

function scale(line: Line, factor: number): void {
  line.cost *= factor;
  line.credits = line.credits.map(({ kind, amount }) => ({ kind, amount: amount * factor }));
  line.usage = line.usage && scaledUsage(line.usage, factor);
  line.costAtList = scaled(line.costAtList, factor);
  line.costAtDefaultPrice = scaled(line.costAtDefaultPrice, factor);
  line.costAtListInModel = scaled(line.costAtListInModel, factor);
}

function scaled(cost: number | undefined, factor: number): number | undefined {
  return cost === undefined ? undefined : cost * factor;
}

function scaledUsage(usage: Usage, factor: number): Usage {
  return {
    ...usage,
    amount: usage.amount * factor,
    amountInPricingUnits: usage.amountInPricingUnits * factor,
  };
}
