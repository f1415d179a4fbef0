"""BatchCommitWriteStreams (gaps c and g): all streams or none, and remembered for ever.

Rules: "Atomically commits a group of PENDING streams that belong to the same parent table. Streams must be finalized
before commit and cannot be committed multiple times. Once a stream is committed, data in the stream becomes available
for read operations"; "stream_errors: Stream level error if commit failed. Only streams with error will be in the list.
If empty, there is no error and all streams are committed successfully. If non empty, certain streams have errors and
ZERO stream is committed due to atomicity guarantee."
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bqemulator.domain.events import TableDataChanged
from bqemulator.storage.sql_identifiers import quoted_table_ref
import pyarrow as pa

from gaps.storage_protos import BatchCommitWriteStreamsResponse, StorageError, timestamp_of
from gaps.table_history import SCHEMA

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse
    from gaps.write_streams import WriteStream, WriteStreams


@dataclass(frozen=True, slots=True)
class CommittedStream:
    """What is on record of a committed stream: its table, when it was made and committed, and its rows."""

    table: tuple[str, str, str]
    created_us: int
    commit_us: int
    row_count: int


class StreamCommits:
    """Commits streams, and knows those that were committed, also by an earlier process on the same data."""

    def __init__(self, warehouse: Warehouse, streams: WriteStreams) -> None:
        self._warehouse = warehouse
        self._streams = streams
        self._db = warehouse.engine.connection
        self._db.execute(
            f'CREATE TABLE IF NOT EXISTS "{SCHEMA}".committed_streams '
            "(name VARCHAR, created_us BIGINT, commit_us BIGINT, row_count BIGINT)"
        )

    def find(self, name: str) -> CommittedStream | None:
        """Return the record of a committed stream; the caller holds the connection."""
        row = self._db.execute(
            f'SELECT created_us, commit_us, row_count FROM "{SCHEMA}".committed_streams WHERE name = ?', [name]
        ).fetchone()
        if row is None:
            return None
        parts = name.split("/")
        return CommittedStream((parts[1], parts[3], parts[5]), *row)

    def commit(self, names: list[str]) -> Any:
        """Commit the finalized streams of these names in one transaction, or none of them."""
        with self._warehouse.writer.changing() as change:
            errors = [error for error in map(self._error_of, names) if error is not None]
            if errors:
                return BatchCommitWriteStreamsResponse(stream_errors=errors)
            committing = [self._streams.known(name) for name in names]
            for stream in committing:
                self._make_visible(stream, change.commit_us)
        for stream in committing:
            stream.commit_us = change.commit_us
            if stream.spool is not None:
                stream.spool.discard()
                stream.spool = None
        return BatchCommitWriteStreamsResponse(commit_time=timestamp_of(change.commit_us))

    def insert_now(self, stream: WriteStream, batch: pa.RecordBatch) -> None:
        """Make rows of a stream that is not PENDING visible at once, in a transaction of their own."""
        with self._warehouse.writer.changing():
            self._insert(stream, pa.RecordBatchReader.from_batches(batch.schema, [batch]))

    def _error_of(self, name: str) -> Any | None:
        stream = self._streams.get(name)
        if self.find(name) is not None:
            return _stream_error("STREAM_ALREADY_COMMITTED", name, "Stream is already committed")
        if stream is None:
            return _stream_error("STREAM_NOT_FOUND", name, "Stream not found")
        if not stream.pending:
            return _stream_error("INVALID_STREAM_TYPE", name, "Only PENDING streams can be batch committed")
        if not stream.finalized:
            return _stream_error("INVALID_STREAM_STATE", name, "Stream is not finalized")
        if self._warehouse.table(*stream.table) is None:
            return _stream_error("TABLE_NOT_FOUND", name, "The table of the stream does not exist")
        return None

    def _make_visible(self, stream: WriteStream, commit_us: int) -> None:
        if stream.spool is not None:
            self._insert(stream, stream.spool.read())
        self._db.execute(
            f'INSERT INTO "{SCHEMA}".committed_streams VALUES (?, ?, ?, ?)',
            [stream.name, stream.created_us, commit_us, stream.next_offset],
        )

    def _insert(self, stream: WriteStream, rows: pa.RecordBatchReader) -> None:
        columns = ", ".join(f'"{column}"' for column in rows.schema.names)
        self._db.register("__bqemu_rows_to_insert", rows)
        try:
            self._warehouse.engine.execute(
                f"INSERT INTO {quoted_table_ref(*stream.table)} ({columns}) SELECT {columns} FROM __bqemu_rows_to_insert"
            )
        finally:
            self._db.unregister("__bqemu_rows_to_insert")
        self._warehouse.context.events.publish(TableDataChanged(*stream.table))


def _stream_error(code: str, name: str, message: str) -> Any:
    return StorageError(
        code=StorageError.StorageErrorCode.Value(code), entity=name, error_message=f"{message}: {name}"
    )
