// What is on offer: the data from which the catalog makes services and SKUs.
import type { CreditProfile } from './credit-kinds.ts';

/** What a SKU's usage hangs on; it decides how the resource is named and labelled. */
export type ResourceKind =
  | 'instance'
  | 'disk'
  | 'bucket'
  | 'dataset'
  | 'cluster'
  | 'database'
  | 'run-service'
  | 'topic'
  | 'address'
  | 'endpoint'
  | 'unnamed';

/** One SKU before it is multiplied by regions; a tier is [start in pricing units, dollars per pricing unit]. */
export interface SkuOffer {
  readonly description: string;
  readonly offeredIn: 'regions' | 'multi-region' | 'global';
  readonly resourceKind: ResourceKind;
  readonly usageUnit: string;
  readonly pricingUnit: string;
  readonly usagePerPricingUnit: number;
  readonly typicalUsage: number;
  readonly tiers: readonly (readonly [start: number, price: number])[];
  readonly creditProfile: CreditProfile;
}

/** One service and its SKUs. */
export interface ServiceOffer {
  readonly id: string;
  readonly description: string;
  readonly delayHours: readonly [least: number, greatest: number];
  readonly skus: readonly SkuOffer[];
}

type Unit = Pick<SkuOffer, 'usageUnit' | 'pricingUnit' | 'usagePerPricingUnit'>;
type Tiers = SkuOffer['tiers'];

const HOUR = 3600;
const MONTH = 730 * HOUR;
const GIBI = 2 ** 30;

const hourly = unit('seconds', 'hour', HOUR);
const slotHours = unit('slot-seconds', 'hour', HOUR);
const seconds = unit('seconds', 'second', 1);
const memoryHours = unit('byte-seconds', 'gibibyte hour', GIBI * HOUR);
const storedMonths = unit('byte-seconds', 'gibibyte month', GIBI * MONTH);
const gibibytes = unit('bytes', 'gibibyte', GIBI);
const tebibytes = unit('bytes', 'tebibyte', 1024 * GIBI);
const counted = unit('requests', 'count', 1);

/** Every service of the catalog. */
export const serviceOffers: readonly ServiceOffer[] = [
  service('6F81-5844-456A', 'Compute Engine', 0, 6, [
    sku('N2 Instance Core running in', hourly, 8, flat(0.031611), 'instance', 'compute'),
    sku('N2 Instance Ram running in', memoryHours, 32, flat(0.004237), 'instance', 'compute'),
    sku('E2 Instance Core running in', hourly, 2, flat(0.021811), 'instance', 'compute'),
    sku('E2 Instance Ram running in', memoryHours, 8, flat(0.002923), 'instance', 'compute'),
    sku('Spot Preemptible C3 Instance Core running in', hourly, 22, flat(0.006655), 'instance', 'plain'),
    sku('Nvidia L4 GPU running in', hourly, 1, flat(0.560004), 'instance', 'compute'),
    sku('SSD backed PD Capacity in', storedMonths, 0.4, flat(0.17), 'disk', 'plain'),
    sku('Storage PD Snapshot in', storedMonths, 0.05, flat(0.05), 'disk', 'plain'),
  ]),
  service('E505-1604-58F8', 'Networking', 2, 10, [
    sku(
      'Network Internet Data Transfer Out from',
      gibibytes,
      3,
      stepped(0.12, 1024, 0.11),
      'instance',
      'plain',
    ),
    sku('Network Inter Zone Data Transfer Out in', gibibytes, 9, flat(0.01), 'instance', 'free-tier'),
    sku('Static Ip Charge in', hourly, 1, flat(0.01), 'address', 'none'),
  ]),
  service('95FF-2EF5-5EA1', 'Cloud Storage', 10, 36, [
    sku('Standard Storage', storedMonths, 1.4, flat(0.02), 'bucket', 'free-tier'),
    sku('Archive Storage', storedMonths, 6, flat(0.0012), 'bucket', 'plain', 'multi-region'),
    sku('Regional Class A Operations', counted, 900, stepped(0, 5000, 5e-6), 'bucket', 'free-tier'),
    sku('Regional Class B Operations', counted, 4000, stepped(0, 50000, 4e-7), 'bucket', 'free-tier'),
  ]),
  service('24E6-581D-38E5', 'BigQuery', 0, 12, [
    sku('Analysis', tebibytes, 0.2, stepped(0, 1, 6.25), 'unnamed', 'free-tier', 'multi-region'),
    sku('Active Storage', storedMonths, 2, stepped(0, 10, 0.02), 'dataset', 'free-tier', 'multi-region'),
    sku('BigQuery Enterprise Edition for', slotHours, 100, flat(0.06), 'unnamed', 'plain'),
  ]),
  service('CCD8-9BF1-090E', 'Kubernetes Engine', 1, 8, [
    sku('Zonal Kubernetes Clusters', hourly, 1, flat(0.1), 'cluster', 'free-tier'),
    sku('Autopilot Pod mCPU Requests in', hourly, 2500, flat(0.0000445), 'cluster', 'compute'),
  ]),
  service('9662-B51E-5089', 'Cloud SQL', 2, 9, [
    sku('Cloud SQL for MySQL: Regional - vCPU in', hourly, 4, flat(0.0826), 'database', 'compute'),
    sku('Cloud SQL for PostgreSQL: Zonal - RAM in', memoryHours, 26, flat(0.007), 'database', 'compute'),
  ]),
  service('152E-C115-5142', 'Cloud Run', 1, 5, [
    sku('Requests', counted, 700, stepped(0, 2_000_000, 4e-7), 'run-service', 'free-tier'),
    sku('Services CPU in', seconds, 1800, stepped(0, 240_000, 1.8e-5), 'run-service', 'free-tier'),
  ]),
  service('A1E8-BE35-7EBC', 'Cloud Pub/Sub', 3, 14, [
    sku('Message Delivery', tebibytes, 0.003, stepped(0, 0.01, 40), 'topic', 'free-tier', 'global'),
  ]),
  service('C7E2-9256-1C43', 'Vertex AI', 4, 24, [
    sku('Gemini Text Input - Predictions', counted, 250_000, flat(3.75e-8), 'endpoint', 'plain', 'global'),
    sku('Online/Batch Prediction N1 Core in', hourly, 4, flat(0.0379), 'endpoint', 'compute'),
  ]),
  service('5490-F7B7-8DF6', 'Cloud Logging', 6, 30, [
    sku('Log Storage cost', gibibytes, 1.1, stepped(0, 50, 0.5), 'unnamed', 'free-tier', 'global'),
  ]),
];

function service(
  id: string,
  description: string,
  leastDelayHours: number,
  greatestDelayHours: number,
  skus: readonly SkuOffer[],
): ServiceOffer {
  return { id, description, delayHours: [leastDelayHours, greatestDelayHours], skus };
}

function sku(
  description: string,
  measuredIn: Unit,
  typicalUsage: number,
  tiers: Tiers,
  resourceKind: ResourceKind,
  creditProfile: CreditProfile,
  offeredIn: SkuOffer['offeredIn'] = 'regions',
): SkuOffer {
  return { ...measuredIn, description, typicalUsage, tiers, resourceKind, creditProfile, offeredIn };
}

function unit(usageUnit: string, pricingUnit: string, usagePerPricingUnit: number): Unit {
  return { usageUnit, pricingUnit, usagePerPricingUnit };
}

function flat(price: number): Tiers {
  return [[0, price]];
}

/** One price up to so many pricing units, another from there on. */
function stepped(price: number, start: number, priceFromThere: number): Tiers {
  return [
    [0, price],
    [start, priceFromThere],
  ];
}
