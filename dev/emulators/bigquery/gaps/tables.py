"""Tables as the catalog keeps them: created with every property they were given, and gone when they expire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bqemulator.api.routes.tables import _rest_to_table_meta
from bqemulator.catalog.models import TableFieldSchema, TableMeta, TableSchema
from bqemulator.storage.sql_identifiers import quoted_table_ref

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse


def new_table(
    warehouse: Warehouse, target: tuple[str, str, str], body: dict[str, Any], fields: Sequence[TableFieldSchema] | None
) -> TableMeta:
    """Return the metadata of a table to be made from a REST body, with ``fields`` instead of the body's if given.

    Rule: "expirationTime: The time when this table expires, in milliseconds since the epoch. If not present, the table
    will persist indefinitely"; a dataset's ``defaultTableExpirationMs`` counts for tables that state none.
    """
    project, dataset, table = target
    body = {**body, "tableReference": {"projectId": project, "datasetId": dataset, "tableId": table}}
    meta = _rest_to_table_meta(project, dataset, body, warehouse.context.clock)
    update: dict[str, Any] = {"expiration_time": _expiration(warehouse, project, dataset, body)}
    if fields is not None:
        update["schema_"] = TableSchema(fields=tuple(fields))
    return meta.model_copy(update=update)


def expiration_of(body: dict[str, Any]) -> datetime | None:
    """Return the expiration that a REST body states."""
    stated = body.get("expirationTime")
    return datetime.fromtimestamp(int(stated) / 1000, UTC) if stated else None


def drop_expired_tables(warehouse: Warehouse) -> None:
    """Remove the tables whose time has come, rows, record and past; the caller holds the connection."""
    now = warehouse.context.clock.now()
    expired = [
        meta
        for dataset in warehouse.context.catalog.list_all_datasets()
        for meta in warehouse.context.catalog.list_tables(dataset.project_id, dataset.dataset_id)
        if meta.expiration_time is not None and meta.expiration_time <= now
    ]
    if not expired:
        return
    warehouse.writer.begin()
    for meta in expired:
        target = (meta.project_id, meta.dataset_id, meta.table_id)
        warehouse.engine.execute(f"DROP TABLE IF EXISTS {quoted_table_ref(*target)}")
        warehouse.context.catalog.delete_table(*target, not_found_ok=True)
    warehouse.writer.commit()


def _expiration(warehouse: Warehouse, project: str, dataset: str, body: dict[str, Any]) -> datetime | None:
    stated = expiration_of(body)
    owner = warehouse.context.catalog.get_dataset(project, dataset)
    if stated is not None or owner is None or not owner.default_table_expiration_ms:
        return stated
    return warehouse.context.clock.now() + timedelta(milliseconds=int(owner.default_table_expiration_ms))
