// Encoded sets of labels, tags and ancestors: everything that fills one REPEATED column of one row.
import { type EncodedTexts, encodeTexts } from '../encoded-text.ts';

/** The labels of one row; keys and values run in parallel. */
export interface KeyValues {
  readonly count: number;
  readonly keys: EncodedTexts;
  readonly values: EncodedTexts;
}

/** The resource tags of one row. */
export interface TagSet extends KeyValues {
  readonly inherited: Uint8Array;
  readonly namespaces: EncodedTexts;
}

/** The ancestors of one project, nearest first. */
export interface Ancestors {
  readonly count: number;
  readonly resourceNames: EncodedTexts;
  readonly displayNames: EncodedTexts;
}

/** One tag before it is encoded. */
export interface Tag {
  readonly key: string;
  readonly value: string;
  readonly namespace: string;
  readonly inherited: boolean;
}

/** Encodes labels in the given order. */
export function keyValues(pairs: readonly (readonly [key: string, value: string])[]): KeyValues {
  return {
    count: pairs.length,
    keys: encodeTexts(pairs.map(([key]) => key)),
    values: encodeTexts(pairs.map(([, value]) => value)),
  };
}

/** Encodes tags in the given order. */
export function tagSet(tags: readonly Tag[]): TagSet {
  return {
    ...keyValues(tags.map(({ key, value }) => [key, value])),
    inherited: Uint8Array.from(tags, ({ inherited }) => (inherited ? 1 : 0)),
    namespaces: encodeTexts(tags.map(({ namespace }) => namespace)),
  };
}

/** No label: the empty array. */
export const NO_LABELS = keyValues([]);

/** No tag: the empty array. */
export const NO_TAGS = tagSet([]);
