"""The BigQueryWrite service (gaps c, e and g): streams held outside of memory, committed all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bqemulator.streaming.write_stream import parse_stream_name
import grpc
import pyarrow as pa

from gaps import storage_protos as protos
from gaps.append_rows import AppendConnection
from gaps.arrow_schema import arrow_schema_of, stored_type
from gaps.grpc_calls import both_stream, unary
from gaps.storage_protos import RpcRefused, table_of_path, timestamp_of
from gaps.storage_table_schema import storage_schema_of
from gaps.stream_commit import StreamCommits
from gaps.write_streams import DEFAULT_STREAM, WriteStream, WriteStreams

if TYPE_CHECKING:
    from bqemulator.catalog.models import TableMeta

    from gaps.warehouse import Warehouse

_TYPES = protos.WriteStream.Type
_FULL_VIEW = 2


class WriteService:
    """The calls of google.cloud.bigquery.storage.v1.BigQueryWrite."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._streams = WriteStreams()
        self._commits = StreamCommits(warehouse, self._streams)

    def handlers(self) -> grpc.GenericRpcHandler:
        """Return the gRPC handlers of the service."""
        return grpc.method_handlers_generic_handler(
            "google.cloud.bigquery.storage.v1.BigQueryWrite",
            {
                "CreateWriteStream": unary(protos.CreateWriteStreamRequest, self._create),
                "AppendRows": both_stream(
                    protos.AppendRowsRequest,
                    lambda requests: AppendConnection(self._open, self._commits.insert_now).serve(requests),
                ),
                "GetWriteStream": unary(protos.GetWriteStreamRequest, self._get),
                "FinalizeWriteStream": unary(protos.FinalizeWriteStreamRequest, self._finalize),
                "BatchCommitWriteStreams": unary(protos.BatchCommitWriteStreamsRequest, self._commit),
                "FlushRows": unary(protos.FlushRowsRequest, _refuse_buffered),
            },
        )

    def _create(self, request: Any) -> Any:
        table = table_of_path(request.parent)
        meta = self._existing_table(table)
        kind = request.write_stream.type_
        if kind == _TYPES.Value("BUFFERED"):
            _refuse_buffered(request)
        if kind not in (_TYPES.Value("PENDING"), _TYPES.Value("COMMITTED")):
            raise RpcRefused(grpc.StatusCode.INVALID_ARGUMENT, "The type of the write stream must be given")
        api, stored = _schemas(meta)
        stream = self._streams.create(table, api, stored, pending=kind == _TYPES.Value("PENDING"))
        return protos.WriteStream(
            name=stream.name,
            type_=kind,
            create_time=timestamp_of(stream.created_us),
            table_schema=storage_schema_of(meta.schema_.fields),
        )

    def _open(self, name: str) -> WriteStream:
        if not name.endswith(f"/streams/{DEFAULT_STREAM}"):
            return self._streams.known(name)
        table = table_of_path(name)
        api, stored = _schemas(self._existing_table(table))
        return self._streams.create(table, api, stored, pending=False, stream_id=DEFAULT_STREAM)

    def _get(self, request: Any) -> Any:
        _check_stream_name(request.name)
        with self._warehouse.writer.reading():
            committed = self._commits.find(request.name)
        if committed is not None:
            table, created_us, pending = committed.table, committed.created_us, True
        else:
            stream = self._open(request.name)
            table, created_us, pending = stream.table, stream.created_us, stream.pending
        answer = protos.WriteStream(
            name=request.name,
            type_=_TYPES.Value("PENDING" if pending else "COMMITTED"),
            create_time=timestamp_of(created_us),
            location=self._warehouse.location_of(table[0], table[1]).lower(),
        )
        if committed is not None:
            answer.commit_time.CopyFrom(timestamp_of(committed.commit_us))
        if request.view == _FULL_VIEW:
            answer.table_schema.CopyFrom(storage_schema_of(self._existing_table(table).schema_.fields))
        return answer

    def _finalize(self, request: Any) -> Any:
        stream = self._streams.known(request.name)
        if stream.is_default:
            raise RpcRefused(grpc.StatusCode.INVALID_ARGUMENT, "Finalize is not supported on the '_default' stream")
        with stream.lock:
            if not stream.finalized and stream.spool is not None:
                stream.spool.finish()
            stream.finalized = True
            return protos.FinalizeWriteStreamResponse(row_count=stream.next_offset)

    def _commit(self, request: Any) -> Any:
        table = table_of_path(request.parent)
        if not request.write_streams:
            raise RpcRefused(grpc.StatusCode.INVALID_ARGUMENT, "No write streams to commit")
        for name in request.write_streams:
            _check_stream_name(name)
            if table_of_path(name) != table:
                raise RpcRefused(grpc.StatusCode.INVALID_ARGUMENT, f"Stream {name} is not one of {request.parent}")
        return self._commits.commit(list(dict.fromkeys(request.write_streams)))

    def _existing_table(self, table: tuple[str, str, str]) -> TableMeta:
        with self._warehouse.writer.reading():
            meta = self._warehouse.table(*table)
        if meta is None:
            project, dataset, table_id = table
            raise RpcRefused(grpc.StatusCode.NOT_FOUND, f"Table not found: {project}:{dataset}.{table_id}")
        return meta


def _schemas(meta: TableMeta) -> tuple[pa.Schema, pa.Schema]:
    api = arrow_schema_of(meta.schema_.fields)
    stored = pa.schema([pa.field(field.name, stored_type(field.type), field.nullable) for field in api])
    return api, stored


def _check_stream_name(name: str) -> None:
    try:
        parse_stream_name(name)
    except ValueError as error:
        raise RpcRefused(grpc.StatusCode.INVALID_ARGUMENT, str(error)) from error


def _refuse_buffered(_request: Any) -> Any:
    raise RpcRefused(grpc.StatusCode.UNIMPLEMENTED, "this stand-in has no BUFFERED streams")
