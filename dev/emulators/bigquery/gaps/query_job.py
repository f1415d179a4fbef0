"""Query jobs: what they scan is counted, what they select goes where it was told to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bqemulator.jobs.executor import (
    JOB_RESULTS,
    JOB_SCHEMAS,
    build_response_schema,
    classify_statement_type,
    execute_query_job,
)
from bqemulator.row_access.identity import CallerIdentity
from bqemulator.sql.rewriter.default_dataset import qualify_unqualified_tables
from bqemulator.sql.rewriter.legacy_sql import rewrite_legacy_to_standard
import pyarrow as pa

from gaps.job_store import JobResult
from gaps.query_bytes import billed_bytes, refuse_above, scanned_bytes
from gaps.query_destination import write_query_result
from gaps.query_text import duckdb_statement
from gaps.system_time import QUERY_PARAMETERS

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse

_SELECT = "SELECT"


@dataclass(frozen=True, slots=True)
class QueryOutcome:
    """What a query left behind: statistics, rows, and the configuration as it was completed."""

    statistics: dict[str, Any]
    result: JobResult | None
    query: dict[str, Any]


async def run_query(
    warehouse: Warehouse, project: str, job_id: str, query: dict[str, Any], caller: CallerIdentity
) -> QueryOutcome:
    """Run a query job's statements and return what came of it."""
    sql = standard_sql(project, query)
    scanned = scanned_bytes(warehouse, project, sql)
    refuse_above(query.get("maximumBytesBilled"), scanned)
    parameters = query.get("queryParameters") or []
    if query.get("destinationTable") and classify_statement_type(sql) == _SELECT:
        statement = await duckdb_statement(warehouse, project, sql, parameters, caller)
        write_query_result(warehouse, project, query, statement)
        return QueryOutcome(_statistics({"statementType": _SELECT}, scanned), None, query)
    reset = QUERY_PARAMETERS.set(parameters)
    try:
        meta = await execute_query_job(project, job_id, sql, parameters or None, warehouse.context, caller=caller)
    finally:
        QUERY_PARAMETERS.reset(reset)
        rows, fields = JOB_RESULTS.pop(job_id, pa.table({})), JOB_SCHEMAS.pop(job_id, [])
    completed = {**(meta.configuration.get("query") or {}), **query}
    extra = {key: value for key, value in meta.statistics.items() if key != "query"}
    statistics = _statistics(meta.statistics.get("query", {}), scanned)
    return QueryOutcome({**statistics, **extra}, JobResult(fields, rows), completed)


async def preview_query(
    warehouse: Warehouse, project: str, query: dict[str, Any], caller: CallerIdentity
) -> dict[str, Any]:
    """Return the statistics of a dry run: nothing is executed, changed or recorded.

    Rule: "dryRun: If set, don't actually run this job. A valid query will return a mostly empty response with some
    processing statistics, while an invalid query will return the same error it would if it wasn't a dry run."
    """
    sql = standard_sql(project, query)
    scanned = scanned_bytes(warehouse, project, sql)
    refuse_above(query.get("maximumBytesBilled"), scanned)
    kind = classify_statement_type(sql)
    fields: list[dict[str, Any]] = []
    if kind == _SELECT:
        parameters = query.get("queryParameters") or []
        statement = await duckdb_statement(warehouse, project, sql, parameters, caller)
        fields = build_response_schema(statement.wrapped("SELECT * FROM (", ") LIMIT 0").run(warehouse).schema)
    return _statistics({"statementType": kind, "schema": {"fields": fields}}, scanned)


def standard_sql(project: str, query: dict[str, Any]) -> str:
    """Return the query's text with legacy syntax and the default dataset resolved."""
    sql = str(query.get("query", ""))
    default = query.get("defaultDataset") or {}
    if query.get("useLegacySql"):
        sql = rewrite_legacy_to_standard(sql)
    if default.get("datasetId"):
        owner = default.get("projectId") or project
        sql = qualify_unqualified_tables(sql, default_project=owner, default_dataset=default["datasetId"])
    return sql


def _statistics(query: dict[str, Any], scanned: list[int]) -> dict[str, Any]:
    total, billed = str(sum(scanned)), str(billed_bytes(scanned))
    stated = {**query, "totalBytesProcessed": total, "totalBytesBilled": billed, "cacheHit": False}
    return {"totalBytesProcessed": total, "query": stated}
