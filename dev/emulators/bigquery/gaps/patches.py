"""The places where bqemulator's own modules are told to use a closed gap instead of their code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bqemulator.sql import inner_query

from gaps.system_time import rewrite_for_system_time

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse


def apply_patches(_warehouse: Warehouse) -> None:
    """Replace, once per process, each function whose behaviour differs from BigQuery's."""
    inner_query.rewrite_for_system_time = rewrite_for_system_time
