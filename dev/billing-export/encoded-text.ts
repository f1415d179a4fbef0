// Texts encoded to UTF-8 once, so that writing a row copies bytes and makes no string.

/** One text as UTF-8. */
export type EncodedText = Uint8Array;

/** A list of texts: all bytes in one piece, and where each text ends. */
export interface EncodedTexts {
  readonly bytes: Uint8Array;
  readonly ends: Int32Array;
}

const encoder = new TextEncoder();

/** The UTF-8 bytes of one text. */
export function encodeText(text: string): EncodedText {
  return encoder.encode(text);
}

/** The UTF-8 bytes of a list of texts. */
export function encodeTexts(texts: readonly string[]): EncodedTexts {
  let end = 0;
  const ends = Int32Array.from(texts, (text) => (end += Buffer.byteLength(text)));
  return { bytes: encoder.encode(texts.join('')), ends };
}
