"""Write streams and what may be done with them in each state.

Rules: offsets are checked against the end of the stream ("ALREADY_EXISTS happens when offset is specified, the row is
already appended", "OUT_OF_RANGE happens when offset is specified, the specified offset is beyond the end of the
stream"); a finalized stream takes no rows; uncommitted streams live in this process only and are gone after a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import threading
import time
from uuid import uuid4

import grpc
import pyarrow as pa

from gaps.storage_protos import RpcRefused, StorageError
from gaps.stream_spool import StreamSpool

DEFAULT_STREAM = "_default"


class AppendRefused(Exception):
    """An append that is answered in band, with the connection left open."""

    def __init__(self, code: grpc.StatusCode, message: str, storage_code: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.storage_code = StorageError.StorageErrorCode.Value(storage_code) if storage_code else 0


@dataclass(slots=True)
class WriteStream:
    """One stream into one table, and the rows it holds back."""

    name: str
    table: tuple[str, str, str]
    pending: bool
    api_schema: pa.Schema
    stored_schema: pa.Schema
    created_us: int
    next_offset: int = 0
    finalized: bool = False
    commit_us: int | None = None
    spool: StreamSpool | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_default(self) -> bool:
        """Whether this is the table's own stream, which knows no offsets and no end."""
        return self.name.endswith(f"/streams/{DEFAULT_STREAM}")

    def expect(self, offset: int | None) -> None:
        """Refuse an append that this stream cannot take at this offset; the caller holds the stream's lock."""
        if self.commit_us is not None and self.pending:
            raise AppendRefused(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"Stream {self.name} is already committed",
                "STREAM_ALREADY_COMMITTED",
            )
        if self.finalized:
            raise AppendRefused(
                grpc.StatusCode.FAILED_PRECONDITION, f"Stream {self.name} is finalized", "STREAM_FINALIZED"
            )
        if offset is None:
            return
        if self.is_default:
            raise AppendRefused(grpc.StatusCode.INVALID_ARGUMENT, "The default stream takes no offset")
        if offset < self.next_offset:
            raise AppendRefused(
                grpc.StatusCode.ALREADY_EXISTS,
                f"The offset is within stream, expected offset {self.next_offset}, received {offset}",
                "OFFSET_ALREADY_EXISTS",
            )
        if offset > self.next_offset:
            raise AppendRefused(
                grpc.StatusCode.OUT_OF_RANGE,
                f"The offset is beyond stream, expected offset {self.next_offset}, received {offset}",
                "OFFSET_OUT_OF_RANGE",
            )


class WriteStreams:
    """The streams of this process by name."""

    def __init__(self) -> None:
        self._streams: dict[str, WriteStream] = {}
        self._lock = threading.Lock()

    def create(
        self, table: tuple[str, str, str], api: pa.Schema, stored: pa.Schema, *, pending: bool, stream_id: str = ""
    ) -> WriteStream:
        """Register a new stream; with ``stream_id`` the one of that id, made only once."""
        project, dataset, table_id = table
        name = f"projects/{project}/datasets/{dataset}/tables/{table_id}/streams/{stream_id or _new_id()}"
        with self._lock:
            if name not in self._streams:
                now_us = time.time_ns() // 1000
                self._streams[name] = WriteStream(name, table, pending, api, stored, now_us)
            return self._streams[name]

    def get(self, name: str) -> WriteStream | None:
        """Return a stream this process knows."""
        with self._lock:
            return self._streams.get(name)

    def known(self, name: str) -> WriteStream:
        """Return a stream this process knows, or refuse the call with NOT_FOUND."""
        stream = self.get(name)
        if stream is None:
            raise RpcRefused(grpc.StatusCode.NOT_FOUND, f"Requested entity was not found. Entity: {name}")
        return stream


def _new_id() -> str:
    return uuid4().hex[:16]
