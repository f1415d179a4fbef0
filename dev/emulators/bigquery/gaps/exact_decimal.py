"""Exact decimals of doubles (gap l) as DuckDB SQL: the binary value itself, rounded half away from zero.

Rule (Conversion rules, FLOAT64 to NUMERIC and BIGNUMERIC): "Converts to the closest ... value with a halfway case rounded
away from zero"; NaN and the infinities are an error. A BIGNUMERIC has 38 decimals, and ROUND then works on those.

A double is m · 2^e with a whole m below 2^53, so value · 10^k = m · 5^k · 2^(e+k): whole numbers of 128 bits and a shift
do it without loss. SQL rather than a function in Python, because DuckDB unnests arrays row by row and would call it once
a row.
"""

from __future__ import annotations

_BIGNUMERIC_DECIMALS = 38
_EXPONENT_BIAS = 1075
_ONE = "CAST(1 AS HUGEINT)"


def exact_decimal_sql(double: str, scale: int, digits: int, *, big: bool, otherwise: str) -> str:
    """Return SQL that gives the DOUBLE expression as DECIMAL(38, scale), rounded to ``digits`` decimals.

    ``big`` rounds to BIGNUMERIC's 38 decimals first; ``otherwise`` is the SQL for values that have no such decimal.
    """
    magnitude = f"({_rounded(double, digits, big=big)}) * {_hugeint(10 ** (scale - digits))}"
    value = f"(CASE WHEN {double} < 0 THEN -1 ELSE 1 END * ({magnitude}))"
    unit = "0." + "0" * (scale - 1) + "1"
    decimal = (
        f"CAST({value} // {_hugeint(10**scale)} AS DECIMAL(38, {scale})) + "
        f"CAST({value} % {_hugeint(10**scale)} AS DECIMAL({scale}, 0)) * CAST('{unit}' AS DECIMAL({scale}, {scale}))"
    )
    return f"CASE WHEN abs({double}) < 1e{38 - scale} THEN {decimal} ELSE {otherwise} END"


def _rounded(double: str, digits: int, *, big: bool) -> str:
    """Return SQL for round_half_up(|double| · 10^digits) as HUGEINT."""
    bits = f"CAST(CAST({double} AS BIT) AS BIGINT)"
    stored_exponent = f"(({bits} >> 52) & 2047)"
    mantissa = f"(({bits} & {2**52 - 1}) + CASE WHEN {stored_exponent} = 0 THEN 0 ELSE {2**52} END)"
    exponent = f"(greatest({stored_exponent}, 1) - {_EXPONENT_BIAS - digits})"
    product = f"(CAST({mantissa} AS HUGEINT) * {_hugeint(5**digits)})"
    # Kept within 128 bits, because DuckDB may compute a branch that it does not take.
    up = f"CAST(least(greatest({exponent}, 0), 40) AS HUGEINT)"
    down = f"CAST(least(greatest(-{exponent}, 1), 126) AS HUGEINT)"
    half = f"({_ONE} << ({down} - 1))"
    if big:
        # What rounds up to a half at 38 decimals counts as a half.
        half += f" + (({_ONE} << {down}) // {_hugeint(2 * 10 ** (_BIGNUMERIC_DECIMALS - digits))})"
    return (
        f"CASE WHEN {exponent} >= 0 THEN {product} << {up} "
        f"WHEN {exponent} < -125 THEN 0 ELSE ({product} + {half}) >> {down} END"
    )


def _hugeint(value: int) -> str:
    return f"CAST('{value}' AS HUGEINT)"
