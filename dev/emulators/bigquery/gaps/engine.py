"""DuckDB started without network, and watched: each statement that changes a table is announced to the one writer."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

from bqemulator.storage.engine import DuckDBEngine

from gaps.insert_row import with_row_inserts
from gaps.one_writer import OneWriter
from gaps.table_history import TableHistory

if TYPE_CHECKING:
    from bqemulator.config import Settings
    import duckdb


_MEMORY_LIMIT = "1GB"
_SPILL_PREFIX = "bigquery-stand-in-"


class OfflineEngine(DuckDBEngine):
    """Loads DuckDB's extensions straight from their wheels, so nothing is downloaded, installed or shared."""

    def _load_spatial(self) -> None:
        self.connection.execute(f"LOAD '{_extension_file('spatial')}'")

    def _load_format_extensions(self) -> None:
        self.connection.execute(f"LOAD '{_extension_file('avro')}'")


class WatchedEngine(OfflineEngine):
    """Keeps the table history and the one writer beside the connection they guard."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.writer: OneWriter
        self.history: TableHistory

    async def start(self) -> None:
        """Open the database and make its history ready."""
        await super().start()
        # Beyond this DuckDB spills to where the machine keeps temporary files, not into the directory we were started in.
        self.connection.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        self.connection.execute(f"SET temp_directory = '{_spill_directory()}'")
        self.history = TableHistory(self.connection)
        self.writer = OneWriter(self.connection, self.history)

    def execute(self, sql: str, parameters: list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        """Run a statement, announced to the writer first."""
        if self._started:
            sql = with_row_inserts(sql)
            self.writer.before_statement(sql)
        return super().execute(sql, parameters)


def _spill_directory() -> Path:
    """Return a directory of this process, after removing those of processes that were killed."""
    base = Path(tempfile.gettempdir())
    for left_behind in base.glob(f"{_SPILL_PREFIX}*"):
        if not _is_alive(int(left_behind.name.removeprefix(_SPILL_PREFIX))):
            shutil.rmtree(left_behind, ignore_errors=True)
    return base / f"{_SPILL_PREFIX}{os.getpid()}"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _extension_file(name: str) -> Path:
    package = importlib.import_module(f"duckdb_extension_{name}")
    found = sorted(Path(package.__path__[0]).glob(f"extensions/*/{name}.duckdb_extension"))
    if not found:
        raise FileNotFoundError(f"the wheel duckdb_extension_{name} carries no {name}.duckdb_extension")
    return found[0]
