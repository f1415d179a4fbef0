// Rows that hang on the billing account and on no project: support, promotions, goodwill, and tax and rounding at the close.
import { type EncodedText, encodeText } from '../encoded-text.ts';
import { invoiceMonthOf, lastClosedMonth, lastDayOf } from '../invoice-month.ts';
import { costTypes, type Line, type Product } from '../line.ts';
import { creditKinds } from '../world/credit-kinds.ts';
import type { BillingAccount } from '../world/organization.ts';
import type { Phenomenon, Scene } from './phenomenon.ts';

const MICROS_PER_DAY = 86_400_000_000;

const INVOICE = { id: encodeText('F4A5-7C21-90E3'), description: encodeText('Invoice') };
const SUPPORT = { id: encodeText('2062-016F-44A2'), description: encodeText('Support') };

const supportFee = product(SUPPORT, '1D60-8A3C-5B0F', 'Enhanced Support fee');
const tax = product(INVOICE, '7A11-52D0-C4E9', 'Tax');
const roundingError = product(INVOICE, '0B9E-6C47-2F15', 'Rounding error');
const promotion = product(INVOICE, '91C7-3EAD-0B52', 'Promotional credit');
const goodwill = product(INVOICE, '5E33-D81B-A690', 'Goodwill credit');

const TAX_RATE = 0.19;
const MANUAL = encodeText('MANUAL_ADJUSTMENT');
const GOODWILL = encodeText('GOODWILL');

/** A day's share of the support fee. */
export const supportCharge = accountCharge(
  supportFee,
  costTypes.regular,
  ({ random }) => 3 + 40 * random.fineFraction(),
);

/** A promotion granted on its own: no cost, no usage, only the credit. */
export const promotionGrant = accountCharge(
  promotion,
  costTypes.regular,
  () => 0,
  (line, { random }) => {
    line.credits = [{ kind: creditKinds.promotion, amount: -25 * (1 + random.fineFraction()) }];
  },
);

/** Tax that comes late, on the invoice that closed last. */
export const lateTax = closingCharge(tax, costTypes.tax, ({ random }) => 120 * random.fineFraction());

/** Rounding of the invoice that closed last, seen late, either way. */
export const lateRounding = closingCharge(
  roundingError,
  costTypes.roundingError,
  ({ random }) => (random.fineFraction() - 0.5) / 100,
);

/** What closes an account's invoice: tax on what was charged, and the difference between the rounded invoice and its rows. */
export function invoiceClosing(account: BillingAccount): Phenomenon {
  return {
    rows: 2,
    play: (scene, line, write) => {
      const month = lastClosedMonth(scene.exportMicros);
      fillClosingCharge(tax, account, scene, line);
      line.costType = costTypes.tax;
      line.cost = TAX_RATE * scene.invoices.charged(account, month);
      write();
      const total = scene.invoices.charged(account, month);
      fillClosingCharge(roundingError, account, scene, line);
      line.costType = costTypes.roundingError;
      line.cost = Math.round(total * 100) / 100 - total;
      write();
    },
  };
}

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

function closingCharge(of: Product, costType: EncodedText, costOf: (scene: Scene) => number): Phenomenon {
  return {
    rows: 1,
    play: (scene, line, write) => {
      fillClosingCharge(of, scene.random.pick(scene.world.organization.accounts), scene, line);
      line.costType = costType;
      line.cost = costOf(scene);
      write();
    },
  };
}

function fillClosingCharge(of: Product, account: BillingAccount, { exportMicros }: Scene, line: Line): void {
  line.invoiceMonth = lastClosedMonth(exportMicros);
  const { start, end } = lastDayOf(line.invoiceMonth);
  line.begin(account, of, start, end);
  line.exportMicros = exportMicros;
  line.conversionRate = account.currency.rateOn(Math.floor(start / MICROS_PER_DAY));
}

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
