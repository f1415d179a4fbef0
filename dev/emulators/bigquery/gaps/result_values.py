"""How values are written in REST answers: numbers as BigQuery writes them (gap l).

Rules: NUMERIC and BIGNUMERIC in plain notation without trailing zeros; FLOAT64 specials as NaN, Infinity and -Infinity.
"""

from __future__ import annotations

from decimal import Decimal
import math
from typing import Any

import pyarrow as pa


def decimal_text(value: Decimal) -> str:
    """Return a decimal in plain notation, without idle zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def float_text(value: float) -> str:
    """Return a double so that it reads back as the same double."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _decimal(value: Any, _kind: pa.DataType, _field: pa.Field | None) -> str:
    return decimal_text(value)


def _float(value: Any, _kind: pa.DataType, _field: pa.Field | None) -> str:
    return float_text(value)


VALUE_FORMATTERS = ((pa.types.is_decimal, _decimal), (pa.types.is_floating, _float))
"""Predicates on the Arrow type with their formatters, asked before bqemulator's own."""
