// The price list: services and their SKUs, region by region. It is the vendor's, so it depends on no seed.
import { type EncodedText, encodeText } from '../encoded-text.ts';
import { Random } from '../random.ts';
import type { CreditProfile } from './credit-kinds.ts';
import { europeMultiRegion, globalRegion, type Region, regions } from './regions.ts';
import { type ResourceKind, type ServiceOffer, serviceOffers, type SkuOffer } from './service-offers.ts';

/** A service. */
export interface Service {
  readonly id: EncodedText;
  readonly description: EncodedText;
  /** Its usage is usually exported between so many and so many hours after it ended; a few rows in a hundred take days. */
  readonly delayHours: readonly [least: number, greatest: number];
}

/** A price tier: from this amount of usage on, in billionths of pricing units, at this price in billionths of a dollar. */
export interface Tier {
  readonly startBillionths: number;
  readonly priceBillionths: number;
}

/** A priced unit of usage in one region. */
export interface Sku {
  readonly service: Service;
  readonly id: EncodedText;
  readonly description: EncodedText;
  readonly region: Region;
  readonly resourceKind: ResourceKind;
  readonly usageUnit: EncodedText;
  readonly pricingUnit: EncodedText;
  /** `usage.amount` for one unit of `usage.amount_in_pricing_units`. */
  readonly usagePerPricingUnit: number;
  /** What one resource typically uses in an hour, in pricing units. */
  readonly typicalUsage: number;
  readonly tiers: readonly Tier[];
  readonly creditProfile: CreditProfile;
}

const BILLION = 1e9;

/** Every SKU of every service offer in every region where it is offered. */
export const skus: readonly Sku[] = serviceOffers.flatMap(skusOf);

function skusOf(offer: ServiceOffer): Sku[] {
  const service = {
    id: encodeText(offer.id),
    description: encodeText(offer.description),
    delayHours: offer.delayHours,
  };
  return offer.skus.flatMap((sku) =>
    regionsOf(sku).map((region, i) => createSku(service, sku, region, 1 + i / 20)),
  );
}

function regionsOf(offer: SkuOffer): readonly Region[] {
  switch (offer.offeredIn) {
    case 'regions':
      return regions;
    case 'multi-region':
      return [europeMultiRegion, ...regions.slice(0, 1)];
    case 'global':
      return [globalRegion];
  }
}

function createSku(service: Service, offer: SkuOffer, region: Region, surcharge: number): Sku {
  const description = `${offer.description} ${region.title}`;
  const digits = new Random('sku', description);
  return {
    service,
    id: encodeText([digits.hex(4), digits.hex(4), digits.hex(4)].join('-').toUpperCase()),
    description: encodeText(description),
    region,
    resourceKind: offer.resourceKind,
    usageUnit: encodeText(offer.usageUnit),
    pricingUnit: encodeText(offer.pricingUnit),
    usagePerPricingUnit: offer.usagePerPricingUnit,
    typicalUsage: offer.typicalUsage,
    tiers: offer.tiers.map(([start, price]) => ({
      startBillionths: start * BILLION,
      priceBillionths: Math.round(price * surcharge * BILLION),
    })),
    creditProfile: offer.creditProfile,
  };
}
