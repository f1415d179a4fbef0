// One synthetic organization: its billing accounts, one per currency, its folders and its projects with their ancestry.
import { type EncodedText, encodeText, encodeTexts } from '../encoded-text.ts';
import type { Random } from '../random.ts';
import { type Currency, currency } from './currencies.ts';
import { type Ancestors, type KeyValues, keyValues, type TagSet, tagSet } from './key-values.ts';
import { projectLabels, projectTags } from './labels.ts';

/** A billing account; it is invoiced in one currency. */
export interface BillingAccount {
  readonly id: EncodedText;
  readonly currency: Currency;
  /** What the contract makes of a list price: 1 = no discount. */
  readonly contractFactor: number;
}

/** A project and everything about it that the export repeats on every row. */
export interface Project {
  readonly account: BillingAccount;
  readonly idText: string;
  readonly id: EncodedText;
  readonly numberText: string;
  readonly number: EncodedText;
  readonly name: EncodedText;
  readonly labels: KeyValues;
  readonly ancestryNumbers: EncodedText;
  readonly ancestors: Ancestors;
  readonly tags: TagSet;
}

/** An organization's accounts and projects. */
export interface Organization {
  readonly accounts: readonly BillingAccount[];
  readonly projects: readonly Project[];
}

interface Folder {
  readonly number: string;
  readonly displayName: string;
}

const FOLDERS = [
  'Engineering',
  'Données',
  'Produktion',
  '実験',
  'Finance & Legal',
  'Продажи',
  'R&D "skunkworks"',
];
const PURPOSES = [
  'web',
  'data-lake',
  'ml',
  'shared-vpc',
  'ci',
  'analytics',
  'mobile',
  'iot',
  'archive',
  'sandbox',
];
const EMBELLISHMENTS = ['', '', '', ' 🚀', ' (légacy)', ' – Köln', ' 東京'];

/** Builds the organization of this name with one billing account for each currency. */
export function createOrganization(
  name: string,
  currencies: readonly string[],
  random: Random,
): Organization {
  const accounts = currencies.map((code) => createAccount(code, random));
  if (accounts.length === 0) throw new Error(`Organization ${name} needs at least one currency.`);
  const root: Folder = { number: random.digits(12), displayName: name };
  const folders = FOLDERS.map((displayName) => ({ number: random.digits(12), displayName }));
  const projects = Array.from({ length: 24 }, (_, i) => {
    // Taking turns gives every account a share of the projects, the heavily drawn first ones included.
    const account = accounts[i % accounts.length] as BillingAccount;
    const path = random.shuffle(folders).slice(0, random.between(0, 3));
    return createProject(name, i, account, [root, ...path], random);
  });
  return { accounts, projects };
}

function createAccount(code: string, random: Random): BillingAccount {
  const id = [random.hex(6), random.hex(6), random.hex(6)].join('-').toUpperCase();
  return {
    id: encodeText(id),
    currency: currency(code),
    contractFactor: random.chance(0.5) ? 1 - random.between(1, 18) / 100 : 1,
  };
}

function createProject(
  organization: string,
  index: number,
  account: BillingAccount,
  path: readonly Folder[],
  random: Random,
): Project {
  const purpose = random.pick(PURPOSES);
  const idText = `${organization
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 12)}-${purpose}-${index}${random.hex(3)}`;
  const numberText = random.digits(12);
  const displayName = `${purpose} ${index}${random.pick(EMBELLISHMENTS)}`;
  const nearestFirst = path
    .map((folder, i) => ({ ...folder, kind: i === 0 ? 'organizations' : 'folders' }))
    .reverse();
  const lineage = [{ number: numberText, displayName, kind: 'projects' }, ...nearestFirst];
  return {
    account,
    idText,
    id: encodeText(idText),
    numberText,
    number: encodeText(numberText),
    name: encodeText(displayName),
    labels: keyValues(projectLabels(random)),
    ancestryNumbers: encodeText(`/${path.map((folder) => folder.number).join('/')}/`),
    ancestors: {
      count: lineage.length,
      resourceNames: encodeTexts(lineage.map(({ kind, number }) => `${kind}/${number}`)),
      displayNames: encodeTexts(lineage.map((ancestor) => ancestor.displayName)),
    },
    tags: tagSet(projectTags(random, path[0]?.number ?? '')),
  };
}
