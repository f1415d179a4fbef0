// The money rule of spec.md §5, written apart from the product on purpose: this is what the product is checked against.

const DECIMALS = 15;
const SCALE = 10n ** BigInt(DECIMALS);

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/**
 * A double's exact binary value rounded half away from zero to 15 decimals, in units of 10^-15. Throws on NaN and
 * infinities, which the export never holds.
 */
export function exactMoney(amount: number): bigint {
  if (amount === 0) return 0n;
  if (!Number.isFinite(amount)) throw new Error(`${amount} is no amount of money.`);
  float[0] = amount;
  const high = words[1] as number;
  const exponent = (high >>> 20) & 0x7ff;
  const fraction = (high & 0xfffff) * 4294967296 + (words[0] as number);
  // amount = mantissa * 2^shift; a subnormal (exponent 0) has no hidden bit.
  const mantissa = BigInt(exponent === 0 ? fraction : fraction + 4503599627370496);
  const shift = Math.max(exponent, 1) - 1075;
  const size = shift >= 0 ? (mantissa * SCALE) << BigInt(shift) : roundedShift(mantissa * SCALE, -shift);
  return amount < 0 ? -size : size;
}

/** The decimal notation of a number of 10^-15 units, without trailing zeros: `-0.0000000001`, `12`. */
export function formatMoney(units: bigint): string {
  const size = units < 0n ? -units : units;
  const decimals = (size % SCALE).toString().padStart(DECIMALS, '0').replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${size / SCALE}${decimals === '' ? '' : '.'}${decimals}`;
}

/** The 10^-15 units of a decimal such as `-0.1` or `1e-10`. Throws when it has more than 15 decimals or is none. */
export function parseMoney(decimal: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(decimal);
  if (match === null) throw new Error(`"${decimal}" is no decimal number.`);
  const [, sign, whole = '', decimals = '', exponent = '0'] = match;
  const zeros = DECIMALS - decimals.length + Number(exponent);
  const digits = BigInt(whole + decimals);
  const divisor = zeros < 0 ? 10n ** BigInt(-zeros) : 1n;
  if (digits % divisor !== 0n) throw new Error(`"${decimal}" has more than ${DECIMALS} decimals.`);
  const size = zeros < 0 ? digits / divisor : digits * 10n ** BigInt(zeros);
  return sign === '-' ? -size : size;
}

function roundedShift(size: bigint, bits: number): bigint {
  return (size + (1n << BigInt(bits - 1))) >> BigInt(bits);
}
