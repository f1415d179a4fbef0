"""Writes sample.parquet with Arrow's own writer: one column of every kind that a billing table may hold."""

from datetime import date, datetime, time, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

COSTS = [0.1, -2.5, 1e-10, float("nan"), None]
table = pa.table(
    {
        "id": pa.array(range(1, 6), pa.int64()),
        "small": pa.array([1, -2, None, 3, 4], pa.int32()),
        "cost": pa.array(COSTS, pa.float64()),
        "price": pa.array(
            [Decimal("1.000000001"), Decimal("-0.5"), None, Decimal("0"), Decimal("7")], pa.decimal128(20, 9)
        ),
        "precise": pa.array([Decimal("1e-18")] + [None] * 4, pa.decimal128(38, 18)),
        "paid": pa.array([True, False, None, True, False]),
        "name": pa.array(["Zürich", "", None, "東京", "x"]),
        "raw": pa.array([b"\x00\xff", b"", None, b"a", b"b"], pa.binary()),
        "day": pa.array([date(2026, 1, 31), date(1969, 12, 31), None, None, None], pa.date32()),
        "clock": pa.array([time(23, 59, 59, 999_999), time(0), None, None, None], pa.time64("us")),
        "local": pa.array([datetime(2026, 1, 31, 12, 0, 0, 1)] + [None] * 4, pa.timestamp("us")),
        "export_time": pa.array(
            [datetime(2026, 1, 1, hour, 0, 0, 1, timezone.utc) for hour in range(5)], pa.timestamp("us", "UTC")
        ),
        "credits": pa.array(
            [[{"name": "promo", "amount": -0.1}, {"name": None, "amount": None}], [], None, [], []],
            pa.list_(pa.struct([("name", pa.string()), ("amount", pa.float64())])),
        ),
        "project": pa.array(
            [{"id": "p", "labels": ["a", "b"]}, None, {"id": None, "labels": []}, None, None],
            pa.struct([("id", pa.string()), ("labels", pa.list_(pa.string()))]),
        ),
    }
)
pq.write_table(table, Path(__file__).with_name("sample.parquet"), compression="zstd", row_group_size=3)
