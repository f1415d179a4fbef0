// Bitmaps against the obvious way of doing it, one bit at a time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyBits, countZeros, firstZero, setBits } from '../../src/columnar/bitmap.ts';
import { SeededRandom } from '../support/seeded-random.ts';

test('bits copied from any position to any position are the bits asked for and no others', () => {
  const random = new SeededRandom(1);
  const from = random.bytes(9);
  for (let fromBit = 0; fromBit < 20; fromBit++)
    for (let toBit = 0; toBit < 20; toBit++)
      for (let count = 0; count < 40; count++) {
        const to = random.bytes(9);
        const expected = [...bitsOf(to).slice(0, toBit), ...bitsOf(from).slice(fromBit, fromBit + count)];
        copyBits(from, fromBit, to, toBit, count);
        const name = `${count} bits from ${fromBit} to ${toBit}`;
        assert.deepEqual(bitsOf(to).slice(0, expected.length), expected, name);
        if (count > 0) assert.equal(restOfLastByte(to, expected.length), 0, name);
      }
});

test('a copy of the last bits of an array does not read beyond its end', () => {
  const to = new Uint8Array(2);
  copyBits(Uint8Array.of(0b1010_0000), 5, to, 6, 3);
  assert.deepEqual(bitsOf(to).slice(6, 9), [true, false, true]);
});

test('bits set from any position on leave what stands before', () => {
  const random = new SeededRandom(2);
  for (let toBit = 0; toBit < 20; toBit++)
    for (let count = 0; count < 40; count++) {
      const to = random.bytes(9);
      const expected = [...bitsOf(to).slice(0, toBit), ...Array<boolean>(count).fill(true)];
      setBits(to, toBit, count);
      assert.deepEqual(bitsOf(to).slice(0, expected.length), expected, `${count} bits at ${toBit}`);
      if (count > 0) assert.equal(restOfLastByte(to, expected.length), 0);
    }
});

test('zeros are found and counted in any range', () => {
  const random = new SeededRandom(3);
  for (let i = 0; i < 2000; i++) {
    // Mostly ones, so that whole bytes are skipped.
    const bits = random.bytes(8).map((byte) => (random.chance(0.7) ? 0xff : byte));
    const start = random.below(64);
    const end = start + random.below(65 - start);
    const range = bitsOf(bits).slice(start, end);
    assert.equal(countZeros(bits, start, end), range.filter((bit) => !bit).length);
    assert.equal(firstZero(bits, start, end), range.includes(false) ? start + range.indexOf(false) : end);
  }
});

function bitsOf(bytes: Uint8Array): boolean[] {
  return Array.from(
    { length: bytes.length * 8 },
    (_, i) => ((bytes[i >> 3] as number) & (1 << (i & 7))) !== 0,
  );
}

function restOfLastByte(bytes: Uint8Array, end: number): number {
  return end % 8 === 0 ? 0 : (bytes[end >> 3] as number) >> (end % 8);
}
