/** A module transform: labels that name a person leave as keyed hashes, equal for equal names, so that costs can still be grouped. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TransformModule } from '../../src/etl/transforms/module-transform.ts';

type Label = { readonly key: string; readonly value: string };

const NAMES_A_PERSON = new Set(['owner', 'created-by']);
const EMAIL = /[^\s@]+@[^\s@]+\.[a-z]{2,}/i;
const secret = readFileSync(process.env['PSEUDONYM_KEY_FILE'] ?? '/etc/pulse-billing-etl/pseudonym-key');

function pseudonym(name: string): string {
  return createHmac('sha256', secret).update(name).digest('hex').slice(0, 32);
}

/** Another key makes other pseudonyms: what was begun with this one is then begun anew. */
export const version = pseudonym('version');
export const cursor: TransformModule['cursor'] = 'export_time';
export const columns: TransformModule['columns'] = (source) => source;

export const transformRows: TransformModule['transformRows'] = (rows, { reject }) =>
  rows.map((row) => {
    const labels = row['labels'] as unknown as readonly Label[];
    const hashed = labels.map((label) =>
      NAMES_A_PERSON.has(label.key) ? { ...label, value: pseudonym(label.value) } : label,
    );
    const leak = hashed.find(({ value }) => EMAIL.test(value));
    return leak ? reject(`label ${leak.key} holds an e-mail address`) : { ...row, labels: hashed };
  });
