"""Load jobs with the data in the request (gaps d and p).

Rules: jobs.insert "Accepted Media MIME types: */*"; an uploaded load job has the id its ``jobReference`` states, and that
id is used once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bqemulator.api.routes import upload
from bqemulator.domain.errors import ValidationError
from bqemulator.row_access.identity import DEFAULT_CALLER, CallerIdentity

from gaps.job_run import run_job

if TYPE_CHECKING:
    from gaps.job_store import JobStore
    from gaps.warehouse import Warehouse

_REFERENCE = "_jobReference"


def accept_uploads(warehouse: Warehouse, store: JobStore) -> None:
    """Let bqemulator's upload routes run their loads as jobs like any other."""
    plain_configuration = upload._load_configuration_from_envelope

    def configuration_with_reference(envelope: dict[str, Any]) -> dict[str, Any]:
        if "load" not in (envelope.get("configuration") or {}):
            raise ValidationError("Required parameter is missing: load")
        # The routes hand on the configuration only, so the reference travels in it.
        return {**plain_configuration(envelope), _REFERENCE: envelope.get("jobReference") or {}}

    async def run_load(
        *, project_id: str, configuration: dict[str, Any], media_path: str, ctx: object
    ) -> tuple[str, dict[str, Any]]:
        reference = configuration.pop(_REFERENCE, {})
        load = {**configuration["load"], "sourceUris": [f"file://{media_path}"]}
        caller = CallerIdentity(principal=DEFAULT_CALLER, is_authenticated=False)
        job = await run_job(warehouse, store, project_id, reference, {**configuration, "load": load}, caller)
        job["configuration"]["load"].pop("sourceUris", None)
        return job["jobReference"]["jobId"], _Finished(job)

    upload._load_configuration_from_envelope = configuration_with_reference
    upload._run_load = run_load
    upload._build_job_response = lambda _project, _job_id, finished, _configuration: finished.resource
    upload._is_permitted_media_type = lambda _media_type: True


class _Finished:
    """Carries a finished job's resource through the upload routes, which expect an object with a configuration."""

    def __init__(self, resource: dict[str, Any]) -> None:
        self.resource = resource
        self.configuration = resource["configuration"]
