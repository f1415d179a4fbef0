"""Copy jobs: all sources or nothing, by column name, under the documented defaults (gap m).

Rules (JobConfigurationTableCopy): ``sourceTables`` may be several; ``writeDisposition`` defaults to WRITE_EMPTY;
``createDisposition`` to CREATE_IF_NEEDED; "Creation, truncation and append actions occur as one atomic update upon job
completion". A source named ``table@milliseconds`` is read as of that time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bqemulator.catalog.models import TableMeta
from bqemulator.domain.errors import ValidationError
from bqemulator.storage.sql_identifiers import quoted_table_ref, schema_name

from gaps.locations import not_found, source_tables
from gaps.query_destination import refuse_if_not_empty
from gaps.statement_effect import TableName
from gaps.table_fields import column_definitions, column_type
from gaps.tables import new_table

if TYPE_CHECKING:
    from gaps.table_history import TableState
    from gaps.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class _Source:
    meta: TableMeta
    state: TableState


def run_copy(warehouse: Warehouse, project: str, copy: dict[str, Any]) -> dict[str, Any]:
    """Copy the rows and return the job's statistics."""
    sources = [_source(warehouse, project, reference) for reference in source_tables(copy)]
    if not sources:
        raise ValidationError("Required parameter is missing: sourceTable")
    target = _target(warehouse, project, copy, sources[0].meta)
    meta = warehouse.table(*target)
    if meta is None:
        raise not_found("Table {}:{}.{}".format(*target))
    copied = 0
    for source in sources:
        _refuse_other_schema(source.meta, meta)
        columns = ", ".join(f'"{field.name}"' for field in source.meta.schema_.fields)
        warehouse.engine.execute(
            f"INSERT INTO {quoted_table_ref(*target)} ({columns}) "
            f"SELECT {columns} FROM {source.state.stored_in.quoted} WHERE rowid < {source.state.rows}"
        )
        copied += source.state.rows
    warehouse.context.snapshots.record_change(*target)
    return {"copy": {"copiedRows": str(copied)}}


def _source(warehouse: Warehouse, project: str, reference: dict[str, Any]) -> _Source:
    owner, dataset = reference.get("projectId") or project, reference["datasetId"]
    table, _, at_ms = reference["tableId"].partition("@")
    meta = warehouse.table(owner, dataset, table)
    if meta is None:
        raise not_found(f"Table {owner}:{dataset}.{table}")
    at_us = int(at_ms) * 1000 + 999 if at_ms else None
    return _Source(meta, warehouse.history.at(TableName(schema_name(owner, dataset), table), at_us))


def _target(warehouse: Warehouse, project: str, copy: dict[str, Any], like: TableMeta) -> tuple[str, str, str]:
    reference = copy["destinationTable"]
    target = (reference.get("projectId") or project, reference["datasetId"], reference["tableId"])
    disposition = copy.get("writeDisposition", "WRITE_EMPTY")
    existing = warehouse.table(*target)
    if existing is None:
        _create_like(warehouse, target, copy, like)
    elif disposition == "WRITE_TRUNCATE":
        columns = column_definitions(like.schema_.fields)
        warehouse.engine.execute(f"CREATE OR REPLACE TABLE {quoted_table_ref(*target)} ({columns})")
        warehouse.context.catalog.update_table(existing.model_copy(update={"schema_": like.schema_}))
    elif disposition == "WRITE_EMPTY":
        refuse_if_not_empty(warehouse, target)
    return target


def _create_like(warehouse: Warehouse, target: tuple[str, str, str], copy: dict[str, Any], like: TableMeta) -> None:
    project, dataset, table = target
    if copy.get("createDisposition") == "CREATE_NEVER":
        raise not_found(f"Table {project}:{dataset}.{table}")
    if warehouse.context.catalog.get_dataset(project, dataset) is None:
        raise not_found(f"Dataset {project}:{dataset}")
    meta = new_table(warehouse, target, {}, like.schema_.fields).model_copy(
        update={"time_partitioning": like.time_partitioning, "clustering": like.clustering}
    )
    warehouse.engine.execute(f"CREATE TABLE {quoted_table_ref(*target)} ({column_definitions(like.schema_.fields)})")
    warehouse.context.catalog.create_table(meta)


def _refuse_other_schema(source: TableMeta, target: TableMeta) -> None:
    known = {field.name.lower(): column_type(field) for field in target.schema_.fields}
    name = f"{target.project_id}:{target.dataset_id}.{target.table_id}"
    for field in source.schema_.fields:
        if field.name.lower() not in known:
            raise ValidationError(f"Provided Schema does not match Table {name}. Cannot add fields (field: {field.name})")
        if known[field.name.lower()] != column_type(field):
            raise ValidationError(
                f"Provided Schema does not match Table {name}. Field {field.name} has changed type to {field.type}"
            )
