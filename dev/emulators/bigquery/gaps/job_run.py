"""Runs one job of any kind in the open transaction: effect and record land together, a failed job leaves its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bqemulator.domain.errors import DomainError, InvalidQueryError, UnsupportedFeatureError, ValidationError
from bqemulator.jobs.executor import execute_copy_job, execute_extract_job, execute_load_job
from bqemulator.row_access.identity import CallerIdentity
from bqemulator.storage.sql_identifiers import quoted_table_ref

from gaps.copy_job import run_copy
from gaps.error_messages import in_bigquery_words
from gaps.job_request import JobRequest, error_proto, job_request, job_resource, kind_of
from gaps.locations import location_of_job, referenced_datasets
from gaps.query_job import run_query

if TYPE_CHECKING:
    from gaps.job_store import JobResult, JobStore
    from gaps.warehouse import Warehouse

_REFUSED_AT_ONCE = (ValidationError, UnsupportedFeatureError)


async def run_job(
    warehouse: Warehouse,
    store: JobStore,
    project: str,
    reference: dict[str, Any],
    configuration: dict[str, Any],
    caller: CallerIdentity,
) -> dict[str, Any]:
    """Run a job under its id and return its resource; a second job of that id is refused and does nothing."""
    kind_of(configuration)
    datasets = referenced_datasets(project, configuration)
    location = location_of_job(warehouse, datasets, reference.get("location") or None)
    started_us = warehouse.writer.current.commit_us
    request = job_request(project, location, reference.get("jobId"), configuration, started_us)
    store.refuse_duplicate(project, location, request.job_id)
    try:
        statistics, result, completed = await _run(warehouse, request, caller)
    except _REFUSED_AT_ONCE:
        raise
    except Exception as error:  # noqa: BLE001 — whatever went wrong is the job's outcome
        failure = error if isinstance(error, DomainError) else _reading_failed(request, error)
        warehouse.writer.start_over()
        resource = job_resource(request, {}, error_proto(in_bigquery_words(failure, location)))
        store.put(resource, None)
        return resource
    resource = job_resource(JobRequest(project, location, request.job_id, completed, started_us), statistics)
    store.put(resource, result)
    return resource


async def _run(
    warehouse: Warehouse, request: JobRequest, caller: CallerIdentity
) -> tuple[dict[str, Any], JobResult | None, dict[str, Any]]:
    configuration = request.configuration
    if request.kind == "query":
        outcome = await run_query(warehouse, request.project, request.job_id, configuration["query"], caller)
        return outcome.statistics, outcome.result, {**configuration, "query": outcome.query}
    if request.kind == "load":
        return await _load(warehouse, request), None, configuration
    if request.kind == "extract":
        meta = await execute_extract_job(request.project, request.job_id, configuration, warehouse.context)
        return meta.statistics, None, configuration
    if configuration["copy"].get("operationType", "COPY") == "COPY":
        return run_copy(warehouse, request.project, configuration["copy"]), None, configuration
    meta = await execute_copy_job(request.project, request.job_id, configuration, warehouse.context)
    return meta.statistics, None, configuration


async def _load(warehouse: Warehouse, request: JobRequest) -> dict[str, Any]:
    load = request.configuration["load"]
    reference = load.get("destinationTable") or {}
    target = (reference.get("projectId") or request.project, reference.get("datasetId"), reference.get("tableId"))
    before = 0 if load.get("writeDisposition") == "WRITE_TRUNCATE" else _rows_of(warehouse, target)
    await execute_load_job(request.project, request.job_id, request.configuration, warehouse.context)
    return {"load": {"outputRows": str(_rows_of(warehouse, target) - before)}}


def _rows_of(warehouse: Warehouse, target: tuple[str, str, str]) -> int:
    if warehouse.table(*target) is None:
        return 0
    row = warehouse.engine.execute(f"SELECT count(*) FROM {quoted_table_ref(*target)}").fetchone()
    return int(row[0]) if row else 0


def _reading_failed(request: JobRequest, error: Exception) -> DomainError:
    if request.kind == "load":
        return ValidationError(f"Error while reading data, error message: {error}")
    return InvalidQueryError(str(error))
