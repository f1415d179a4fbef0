"""Which BigQuery fields a DuckDB relation has, BIGNUMERIC and nested ones included (gaps e and l)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bqemulator.api.routes.tables import _field_to_rest
from bqemulator.catalog.models import TableFieldSchema
from bqemulator.storage.type_map import bq_schema_to_duckdb_columns
import pyarrow as pa

if TYPE_CHECKING:
    from bqemulator.storage.engine import DuckDBEngine

_SCALARS: tuple[tuple[Any, str], ...] = (
    (pa.types.is_integer, "INTEGER"),
    (pa.types.is_floating, "FLOAT"),
    (pa.types.is_boolean, "BOOLEAN"),
    (pa.types.is_date, "DATE"),
    (pa.types.is_time, "TIME"),
    (lambda t: pa.types.is_timestamp(t) and t.tz is not None, "TIMESTAMP"),
    (pa.types.is_timestamp, "DATETIME"),
    (pa.types.is_interval, "INTERVAL"),
    (lambda t: pa.types.is_decimal(t) and t.scale > 9, "BIGNUMERIC"),
    (pa.types.is_decimal, "NUMERIC"),
    (pa.types.is_binary, "BYTES"),
)


def fields_of(engine: DuckDBEngine, relation_sql: str, values: list[Any] | None = None) -> list[TableFieldSchema]:
    """Return the fields of a query's result, all NULLABLE or REPEATED."""
    schema = engine.fetch_arrow(f"SELECT * FROM ({relation_sql}) LIMIT 0", values or None).schema
    return [_field(field) for field in schema]


def column_definitions(fields: Iterable[TableFieldSchema]) -> str:
    """Return the column list of a CREATE TABLE for these fields."""
    columns = bq_schema_to_duckdb_columns([_quoted(_field_to_rest(field)) for field in fields])
    return ", ".join(f"{name} {kind}" for name, kind in columns)


def column_type(field: TableFieldSchema) -> str:
    """Return the DuckDB type of one field."""
    return bq_schema_to_duckdb_columns([_quoted(_field_to_rest(field))])[0][1]


def _quoted(field: dict[str, Any]) -> dict[str, Any]:
    # bqemulator writes nested names bare, which fails for any that is a keyword.
    nested = [_quoted(child) for child in field.get("fields", [])]
    return {**field, "name": f'"{field["name"]}"', **({"fields": nested} if nested else {})}


def _field(field: pa.Field) -> TableFieldSchema:
    kind, mode = field.type, "NULLABLE"
    if pa.types.is_list(kind):
        kind, mode = kind.value_type, "REPEATED"
    if pa.types.is_struct(kind):
        nested = tuple(_field(kind.field(index)) for index in range(kind.num_fields))
        return TableFieldSchema(name=field.name, type="RECORD", mode=mode, fields=nested)
    return TableFieldSchema(name=field.name, type=_scalar(field, kind), mode=mode)


def _scalar(field: pa.Field, kind: pa.DataType) -> str:
    stated = (field.metadata or {}).get(b"bqemu.duckdb_type", b"").decode().upper()
    if stated.startswith("JSON"):
        return "JSON"
    if stated.startswith("GEOMETRY"):
        return "GEOGRAPHY"
    # DuckDB sums integers as HUGEINT, which reaches Arrow as a decimal; to BigQuery it is an integer still.
    if stated in ("HUGEINT", "HUGEINT[]"):
        return "INTEGER"
    return next((name for matches, name in _SCALARS if matches(kind)), "STRING")
