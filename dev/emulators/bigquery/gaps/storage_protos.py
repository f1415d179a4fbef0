"""The raw protocol buffer classes of the Storage APIs, without the wrappers that copy every message."""

from __future__ import annotations

from typing import Any

from google.cloud.bigquery_storage_v1 import types
from google.protobuf.timestamp_pb2 import Timestamp
import grpc


def _raw(wrapper: Any) -> Any:
    return type(wrapper.pb(wrapper()))


CreateReadSessionRequest = _raw(types.CreateReadSessionRequest)
ReadSession = _raw(types.ReadSession)
ReadRowsRequest = _raw(types.ReadRowsRequest)
ReadRowsResponse = _raw(types.ReadRowsResponse)
SplitReadStreamRequest = _raw(types.SplitReadStreamRequest)
SplitReadStreamResponse = _raw(types.SplitReadStreamResponse)
CreateWriteStreamRequest = _raw(types.CreateWriteStreamRequest)
GetWriteStreamRequest = _raw(types.GetWriteStreamRequest)
WriteStream = _raw(types.WriteStream)
AppendRowsRequest = _raw(types.AppendRowsRequest)
AppendRowsResponse = _raw(types.AppendRowsResponse)
FinalizeWriteStreamRequest = _raw(types.FinalizeWriteStreamRequest)
FinalizeWriteStreamResponse = _raw(types.FinalizeWriteStreamResponse)
BatchCommitWriteStreamsRequest = _raw(types.BatchCommitWriteStreamsRequest)
BatchCommitWriteStreamsResponse = _raw(types.BatchCommitWriteStreamsResponse)
FlushRowsRequest = _raw(types.FlushRowsRequest)
FlushRowsResponse = _raw(types.FlushRowsResponse)
StorageError = _raw(types.StorageError)
TableSchema = _raw(types.TableSchema)
TableFieldSchema = _raw(types.TableFieldSchema)


class RpcRefused(Exception):
    """A call that ends with a gRPC status other than OK."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def timestamp_of(micros: int) -> Timestamp:
    """Return the protocol buffer timestamp of a number of microseconds since 1970."""
    return Timestamp(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1000)


def micros_of(timestamp: Timestamp) -> int:
    """Return the microseconds since 1970 of a protocol buffer timestamp."""
    return int(timestamp.seconds) * 1_000_000 + timestamp.nanos // 1000


def table_of_path(path: str) -> tuple[str, str, str]:
    """Split ``projects/P/datasets/D/tables/T`` into its three names."""
    parts = path.split("/")
    if len(parts) < 6 or (parts[0], parts[2], parts[4]) != ("projects", "datasets", "tables"):
        raise RpcRefused(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid table name '{path}'")
    return parts[1], parts[3], parts[5]
