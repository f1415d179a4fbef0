"""Stands where bqemulator copies a table after each write (gap q): the history has it already, only the event is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bqemulator.domain.events import TableDataChanged

if TYPE_CHECKING:
    from bqemulator.domain.events import EventBus


class ChangeNotes:
    """The part of bqemulator's SnapshotManager that its write paths call."""

    def __init__(self, events: EventBus) -> None:
        self._events = events

    def record_change(self, project_id: str, dataset_id: str, table_id: str) -> None:
        """Tell materialized views that a table they read has changed."""
        self._events.publish(TableDataChanged(project_id, dataset_id, table_id))

    def drop_snapshots_for_table(self, *_table: str, include_user: bool = True) -> int:  # noqa: ARG002
        """Do nothing: dropping a table makes the history forget it."""
        return 0
