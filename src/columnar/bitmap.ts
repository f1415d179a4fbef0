/** Bitmaps as Arrow has them: bit i is bit i % 8 of byte i / 8, counted from the least significant. */

/** Copies `count` bits; bits of the last byte beyond them are left 0, bits before `toBit` as they are. */
export function copyBits(
  from: Uint8Array,
  fromBit: number,
  to: Uint8Array,
  toBit: number,
  count: number,
): void {
  let source = fromBit;
  let target = toBit;
  const end = toBit + count;
  if (target % 8 !== 0 && target < end) {
    const head = Math.min(8 - (target % 8), end - target);
    const at = target >> 3;
    const kept = (to[at] as number) & lowBits(target % 8);
    to[at] = kept | ((eightBits(from, source) & lowBits(head)) << (target % 8));
    source += head;
    target += head;
  }
  const wholeBytes = (end - target) >> 3;
  copyWholeBytes(from, source, to, target >> 3, wholeBytes);
  const tail = (end - target) % 8;
  if (tail > 0) to[end >> 3] = eightBits(from, source + wholeBytes * 8) & lowBits(tail);
}

/** Sets `count` bits; bits of the last byte beyond them are left 0, bits before `toBit` as they are. */
export function setBits(to: Uint8Array, toBit: number, count: number): void {
  if (count === 0) return;
  const end = toBit + count;
  const [first, last] = [toBit >> 3, (end - 1) >> 3];
  const before = toBit % 8 === 0 ? 0 : (to[first] as number) & lowBits(toBit % 8);
  to.fill(0xff, first, last + 1);
  to[last] = lowBits(end - last * 8);
  to[first] = ((to[first] as number) & ~lowBits(toBit % 8)) | before;
}

/** Whether bit `at` is 1. */
export function isSet(bits: Uint8Array, at: number): boolean {
  return ((bits[at >> 3] as number) & (1 << (at & 7))) !== 0;
}

/** Position of the first 0 in [start, end), or end when all are 1. */
export function firstZero(bits: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    if (at % 8 === 0 && bits[at >> 3] === 0xff) at += 8;
    else if (isSet(bits, at)) at += 1;
    else return at;
  }
  return end;
}

/** Number of 0s in [start, end). */
export function countZeros(bits: Uint8Array, start: number, end: number): number {
  let ones = 0;
  let at = start;
  for (; at < end && at % 8 !== 0; at++) ones += isSet(bits, at) ? 1 : 0;
  for (; at + 8 <= end; at += 8) ones += ONES[bits[at >> 3] as number] as number;
  for (; at < end; at++) ones += isSet(bits, at) ? 1 : 0;
  return end - start - ones;
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

function copyWholeBytes(
  from: Uint8Array,
  fromBit: number,
  to: Uint8Array,
  toByte: number,
  count: number,
): void {
  const [fromByte, shift] = [fromBit >> 3, fromBit % 8];
  if (count === 0) return;
  if (shift === 0) {
    to.set(from.subarray(fromByte, fromByte + count), toByte);
    return;
  }
  let low = from[fromByte] as number;
  for (let i = 0; i < count; i++) {
    const high = from[fromByte + i + 1] as number;
    to[toByte + i] = (low >> shift) | (high << (8 - shift));
    low = high;
  }
}

/** The byte that starts at any bit; bits beyond the end of the array are 0. */
function eightBits(from: Uint8Array, at: number): number {
  const byte = at >> 3;
  return ((from[byte] as number) | ((from[byte + 1] ?? 0) << 8)) >> (at % 8);
}

function lowBits(count: number): number {
  return (1 << count) - 1;
}
