"""The fields that a CREATE TABLE statement declares: types, modes and nesting as written."""

from __future__ import annotations

from bqemulator.catalog.models import FieldMode, TableFieldSchema
from sqlglot import exp

_NAMES = {
    exp.DType.BIGINT: "INTEGER",
    exp.DType.INT: "INTEGER",
    exp.DType.TEXT: "STRING",
    exp.DType.VARCHAR: "STRING",
    exp.DType.DOUBLE: "FLOAT",
    exp.DType.FLOAT: "FLOAT",
    exp.DType.BOOLEAN: "BOOLEAN",
    exp.DType.TIMESTAMPTZ: "TIMESTAMP",
    exp.DType.TIMESTAMP: "DATETIME",
    exp.DType.DATETIME: "DATETIME",
    exp.DType.DECIMAL: "NUMERIC",
    exp.DType.BIGDECIMAL: "BIGNUMERIC",
    exp.DType.BINARY: "BYTES",
    exp.DType.VARBINARY: "BYTES",
}


def declared_fields(schema: exp.Schema) -> list[TableFieldSchema]:
    """Return the declared columns of a CREATE TABLE."""
    return [_field(column) for column in schema.expressions if isinstance(column, exp.ColumnDef)]


def _field(column: exp.ColumnDef) -> TableFieldSchema:
    kind = column.kind
    mode: FieldMode = "REQUIRED" if column.find(exp.NotNullColumnConstraint) else "NULLABLE"
    if kind is not None and kind.is_type(exp.DType.ARRAY):
        kind, mode = kind.expressions[0], "REPEATED"
    if kind is not None and kind.is_type(exp.DType.STRUCT):
        nested = tuple(_field(child) for child in kind.expressions if isinstance(child, exp.ColumnDef))
        return TableFieldSchema(name=column.name, type="RECORD", mode=mode, fields=nested)
    name = _NAMES.get(kind.this, kind.this.value) if kind is not None else "STRING"
    return TableFieldSchema(name=column.name, type=name, mode=mode)
