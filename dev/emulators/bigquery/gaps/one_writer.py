"""One change at a time, each in one transaction (gap g): rows and the record of their commit land together or not at all.

Rule: BatchCommitWriteStreams "Atomically commits a group of PENDING streams"; a job either has its effect and is on
record, or has neither. bqemulator runs every statement on its own, so a kill in between leaves half of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
import threading
import time
from typing import TYPE_CHECKING, Any

import duckdb

from gaps.statement_effect import Kind, TableName, effect_of

if TYPE_CHECKING:
    from bqemulator.catalog.duckdb_repository import DuckDBCatalogRepository

    from gaps.table_history import TableHistory


class Change:
    """One open transaction: what it touched, and the time at which its effect counts as committed."""

    def __init__(self, commit_us: int) -> None:
        self.commit_us = commit_us
        self.effects: dict[TableName, Kind] = {}
        self.keep_despite_error = False
        self.catalog_before: dict[str, dict[Any, Any]] = {}


class OneWriter:
    """Serialises all use of the one DuckDB connection and wraps each change in a transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, history: TableHistory) -> None:
        self._db = connection
        self._history = history
        self._lock = threading.Lock()
        self._waiters = ThreadPoolExecutor(max_workers=64, thread_name_prefix="waits-for-writer")
        self._last_commit_us = history.last_commit_us()
        self._current: Change | None = None
        self._catalog: DuckDBCatalogRepository | None = None

    def remember_catalog(self, catalog: DuckDBCatalogRepository) -> None:
        """Name the catalog whose in-memory mirror must follow a rollback."""
        self._catalog = catalog

    @property
    def current(self) -> Change:
        """The open change; calling it outside of one is a defect."""
        if self._current is None:
            raise RuntimeError("no change is open")
        return self._current

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the connection for reads: no commit lands meanwhile."""
        with self._lock:
            yield

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Run the body as one transaction, committed at its end and undone when it raises."""
        with self._lock:
            self.begin()
            try:
                yield self.current
            except BaseException:
                self.roll_back()
                raise
            self.commit()

    async def acquire(self) -> None:
        """Wait for the connection without blocking the event loop; pair with ``release``."""
        await asyncio.get_running_loop().run_in_executor(self._waiters, self._lock.acquire)

    def release(self) -> None:
        """Give the connection back."""
        self._lock.release()

    def begin(self) -> None:
        """Open a transaction; the caller holds the connection."""
        # Times strictly grow, so that "the state at t" is unambiguous even for two commits in one microsecond.
        self._last_commit_us = max(time.time_ns() // 1000, self._last_commit_us + 1)
        self._current = Change(self._last_commit_us)
        self._current.catalog_before = {key: dict(held) for key, held in self._mirrors().items()}
        self._db.execute("BEGIN TRANSACTION")

    def commit(self) -> None:
        """Record the touched tables' new states and commit; on failure everything is undone and the error raised."""
        try:
            self._history.seal(self.current)
            self._db.execute("COMMIT")
            self._current = None
        except BaseException:
            self.roll_back()
            raise

    def roll_back(self) -> None:
        """Undo everything the open change did, the catalog's mirror included."""
        change, self._current = self.current, None
        # A commit that failed has rolled back already.
        with suppress(duckdb.TransactionException):
            self._db.execute("ROLLBACK")
        for key, held in self._mirrors().items():
            held.clear()
            held.update(change.catalog_before[key])

    def start_over(self) -> None:
        """Undo what the open change did so far and go on in a fresh one (a failed job's record outlives its work)."""
        self.roll_back()
        self.begin()

    def before_statement(self, sql: str) -> None:
        """Take note of a statement about to run; copies the table first when its rows are about to change."""
        if self._current is None:
            return
        effect = effect_of(sql)
        if effect is None:
            return
        name, kind = effect
        known = self._current.effects.get(name)
        if kind == "drop":
            self._history.forget(name)
        elif known in ("rewrite", "replace") or (known == "create" and kind != "rewrite"):
            return
        elif kind in ("rewrite", "replace") and known != "create":
            self._history.freeze(name)
        self._current.effects[name] = kind

    def _mirrors(self) -> dict[str, dict[Any, Any]]:
        cache = getattr(self._catalog, "_cache", None)
        return {key: held for key, held in vars(cache).items() if isinstance(held, dict)} if cache else {}
