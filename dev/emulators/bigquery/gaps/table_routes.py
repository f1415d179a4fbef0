"""The tables routes in front of bqemulator's, which forgets expiration and never changes a table's columns.

Rules (tables.insert, get, patch): the schema may gain NULLABLE or REPEATED columns, nested ones too, and relax REQUIRED to
NULLABLE; anything else is refused ("Provided Schema does not match Table"); ``numRows``, ``numBytes`` and ``location`` are
those of now; ``If-Match`` with another etag is 412.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bqemulator.api.routes.tables import _anonymous_result_table_to_rest, _rest_to_table_meta, _table_to_rest
from bqemulator.catalog.models import TableMeta
from bqemulator.domain.errors import AlreadyExistsError, ErrorDetail, ValidationError
from bqemulator.storage.sql_identifiers import quoted_table_ref, schema_name
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gaps.locations import not_found
from gaps.schema_change import apply_schema_change
from gaps.statement_effect import TableName
from gaps.table_fields import column_definitions
from gaps.tables import expiration_of, new_table

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse


def table_routes(warehouse: Warehouse) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/bigquery/v2/projects/{project}/datasets/{dataset}/tables")
    catalog = warehouse.context.catalog

    @router.post("")
    async def insert(project: str, dataset: str, request: Request) -> dict[str, Any]:
        body = await request.json()
        table = (body.get("tableReference") or {}).get("tableId") or ""
        if not table:
            raise ValidationError("Required parameter is missing: tableId")
        if catalog.get_dataset(project, dataset) is None:
            raise not_found(f"Dataset {project}:{dataset}")
        if catalog.get_table(project, dataset, table) is not None:
            raise _already_exists(project, dataset, table)
        meta = new_table(warehouse, (project, dataset, table), body, None)
        fields = meta.schema_.fields
        columns = column_definitions(fields) if fields else "__placeholder INTEGER"
        if meta.view_query is None:
            warehouse.engine.execute(f"CREATE TABLE {quoted_table_ref(project, dataset, table)} ({columns})")
        return _resource(warehouse, catalog.create_table(meta))

    @router.get("/{table}")
    def get(project: str, dataset: str, table: str) -> dict[str, Any]:
        if dataset == "_bqemu_anonymous":
            return _anonymous_result_table_to_rest(project, dataset, table)
        return _resource(warehouse, _existing(warehouse, project, dataset, table))

    @router.patch("/{table}")
    async def patch(project: str, dataset: str, table: str, request: Request) -> Any:
        return await _update(warehouse, (project, dataset, table), request)

    @router.put("/{table}")
    async def update(project: str, dataset: str, table: str, request: Request) -> Any:
        return await _update(warehouse, (project, dataset, table), request)

    return router


async def _update(warehouse: Warehouse, target: tuple[str, str, str], request: Request) -> Any:
    existing = _existing(warehouse, *target)
    expected = request.headers.get("if-match")
    if expected not in (None, "*", existing.etag):
        message = f"Precondition check failed: etag {expected} is not current"
        error = {"reason": "conditionNotMet", "message": message, "domain": "global"}
        return JSONResponse({"error": {"code": 412, "message": message, "errors": [error]}}, 412)
    body = await request.json()
    body["tableReference"] = {"tableId": target[2]}
    if body.get("labels") is not None and existing.labels and request.method == "PATCH":
        body["labels"] = {k: v for k, v in {**existing.labels, **body["labels"]}.items() if v is not None}
    changed = _rest_to_table_meta(target[0], target[1], body, warehouse.context.clock, existing)
    expiration = expiration_of(body) if "expirationTime" in body else existing.expiration_time
    changed = changed.model_copy(update={"expiration_time": expiration})
    apply_schema_change(warehouse, existing, changed)
    return _resource(warehouse, warehouse.context.catalog.update_table(changed))


def _resource(warehouse: Warehouse, meta: TableMeta) -> dict[str, Any]:
    rows = sizes = 0
    if meta.table_type == "TABLE":
        name = TableName(schema_name(meta.project_id, meta.dataset_id), meta.table_id)
        state = warehouse.history.at(name, None)
        rows, sizes = state.rows, sum(warehouse.sizes.by_column(name, state).values())
    resource = _table_to_rest(meta.model_copy(update={"num_rows": rows, "num_bytes": sizes}))
    resource["location"] = warehouse.location_of(meta.project_id, meta.dataset_id)
    resource.setdefault("schema", {"fields": []})
    if meta.expiration_time is not None:
        resource["expirationTime"] = str(int(meta.expiration_time.timestamp() * 1000))
    return resource


def _existing(warehouse: Warehouse, project: str, dataset: str, table: str) -> TableMeta:
    meta = warehouse.table(project, dataset, table)
    if meta is None:
        raise not_found(f"Table {project}:{dataset}.{table}")
    return meta


def _already_exists(project: str, dataset: str, table: str) -> AlreadyExistsError:
    message = f"Already Exists: Table {project}:{dataset}.{table}"
    return AlreadyExistsError(message, details=[ErrorDetail(reason="duplicate", message=message)])
