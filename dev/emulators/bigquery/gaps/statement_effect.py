"""Tells from one DuckDB statement which user table it is about to change, and how."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Literal

Kind = Literal["append", "rewrite", "replace", "create", "drop"]


@dataclass(frozen=True, slots=True)
class TableName:
    """A physical table: the DuckDB schema ``project__dataset`` and the table's name in it."""

    schema: str
    table: str

    @property
    def quoted(self) -> str:
        """The name as it stands in a DuckDB statement."""
        return f'"{self.schema}"."{self.table}"'


_NAME = r'\s+"?(?P<schema>[\w\-]+__[\w\-]+)"?\."?(?P<table>[\w\-]+)"?'
_PATTERNS: tuple[tuple[re.Pattern[str], Kind], ...] = tuple(
    (re.compile(rf"\s*{verb}{_NAME}", re.IGNORECASE), kind)
    for verb, kind in (
        (r"INSERT\s+INTO", "append"),
        (r"INSERT\s+OR\s+REPLACE\s+INTO", "rewrite"),
        (r"COPY", "append"),
        (r"DELETE\s+FROM", "rewrite"),
        (r"UPDATE", "rewrite"),
        (r"MERGE\s+INTO", "rewrite"),
        (r"TRUNCATE(?:\s+TABLE)?", "rewrite"),
        (r"ALTER\s+TABLE(?:\s+IF\s+EXISTS)?", "rewrite"),
        (r"CREATE\s+OR\s+REPLACE\s+TABLE", "replace"),
        (r"CREATE\s+TABLE(?:\s+IF\s+NOT\s+EXISTS)?", "create"),
        (r"DROP\s+TABLE(?:\s+IF\s+EXISTS)?", "drop"),
    )
)
_ADD_COLUMN = re.compile(r"\s+ADD\s+COLUMN\b", re.IGNORECASE)
_DROP_SCHEMA = re.compile(r'\s*DROP\s+SCHEMA(?:\s+IF\s+EXISTS)?\s+"?(?P<schema>[\w\-]+__[\w\-]+)"?', re.IGNORECASE)
_RESERVED = ("_bqemulator_",)
ALL_TABLES = "*"


def effect_of(sql: str) -> tuple[TableName, Kind] | None:
    """Return the changed table and the kind of change, or ``None`` for a statement that changes none.

    Dropping a schema answers with the table name ``ALL_TABLES``.
    """
    for pattern, kind in _PATTERNS:
        match = pattern.match(sql)
        if match is None:
            continue
        if match["schema"].startswith(_RESERVED):
            return None
        # A new column leaves the rows where they are, so earlier states stay readable in place.
        if _ADD_COLUMN.match(sql, match.end()):
            return None
        return TableName(match["schema"], match["table"]), kind
    dropped = _DROP_SCHEMA.match(sql)
    return (TableName(dropped["schema"], ALL_TABLES), "drop") if dropped else None
