"""Answers of jobs.query and jobs.getQueryResults: rows in pages, or the failed query as an HTTP error (gap n)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bqemulator.api.routes.tables import _field_to_rest
from bqemulator.storage.arrow_bridge import arrow_table_to_bq_rows
from bqemulator.storage.sql_identifiers import quoted_table_ref
from fastapi.responses import JSONResponse

from gaps.job_store import JobResult
from gaps.locations import not_found

if TYPE_CHECKING:
    from gaps.job_store import JobStore
    from gaps.warehouse import Warehouse

_ROWS_PER_PAGE = 10_000
_STATUS = {"notFound": 404, "duplicate": 409, "accessDenied": 403, "quotaExceeded": 403, "internalError": 500}
_COPIED = ("numDmlAffectedRows", "statementType", "ddlOperationPerformed", "dmlStats")


def page_of_rows(
    warehouse: Warehouse, store: JobStore, job: dict[str, Any], start: int, limit: int | None
) -> tuple[JobResult, int]:
    """Return one page of what a finished query job returned, and the number of all its rows."""
    size = _ROWS_PER_PAGE if limit is None else limit
    result = store.result(job["jobReference"])
    if result is not None:
        # A table without columns claims any number of rows when it is sliced.
        total = result.rows.num_rows if result.rows.num_columns else 0
        page = result.rows.slice(start, size) if total else result.rows
        return JobResult(result.fields, page), total
    reference = job["configuration"]["query"].get("destinationTable") or {}
    target = (reference.get("projectId", ""), reference.get("datasetId", ""), reference.get("tableId", ""))
    meta = warehouse.table(*target)
    if meta is None:
        raise not_found(f"Table {target[0]}:{target[1]}.{target[2]}")
    name = quoted_table_ref(*target)
    rows = warehouse.engine.fetch_arrow(f"SELECT * FROM {name} WHERE rowid >= {start} AND rowid < {start + size}")
    counted = warehouse.engine.execute(f"SELECT count(*) FROM {name}").fetchone()
    return JobResult([_field_to_rest(field) for field in meta.schema_.fields], rows), int(counted[0]) if counted else 0


def query_answer(
    job: dict[str, Any], page: tuple[JobResult, int] | None, start: int, limit: int | None
) -> dict[str, Any]:
    """Return a query response; ``page`` is missing for a dry run."""
    statistics = job["statistics"]["query"]
    fields = page[0].fields if page else statistics.get("schema", {}).get("fields", [])
    total = page[1] if page else 0
    answer: dict[str, Any] = {
        "kind": "bigquery#queryResponse",
        "schema": {"fields": fields},
        "jobReference": job["jobReference"],
        "jobComplete": True,
        "rows": arrow_table_to_bq_rows(page[0].rows) if page else [],
        "totalRows": str(total),
        "totalBytesProcessed": statistics["totalBytesProcessed"],
        "cacheHit": False,
        **{key: statistics[key] for key in _COPIED if key in statistics},
    }
    end = start + (_ROWS_PER_PAGE if limit is None else limit)
    if page and end < total:
        answer["pageToken"] = str(end)
    return answer


def failed_job_answer(job: dict[str, Any]) -> JSONResponse:
    """Return a failed job's error as the HTTP error it stands for."""
    error = job["status"]["errorResult"]
    code = _STATUS.get(error["reason"], 400)
    return JSONResponse(
        {"error": {"code": code, "message": error["message"], "errors": [{"domain": "global", **error}]}}, code
    )
