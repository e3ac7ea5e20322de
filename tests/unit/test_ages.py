"""Months between two dates of the state, counted by hand."""

import polars as pl
import pytest

from manzanita.domain.rules.ages import months_old


@pytest.mark.parametrize(
    ("birth", "day", "months"),
    [
        ("20231201", "20261130", 35),  # the day before the third birthday
        ("20231201", "20261201", 36),
        ("20231201", "20261202", 36),
        ("20240229", "20250228", 11),  # born on a leap day: a year old on March 1
        ("20240229", "20250301", 12),
        ("20240229", "20280229", 48),
        ("20260131", "20260228", 0),
        ("20260131", "20260301", 1),
        ("20261007", "20261007", 0),
        ("20261007", "20261006", -1),  # before birth
        ("", "20261006", None),
        ("20261007", "", None),
    ],
)
def test_whole_months(birth, day, months):
    frame = pl.DataFrame({"birth": [birth], "day": [day]})
    assert frame.select(months_old("birth", "day")).item() == months
    assert frame.select(months_old("birth", pl.lit(day))).item() == months
