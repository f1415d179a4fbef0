"""Time travel (gaps k and q): every commit of a table stays readable for seven days.

Rule: "You can query a table's historical data from any point in time within the time travel window by using a
FOR SYSTEM_TIME AS OF clause" (Data retention with time travel and fail-safe), and ``ReadSession.table_modifiers.
snapshot_time``: "The snapshot time of the table. If not set, interpreted as now."

An append adds rows behind the old ones, so an earlier state is "the rows before a row number" and costs nothing to
keep. Only a statement that changes or removes rows copies the table, once, before it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
import time
from typing import TYPE_CHECKING

from bqemulator.domain.errors import ValidationError

from gaps.statement_effect import ALL_TABLES, TableName

if TYPE_CHECKING:
    import duckdb

    from gaps.one_writer import Change

SCHEMA = "_bqemulator_launcher"
FROZEN_SCHEMA = "_bqemulator_snapshots"
RETENTION_US = 7 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class TableState:
    """One committed state: the rows of ``stored_in`` whose row number is below ``rows``."""

    generation: int
    stored_in: TableName
    rows: int
    is_latest: bool


class TableHistory:
    """Remembers, in the same database and transaction as the rows, how many rows each commit left."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._db = connection
        self._db.execute(f'CREATE SCHEMA IF NOT EXISTS "{SCHEMA}"')
        self._db.execute(f'CREATE SCHEMA IF NOT EXISTS "{FROZEN_SCHEMA}"')
        self._db.execute(
            f'CREATE TABLE IF NOT EXISTS "{SCHEMA}".versions '
            "(schema_name VARCHAR, table_name VARCHAR, generation BIGINT, row_bound BIGINT, commit_us BIGINT)"
        )
        self._drop_expired()

    def last_commit_us(self) -> int:
        """The latest commit time on record, 0 when there is none; new commits must be later."""
        row = self._db.execute(f'SELECT max(commit_us) FROM "{SCHEMA}".versions').fetchone()
        return int(row[0] or 0) if row else 0

    def freeze(self, name: TableName) -> None:
        """Keep a copy of the table as it is now, because the statement about to run changes its rows."""
        generation = self._live_generation(name)
        if generation is not None and self._exists(name):
            self._db.execute(f"CREATE TABLE {_frozen(generation).quoted} AS FROM {name.quoted}")

    def forget(self, name: TableName) -> None:
        """Drop the past of a table, or of all tables of a schema: a table made anew under its name starts afresh."""
        of_table = "" if name.table == ALL_TABLES else f"AND table_name = '{name.table}'"
        where = f"FROM \"{SCHEMA}\".versions WHERE schema_name = '{name.schema}' {of_table}"
        for (generation,) in self._db.execute(f"SELECT DISTINCT generation {where}").fetchall():
            self._db.execute(f"DROP TABLE IF EXISTS {_frozen(generation).quoted}")
        self._db.execute(f"DELETE {where}")

    def seal(self, change: Change) -> None:
        """Record the state every table touched by this change has now, under the change's commit time."""
        for name, kind in change.effects.items():
            if kind == "drop" or not self._exists(name):
                continue
            generation = self._live_generation(name)
            if kind != "append" or generation is None:
                if kind == "rewrite":
                    self._renumber_rows(name)
                generation = change.commit_us
            self._db.execute(
                f'INSERT INTO "{SCHEMA}".versions SELECT ?, ?, ?, count(*), ? FROM {name.quoted}',
                [name.schema, name.table, generation, change.commit_us],
            )

    def at(self, name: TableName, at_us: int | None) -> TableState:
        """Return the state committed last at or before ``at_us`` (microseconds; ``None`` = now)."""
        versions = self._versions(name)
        if at_us is None:
            if not versions:
                row = self._db.execute(f"SELECT count(*) FROM {name.quoted}").fetchone()
                return TableState(0, name, int(row[0]) if row else 0, True)
            at_us = versions[-1][2]
        else:
            _refuse_outside_window(name, at_us)
        known = [v for v in versions if v[2] <= at_us]
        if not known:
            first_ms = versions[0][2] // 1000 if versions else 0
            raise _invalid_snapshot_time(name, at_us, f"Cannot read before {first_ms}")
        generation, rows, _ = known[-1]
        is_live = generation == versions[-1][0]
        return TableState(generation, name if is_live else _frozen(generation), rows, known[-1] == versions[-1])

    def where_stored(self, name: TableName, generation: int) -> TableName | None:
        """Return the table that holds a generation's rows now, or ``None`` when it is gone."""
        stored = name if self._live_generation(name) in (generation, None) else _frozen(generation)
        return stored if self._exists(stored) else None

    def _versions(self, name: TableName) -> list[tuple[int, int, int]]:
        return self._db.execute(
            f'SELECT generation, row_bound, commit_us FROM "{SCHEMA}".versions '
            "WHERE schema_name = ? AND table_name = ? ORDER BY commit_us",
            [name.schema, name.table],
        ).fetchall()

    def _live_generation(self, name: TableName) -> int | None:
        row = self._db.execute(
            f'SELECT max(generation) FROM "{SCHEMA}".versions WHERE schema_name = ? AND table_name = ?',
            [name.schema, name.table],
        ).fetchone()
        return row[0] if row else None

    def _exists(self, name: TableName) -> bool:
        return self._db.execute(
            "SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?", [name.schema, name.table]
        ).fetchone() is not None  # fmt: skip

    def _renumber_rows(self, name: TableName) -> None:
        # Deleted rows leave holes that DuckDB closes later, at a checkpoint of its choosing; copying closes them now.
        rebuilt = TableName(name.schema, f"{name.table}__renumbered")
        self._db.execute(f"CREATE TABLE {rebuilt.quoted} AS FROM {name.quoted}")
        self._db.execute(f"DROP TABLE {name.quoted}")
        self._db.execute(f'ALTER TABLE {rebuilt.quoted} RENAME TO "{name.table}"')

    def _drop_expired(self) -> None:
        cutoff_us = time.time_ns() // 1000 - RETENTION_US
        expired = self._db.execute(
            f"""SELECT generation FROM (
                  SELECT generation, lead(min(commit_us)) OVER (PARTITION BY schema_name, table_name ORDER BY generation)
                         AS replaced_us
                  FROM "{SCHEMA}".versions GROUP BY schema_name, table_name, generation)
                WHERE replaced_us < ?""",
            [cutoff_us],
        ).fetchall()
        for (generation,) in expired:
            self._db.execute(f"DROP TABLE IF EXISTS {_frozen(generation).quoted}")
            self._db.execute(f'DELETE FROM "{SCHEMA}".versions WHERE generation = ?', [generation])


def _frozen(generation: int) -> TableName:
    return TableName(FROZEN_SCHEMA, f"g_{generation}")


def _refuse_outside_window(name: TableName, at_us: int) -> None:
    now_us = time.time_ns() // 1000
    if at_us > now_us:
        raise _invalid_snapshot_time(name, at_us, "Cannot read from the future")
    if at_us < now_us - RETENTION_US:
        raise _invalid_snapshot_time(name, at_us, f"Cannot read before {(now_us - RETENTION_US) // 1000}")


def _invalid_snapshot_time(name: TableName, at_us: int, why: str) -> ValidationError:
    project, _, dataset = name.schema.partition("__")
    at_ms = at_us // 1000
    return ValidationError(
        f"Invalid snapshot time {at_ms} for table {project}:{dataset}.{name.table}@{at_ms}. {why}"
    )
