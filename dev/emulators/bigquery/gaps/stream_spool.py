"""Rows of a write stream that nobody may see yet, kept out of memory in a file without a name."""

from __future__ import annotations

import tempfile

import pyarrow as pa

_IN_MEMORY_BYTES = 4 * 1024 * 1024


class StreamSpool:
    """Appends record batches and gives them back in order; the file vanishes with the process."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 — lives as long as the stream
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._file, "w"), schema)

    def append(self, batch: pa.RecordBatch) -> None:
        """Add a batch that has the spool's schema."""
        self._writer.write_batch(batch)

    def finish(self) -> None:
        """Accept no more batches."""
        self._writer.close()

    def read(self) -> pa.RecordBatchReader:
        """Return everything appended, from the start; only after ``finish``."""
        self._file.seek(0)
        return pa.ipc.open_stream(pa.PythonFile(self._file, "r"))

    def discard(self) -> None:
        """Free the space."""
        self._file.close()
