"""What a query would scan (gap h), for dry runs, statistics and ``maximumBytesBilled``.

Rules: "When you run a query, you're charged according to the data processed in the columns you select, even if you set an
explicit LIMIT"; a query that would exceed ``maximumBytesBilled`` fails "without incurring a charge"; charges are rounded up
to a MB, "with a minimum 10 MB data processed per table referenced by the query".

Limit: a column counts when its name appears anywhere in the query, every column in a statement that is not a SELECT;
partitions and clusters prune nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bqemulator.domain.errors import ErrorDetail, InvalidQueryError
from bqemulator.storage.sql_identifiers import schema_name
import sqlglot
from sqlglot import exp

from gaps.statement_effect import TableName

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse

_MB = 1024 * 1024
_LEAST_PER_TABLE = 10 * _MB


def scanned_bytes(warehouse: Warehouse, project: str, sql: str) -> list[int]:
    """Return the bytes scanned of each distinct table the query names; the caller holds the connection."""
    try:
        statements = [statement for statement in sqlglot.parse(sql, read="bigquery") if statement]
    except sqlglot.errors.SqlglotError:
        return []
    names = {column.name.lower() for statement in statements for column in statement.find_all(exp.Column, exp.Dot)}
    parts = {p.name.lower() for s in statements for c in s.find_all(exp.Column) for p in c.parts}
    everything = any(statement.find(exp.Star) or not isinstance(statement, exp.Query) for statement in statements)
    tables = {
        (table.catalog or project, table.db, table.name)
        for statement in statements
        for table in statement.find_all(exp.Table)
        if table.db
    }
    return [
        sum(size for column, size in by_column.items() if everything or column in names | parts)
        for by_column in (_by_column(warehouse, table) for table in sorted(tables))
    ]


def billed_bytes(scanned: list[int]) -> int:
    """Return what a query that scanned these bytes is billed for."""
    return sum(max(_LEAST_PER_TABLE, -(-size // _MB) * _MB) for size in scanned)


def refuse_above(limit: str | int | None, scanned: list[int]) -> None:
    """Fail a query that would be billed for more than ``maximumBytesBilled``."""
    billed = billed_bytes(scanned)
    if limit is not None and billed > int(limit):
        message = f"Query exceeded limit for bytes billed: {limit}. {billed} or higher required."
        raise InvalidQueryError(message, details=[ErrorDetail(reason="bytesBilledLimitExceeded", message=message)])


def _by_column(warehouse: Warehouse, table: tuple[str, str, str]) -> dict[str, int]:
    meta = warehouse.table(*table)
    if meta is None or meta.table_type != "TABLE":
        return {}
    name = TableName(schema_name(table[0], table[1]), table[2])
    return warehouse.sizes.by_column(name, warehouse.history.at(name, None))
