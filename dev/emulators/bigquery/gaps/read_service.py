"""The BigQueryRead service over the table history (gaps a, b, k, o and q)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bqemulator.storage.sql_identifiers import schema_name
import grpc
import pyarrow as pa

from gaps.arrow_schema import arrow_schema_of, schema_message
from gaps.grpc_calls import server_stream, unary
from gaps.read_rows import read_rows
from gaps.read_sessions import ReadSessions
from gaps.row_restriction import duckdb_condition
from gaps.statement_effect import TableName
from gaps.storage_protos import (
    CreateReadSessionRequest,
    ReadRowsRequest,
    ReadSession,
    RpcRefused,
    SplitReadStreamRequest,
    SplitReadStreamResponse,
    micros_of,
    table_of_path,
    timestamp_of,
)

if TYPE_CHECKING:
    from bqemulator.catalog.models import TableMeta

    from gaps.warehouse import Warehouse

_AVRO = 1


def read_service(warehouse: Warehouse) -> grpc.GenericRpcHandler:
    """Return the handlers of google.cloud.bigquery.storage.v1.BigQueryRead."""
    sessions = ReadSessions()

    def create(request: Any) -> Any:
        return _create_read_session(warehouse, sessions, request)

    def read(request: Any, _context: grpc.ServicerContext) -> Iterator[Any]:
        session, rows = sessions.of_stream(request.read_stream)
        yield from read_rows(warehouse.engine, session, rows, request.offset)

    return grpc.method_handlers_generic_handler(
        "google.cloud.bigquery.storage.v1.BigQueryRead",
        {
            "CreateReadSession": unary(CreateReadSessionRequest, create),
            "ReadRows": server_stream(ReadRowsRequest, read),
            # "An empty value indicates that the original stream can no longer be split."
            "SplitReadStream": unary(SplitReadStreamRequest, lambda _request: SplitReadStreamResponse()),
        },
    )


def _create_read_session(warehouse: Warehouse, sessions: ReadSessions, request: Any) -> Any:
    wanted = request.read_session
    if wanted.data_format == _AVRO:
        raise RpcRefused(grpc.StatusCode.UNIMPLEMENTED, "this stand-in reads tables as ARROW only")
    project, dataset, table = table_of_path(wanted.table)
    condition = duckdb_condition(wanted.read_options.row_restriction)
    at_us = None
    if wanted.table_modifiers.HasField("snapshot_time"):
        at_us = micros_of(wanted.table_modifiers.snapshot_time)
    with warehouse.writer.reading():
        meta = warehouse.table(project, dataset, table)
        if meta is None:
            raise RpcRefused(grpc.StatusCode.NOT_FOUND, f"Not found: Table {project}:{dataset}.{table}")
        name = TableName(schema_name(project, dataset), table)
        state = warehouse.history.at(name, at_us)
        _check(warehouse, state.stored_in, condition)
        row_bytes = warehouse.sizes.row_bytes(name, state)
    session = sessions.open(
        request.parent,
        warehouse.location_of(project, dataset),
        name,
        state,
        _selected(meta, list(wanted.read_options.selected_fields)),
        condition,
        request.max_stream_count or request.preferred_min_stream_count,
    )
    answer = ReadSession(
        name=session.name,
        table=wanted.table,
        data_format=ReadSession.DESCRIPTOR.fields_by_name["data_format"].enum_type.values_by_name["ARROW"].number,
        expire_time=timestamp_of(session.expires_us),
        estimated_row_count=state.rows,
        estimated_total_bytes_scanned=state.rows * row_bytes,
        streams=[{"name": stream} for stream in session.streams],
    )
    answer.read_options.CopyFrom(wanted.read_options)
    answer.table_modifiers.CopyFrom(wanted.table_modifiers)
    answer.arrow_schema.serialized_schema = schema_message(session.schema)
    return answer


def _selected(meta: TableMeta, selected: list[str]) -> pa.Schema:
    schema = arrow_schema_of(meta.schema_.fields)
    unknown = [field for field in selected if field not in schema.names]
    if unknown:
        raise RpcRefused(
            grpc.StatusCode.INVALID_ARGUMENT, f"request failed: The following selected fields do not exist: {unknown}"
        )
    return pa.schema([field for field in schema if not selected or field.name in selected])


def _check(warehouse: Warehouse, stored_in: TableName, condition: str | None) -> None:
    if condition is None:
        return
    try:
        warehouse.engine.connection.execute(f"EXPLAIN SELECT 1 FROM {stored_in.quoted} WHERE {condition}")
    except Exception as error:
        raise RpcRefused(grpc.StatusCode.INVALID_ARGUMENT, f"row_restriction: {error}") from error


