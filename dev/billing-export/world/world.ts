// Everything that exists before the first row is written: an organization, its fleets, and how often each SKU is used.
import { Random } from '../random.ts';
import { type WeightedChoice, zipfChoice } from '../weighted-choice.ts';
import { type Sku, skus } from './catalog.ts';
import { Fleet } from './fleet.ts';
import { createOrganization, type Organization } from './organization.ts';

/** One SKU together with the resources that use it. */
export interface Demand {
  readonly sku: Sku;
  readonly fleet: Fleet;
}

/** The synthetic world of one organization. */
export interface World {
  readonly organization: Organization;
  /** Which SKU the next hour of usage is of: few SKUs make most rows. */
  readonly demand: WeightedChoice<Demand>;
  /** The same for those SKUs alone to which committed and sustained use discounts apply. */
  readonly discountedDemand: WeightedChoice<Demand>;
}

/** The world of this seed and organization; the same in every call, so that later exports go on in it. */
export function createWorld(seed: string | number, name: string, currencies: readonly string[]): World {
  const random = new Random('world', seed, name, ...currencies);
  const organization = createOrganization(name, currencies, random);
  const projects = zipfChoice(organization.projects);
  const fleets = new Map<string, Fleet>();
  const demands = random.shuffle(skus).map((sku) => {
    const key = `${sku.resourceKind}/${sku.region.name}`;
    const fleet = fleets.get(key) ?? new Fleet(sku.resourceKind, sku.region, projects, [seed, name]);
    fleets.set(key, fleet);
    return { sku, fleet };
  });
  const discounted = demands.filter(({ sku }) => sku.creditProfile === 'compute');
  return { organization, demand: zipfChoice(demands), discountedDemand: zipfChoice(discounted) };
}
