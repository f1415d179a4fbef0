"""The TableSchema message of the Storage Write API, nested fields included (gap e)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gaps.storage_protos import TableFieldSchema as FieldMessage
from gaps.storage_protos import TableSchema

if TYPE_CHECKING:
    from bqemulator.catalog.models import TableFieldSchema

_OTHER_NAMES = {"INTEGER": "INT64", "FLOAT64": "DOUBLE", "FLOAT": "DOUBLE", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}


def storage_schema_of(fields: Sequence[TableFieldSchema]) -> Any:
    """Return the message that describes a table with these fields."""
    return TableSchema(fields=[_message(field) for field in fields])


def _message(field: TableFieldSchema) -> Any:
    kind = field.type.upper()
    return FieldMessage(
        name=field.name,
        type_=FieldMessage.Type.Value(_OTHER_NAMES.get(kind, kind)),
        mode=FieldMessage.Mode.Value(field.mode),
        fields=[_message(child) for child in field.fields],
    )
