"""NUMERIC and BIGNUMERIC in SQL (gap l): exact conversions, the right types, and values written without idle zeros.

Rules: NUMERIC has 9 decimals, BIGNUMERIC 38; conversions round half away from zero; "CAST(numeric AS STRING)" has no
trailing zeros.

Limit: DuckDB's decimals have 38 digits in all. ``ROUND(CAST(x AS BIGNUMERIC), k)`` with k ≤ 15 is exact for values (and
sums of them) of up to 23 digits before the point; any other BIGNUMERIC holds 20 digits before and 18 behind the point, is
rounded half away from zero to those 18 decimals, and fails with an error when it needs more digits before the point.
NUMERIC(18, 3) and BIGNUMERIC(38, 5) are held with more decimals than they state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bqemulator.domain.result import Ok
from bqemulator.sql.translator import SQLTranslator
import sqlglot
from sqlglot import exp

from gaps.exact_decimal import exact_decimal_sql

if TYPE_CHECKING:
    import duckdb

_MOST_ROUNDED_DIGITS = 15
_NUMERIC = "DECIMAL(38, 9)"
_BIGNUMERIC = "DECIMAL(38, 18)"
_ROUNDED_BIGNUMERIC = "DECIMAL(38, 15)"
_TEXT_MACRO = (
    "CREATE OR REPLACE TEMP MACRO bq_text(x) AS CASE WHEN starts_with(typeof(x), 'DECIMAL(') "
    "AND contains(CAST(x AS VARCHAR), '.') THEN rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.') ELSE CAST(x AS VARCHAR) END"
)


def register_decimal_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the conversions known to this connection, each in a strict form and in one for SAFE_CAST."""
    connection.execute(_TEXT_MACRO)
    _define_once(connection, "bq_text")
    for safe in ("", "safe_"):
        cast = "TRY_CAST" if safe else "CAST"
        _define(connection, f"bq_{safe}numeric", 9, 9, safe, f"{cast}(x AS {_NUMERIC})")
        _define(connection, f"bq_{safe}bignumeric", 18, 18, safe, f"{cast}(x AS {_BIGNUMERIC})")
        for digits in range(_MOST_ROUNDED_DIGITS + 1):
            decimal = f"CAST(round({cast}(x AS {_BIGNUMERIC}), {digits}) AS {_ROUNDED_BIGNUMERIC})"
            _define(connection, f"bq_{safe}bignumeric_round_{digits}", 15, digits, safe, decimal)


def _define(
    connection: duckdb.DuckDBPyConnection, name: str, scale: int, digits: int, safe: str, of_other_types: str
) -> None:
    kind = "NUMERIC" if scale == 9 else "BIGNUMERIC"
    otherwise = (
        "NULL"
        if safe
        else f"error(CASE WHEN isfinite(d) THEN '{kind} out of range: ' "
        f"ELSE 'Illegal conversion of non-finite floating point number to {kind}: ' END || d)"
    )
    exact = exact_decimal_sql("d", scale, digits, big=scale != 9, otherwise=otherwise)
    connection.execute(f"CREATE OR REPLACE TEMP MACRO {name}_of_double(d) AS {exact}")
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO {name}(x) AS CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') "
        f"THEN {name}_of_double(TRY_CAST(x AS DOUBLE)) ELSE {of_other_types} END"
    )
    _define_once(connection, name)


def _define_once(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    # A macro repeats its argument, which grows without bound where conversions are nested; a lambda names it.
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO {name}_once(x) AS list_transform([x], lambda v: {name}(v))[1]"
    )


def _call(name: str, argument: exp.Expression) -> exp.Expression:
    plain = isinstance(argument.unnest(), exp.Column | exp.Literal)
    return exp.Anonymous(this=name if plain else f"{name}_once", expressions=[argument])


def translate_with_decimals(translate: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``SQLTranslator.translate`` so that its DuckDB SQL keeps BigQuery's decimals."""

    def translated(self: SQLTranslator, bq_sql: str, **options: Any) -> Any:
        result = translate(self, bq_sql, **options)
        return Ok(keep_decimals(result.value)) if isinstance(result, Ok) else result

    return translated


def keep_decimals(duckdb_sql: str) -> str:
    """Return translated SQL with NUMERIC and BIGNUMERIC conversions done by our functions and columns wide enough."""
    if "DECIMAL" not in duckdb_sql and "AS TEXT" not in duckdb_sql:
        return duckdb_sql
    try:
        statements = sqlglot.parse(duckdb_sql, read="duckdb")
    except sqlglot.errors.ParseError:
        return duckdb_sql
    if len(statements) != 1 or statements[0] is None:
        return duckdb_sql
    tree: exp.Expression = statements[0]
    for rounding in list(tree.find_all(exp.Round)):
        rounding.replace(_rounding(rounding))
    for cast in reversed(list(tree.find_all(exp.Cast))):
        cast.replace(_conversion(cast))
    for kind in list(tree.find_all(exp.DataType)):
        if kind.is_type(exp.DType.DECIMAL):
            kind.replace(exp.DataType.build(_wide(kind), dialect="duckdb"))
    return tree.sql(dialect="duckdb")


def _rounding(node: exp.Round) -> exp.Expression:
    digits = node.args.get("decimals")
    inner = node.this.unnest()
    if not (isinstance(inner, exp.Cast) and _wide(inner.to) == _BIGNUMERIC):
        return node
    if digits is not None and not (digits.is_int and int(digits.name) <= _MOST_ROUNDED_DIGITS):
        return node
    safe = "safe_" if isinstance(inner, exp.TryCast) else ""
    name = f"bq_{safe}bignumeric_round_{digits.name if digits is not None else 0}"
    return _call(name, inner.this)


def _conversion(node: exp.Cast) -> exp.Expression:
    safe = "safe_" if isinstance(node, exp.TryCast) else ""
    wanted = node.to
    if wanted.is_type(exp.DType.TEXT, exp.DType.VARCHAR) and not safe:
        return _call("bq_text", node.this)
    if not wanted.is_type(exp.DType.DECIMAL) or not _is_unsized(wanted):
        return node
    name = f"bq_{safe}bignumeric" if _wide(wanted) == _BIGNUMERIC else f"bq_{safe}numeric"
    return _call(name, node.this)


def _is_unsized(kind: exp.DataType) -> bool:
    # The translator writes BIGNUMERIC as DECIMAL(38, 5), and NUMERIC as DECIMAL, which it reads back as DECIMAL(18, 3).
    return [part.name for part in kind.expressions] in ([], ["18", "3"], ["38", "5"])


def _wide(kind: exp.DataType) -> str:
    if not kind.is_type(exp.DType.DECIMAL) or not _is_unsized(kind):
        return kind.sql(dialect="duckdb")
    return _BIGNUMERIC if kind.expressions and kind.expressions[0].name == "38" else _NUMERIC
