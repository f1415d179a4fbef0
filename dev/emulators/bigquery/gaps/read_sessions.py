"""Read sessions (gaps k, o and q): a session is a state of a table and row ranges of it; no row is held in memory.

Rules: "A read session divides the contents of a BigQuery table into one or more streams"; "Row ordering within a
stream is stable for the lifetime of the session"; sessions "automatically expire 6 hours after they are created";
``max_stream_count`` is an upper bound; an empty table has no streams.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import threading
import time
from uuid import uuid4

import grpc
import pyarrow as pa

from gaps.statement_effect import TableName
from gaps.storage_protos import RpcRefused
from gaps.table_history import TableState

LIFETIME_US = 6 * 3600 * 1_000_000
_MOST_STREAMS = 100


@dataclass(frozen=True, slots=True)
class RowRange:
    """The rows of one stream: from ``start`` up to but without ``end``, before the restriction."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Session:
    """What a read session promised when it was created."""

    name: str
    table: TableName
    state: TableState
    columns: tuple[str, ...]
    schema: pa.Schema
    condition: str | None
    expires_us: int
    streams: dict[str, RowRange] = field(default_factory=dict)


class ReadSessions:
    """Keeps the sessions of the last six hours."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(
        self,
        parent: str,
        location: str,
        table: TableName,
        state: TableState,
        schema: pa.Schema,
        condition: str | None,
        stream_count: int,
    ) -> Session:
        """Register a session over the state's rows, split evenly into at most ``stream_count`` streams."""
        now_us = time.time_ns() // 1000
        name = f"{parent}/locations/{location.lower()}/sessions/{uuid4().hex}"
        count = min(max(stream_count, 1), _MOST_STREAMS, state.rows)
        cuts = [state.rows * i // count for i in range(count + 1)] if count else []
        streams = {f"{name}/streams/s{i}": RowRange(cuts[i], cuts[i + 1]) for i in range(count)}
        columns = tuple(schema.names)
        session = Session(name, table, state, columns, schema, condition, now_us + LIFETIME_US, streams)
        with self._lock:
            self._sessions = {n: s for n, s in self._sessions.items() if s.expires_us > now_us}
            self._sessions[name] = session
        return session

    def of_stream(self, stream: str) -> tuple[Session, RowRange]:
        """Return the session and rows of a stream; refuses unknown and expired ones."""
        with self._lock:
            session = self._sessions.get(stream.rpartition("/streams/")[0])
        if session is None or stream not in session.streams:
            raise RpcRefused(grpc.StatusCode.NOT_FOUND, f"Not found: stream {stream}")
        if session.expires_us <= time.time_ns() // 1000:
            raise RpcRefused(grpc.StatusCode.FAILED_PRECONDITION, f"The session of stream {stream} has expired")
        return session, session.streams[stream]
