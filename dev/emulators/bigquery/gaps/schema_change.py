"""What may change about a table's columns, and how the stored table follows (gap e).

Rules (Modifying table schemas): new columns must be NULLABLE or REPEATED, in records too; REQUIRED may become NULLABLE; a
column may not go, be renamed, or change its type or otherwise its mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bqemulator.catalog.models import TableFieldSchema, TableMeta
from bqemulator.domain.errors import ValidationError
from bqemulator.storage.sql_identifiers import quoted_table_ref

from gaps.table_fields import column_definitions, column_type

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse

_SAME = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}


def apply_schema_change(warehouse: Warehouse, before: TableMeta, after: TableMeta) -> None:
    """Give the stored table the columns it lacks, or refuse a change that BigQuery refuses."""
    table = f"{before.project_id}:{before.dataset_id}.{before.table_id}"
    added = _added(before.schema_.fields, after.schema_.fields, table, ())
    if not added:
        return
    stored = quoted_table_ref(before.project_id, before.dataset_id, before.table_id)
    if not before.schema_.fields:
        warehouse.engine.execute(f"CREATE OR REPLACE TABLE {stored} ({column_definitions(after.schema_.fields)})")
        return
    for path, field in added:
        where = "".join(f'"{step.name}".' + ("element." if step.mode == "REPEATED" else "") for step in path)
        warehouse.engine.execute(f'ALTER TABLE {stored} ADD COLUMN {where}"{field.name}" {column_type(field)}')


def _added(
    before: Sequence[TableFieldSchema],
    after: Sequence[TableFieldSchema],
    table: str,
    path: tuple[TableFieldSchema, ...],
) -> list[tuple[tuple[TableFieldSchema, ...], TableFieldSchema]]:
    known = {field.name.lower(): field for field in before}
    kept = {field.name.lower() for field in after}
    missing = [field.name for field in before if field.name.lower() not in kept]
    if missing:
        raise _mismatch(table, f"Field {_dotted(path, missing[0])} is missing in new schema")
    added: list[tuple[tuple[TableFieldSchema, ...], TableFieldSchema]] = []
    for field in after:
        old = known.get(field.name.lower())
        if old is None:
            if field.mode == "REQUIRED":
                raise _mismatch(table, f"Cannot add required fields to an existing schema. (field: {field.name})")
            added.append((path, field))
            continue
        _refuse_other_kind(old, field, table, path)
        added += _added(old.fields, field.fields, table, (*path, old))
    return added


def _refuse_other_kind(
    old: TableFieldSchema, new: TableFieldSchema, table: str, path: tuple[TableFieldSchema, ...]
) -> None:
    name = _dotted(path, old.name)
    if _kind(old) != _kind(new):
        raise _mismatch(table, f"Field {name} has changed type from {_kind(old)} to {_kind(new)}")
    if old.mode != new.mode and (old.mode, new.mode) != ("REQUIRED", "NULLABLE"):
        raise _mismatch(table, f"Field {name} has changed mode from {old.mode} to {new.mode}")


def _kind(field: TableFieldSchema) -> str:
    return _SAME.get(field.type.upper(), field.type.upper())


def _dotted(path: tuple[TableFieldSchema, ...], name: str) -> str:
    return ".".join([*(step.name for step in path), name])


def _mismatch(table: str, why: str) -> ValidationError:
    return ValidationError(f"Provided Schema does not match Table {table}. {why}")
