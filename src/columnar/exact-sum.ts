/** Adds numbers without any loss, with plain arithmetic for all but extreme values. */
import { FLOAT_DECIMALS } from '../job/totals.ts';

const UNIT = 10 ** FLOAT_DECIMALS;
const BIG_UNIT = 10n ** BigInt(FLOAT_DECIMALS);
/** Integers up to twice this are exact, so that two of them can be added. */
const SAFE_WHOLE = 2 ** 52;
/** 2^27 + 1 splits a double's 53 bits into two halves whose products are exact (Veltkamp). */
const SPLITTER = 2 ** 27 + 1;
const UNIT_HIGH = upperHalf(UNIT);
const UNIT_LOW = UNIT - UNIT_HIGH;

/** Σ of doubles, each as its exact binary value rounded half away from zero to 15 decimals. Source: spec.md §5, step 5. */
export class FloatSum {
  readonly scale = FLOAT_DECIMALS;
  nan = 0;
  positiveInfinity = 0;
  negativeInfinity = 0;
  /** The sum is (large + whole) + fraction · 10^-15, with 0 ≤ fraction < 10^15. */
  #large = 0n;
  #whole = 0;
  #fraction = 0;

  add(value: number): void {
    const size = Math.abs(value);
    if (size < SAFE_WHOLE) {
      const whole = Math.floor(size);
      const fraction = roundedProduct(size - whole);
      if (value < 0) this.#add(-whole, -fraction);
      else this.#add(whole, fraction);
    } else this.#addExtreme(value);
  }

  /** The sum times 10^15. */
  unscaled(): bigint {
    return (this.#large + BigInt(this.#whole)) * BIG_UNIT + BigInt(this.#fraction);
  }

  #add(whole: number, fraction: number): void {
    this.#whole += whole;
    this.#fraction += fraction;
    if (this.#fraction >= UNIT) {
      this.#fraction -= UNIT;
      this.#whole += 1;
    } else if (this.#fraction < 0) {
      this.#fraction += UNIT;
      this.#whole -= 1;
    }
    if (Math.abs(this.#whole) >= SAFE_WHOLE) {
      this.#large += BigInt(this.#whole);
      this.#whole = 0;
    }
  }

  #addExtreme(value: number): void {
    if (Number.isNaN(value)) this.nan += 1;
    else if (value === Infinity) this.positiveInfinity += 1;
    else if (value === -Infinity) this.negativeInfinity += 1;
    // A double of this size is an integer.
    else this.#large += BigInt(value);
  }
}

/** Σ of little-endian two's complement integers of 8, 16 or 32 bytes, scaled by 10^scale. */
export class IntegerSum {
  readonly scale: number;
  readonly nan = 0;
  readonly positiveInfinity = 0;
  readonly negativeInfinity = 0;
  #flushed = 0n;
  /** Sums of the 32-bit words of the values, least significant first; the last word alone is signed. */
  readonly #words: Float64Array;
  #unflushed = 0;

  constructor(bytes: number, scale: number) {
    this.#words = new Float64Array(bytes / 4);
    this.scale = scale;
  }

  add(values: DataView, at: number): void {
    const last = this.#words.length - 1;
    for (let i = 0; i < last; i++)
      this.#words[i] = (this.#words[i] as number) + values.getUint32(at + 4 * i, true);
    this.#words[last] = (this.#words[last] as number) + values.getInt32(at + 4 * last, true);
    // 2^20 words of 32 bits stay below 2^53, where every integer is exact.
    if (++this.#unflushed === 2 ** 20) this.#flush();
  }

  /** The sum times 10^scale. */
  unscaled(): bigint {
    this.#flush();
    return this.#flushed;
  }

  #flush(): void {
    this.#words.forEach((word, i) => (this.#flushed += BigInt(word) << BigInt(32 * i)));
    this.#words.fill(0);
    this.#unflushed = 0;
  }
}

/** x · 10^15 for 0 ≤ x < 1, its exact value rounded half up. */
function roundedProduct(x: number): number {
  const product = x * UNIT;
  // Below, and however the rest of the digits go, it rounds to 0; halves of such small factors might underflow.
  if (product < 0.25) return 0;
  const floor = Math.floor(product);
  // What the product was rounded by is exact, and so is its distance from the half: Dekker's two-product.
  const high = upperHalf(x);
  const low = x - high;
  const rest = high * UNIT_HIGH - product + high * UNIT_LOW + low * UNIT_HIGH + low * UNIT_LOW;
  return product - floor - 0.5 + rest >= 0 ? floor + 1 : floor;
}

function upperHalf(x: number): number {
  const scaled = x * SPLITTER;
  return scaled - (scaled - x);
}
