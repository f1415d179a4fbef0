"""Error messages in BigQuery's words, where bqemulator names another location or DuckDB's insides."""

from __future__ import annotations

import re

from bqemulator.domain.errors import DomainError

_ELSEWHERE = re.compile(r"was not found in location \S+")
_TABLE = re.compile(r"Not found: Table ([\w\-]+)\.(\w+)\.([\w\-]+)")
_UNKNOWN_COLUMN = re.compile(r'Referenced column "(?P<name>[^"]+)" not found')
_DUCKDB_TEXT = re.compile(r"^Query execution failed: (?:[A-Z][\w ]+ Error: )?(?P<text>.*)$", re.DOTALL)


def in_bigquery_words(error: DomainError, location: str) -> DomainError:
    """Reword an error that a job at this location ended with; its reason stays."""
    message = _ELSEWHERE.sub(f"was not found in location {location}", error.message)
    message = _TABLE.sub(r"Not found: Table \1:\2.\3", message)
    unknown = _UNKNOWN_COLUMN.search(message)
    if unknown is not None:
        message = f"Unrecognized name: {unknown['name']}"
    plain = _DUCKDB_TEXT.match(message)
    if plain is not None:
        message = plain["text"].partition("\n\nLINE ")[0]
    for detail in error.details:
        detail.message = message
    error.message = message
    return error
