// Says which value of a row goes into which column of the detailed export, and copies it there.
import {
  ancestorRecords,
  float,
  labelRecords,
  numeric,
  record,
  records,
  tagRecords,
  text,
  timestamp,
  together,
} from './columns/append.ts';
import type { TableColumns } from './columns/table-columns.ts';
import { encodeText } from './encoded-text.ts';
import type { Adjustment, ConsumptionModel, Credit, Line, Price, Product, Usage } from './line.ts';
import type { EncodedText } from './encoded-text.ts';
import type { Project } from './world/organization.ts';
import type { Location } from './world/regions.ts';
import type { ResourceName } from './world/resource.ts';

const BILLION = 1e9;

const row = [
  text<Line>('billing_account_id', (line) => line.account.id),
  record('service', (line: Line) => line.product.service, [
    text<Product['service']>('id', (service) => service.id),
    text('description', (service) => service.description),
  ]),
  record('sku', (line: Line) => line.product, [
    text<Product>('id', (sku) => sku.id),
    text('description', (sku) => sku.description),
  ]),
  timestamp<Line>('usage_start_time', (line) => line.usageStart),
  timestamp<Line>('usage_end_time', (line) => line.usageEnd),
  record('project', (line: Line) => line.project, [
    text<Project>('id', (project) => project.id),
    text('number', (project) => project.number),
    text('name', (project) => project.name),
    labelRecords('labels', (project) => project.labels),
    text('ancestry_numbers', (project) => project.ancestryNumbers),
    ancestorRecords('ancestors', (project) => project.ancestors),
  ]),
  labelRecords<Line>('labels', (line) => line.labels),
  labelRecords<Line>('system_labels', (line) => line.systemLabels),
  record('location', (line: Line) => line.location, [
    text<Location>('location', (location) => location.location),
    text('country', (location) => location.country),
    text('region', (location) => location.region),
    text('zone', (location) => location.zone),
  ]),
  record('resource', (line: Line) => line.resource, [
    text<ResourceName>('name', (resource) => resource.name),
    text('global_name', (resource) => resource.globalName),
  ]),
  timestamp<Line>('export_time', (line) => line.exportMicros),
  float<Line>('cost', (line) => line.cost),
  text<Line>('currency', (line) => line.account.currency.encodedCode),
  float<Line>('currency_conversion_rate', (line) => line.conversionRate),
  record('usage', (line: Line) => line.usage, [
    float<Usage>('amount', (usage) => usage.amount),
    text('unit', (usage) => usage.unit),
    float('amount_in_pricing_units', (usage) => usage.amountInPricingUnits),
    text('pricing_unit', (usage) => usage.pricingUnit),
  ]),
  records('credits', (line: Line) => line.credits, [
    text<Credit>('name', (credit) => credit.kind.name),
    float('amount', (credit) => credit.amount),
    text('full_name', (credit) => credit.kind.fullName),
    text('id', (credit) => credit.kind.id),
    text('type', (credit) => credit.kind.type),
  ]),
  record('invoice', (line: Line) => line, [
    text<Line>('month', (line) => encodedMonth(line.invoiceMonth)),
    text('publisher_type', (line) => line.seller.publisherType),
  ]),
  text<Line>('cost_type', (line) => line.costType),
  record('adjustment_info', (line: Line) => line.adjustment, [
    text<Adjustment>('id', (adjustment) => adjustment.id),
    text('description', (adjustment) => adjustment.description),
    text('mode', (adjustment) => adjustment.mode),
    text('type', (adjustment) => adjustment.type),
  ]),
  tagRecords<Line>('tags', (line) => line.tags),
  record('price', (line: Line) => line.price, [
    numeric<Price>('effective_price', (price) => price.effective),
    numeric('tier_start_amount', (price) => price.tierStart),
    text('unit', (price) => price.unit),
    numeric('pricing_unit_quantity', () => BILLION),
    numeric('list_price', (price) => price.list),
    numeric('effective_price_default', (price) => price.effectiveDefault ?? price.effective),
    numeric('list_price_consumption_model', (price) => price.listInModel ?? price.list),
  ]),
  float<Line>('cost_at_list', (line) => line.costAtList),
  text<Line>('transaction_type', (line) => line.seller.transactionType),
  text<Line>('seller_name', (line) => line.seller.name),
  record('subscription', (line: Line) => line.subscription, [text<EncodedText>('instance_id', (id) => id)]),
  numeric<Line>(
    'cost_at_effective_price_default',
    (line) => line.costAtList && Math.round((line.costAtDefaultPrice ?? line.cost) * BILLION),
  ),
  numeric<Line>(
    'cost_at_list_consumption_model',
    (line) => line.costAtList && Math.round((line.costAtListInModel ?? line.costAtList) * BILLION),
  ),
  record('consumption_model', (line: Line) => line.consumptionModel, [
    text<ConsumptionModel>('id', (model) => model.id),
    text('description', (model) => model.description),
  ]),
];

/** Returns what appends one row to these columns, which must be those of the whole detailed export. */
export function lineWriter(columns: TableColumns): (line: Line) => void {
  const append = together(columns, '', row);
  return (line) => {
    append(line);
    columns.closeRow();
  };
}

const months = new Map<number, EncodedText>();

function encodedMonth(month: number): EncodedText {
  const known = months.get(month);
  if (known !== undefined) return known;
  const encoded = encodeText(String(month));
  months.set(month, encoded);
  return encoded;
}
