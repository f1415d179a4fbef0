// The detailed Google Cloud billing export as BigQuery declares it: names, order, types and modes.

/** A column type that occurs in the detailed export. */
export type FieldType = 'STRING' | 'TIMESTAMP' | 'FLOAT64' | 'NUMERIC' | 'BOOL' | 'RECORD';

/** One column of a BigQuery TableSchema, as the REST API takes it. */
export interface TableField {
  readonly name: string;
  readonly type: FieldType;
  readonly mode: 'NULLABLE' | 'REPEATED';
  readonly fields?: TableField[];
}

const nullable =
  (type: FieldType) =>
  (name: string): TableField => ({ name, type, mode: 'NULLABLE' });
const string = nullable('STRING');
const timestamp = nullable('TIMESTAMP');
const float64 = nullable('FLOAT64');
const numeric = nullable('NUMERIC');
const bool = nullable('BOOL');

function record(name: string, ...fields: TableField[]): TableField {
  return { name, type: 'RECORD', mode: 'NULLABLE', fields };
}

function repeated(name: string, ...fields: TableField[]): TableField {
  return { name, type: 'RECORD', mode: 'REPEATED', fields };
}

/**
 * The columns of `gcp_billing_export_resource_v1_*` in the order of a real table, newer ones last. Costs are
 * FLOAT64 as in tables in the wild; the two newest cost columns are NUMERIC as their documentation says.
 */
export const detailedExportFields: readonly TableField[] = [
  string('billing_account_id'),
  record('service', string('id'), string('description')),
  record('sku', string('id'), string('description')),
  timestamp('usage_start_time'),
  timestamp('usage_end_time'),
  record(
    'project',
    string('id'),
    string('number'),
    string('name'),
    repeated('labels', string('key'), string('value')),
    string('ancestry_numbers'),
    repeated('ancestors', string('resource_name'), string('display_name')),
  ),
  repeated('labels', string('key'), string('value')),
  repeated('system_labels', string('key'), string('value')),
  record('location', string('location'), string('country'), string('region'), string('zone')),
  record('resource', string('name'), string('global_name')),
  timestamp('export_time'),
  float64('cost'),
  string('currency'),
  float64('currency_conversion_rate'),
  record(
    'usage',
    float64('amount'),
    string('unit'),
    float64('amount_in_pricing_units'),
    string('pricing_unit'),
  ),
  repeated('credits', string('name'), float64('amount'), string('full_name'), string('id'), string('type')),
  record('invoice', string('month'), string('publisher_type')),
  string('cost_type'),
  record('adjustment_info', string('id'), string('description'), string('mode'), string('type')),
  repeated('tags', string('key'), string('value'), bool('inherited'), string('namespace')),
  record(
    'price',
    numeric('effective_price'),
    numeric('tier_start_amount'),
    string('unit'),
    numeric('pricing_unit_quantity'),
    numeric('list_price'),
    numeric('effective_price_default'),
    numeric('list_price_consumption_model'),
  ),
  float64('cost_at_list'),
  string('transaction_type'),
  string('seller_name'),
  record('subscription', string('instance_id')),
  numeric('cost_at_effective_price_default'),
  numeric('cost_at_list_consumption_model'),
  record('consumption_model', string('id'), string('description')),
];

/**
 * The given fields less some dotted paths, as a table that is older than those columns has them. Throws when a
 * path names no column, so that a typing error cannot pass as an old table.
 */
export function withoutColumns(
  fields: readonly TableField[],
  paths: readonly string[],
): readonly TableField[] {
  return paths.reduce((left, path) => withoutColumn(left, path, path), fields);
}

function withoutColumn(fields: readonly TableField[], path: string, whole: string): TableField[] {
  const [name, ...rest] = path.split('.');
  if (!fields.some((field) => field.name === name)) {
    throw new Error(
      `The detailed export has no column ${whole}; see dev/billing-export/schema.ts for its columns.`,
    );
  }
  return fields.flatMap((field) => {
    if (field.name !== name) return [field];
    if (rest.length === 0) return [];
    return [{ ...field, fields: withoutColumn(field.fields ?? [], rest.join('.'), whole) }];
  });
}
