// Products of third parties, sold through the marketplace by resale or on agency.
import { encodeText } from '../encoded-text.ts';
import type { Product, Seller } from '../line.ts';
import type { Phenomenon } from './phenomenon.ts';
import { fillRegularUsage } from './regular-usage.ts';

interface Offer {
  readonly product: Product;
  readonly seller: Seller;
  readonly subscription: string;
}

const offers: readonly Offer[] = [
  offer('Elasticmoose Cloud (Private Offer)', 'C1F0-33AB-7720', 'Elasticmoose B.V.', 'THIRD_PARTY_RESELLER'),
  offer('Früchte DB Enterprise', 'B07D-91EE-4C58', 'Früchte Datenbank GmbH', 'THIRD_PARTY_AGENCY'),
  offer('監視 Pro', 'A4C9-05D2-6E17', '東京監視株式会社', 'THIRD_PARTY_RESELLER'),
];

/** One row of a third party's product: no resource, no price, no consumption model, but a subscription. */
export const marketplaceRow: Phenomenon = {
  rows: 1,
  play: (scene, line, write) => {
    fillRegularUsage(scene, line);
    const { product, seller, subscription } = scene.random.pick(offers);
    line.product = product;
    line.seller = seller;
    line.subscription = encodeText(`${subscription}-${scene.random.hex(6)}`);
    line.resource = undefined;
    line.price = undefined;
    line.costAtList = undefined;
    line.consumptionModel = undefined;
    write();
  },
};

function offer(description: string, serviceId: string, sellerName: string, transactionType: string): Offer {
  return {
    product: {
      service: { id: encodeText(serviceId), description: encodeText(description) },
      id: encodeText(`${serviceId.slice(5)}-0001`),
      description: encodeText(`${description}: usage fee`),
    },
    seller: {
      publisherType: encodeText('PARTNER'),
      transactionType: encodeText(transactionType),
      name: encodeText(sellerName),
    },
    subscription: serviceId.toLowerCase(),
  };
}
