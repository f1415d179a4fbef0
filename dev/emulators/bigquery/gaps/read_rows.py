"""ReadRows (gaps b and o): streams a row range from DuckDB in messages of at most 4 MiB, from any offset.

Rules: "The offset requested must be less than the last row read from Read"; "Each response contains one or more table
rows, up to a maximum of 128 MB per response" (the real service sends a few MB); the schema comes with the first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import grpc
import pyarrow as pa

from gaps.arrow_reshape import reshape_batch
from gaps.arrow_schema import schema_message
from gaps.big_numeric import register_decimal_macros
from gaps.storage_protos import ReadRowsResponse, RpcRefused

if TYPE_CHECKING:
    import duckdb

    from gaps.engine import WatchedEngine
    from gaps.read_sessions import RowRange, Session

_TARGET_BYTES = 3 * 1024 * 1024
_MOST_BYTES = 4 * 1024 * 1024
_ROWS_PER_FETCH = 8192


def read_rows(engine: WatchedEngine, session: Session, rows: RowRange, offset: int) -> Iterator[Any]:
    """Yield the responses for the rows of one stream that come after the first ``offset`` ones."""
    sent = offset
    total = max(rows.end - rows.start, 1)
    first = True
    for batch in _batches(engine, session, rows, offset):
        for message, count in _messages(batch):
            response = ReadRowsResponse(row_count=count)
            response.arrow_record_batch.serialized_record_batch = message
            response.stats.progress.at_response_start = min(sent / total, 1.0)
            sent += count
            response.stats.progress.at_response_end = min(sent / total, 1.0)
            if first:
                response.arrow_schema.serialized_schema = schema_message(session.schema)
                first = False
            yield response


def _batches(engine: WatchedEngine, session: Session, rows: RowRange, offset: int) -> Iterator[pa.RecordBatch]:
    # Without a restriction the offset is a row number, and reading starts there instead of skipping up to it.
    seekable = session.condition is None
    start = rows.start + offset if seekable else rows.start
    if start > rows.end:
        raise _beyond(offset, rows.end - rows.start)
    to_skip = 0 if seekable else offset
    cursor, reader = _open(engine, session, start, rows.end)
    try:
        for batch in reader:
            skipped = min(to_skip, batch.num_rows)
            to_skip -= skipped
            rest = batch.slice(skipped)
            if rest.num_rows:
                yield reshape_batch(rest, session.schema)
        if to_skip:
            raise _beyond(offset, offset - to_skip)
    finally:
        cursor.close()


def _open(
    engine: WatchedEngine, session: Session, start: int, end: int
) -> tuple[duckdb.DuckDBPyConnection, pa.RecordBatchReader]:
    also = f" AND ({session.condition})" if session.condition else ""
    # Found and opened in one breath: afterwards DuckDB keeps this reader's view whatever is committed.
    with engine.writer.reading():
        stored = engine.history.where_stored(session.table, session.state.generation)
        if stored is None:
            raise RpcRefused(grpc.StatusCode.NOT_FOUND, f"The table of session {session.name} is gone")
        cursor = engine.connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        if "BQ_" in also.upper():
            register_decimal_macros(cursor)
        columns = ", ".join(_readable(cursor, stored.quoted, session.columns))
        cursor.execute(f"SELECT {columns} FROM {stored.quoted} WHERE rowid >= {start} AND rowid < {end}{also}")
    return cursor, cursor.to_arrow_reader(_ROWS_PER_FETCH)


def _readable(cursor: duckdb.DuckDBPyConnection, table: str, columns: Iterable[str]) -> Iterator[str]:
    # Rule (Storage Read API, Arrow schema details): a GEOGRAPHY is a utf8 string, its WKT; DuckDB would give its own bytes.
    kinds = dict(cursor.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall())
    for column in columns:
        geography = str(kinds.get(column, "")).startswith("GEOMETRY")
        yield f'ST_AsText("{column}") AS "{column}"' if geography else f'"{column}"'


def _messages(batch: pa.RecordBatch) -> Iterator[tuple[bytes, int]]:
    step = max(1, min(batch.num_rows, batch.num_rows * _TARGET_BYTES // max(batch.nbytes, 1)))
    for start in range(0, batch.num_rows, step):
        yield from _fitting(batch.slice(start, step))


def _fitting(part: pa.RecordBatch) -> Iterator[tuple[bytes, int]]:
    message = part.serialize().to_pybytes()
    if len(message) <= _MOST_BYTES or part.num_rows == 1:
        yield message, part.num_rows
        return
    half = part.num_rows // 2
    yield from _fitting(part.slice(0, half))
    yield from _fitting(part.slice(half))


def _beyond(offset: int, available: int) -> RpcRefused:
    return RpcRefused(grpc.StatusCode.OUT_OF_RANGE, f"Offset {offset} is beyond the stream's {available} rows")
