"""``MERGE … WHEN NOT MATCHED THEN INSERT ROW`` (gap n): the whole source row, column by column.

Rule (DML syntax, MERGE): "ROW: ... inserts ... all the columns of the source", in their order. DuckDB has the same under
another name.
"""

from __future__ import annotations

import re

_MERGE = re.compile(r"\s*MERGE\b", re.IGNORECASE)
_INSERT_ROW = re.compile(r"(\bTHEN\s+INSERT)\s+ROW\b", re.IGNORECASE)


def with_row_inserts(sql: str) -> str:
    """Return a DuckDB statement with INSERT ROW in DuckDB's own words."""
    return _INSERT_ROW.sub(r"\1 BY POSITION", sql) if _MERGE.match(sql) else sql
