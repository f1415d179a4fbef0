"""One BigQuery statement as the DuckDB statement that does the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bqemulator.domain.errors import DomainError
from bqemulator.jobs.error_mapper import translate_runtime_error
from bqemulator.row_access.identity import CallerIdentity
from bqemulator.sql.inner_query import rewrite_and_translate_statement
from bqemulator.sql.parameters import bind_parameters
from bqemulator.sql.table_rewriter import rewrite_table_refs
from bqemulator.sql.translator import SQLTranslator
import pyarrow as pa

from gaps.system_time import QUERY_PARAMETERS

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse

_translator = SQLTranslator()


@dataclass(frozen=True, slots=True)
class DuckDBStatement:
    """SQL and the values of its parameters."""

    sql: str
    values: list[Any]

    def wrapped(self, before: str, after: str = "") -> DuckDBStatement:
        """Return the statement with text around it."""
        return DuckDBStatement(f"{before}{self.sql}{after}", self.values)

    def run(self, warehouse: Warehouse) -> pa.Table:
        """Run it and return its rows; errors come out as BigQuery's."""
        try:
            return warehouse.engine.fetch_arrow(self.sql, self.values or None)
        except DomainError:
            raise
        except Exception as error:
            raise translate_runtime_error(error, duckdb_sql=self.sql) from error


async def duckdb_statement(
    warehouse: Warehouse, project: str, sql: str, parameters: list[dict[str, Any]], caller: CallerIdentity
) -> DuckDBStatement:
    """Translate a single statement, with its parameters bound."""
    reset = QUERY_PARAMETERS.set(parameters)
    try:
        translated = await rewrite_and_translate_statement(
            sql, project_id=project, ctx=warehouse.context, caller=caller, translator=_translator
        )
    finally:
        QUERY_PARAMETERS.reset(reset)
    bound, values = bind_parameters(rewrite_table_refs(translated, project), parameters or None)
    return DuckDBStatement(bound, list(values or []))
