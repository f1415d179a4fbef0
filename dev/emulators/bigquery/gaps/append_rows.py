"""AppendRows: checks and takes rows in order, one connection at a time per stream (gaps a and e).

Rules: the stream's name and the writer schema come with the first request and may be left out later; problems with one
request are answered in ``AppendRowsResponse.error`` ("If present, it indicates rows were not accepted into the system");
an unknown stream ends the connection; a request of more than 10 MB is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bqemulator.streaming.proto_deserializer import ProtoRowDecoder, proto_rows_to_arrow_table
from google.protobuf.any_pb2 import Any as AnyMessage
import grpc
import pyarrow as pa

from gaps.arrow_reshape import ShapeMismatch, reshape_batch
from gaps.storage_protos import AppendRowsResponse, RpcRefused, StorageError
from gaps.stream_spool import StreamSpool
from gaps.write_streams import AppendRefused, WriteStream

_MOST_BYTES = 10 * 1024 * 1024

OpenStream = Callable[[str], WriteStream]
"""Finds the stream of a name, or refuses the call."""

InsertNow = Callable[[WriteStream, pa.RecordBatch], None]
"""Makes rows of a stream that is not PENDING visible at once."""


class AppendConnection:
    """One bidirectional AppendRows call and what it has been told so far."""

    def __init__(self, open_stream: OpenStream, insert_now: InsertNow) -> None:
        self._open_stream = open_stream
        self._insert_now = insert_now
        self._stream: WriteStream | None = None
        self._arrow_schema: pa.Schema | None = None
        self._proto_rows: ProtoRowDecoder | None = None

    def serve(self, requests: Iterator[Any]) -> Iterator[Any]:
        """Yield one response for each request, in order."""
        for request in requests:
            stream = self._bind(request.write_stream)
            try:
                offset = self._append(stream, request)
            except AppendRefused as refused:
                yield _refusal(stream, refused)
            except ShapeMismatch as mismatch:
                code = "SCHEMA_MISMATCH_EXTRA_FIELDS" if mismatch.extra_fields else ""
                yield _refusal(stream, AppendRefused(grpc.StatusCode.INVALID_ARGUMENT, str(mismatch), code))
            else:
                yield _accepted(stream, offset)

    def _bind(self, name: str) -> WriteStream:
        if name and (self._stream is None or self._stream.name != name):
            self._stream = self._open_stream(name)
        if self._stream is None:
            raise RpcRefused(grpc.StatusCode.INVALID_ARGUMENT, "The first request must name the write stream")
        return self._stream

    def _append(self, stream: WriteStream, request: Any) -> int:
        if request.ByteSize() > _MOST_BYTES:
            raise AppendRefused(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"AppendRows request of {request.ByteSize()} bytes is larger than {_MOST_BYTES}",
            )
        batch = self._rows(stream, request)
        with stream.lock:
            stream.expect(request.offset.value if request.HasField("offset") else None)
            if stream.pending:
                if stream.spool is None:
                    stream.spool = StreamSpool(stream.stored_schema)
                stream.spool.append(batch)
            elif batch.num_rows:
                self._insert_now(stream, batch)
            offset = stream.next_offset
            stream.next_offset += batch.num_rows
        return offset

    def _rows(self, stream: WriteStream, request: Any) -> pa.RecordBatch:
        if request.HasField("arrow_rows"):
            return self._from_arrow(stream, request.arrow_rows)
        if request.HasField("proto_rows"):
            return self._from_proto(stream, request.proto_rows)
        raise AppendRefused(grpc.StatusCode.INVALID_ARGUMENT, "The request carries no rows")

    def _from_arrow(self, stream: WriteStream, data: Any) -> pa.RecordBatch:
        try:
            if data.writer_schema.serialized_schema:
                self._arrow_schema = pa.ipc.read_schema(pa.py_buffer(data.writer_schema.serialized_schema))
            if self._arrow_schema is None:
                raise AppendRefused(grpc.StatusCode.INVALID_ARGUMENT, "The first request must carry the writer schema")
            batch = pa.ipc.read_record_batch(pa.py_buffer(data.rows.serialized_record_batch), self._arrow_schema)
            batch.validate()
        except (pa.ArrowException, OSError) as error:
            message = f"Cannot parse the Arrow rows: {error}"
            raise AppendRefused(grpc.StatusCode.INVALID_ARGUMENT, message) from error
        return reshape_batch(batch, stream.stored_schema)

    def _from_proto(self, stream: WriteStream, data: Any) -> pa.RecordBatch:
        try:
            if data.HasField("writer_schema"):
                self._proto_rows = ProtoRowDecoder(data.writer_schema.proto_descriptor)
            if self._proto_rows is None:
                raise AppendRefused(grpc.StatusCode.INVALID_ARGUMENT, "The first request must carry the writer schema")
            rows = list(data.rows.serialized_rows)
            table = proto_rows_to_arrow_table(self._proto_rows, rows, stream.api_schema).combine_chunks()
        except ValueError as error:
            raise AppendRefused(grpc.StatusCode.INVALID_ARGUMENT, f"Cannot parse the rows: {error}") from error
        batches = table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
        return reshape_batch(batches[0], stream.stored_schema)


def _accepted(stream: WriteStream, offset: int) -> Any:
    response = AppendRowsResponse(write_stream=stream.name)
    response.append_result.SetInParent()
    if not stream.is_default:
        response.append_result.offset.value = offset
    return response


def _refusal(stream: WriteStream, refused: AppendRefused) -> Any:
    message = f"{refused} Entity: {stream.name}"
    response = AppendRowsResponse(write_stream=stream.name)
    response.error.code = refused.code.value[0]
    response.error.message = message
    if refused.storage_code:
        detail = AnyMessage()
        detail.Pack(StorageError(code=refused.storage_code, entity=stream.name, error_message=message))
        response.error.details.append(detail)
    return response
