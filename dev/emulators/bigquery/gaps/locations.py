"""Where a job runs, and which datasets and jobs it can see from there (gap i).

Rules: "All datasets referenced by a query must be in the same location"; a job's location, if not given, is that of the
datasets it references; ``jobReference.location`` is needed to find a job unless it is in the US or EU multi-region.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bqemulator.domain.errors import ErrorDetail, NotFoundError
import sqlglot
from sqlglot import exp

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse

FOUND_WITHOUT_LOCATION = ("US", "EU")

Dataset = tuple[str, str]
"""Project and dataset id."""


def location_of_job(warehouse: Warehouse, datasets: Iterable[Dataset], requested: str | None) -> str:
    """Return where a job over these datasets runs; refuses one that could not see all of them from there."""
    location = requested
    for project, dataset in datasets:
        meta = warehouse.context.catalog.get_dataset(project, dataset)
        if meta is None:
            continue
        if location is None:
            location = meta.location
        if meta.location.upper() != location.upper():
            raise not_found(f"Dataset {project}:{dataset} was not found in location {location}")
    return location or warehouse.default_location


def referenced_datasets(project: str, configuration: dict[str, Any]) -> list[Dataset]:
    """Return every dataset that a job configuration names, sources first."""
    if "query" in configuration:
        return _of_query(project, configuration["query"])
    if "copy" in configuration:
        copy = configuration["copy"]
        return _of_tables(project, [*source_tables(copy), copy.get("destinationTable")])
    if "load" in configuration:
        return _of_tables(project, [configuration["load"].get("destinationTable")])
    return _of_tables(project, [configuration.get("extract", {}).get("sourceTable")])


def source_tables(copy: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sources of a copy job, of which there may be one or several."""
    return copy.get("sourceTables") or ([copy["sourceTable"]] if copy.get("sourceTable") else [])


def not_found(what: str) -> NotFoundError:
    """Return the error of BigQuery for a thing that is not there."""
    message = f"Not found: {what}"
    return NotFoundError(message, details=[ErrorDetail(reason="notFound", message=message)])


def _of_query(project: str, query: dict[str, Any]) -> list[Dataset]:
    found = _of_sql(project, query.get("query", ""))
    named = _of_tables(project, [query.get("destinationTable"), query.get("defaultDataset")])
    return list(dict.fromkeys([*found, *named]))


def _of_sql(project: str, sql: str) -> list[Dataset]:
    try:
        statements = sqlglot.parse(sql, read="bigquery")
    except sqlglot.errors.SqlglotError:
        return []
    tables = [table for statement in statements if statement for table in statement.find_all(exp.Table)]
    return [(table.catalog or project, table.db) for table in tables if table.db]


def _of_tables(project: str, references: list[dict[str, Any] | None]) -> list[Dataset]:
    return [(ref.get("projectId") or project, ref["datasetId"]) for ref in references if ref and ref.get("datasetId")]
