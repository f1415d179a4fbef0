"""Jobs on record (gaps d and m): an id is used once for ever, per project and location, whatever the job did.

Rule: "The ID of the job ... must be unique" within project and location; inserting one that exists is answered 409
``duplicate``. "Job information is kept for six months", query results for 24 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
import json
import time
from typing import TYPE_CHECKING, Any

from bqemulator.domain.errors import AlreadyExistsError, ErrorDetail
import pyarrow as pa

from gaps.locations import FOUND_WITHOUT_LOCATION, not_found
from gaps.table_history import SCHEMA

if TYPE_CHECKING:
    import duckdb

_RESULTS_KEPT_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class JobResult:
    """The rows a query returned and the REST fields that describe them."""

    fields: list[dict[str, Any]]
    rows: pa.Table


class JobStore:
    """Keeps jobs in the database of the tables, so that a job's record commits with its effect."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._db = connection
        self._db.execute(
            f'CREATE TABLE IF NOT EXISTS "{SCHEMA}".jobs (project VARCHAR, location VARCHAR, job_id VARCHAR, '
            "created_us BIGINT, resource VARCHAR, fields VARCHAR, rows BLOB)"
        )

    def refuse_duplicate(self, project: str, location: str, job_id: str) -> None:
        """Answer 409 when a job of this id exists."""
        if self._find(project, location, job_id) is not None:
            message = f"Already Exists: Job {project}:{location}.{job_id}"
            raise AlreadyExistsError(message, details=[ErrorDetail(reason="duplicate", message=message)])

    def put(self, resource: dict[str, Any], result: JobResult | None) -> None:
        """Record a finished job; results of more than a day ago are let go."""
        reference = resource["jobReference"]
        now_us = time.time_ns() // 1000
        self._db.execute(
            f'UPDATE "{SCHEMA}".jobs SET rows = NULL, fields = NULL WHERE rows IS NOT NULL AND created_us < ?',
            [now_us - _RESULTS_KEPT_US],
        )
        self._db.execute(
            f'INSERT INTO "{SCHEMA}".jobs VALUES (?, ?, ?, ?, ?, ?, ?)',
            [
                reference["projectId"],
                reference["location"],
                reference["jobId"],
                now_us,
                json.dumps(resource),
                json.dumps(result.fields) if result else None,
                _packed(result.rows) if result else None,
            ],
        )

    def get(self, project: str, job_id: str, location: str | None) -> dict[str, Any]:
        """Return a job, or answer 404; without a location only the multi-regions are searched."""
        for candidate in [location] if location else FOUND_WITHOUT_LOCATION:
            found = self._find(project, candidate, job_id)
            if found is not None:
                return json.loads(found[0])
        raise not_found(f"Job {project}:{location + '.' if location else ''}{job_id}")

    def result(self, reference: dict[str, str]) -> JobResult | None:
        """Return what a job's query returned, or ``None`` when it returned nothing or too long ago."""
        found = self._find(reference["projectId"], reference["location"], reference["jobId"])
        if found is None or found[2] is None:
            return None
        return JobResult(json.loads(found[1]), pa.ipc.open_stream(pa.py_buffer(found[2])).read_all())

    def list(self, project: str, limit: int) -> list[dict[str, Any]]:
        """Return the latest jobs of a project, newest first."""
        rows = self._db.execute(
            f'SELECT resource FROM "{SCHEMA}".jobs WHERE project = ? ORDER BY created_us DESC LIMIT ?', [project, limit]
        ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def delete(self, reference: dict[str, str]) -> None:
        """Remove a job's record."""
        self._db.execute(
            f'DELETE FROM "{SCHEMA}".jobs WHERE project = ? AND location = ? AND job_id = ?',
            [reference["projectId"], reference["location"], reference["jobId"]],
        )

    def _find(self, project: str, location: str, job_id: str) -> tuple[str, str | None, bytes | None] | None:
        return self._db.execute(
            f'SELECT resource, fields, rows FROM "{SCHEMA}".jobs '
            "WHERE project = ? AND lower(location) = lower(?) AND job_id = ?",
            [project, location, job_id],
        ).fetchone()


def _packed(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue().to_pybytes()
