"""The Arrow schema of a table as the Storage APIs state it (gaps a, e and l).

Rules: NUMERIC is decimal128(38, 9), BIGNUMERIC decimal256(76, 38), TIMESTAMP timestamp[us, UTC], DATETIME timestamp[us],
RECORD struct, REPEATED list<item>; "serialized_schema: IPC serialized Arrow schema", which is the schema message alone,
without an end-of-stream marker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from bqemulator.catalog.models import TableFieldSchema

BIGNUMERIC = pa.decimal256(76, 38)
STORED_BIGNUMERIC = pa.decimal128(38, 18)
"""DuckDB's widest decimal; BIGNUMERIC columns hold 20 digits before and 18 behind the point, and refuse more."""

_SCALARS: dict[str, pa.DataType] = {
    "INT64": pa.int64(),
    "INTEGER": pa.int64(),
    "FLOAT64": pa.float64(),
    "FLOAT": pa.float64(),
    "NUMERIC": pa.decimal128(38, 9),
    "BIGNUMERIC": BIGNUMERIC,
    "BOOL": pa.bool_(),
    "BOOLEAN": pa.bool_(),
    "STRING": pa.string(),
    "BYTES": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "DATETIME": pa.timestamp("us"),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "JSON": pa.string(),
    "GEOGRAPHY": pa.string(),
    "INTERVAL": pa.month_day_nano_interval(),
}


def arrow_schema_of(fields: Sequence[TableFieldSchema]) -> pa.Schema:
    """Return the Arrow schema in which the Storage APIs read and write a table with these fields."""
    return pa.schema([_arrow_field(field) for field in fields])


def schema_message(schema: pa.Schema) -> bytes:
    """Return the bare IPC schema message: a record batch message may follow it directly."""
    return schema.serialize().to_pybytes()


def stored_type(arrow_type: pa.DataType) -> pa.DataType:
    """Return the type in which DuckDB takes and gives values of an API type: the same, but for BIGNUMERIC."""
    if arrow_type.equals(BIGNUMERIC):
        return STORED_BIGNUMERIC
    if pa.types.is_list(arrow_type):
        return pa.list_(pa.field("item", stored_type(arrow_type.value_type)))
    if pa.types.is_struct(arrow_type):
        return pa.struct([pa.field(c.name, stored_type(c.type), c.nullable) for c in _children(arrow_type)])
    return arrow_type


def _arrow_field(field: TableFieldSchema) -> pa.Field:
    arrow_type = _element_type(field)
    if field.mode == "REPEATED":
        return pa.field(field.name, pa.list_(pa.field("item", arrow_type)), nullable=False)
    return pa.field(field.name, arrow_type, nullable=field.mode != "REQUIRED")


def _element_type(field: TableFieldSchema) -> pa.DataType:
    kind = field.type.upper()
    if kind in ("RECORD", "STRUCT"):
        return pa.struct([_arrow_field(child) for child in field.fields])
    if kind == "RANGE" and field.range_element_type is not None:
        bound = _SCALARS[field.range_element_type.type.upper()]
        return pa.struct([pa.field("start", bound), pa.field("end", bound)])
    return _SCALARS[kind]


def _children(arrow_type: pa.DataType) -> list[pa.Field]:
    return [arrow_type.field(index) for index in range(arrow_type.num_fields)]
