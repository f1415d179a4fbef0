"""Gives Arrow columns the exact type the other side states, without touching values that already have it.

Rule of the Storage Write API: the writer's schema may leave out nullable columns, which become NULL, must not bring
columns the table lacks, and must have the column's type. Values that the stand-in cannot hold exactly are refused.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


class ShapeMismatch(ValueError):
    """A column cannot be given the wanted type; ``extra_fields`` says that the table lacks a field."""

    def __init__(self, message: str, *, extra_fields: bool = False) -> None:
        super().__init__(message)
        self.extra_fields = extra_fields


def reshape_batch(batch: pa.RecordBatch, wanted: pa.Schema) -> pa.RecordBatch:
    """Return the batch with exactly the wanted columns, in that order; missing ones are NULL."""
    _refuse_extra([field.name for field in batch.schema], [field.name for field in wanted], "")
    columns = [_column(batch, field) for field in wanted]
    return pa.RecordBatch.from_arrays(columns, schema=wanted)


def _column(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    index = batch.schema.get_field_index(field.name)
    if index < 0:
        return _absent(batch.num_rows, field, field.name)
    return reshape(batch.column(index), field, field.name)


def reshape(array: pa.Array, field: pa.Field, path: str) -> pa.Array:
    """Return the array with the field's type; a NULL list becomes empty, a NULL in a REQUIRED field is refused."""
    wanted = field.type
    if pa.types.is_list(wanted):
        return _reshape_list(array, wanted, path)
    if not field.nullable and array.null_count:
        raise ShapeMismatch(f"Field {path} is REQUIRED but has no value in {array.null_count} of the rows")
    if pa.types.is_struct(wanted):
        return _reshape_struct(array, wanted, path)
    if array.type.equals(wanted):
        return array
    if not _may_become(array.type, wanted):
        raise ShapeMismatch(f"Field {path} has type {array.type}, but the column needs {wanted}")
    try:
        return array.cast(wanted)
    except pa.ArrowInvalid as error:
        raise ShapeMismatch(f"Field {path}: {error}") from error


def _reshape_list(array: pa.Array, wanted: pa.DataType, path: str) -> pa.Array:
    if pa.types.is_null(array.type):
        return _empty_lists(len(array), wanted)
    if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
        raise ShapeMismatch(f"Field {path} is REPEATED, but the batch has {array.type}")
    # Lengths rather than the raw offsets: a sliced array or a NULL list may leave values that belong to no row.
    lengths = pc.fill_null(pc.list_value_length(array), 0).cast(pa.int64())
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(lengths)]).cast(pa.int32())
    values = reshape(array.flatten(), wanted.value_field, path)
    return pa.ListArray.from_arrays(offsets, values, type=wanted)


def _reshape_struct(array: pa.Array, wanted: pa.DataType, path: str) -> pa.Array:
    if not pa.types.is_struct(array.type):
        raise ShapeMismatch(f"Field {path} is a RECORD, but the batch has {array.type}")
    present = {array.type.field(i).name: i for i in range(array.type.num_fields)}
    fields = [wanted.field(i) for i in range(wanted.num_fields)]
    _refuse_extra(list(present), [field.name for field in fields], f"{path}.")
    children = []
    for field in fields:
        child_path = f"{path}.{field.name}"
        # Below a NULL record nothing is required.
        child = field.with_nullable(True) if array.null_count else field
        if field.name in present:
            children.append(reshape(array.field(present[field.name]), child, child_path))
        else:
            children.append(_absent(len(array), child, child_path))
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(children, fields=fields, mask=mask)


def _absent(length: int, field: pa.Field, path: str) -> pa.Array:
    if pa.types.is_list(field.type):
        return _empty_lists(length, field.type)
    if not field.nullable and length:
        raise ShapeMismatch(f"Field {path} is REQUIRED but the batch has no such column")
    return pa.nulls(length, field.type)


def _empty_lists(length: int, wanted: pa.DataType) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array([0] * (length + 1), pa.int32()), pa.nulls(0, wanted.value_type), type=wanted)


def _refuse_extra(given: list[str], known: list[str], prefix: str) -> None:
    extra = [prefix + name for name in given if name not in known]
    if extra:
        raise ShapeMismatch(f"The table has no field {', '.join(extra)}", extra_fields=True)


def _may_become(given: pa.DataType, wanted: pa.DataType) -> bool:
    kinds = (
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
        lambda t: pa.types.is_string(t) or pa.types.is_large_string(t),
        lambda t: pa.types.is_binary(t) or pa.types.is_large_binary(t),
        pa.types.is_time,
        lambda t: pa.types.is_timestamp(t) and t.tz is not None,
        lambda t: pa.types.is_timestamp(t) and t.tz is None,
    )
    return pa.types.is_null(given) or any(kind(given) and kind(wanted) for kind in kinds)
