"""Months between two dates of the state, counted by hand."""

import polars as pl
import pytest

from manzanita.domain.rules.ages import months_old, months_old_on


@pytest.mark.parametrize(
    ("birth", "day", "months"),
    [
        ("20231201", "20261130", 35),  # the day before the third birthday
        ("20231201", "20261201", 36),
        ("20231201", "20261202", 36),
        ("20240229", "20250227", 11),
        ("20240229", "20250228", 12),  # born on a leap day: a year old on February 28
        ("20240229", "20250301", 12),
        ("20240229", "20280228", 47),  # 2028 has a February 29
        ("20240229", "20280229", 48),
        ("20260131", "20260227", 0),
        ("20260131", "20260228", 1),  # the last day of a month without a 31st
        ("20260131", "20260429", 2),
        ("20260131", "20260430", 3),
        ("20260130", "20260430", 3),
        ("20260228", "20260327", 0),  # the last day of February is only the 28th of March
        ("20260228", "20260328", 1),
        ("20260131", "20260230", 0),  # no such day: another rule says that
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
    if day:
        assert frame.select(months_old_on("birth", day)).item() == months
