// Rows that hang on the billing account and on no project: support, tax, rounding, goodwill.
import { type EncodedText, encodeText } from '../encoded-text.ts';
import { invoiceMonthOf } from '../invoice-month.ts';
import { costTypes, type Line, type Product } from '../line.ts';
import type { Phenomenon, Scene } from './phenomenon.ts';

const MICROS_PER_DAY = 86_400_000_000;

const INVOICE = { id: encodeText('F4A5-7C21-90E3'), description: encodeText('Invoice') };
const SUPPORT = { id: encodeText('2062-016F-44A2'), description: encodeText('Support') };

const supportFee = product(SUPPORT, '1D60-8A3C-5B0F', 'Enhanced Support fee');
const tax = product(INVOICE, '7A11-52D0-C4E9', 'Tax');
const roundingError = product(INVOICE, '0B9E-6C47-2F15', 'Rounding error');
const goodwill = product(INVOICE, '5E33-D81B-A690', 'Goodwill credit');
const MANUAL = encodeText('MANUAL_ADJUSTMENT');
const GOODWILL = encodeText('GOODWILL');

/** A day's share of the support fee. */
export const supportCharge = accountCharge(
  supportFee,
  costTypes.regular,
  ({ random }) => 3 + 40 * random.fineFraction(),
);

/** Tax on what was charged so far. */
export const taxCharge = accountCharge(tax, costTypes.tax, ({ random }) => 120 * random.fineFraction());

/** The difference between the rounded invoice and the sum of its rows, either way. */
export const roundingCharge = accountCharge(
  roundingError,
  costTypes.roundingError,
  ({ random }) => (random.fineFraction() - 0.5) / 100,
);

/** Money given back by hand: a negative cost of its own. */
export const goodwillCharge = accountCharge(
  goodwill,
  costTypes.adjustment,
  ({ random }) => -50 * random.fineFraction(),
  (line, { random }) => {
    const id = encodeText(`adj-${random.hex(16)}`);
    line.adjustment = {
      id,
      description: encodeText('Entgegenkommen für die Störung'),
      mode: MANUAL,
      type: GOODWILL,
    };
  },
);

function accountCharge(
  of: Product,
  costType: EncodedText,
  costOf: (scene: Scene) => number,
  complete: (line: Line, scene: Scene) => void = () => undefined,
): Phenomenon {
  return {
    rows: 1,
    play: (scene, line, write) => {
      const account = scene.random.pick(scene.world.organization.accounts);
      const day = Math.floor(scene.exportMicros / MICROS_PER_DAY) - 1;
      line.begin(account, of, day * MICROS_PER_DAY, (day + 1) * MICROS_PER_DAY);
      line.costType = costType;
      line.exportMicros = scene.exportMicros;
      line.invoiceMonth = invoiceMonthOf(line.usageStart, scene.exportMicros);
      line.conversionRate = account.currency.rateOn(day);
      line.cost = costOf(scene);
      complete(line, scene);
      write();
    },
  };
}

function product(service: Product['service'], id: string, description: string): Product {
  return { service, id: encodeText(id), description: encodeText(description) };
}
