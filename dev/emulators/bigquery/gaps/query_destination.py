"""Query jobs that name a destination table: bqemulator answers with the rows but writes none of them.

Rules (JobConfigurationQuery): ``createDisposition`` CREATE_IF_NEEDED (default) or CREATE_NEVER; ``writeDisposition``
WRITE_EMPTY (default: "If the table already exists and contains data, a 'duplicate' error is returned"), WRITE_TRUNCATE
("overwrites the table data and uses the schema from the query result"), WRITE_APPEND; "Creation, truncation and append
actions occur as one atomic update upon job completion"; ``schemaUpdateOptions`` ALLOW_FIELD_ADDITION.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bqemulator.catalog.models import TableFieldSchema, TableMeta, TableSchema
from bqemulator.domain.errors import AlreadyExistsError, ErrorDetail, InvalidQueryError
from bqemulator.storage.sql_identifiers import quoted_table_ref

from gaps.locations import not_found
from gaps.table_fields import column_definitions, column_type, fields_of
from gaps.tables import new_table

if TYPE_CHECKING:
    from gaps.query_text import DuckDBStatement
    from gaps.warehouse import Warehouse


def write_query_result(
    warehouse: Warehouse, project: str, query: dict[str, Any], statement: DuckDBStatement
) -> tuple[str, str, str]:
    """Write what the statement selects into the job's destination table, and return that table's name."""
    reference = query["destinationTable"]
    target = (reference.get("projectId") or project, reference["datasetId"], reference["tableId"])
    fields = fields_of(warehouse.engine, statement.sql, statement.values)
    existing = warehouse.table(*target)
    if existing is None:
        meta = _create(warehouse, target, query, fields)
    else:
        meta = _prepare(warehouse, existing, query, fields)
    columns = ", ".join(f'"{field.name}"' for field in fields)
    statement.wrapped(f"INSERT INTO {quoted_table_ref(*target)} ({columns}) ").run(warehouse)
    return meta.project_id, meta.dataset_id, meta.table_id


def refuse_if_not_empty(warehouse: Warehouse, target: tuple[str, str, str]) -> None:
    """Apply WRITE_EMPTY: a table that holds rows is a duplicate."""
    row = warehouse.engine.execute(f"SELECT count(*) FROM {quoted_table_ref(*target)}").fetchone()
    if row and row[0]:
        project, dataset, table = target
        message = f"Already Exists: Table {project}:{dataset}.{table}"
        raise AlreadyExistsError(message, details=[ErrorDetail(reason="duplicate", message=message)])


def _create(
    warehouse: Warehouse, target: tuple[str, str, str], query: dict[str, Any], fields: list[TableFieldSchema]
) -> TableMeta:
    project, dataset, table = target
    if query.get("createDisposition") == "CREATE_NEVER":
        raise not_found(f"Table {project}:{dataset}.{table}")
    if warehouse.context.catalog.get_dataset(project, dataset) is None:
        raise not_found(f"Dataset {project}:{dataset}")
    body = {key: query[key] for key in ("timePartitioning", "clustering") if key in query}
    meta = new_table(warehouse, target, body, fields)
    warehouse.engine.execute(f"CREATE TABLE {quoted_table_ref(*target)} ({column_definitions(fields)})")
    return warehouse.context.catalog.create_table(meta)


def _prepare(
    warehouse: Warehouse, existing: TableMeta, query: dict[str, Any], fields: list[TableFieldSchema]
) -> TableMeta:
    target = (existing.project_id, existing.dataset_id, existing.table_id)
    disposition = query.get("writeDisposition", "WRITE_EMPTY")
    if disposition == "WRITE_APPEND":
        return _fit(warehouse, existing, query, fields)
    if disposition == "WRITE_EMPTY":
        refuse_if_not_empty(warehouse, target)
    warehouse.engine.execute(f"CREATE OR REPLACE TABLE {quoted_table_ref(*target)} ({column_definitions(fields)})")
    update = {"schema_": TableSchema(fields=tuple(fields)), "last_modified_time": warehouse.context.clock.now()}
    return warehouse.context.catalog.update_table(existing.model_copy(update=update))


def _fit(
    warehouse: Warehouse, existing: TableMeta, query: dict[str, Any], fields: list[TableFieldSchema]
) -> TableMeta:
    known = {field.name.lower(): field for field in existing.schema_.fields}
    added = [field for field in fields if field.name.lower() not in known]
    target = quoted_table_ref(existing.project_id, existing.dataset_id, existing.table_id)
    if added and "ALLOW_FIELD_ADDITION" not in query.get("schemaUpdateOptions", []):
        raise InvalidQueryError(f"Invalid schema update. Cannot add fields (field: {added[0].name})")
    for field in fields:
        column = known.get(field.name.lower())
        if column is not None and column_type(column) != column_type(field):
            raise InvalidQueryError(
                f"Invalid schema update. Field {field.name} has changed type from {column.type} to {field.type}"
            )
    for field in added:
        warehouse.engine.execute(f'ALTER TABLE {target} ADD COLUMN "{field.name}" {column_type(field)}')
    if not added:
        return existing
    update = {"schema_": TableSchema(fields=(*existing.schema_.fields, *added))}
    return warehouse.context.catalog.update_table(existing.model_copy(update=update))
