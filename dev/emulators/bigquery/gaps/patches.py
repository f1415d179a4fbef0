"""The places where bqemulator's own modules are told to use a closed gap instead of their code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bqemulator.api.routes import datasets, tabledata
from bqemulator.catalog import ddl_sync
from bqemulator.jobs import executor
from bqemulator.scripting import interpreter
from bqemulator.sql import inner_query, parameters
from bqemulator.sql.translator import SQLTranslator
from bqemulator.storage import arrow_bridge, type_map

from gaps.arrow_schema import STORED_BIGNUMERIC
from gaps.big_numeric import register_decimal_macros, translate_with_decimals
from gaps.created_tables import complete_created_table
from gaps.result_values import VALUE_FORMATTERS
from gaps.star_columns import annotate_safely
from gaps.system_time import rewrite_for_system_time

if TYPE_CHECKING:
    from gaps.warehouse import Warehouse


def apply_patches(warehouse: Warehouse) -> None:
    """Replace, once per process, each function whose behaviour differs from BigQuery's."""
    inner_query.rewrite_for_system_time = rewrite_for_system_time
    SQLTranslator._annotate_tree = staticmethod(annotate_safely(SQLTranslator._annotate_tree))
    _keep_decimals(warehouse)
    _type_parameters()
    _know_created_tables(warehouse)
    _place_datasets(warehouse)
    arrow_bridge._BQ_TYPE_FORMATTERS = VALUE_FORMATTERS + arrow_bridge._BQ_TYPE_FORMATTERS


def _keep_decimals(warehouse: Warehouse) -> None:
    register_decimal_macros(warehouse.engine.connection)
    SQLTranslator.translate = translate_with_decimals(SQLTranslator.translate)
    type_map._BQ_TO_DUCKDB["BIGNUMERIC"] = "DECIMAL(38, 18)"
    parameters._BQ_SCALAR_TO_DUCKDB["BIGNUMERIC"] = "DECIMAL(38, 18)"
    plain_type = tabledata._bq_type_to_arrow
    tabledata._bq_type_to_arrow = lambda kind: STORED_BIGNUMERIC if kind.upper() == "BIGNUMERIC" else plain_type(kind)


def _type_parameters() -> None:
    plain = parameters._placeholder_for

    def placeholder(value: Any, parameter: dict[str, Any]) -> str:
        kind = parameters._bq_to_duckdb_type(parameter.get("parameterType", {}))
        return f"CAST(? AS {kind})" if kind is not None else plain(value, parameter)

    parameters._placeholder_for = placeholder


def _know_created_tables(warehouse: Warehouse) -> None:
    plain = ddl_sync.sync_created_table

    def sync(sql: str, project: str, context: Any) -> None:
        complete_created_table(warehouse, sql, project, lambda: plain(sql, project, context))

    for module in (executor, interpreter):
        module.sync_created_table = sync


def _place_datasets(warehouse: Warehouse) -> None:
    """Datasets made without a location get the default one, whichever way they are made."""
    plain_meta, plain_ensure = datasets._rest_to_dataset_meta, ddl_sync._ensure_dataset

    def meta(project: str, body: dict[str, Any], clock: Any, existing: Any = None) -> Any:
        if existing is None:
            body = {**body, "location": body.get("location") or warehouse.default_location}
        return plain_meta(project, body, clock, existing)

    def ensure(project: str, dataset: str, context: Any) -> None:
        known = context.catalog.get_dataset(project, dataset)
        plain_ensure(project, dataset, context)
        if known is None:
            made = context.catalog.get_dataset(project, dataset)
            context.catalog.update_dataset(made.model_copy(update={"location": warehouse.default_location}))

    datasets._rest_to_dataset_meta = meta
    ddl_sync._ensure_dataset = ensure


