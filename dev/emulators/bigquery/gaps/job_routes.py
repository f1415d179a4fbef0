"""The jobs routes (gaps d, i, m and n), in front of bqemulator's own.

Rules: jobs.insert answers 409 ``duplicate`` for an id in use; jobs.query and jobs.getQueryResults answer with an HTTP error
when the query failed ("In case of a failed query, an HTTP error"), jobs.get with the job and its ``errorResult``; a job is
found only where it ran; a ``requestId`` repeated within 15 minutes gets the first answer again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from bqemulator.api.dependencies import get_caller
from bqemulator.domain.errors import ValidationError
from bqemulator.row_access.identity import CallerIdentity
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from gaps.job_answers import failed_job_answer, page_of_rows, query_answer
from gaps.job_request import job_request, job_resource, kind_of
from gaps.job_run import run_job
from gaps.locations import location_of_job, referenced_datasets
from gaps.query_job import preview_query

if TYPE_CHECKING:
    from gaps.job_store import JobStore
    from gaps.warehouse import Warehouse

_REPEATED_WITHIN_S = 15 * 60
_NOT_IN_CONFIGURATION = {
    "kind", "maxResults", "timeoutMs", "dryRun", "location", "formatOptions", "labels", "requestId", "jobCreationMode",
}  # fmt: skip


def job_routes(warehouse: Warehouse, store: JobStore) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/bigquery/v2/projects/{project}")
    caller_of = Depends(get_caller)
    answered: dict[str, tuple[float, dict[str, Any]]] = {}

    async def run(
        project: str, reference: dict[str, Any], configuration: dict[str, Any], caller: CallerIdentity
    ) -> dict[str, Any]:
        # The record of a failed job stays although its request is answered with an error.
        resource = await run_job(warehouse, store, project, reference, configuration, caller)
        warehouse.writer.current.keep_despite_error = True
        return resource

    @router.post("/jobs")
    async def insert(project: str, request: Request, caller: CallerIdentity = caller_of) -> dict[str, Any]:
        body = await request.json()
        configuration, reference = body.get("configuration") or {}, body.get("jobReference") or {}
        if configuration.get("dryRun"):
            return await _dry_run(warehouse, project, reference, configuration, caller)
        return await run(project, reference, configuration, caller)

    @router.post("/queries")
    async def query(project: str, request: Request, caller: CallerIdentity = caller_of) -> Any:
        body = await request.json()
        settings = {key: value for key, value in body.items() if key not in _NOT_IN_CONFIGURATION}
        configuration = {"query": settings, **({"labels": body["labels"]} if body.get("labels") else {})}
        reference = {"location": body.get("location")}
        if body.get("dryRun"):
            preview = await _dry_run(warehouse, project, reference, configuration, caller)
            return query_answer(preview, None, 0, 0)
        repeated = answered.get(body.get("requestId", ""))
        if repeated and time.monotonic() - repeated[0] < _REPEATED_WITHIN_S:
            return repeated[1]
        job = await run(project, reference, configuration, caller)
        if "errorResult" in job["status"]:
            return failed_job_answer(job)
        limit = body.get("maxResults")
        answer = query_answer(job, page_of_rows(warehouse, store, job, 0, limit), 0, limit)
        if body.get("requestId"):
            answered[body["requestId"]] = (time.monotonic(), answer)
        return answer

    @router.get("/queries/{job_id}")
    def results(
        project: str,
        job_id: str,
        location: str | None = None,
        maxResults: int | None = None,  # noqa: N803 — the names of the REST API
        startIndex: int = 0,  # noqa: N803
        pageToken: str | None = None,  # noqa: N803
    ) -> Any:
        job = store.get(project, job_id, location)
        if "query" not in job["configuration"]:
            raise ValidationError(f"Job {job['id']} is not a query")
        if "errorResult" in job["status"]:
            return failed_job_answer(job)
        start = int(pageToken) if pageToken else startIndex
        return query_answer(job, page_of_rows(warehouse, store, job, start, maxResults), start, maxResults)

    @router.get("/jobs/{job_id}")
    def get(project: str, job_id: str, location: str | None = None) -> dict[str, Any]:
        return store.get(project, job_id, location)

    @router.get("/jobs")
    def list_jobs(project: str, maxResults: int = 100) -> dict[str, Any]:  # noqa: N803
        jobs = store.list(project, maxResults)
        return {"kind": "bigquery#jobList", "jobs": [{**job, "state": job["status"]["state"]} for job in jobs]}

    @router.post("/jobs/{job_id}/cancel")
    def cancel(project: str, job_id: str, location: str | None = None) -> dict[str, Any]:
        return {"kind": "bigquery#jobCancelResponse", "job": store.get(project, job_id, location)}

    @router.delete("/jobs/{job_id}/delete")
    def delete(project: str, job_id: str, location: str | None = None) -> JSONResponse:
        store.delete(store.get(project, job_id, location)["jobReference"])
        return JSONResponse({})

    return router


async def _dry_run(
    warehouse: Warehouse,
    project: str,
    reference: dict[str, Any],
    configuration: dict[str, Any],
    caller: CallerIdentity,
) -> dict[str, Any]:
    if kind_of(configuration) != "query":
        raise ValidationError("dryRun is only supported for query jobs by this stand-in")
    datasets = referenced_datasets(project, configuration)
    location = location_of_job(warehouse, datasets, reference.get("location") or None)
    statistics = await preview_query(warehouse, project, configuration["query"], caller)
    request = job_request(project, location, reference.get("jobId"), configuration, warehouse.writer.current.commit_us)
    return job_resource(request, statistics)
