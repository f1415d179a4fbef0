"""Translates ``row_restriction`` (gap o): the filter of a read session, exact to the microsecond.

Rule: "SQL text filtering statement, similar to a WHERE clause in a query. Aggregates are not supported." Nor are
subqueries.
"""

from __future__ import annotations

from bqemulator.domain.result import Err
from bqemulator.sql.translator import SQLTranslator
import grpc
import sqlglot
from sqlglot import exp

from gaps.storage_protos import RpcRefused

_translator = SQLTranslator()


def duckdb_condition(row_restriction: str) -> str | None:
    """Return the restriction as a DuckDB condition, or ``None`` when there is none."""
    if not row_restriction.strip():
        return None
    translated = _translator.translate(f"SELECT 1 FROM x WHERE ({row_restriction})")
    if isinstance(translated, Err):
        raise _refused(row_restriction, str(translated.error))
    try:
        statements = sqlglot.parse(translated.value, read="duckdb")
    except sqlglot.errors.ParseError as error:
        raise _refused(row_restriction, str(error)) from error
    where = statements[0].find(exp.Where) if len(statements) == 1 and statements[0] else None
    if where is None or where.find(exp.Query, exp.AggFunc):
        raise _refused(row_restriction, "only comparisons of columns with constants are allowed")
    return where.this.sql(dialect="duckdb")


def _refused(row_restriction: str, why: str) -> RpcRefused:
    return RpcRefused(grpc.StatusCode.INVALID_ARGUMENT, f"row_restriction '{row_restriction}': {why}")
