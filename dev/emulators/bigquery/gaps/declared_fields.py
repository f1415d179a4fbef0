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
    if kind is not None and kind.is_type(exp.DType.RANGE):
        # Rule (REST, TableFieldSchema.rangeElementType): "The subtype of the RANGE, if the type of this field is RANGE".
        bound = TableFieldSchema(name=column.name, type=_scalar(kind.expressions[0]))
        return TableFieldSchema(name=column.name, type="RANGE", mode=mode, range_element_type=bound)
    return TableFieldSchema(name=column.name, type=_scalar(kind) if kind is not None else "STRING", mode=mode)


def _scalar(kind: exp.DataType) -> str:
    return str(_NAMES.get(kind.this, kind.this.value))
