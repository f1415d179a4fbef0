/** FOCUS columns of services and SKUs. */
import type { ExportColumns } from './export-columns.ts';
import type { FocusColumn } from './focus-column.ts';
import { jsonOf } from './json-object.ts';
import { SERVICE_CATEGORIES } from './services.ts';

const serviceDescription = (from: ExportColumns): string => from.value('service.description', 'STRING');

function priceId(from: ExportColumns): string {
  const tier = from.value('price.tier_start_amount', 'NUMERIC');
  const model = from.value('consumption_model.id', 'STRING');
  return `IF(${tier} IS NULL, NULL, CONCAT(${from.value('sku.id', 'STRING')}, '/', CAST(${tier} AS STRING), '/', IFNULL(${model}, '')))`;
}

export const serviceColumns: readonly FocusColumn[] = [
  {
    name: 'ServiceCategory',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    values: SERVICE_CATEGORIES,
    note: 'By `service.id`; Other for a service not known here, third parties’ products among them.',
    expression: () => "SPLIT(t.focus_service, '/')[OFFSET(0)]",
  },
  {
    name: 'ServiceName',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: '',
    expression: serviceDescription,
  },
  {
    name: 'ServiceSubcategory',
    type: 'STRING',
    level: 'Recommended',
    since: '1.1',
    required: true,
    note: 'By `service.id`, as ServiceCategory.',
    expression: () => "SPLIT(t.focus_service, '/')[OFFSET(1)]",
  },
  {
    name: 'SkuId',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: '',
    expression: (from) => from.value('sku.id', 'STRING'),
  },
  {
    name: 'SkuMeter',
    type: 'STRING',
    level: 'Conditional',
    since: '1.1',
    note: 'The SKU’s description without its place.',
    expression: (from) =>
      `REGEXP_REPLACE(${from.value('sku.description', 'STRING')}, r' (running in|in|from|for) [^,]*$', '')`,
  },
  {
    name: 'SkuPriceDetails',
    type: 'STRING',
    level: 'Conditional',
    since: '1.1',
    note: 'JSON object of machine type, cores, memory (system labels) and tier; NULL without a price.',
    expression: (from) => {
      const details = {
        x_Cores: from.systemLabel('cores'),
        x_MachineSpec: from.systemLabel('machine_spec'),
        x_Memory: from.systemLabel('memory'),
        x_TierStart: `CAST(${from.value('price.tier_start_amount', 'NUMERIC')} AS STRING)`,
      };
      return `IF(${priceId(from)} IS NULL, NULL, ${jsonOf(details)})`;
    },
  },
  {
    name: 'SkuPriceId',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'SKU, start of the tier and consumption model.',
    expression: priceId,
  },
];
