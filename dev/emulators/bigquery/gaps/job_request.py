"""A job as it was asked for, and the Job resource that answers it."""

from __future__ import annotations

from dataclasses import dataclass
import re
import time
from typing import Any
from uuid import uuid4

from bqemulator.catalog.etag import generate_etag
from bqemulator.domain.errors import DomainError, ValidationError

_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,1024}")
_KINDS = ("query", "load", "copy", "extract")


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What to run, where, and under which id."""

    project: str
    location: str
    job_id: str
    configuration: dict[str, Any]
    started_us: int

    @property
    def kind(self) -> str:
        """One of query, load, copy, extract."""
        return kind_of(self.configuration)


def kind_of(configuration: dict[str, Any]) -> str:
    """Return which kind of job a configuration describes; refuses one that describes none or several."""
    kinds = [kind for kind in _KINDS if kind in configuration]
    if len(kinds) != 1:
        raise ValidationError("Required parameter is missing: exactly one of query, load, copy, extract")
    return kinds[0]


def job_request(
    project: str, location: str, job_id: str | None, configuration: dict[str, Any], started_us: int
) -> JobRequest:
    """Return the request, with an id made up when none was given."""
    if job_id is not None and not _JOB_ID.fullmatch(job_id):
        raise ValidationError(f'Invalid job ID "{job_id}". Job IDs must be alphanumeric (plus underscores and dashes)')
    return JobRequest(project, location, job_id or f"job_{uuid4().hex}", configuration, started_us)


def job_resource(
    request: JobRequest, statistics: dict[str, Any], error: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the Job resource of a finished job."""
    started_ms, ended_ms = str(request.started_us // 1000), str(time.time_ns() // 1_000_000)
    status: dict[str, Any] = {"state": "DONE"}
    if error is not None:
        status |= {"errorResult": error, "errors": [error]}
    return {
        "kind": "bigquery#job",
        "etag": generate_etag(request.project, request.job_id, ended_ms),
        "id": f"{request.project}:{request.location}.{request.job_id}",
        "jobReference": {"projectId": request.project, "jobId": request.job_id, "location": request.location},
        "configuration": {"jobType": request.kind.upper(), **request.configuration},
        "status": status,
        "statistics": {"creationTime": started_ms, "startTime": started_ms, "endTime": ended_ms, **statistics},
        "user_email": "stand-in@example.invalid",
    }


def error_proto(error: DomainError) -> dict[str, Any]:
    """Return the ErrorProto of a job that failed with this error."""
    details = error.details[0] if error.details else None
    location = error.location or (details.location if details else None)
    return {
        "reason": details.reason if details else error.bq_reason,
        "message": error.message,
        **({"location": location} if location else {}),
    }
