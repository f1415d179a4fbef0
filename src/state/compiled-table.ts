/** The SQL for the rows of one entity, written once from what TypeORM knows of the entity, and how its values are encoded. */
import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { Dialect } from './dialect.ts';

type Column = {
  readonly property: string;
  /** As SQL names it. */
  readonly name: string;
  readonly encode: (value: unknown) => unknown;
  readonly decode: (value: unknown) => unknown;
};

/** One entity's table in one data source. */
export class CompiledTable<Row> {
  readonly #name: string;
  readonly #tables: CompiledTables;
  readonly #columns: readonly Column[];
  readonly #byProperty: ReadonlyMap<string, Column>;
  readonly #statements = new Map<string, string>();

  constructor(tables: CompiledTables, dataSource: DataSource, entity: EntityTarget<ObjectLiteral>) {
    const { tablePath, columns } = dataSource.getMetadata(entity);
    this.#name = dataSource.driver.escape(tablePath);
    this.#tables = tables;
    this.#columns = columns.map((column) => columnOf(dataSource, column));
    this.#byProperty = new Map(this.#columns.map((column) => [column.property, column]));
  }

  /**
   * The statement a template stands for: `{table}` is the table, `{*}` all columns, `{now}` the database's clock,
   * `{property}` the column of that property, and `{Entity.property}` that of another table, `{Entity.table}` that table.
   */
  statement(template: string): string {
    let sql = this.#statements.get(template);
    if (sql === undefined) {
      sql = template.replaceAll(/\{([\w.*]+)\}/g, (_, name: string) => this.#meaning(name));
      this.#statements.set(template, sql);
    }
    return sql;
  }

  /** A value of a property as the database takes it. */
  encode(property: string, value: unknown): unknown {
    return this.#column(property).encode(value);
  }

  /** The row whose `{*}` these values are, each as the entity declares it; of some columns only where those are named. */
  decode(values: readonly unknown[], properties?: readonly string[]): Row {
    const row: Record<string, unknown> = {};
    const columns = properties?.map((property) => this.#column(property)) ?? this.#columns;
    columns.forEach(({ property, decode }, at) => (row[property] = decode(values[at])));
    return row as Row;
  }

  #meaning(name: string): string {
    const [entity = '', nameThere] = name.split('.');
    if (nameThere !== undefined) return this.#tables.of(entity).#meaning(nameThere);
    if (name === 'table') return this.#name;
    if (name === 'now') return this.#tables.now;
    if (name === '*') return this.#columns.map((column) => column.name).join(', ');
    return this.#column(name).name;
  }

  #column(property: string): Column {
    const column = this.#byProperty.get(property);
    if (!column)
      throw new Error(
        `${this.#name} has no property ${property}: declare it in the entity, or correct the statement`,
      );
    return column;
  }
}

function columnOf({ driver }: DataSource, column: ColumnMetadata): Column {
  const { propertyName: property, databaseName, transformer, type } = column;
  const name = driver.escape(databaseName);
  // Text passes through TypeORM's conversions as it is, and most columns are text.
  if (!transformer && (type === 'varchar' || type === 'text'))
    return { property, name, encode: same, decode: same };
  return {
    property,
    name,
    encode: (value) => driver.preparePersistentValue(value, column) as unknown,
    decode: (value) => driver.prepareHydratedValue(value, column) as unknown,
  };
}

function same(value: unknown): unknown {
  return value;
}

/** Every table of a data source, compiled when it is first asked for. */
export class CompiledTables {
  /** SQL for the database's clock. */
  readonly now: string;
  readonly #dataSource: DataSource;
  readonly #tables = new Map<unknown, CompiledTable<unknown>>();

  constructor(dataSource: DataSource, dialect: Dialect) {
    this.#dataSource = dataSource;
    this.now = dialect.now;
  }

  /** The table of this entity, or of the entity of this name. */
  of<Row>(entity: (new () => Row) | string): CompiledTable<Row> {
    let table = this.#tables.get(entity);
    if (!table) this.#tables.set(entity, (table = new CompiledTable(this, this.#dataSource, entity)));
    return table as CompiledTable<Row>;
  }
}
