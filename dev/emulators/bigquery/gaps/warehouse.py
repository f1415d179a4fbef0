"""What the services share: the database, its writer and history, the catalog, and where datasets live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bqemulator.api.dependencies import AppContext
    from bqemulator.catalog.models import TableMeta

    from gaps.engine import WatchedEngine
    from gaps.one_writer import OneWriter
    from gaps.table_bytes import TableBytes
    from gaps.table_history import TableHistory


@dataclass(frozen=True, slots=True)
class Warehouse:
    """One BigQuery environment: a project with datasets in one or more locations."""

    context: AppContext
    engine: WatchedEngine
    sizes: TableBytes
    default_location: str

    @property
    def writer(self) -> OneWriter:
        """The one writer of the database."""
        return self.engine.writer

    @property
    def history(self) -> TableHistory:
        """The committed states of all tables."""
        return self.engine.history

    def table(self, project: str, dataset: str, table: str) -> TableMeta | None:
        """Return a table's metadata, or ``None`` when it does not exist."""
        return self.context.catalog.get_table(project, dataset, table)

    def location_of(self, project: str, dataset: str) -> str:
        """Return where a dataset lives; a dataset that does not exist counts as living in the default location."""
        meta = self.context.catalog.get_dataset(project, dataset)
        return meta.location if meta is not None else self.default_location
