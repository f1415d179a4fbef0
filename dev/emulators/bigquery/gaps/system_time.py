"""``FOR SYSTEM_TIME AS OF`` over the table history (gap k), also for rows that came through the Storage Write API.

Rule: "FOR SYSTEM_TIME AS OF references the historical versions of the table definition and rows that were current at
timestamp_expression." The expression may be a literal, a constant expression or a query parameter.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bqemulator.domain.errors import InvalidQueryError
from bqemulator.storage.sql_identifiers import schema_name
from bqemulator.versioning.time_travel import _eval_timestamp_via_duckdb
import sqlglot
from sqlglot import exp

from gaps.statement_effect import TableName

if TYPE_CHECKING:
    from gaps.engine import WatchedEngine
    from gaps.table_history import TableState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

QUERY_PARAMETERS: ContextVar[list[dict[str, Any]]] = ContextVar("query_parameters", default=[])
"""The REST ``queryParameters`` of the statement being translated."""


def rewrite_for_system_time(bq_sql: str, project_id: str, _snapshots: object, engine: WatchedEngine) -> str:
    """Replace every table read in the past by its rows at that time."""
    if "SYSTEM_TIME" not in bq_sql.upper():
        return bq_sql
    try:
        tree = sqlglot.parse_one(bq_sql, read="bigquery")
    except sqlglot.errors.ParseError:
        return bq_sql
    for node in list(tree.find_all(exp.Table)):
        version = node.args.get("version")
        if version is None or not node.db:
            continue
        name = TableName(schema_name(node.catalog or project_id, node.db), node.name)
        state = engine.history.at(name, _micros_of(version, engine))
        node.set("version", None)
        if not state.is_latest:
            _read_state(node, state)
    return tree.sql(dialect="bigquery")


def _read_state(node: exp.Table, state: TableState) -> None:
    alias = node.alias or node.name
    where = f"rowid < {state.rows}"
    if state.stored_in.schema.startswith("_bqemulator_"):
        source = f"`{state.stored_in.schema}`.`{state.stored_in.table}`"
    else:
        source = exp.Table(this=node.this.copy(), db=_copied(node, "db"), catalog=_copied(node, "catalog")).sql("bigquery")
    past = sqlglot.parse_one(f"SELECT * FROM {source} WHERE {where}", read="bigquery")
    node.replace(exp.Subquery(this=past, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True))))


def _copied(node: exp.Table, part: str) -> exp.Expression | None:
    found = node.args.get(part)
    return found.copy() if found is not None else None


def _micros_of(version: exp.Expression, engine: WatchedEngine) -> int:
    expression = version.args.get("expression") or version.this
    if not isinstance(expression, exp.Expression):
        raise InvalidQueryError("FOR SYSTEM_TIME AS OF requires an expression")
    expression = expression.copy()
    holder = exp.Paren(this=expression)
    for parameter in list(holder.find_all(exp.Parameter, exp.Placeholder)):
        parameter.replace(_value_of(parameter))
    moment = _eval_timestamp_via_duckdb(holder.this, engine)
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _value_of(parameter: exp.Expression) -> exp.Expression:
    given = QUERY_PARAMETERS.get()
    named = [p for p in given if p.get("name") == parameter.name]
    chosen = named or (given[:1] if isinstance(parameter, exp.Placeholder) else [])
    if not chosen:
        raise InvalidQueryError(f"Query parameter '{parameter.name}' not found")
    text = str(chosen[0].get("parameterValue", {}).get("value"))
    return sqlglot.parse_one(f"TIMESTAMP '{text.replace(chr(39), '')}'", read="bigquery")
