"""``SELECT *`` gives every column of its own table.

Rule (SELECT *): "produces one output column for each column that is visible after executing the full query". bqemulator
looks columns up by the table's bare name, knows no RECORD among them, and writes what it found in place of the star: nested
columns vanish, and tables of one name in two datasets get each other's columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp


def annotate_safely(annotate: Callable[..., exp.Expression]) -> Callable[..., exp.Expression]:
    """Wrap the translator's type lookup: it is used where a rule needs types and where it cannot change columns."""

    def annotated(tree: exp.Expression, schema: dict[str, Any]) -> exp.Expression:
        names = [table.name.lower() for table in tree.find_all(exp.Table)]
        needed = tree.find(exp.Avg, exp.Div) is not None
        safe = tree.find(exp.Star) is None and len(names) == len(set(names))
        return annotate(tree, schema) if needed and safe else tree

    return annotated
