"""How many logical bytes a table has (gap h), by the widths of the BigQuery documentation.

Rule (Pricing, data size calculation): INT64, FLOAT64, DATE, DATETIME, TIME, TIMESTAMP 8 bytes; BOOL 1; NUMERIC 16;
BIGNUMERIC 32; INTERVAL 16; STRING and BYTES 2 bytes + their length; RECORD and REPEATED the sum of what they contain;
NULL 0.

Limit: exact up to 1000 rows; beyond, the average of the first 1000 rows times the number of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from gaps.engine import WatchedEngine
    from gaps.statement_effect import TableName
    from gaps.table_history import TableState

_SAMPLE_ROWS = 1000
_REMEMBERED = 500


class TableBytes:
    """Estimates bytes per column, and remembers the answer for a state of a table."""

    def __init__(self, engine: WatchedEngine) -> None:
        self._engine = engine
        self._known: dict[tuple[TableName, int, int], dict[str, int]] = {}

    def by_column(self, name: TableName, state: TableState) -> dict[str, int]:
        """Return the logical bytes of each column (lower-case name) in this state; the caller holds the connection."""
        key = (name, state.generation, state.rows)
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = self._measure(state)
        return self._known[key]

    def row_bytes(self, name: TableName, state: TableState) -> int:
        """Return the average logical bytes of one row, 0 for an empty table."""
        return sum(self.by_column(name, state).values()) // max(state.rows, 1)

    def _measure(self, state: TableState) -> dict[str, int]:
        sampled = min(state.rows, _SAMPLE_ROWS)
        table = self._engine.connection.execute(
            f"SELECT * FROM {state.stored_in.quoted} WHERE rowid < {sampled}"
        ).to_arrow_table()
        scale = state.rows / sampled if sampled else 0
        return {
            column.lower(): round(sum(_bytes_in(chunk) for chunk in table.column(column).chunks) * scale)
            for column in table.column_names
        }


def _bytes_in(array: pa.Array) -> int:
    kind = array.type
    present = len(array) - array.null_count
    if pa.types.is_list(kind):
        return _bytes_in(array.flatten())
    if pa.types.is_struct(kind):
        return sum(_bytes_in(child) for child in array.flatten())
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return 2 * present + (pc.sum(pc.binary_length(array)).as_py() or 0)
    if pa.types.is_boolean(kind):
        return present
    if pa.types.is_decimal(kind):
        return present * (32 if kind.scale > 9 else 16)
    return present * (16 if pa.types.is_interval(kind) else 8)
