"""Tables made by SQL, with the properties that bqemulator's catalog leaves out (gaps e, i and l).

Rules (CREATE TABLE): column types and modes are those declared; ``PARTITION BY DATE(column)`` and its relatives partition
by that column; ``CLUSTER BY``, ``OPTIONS(expiration_timestamp, friendly_name, description, labels)`` are kept; ``IF NOT
EXISTS`` leaves an existing table as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any

from bqemulator.catalog.models import Clustering, TableSchema, TimePartitioning
from bqemulator.storage.sql_identifiers import quoted_table_ref
from bqemulator.versioning.time_travel import _eval_timestamp_via_duckdb
import sqlglot
from sqlglot import exp

from gaps.declared_fields import declared_fields
from gaps.table_fields import fields_of
from gaps.tables import new_table

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse


def complete_created_table(warehouse: Warehouse, sql: str, project: str, register: Callable[[], None]) -> None:
    """Register the table that a CREATE TABLE just made, with everything the statement said of it."""
    create = _create_table(sql)
    if create is None:
        register()
        return
    table = create.this.this if isinstance(create.this, exp.Schema) else create.this
    target = (table.catalog or project, table.db, table.name)
    known = warehouse.table(*target)
    if create.args.get("exists") and known is not None:
        return
    register()
    meta = warehouse.table(*target)
    if meta is None:
        return
    declared = declared_fields(create.this) if isinstance(create.this, exp.Schema) else []
    fields = declared or fields_of(warehouse.engine, f"SELECT * FROM {quoted_table_ref(*target)}")
    inherited = new_table(warehouse, target, {}, None).expiration_time
    update = {"schema_": TableSchema(fields=tuple(fields)), "expiration_time": inherited, **_properties(warehouse, create)}
    warehouse.context.catalog.update_table(meta.model_copy(update=update))


def _create_table(sql: str) -> exp.Create | None:
    try:
        statement = sqlglot.parse_one(sql, read="bigquery")
    except sqlglot.errors.SqlglotError:
        return None
    is_table = isinstance(statement, exp.Create) and (statement.kind or "").upper() == "TABLE"
    return statement if is_table and not statement.args.get("clone") else None


def _properties(warehouse: Warehouse, create: exp.Create) -> dict[str, Any]:
    found: dict[str, Any] = {}
    properties = create.args.get("properties")
    for stated in properties.expressions if properties else []:
        if isinstance(stated, exp.PartitionedByProperty):
            column = stated.find(exp.Column, exp.Identifier)
            if column is not None and not column.name.upper().startswith("_PARTITION"):
                found["time_partitioning"] = TimePartitioning(type=_granularity(stated), field=column.name)
        elif isinstance(stated, exp.ClusterProperty):
            names = [column.name for column in stated.find_all(exp.Identifier)]
            found["clustering"] = Clustering(fields=tuple(names))
        elif type(stated) is exp.Property:
            found |= _option(warehouse, stated)
    return found


def _granularity(partitioned: exp.PartitionedByProperty) -> str:
    words = {word.name.upper() for word in partitioned.find_all(exp.Var, exp.Literal)}
    return next((unit for unit in ("HOUR", "MONTH", "YEAR") if unit in words), "DAY")


def _option(warehouse: Warehouse, stated: exp.Property) -> dict[str, Any]:
    key, value = stated.name.lower(), stated.args.get("value")
    if key == "expiration_timestamp" and value is not None:
        return {"expiration_time": _eval_timestamp_via_duckdb(value, warehouse.engine).astimezone(UTC)}
    if key in ("description", "friendly_name") and isinstance(value, exp.Literal):
        return {key: value.name}
    if key == "labels" and isinstance(value, exp.Array):
        pairs = [list(pair.find_all(exp.Literal)) for pair in value.expressions]
        return {"labels": {pair[0].name: pair[1].name for pair in pairs if len(pair) == 2}}
    return {}
