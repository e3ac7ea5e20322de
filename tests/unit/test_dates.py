"""The same day some months or years away, by hand; and rules count ages as clocks count dates."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain.dates import iso_day, months_after, years_after
from manzanita.domain.rules.ages import after, months_old


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-10-31", 1, "2026-11-30"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-11-30", 1, "2026-12-30"),
        ("2027-08-31", -6, "2027-02-28"),
        ("2027-01-15", -1, "2026-12-15"),
        ("2024-05-20", 27, "2026-08-20"),
        ("2026-05-20", 0, "2026-05-20"),
    ],
)
def test_months(day, months, expected):
    assert months_after(iso_day(day), months).isoformat() == expected


@pytest.mark.parametrize(
    ("day", "years", "expected"),
    [
        ("2024-02-29", 1, "2025-02-28"),
        ("2024-02-29", 4, "2028-02-29"),
        ("2024-02-29", -1, "2023-02-28"),
        ("2025-02-28", 3, "2028-02-28"),
        ("2026-07-01", -5, "2021-07-01"),
    ],
)
def test_years(day, years, expected):
    assert years_after(iso_day(day), years).isoformat() == expected


@pytest.mark.parametrize(
    "text", ["20261123", "2026-W47-1", "2026-11-23T00:00", " 2026-11-23", "2026-1-1", ""]
)
def test_other_ways_to_write_a_day_are_refused(text):
    with pytest.raises(ValueError, match="is not a date such as 2026-11-23"):
        iso_day(text)


days = st.dates(date(2003, 1, 1), date(2032, 12, 31))
leap_days = st.sampled_from([date(2004, 2, 29), date(2008, 2, 29), date(2024, 2, 29)])


@given(days | leap_days, days | leap_days, st.integers(0, 22))
def test_somebody_is_so_old_from_the_birthday_on(born, day, years):
    frame = pl.DataFrame({"born": [f"{born:%Y%m%d}"], "day": [f"{day:%Y%m%d}"]})
    is_so_old, birthday = frame.select(
        months_old("born", "day") >= years * 12, birthday=after("born", f"{years}y")
    ).row(0)
    assert birthday == int(f"{years_after(born, years):%Y%m%d}")
    assert is_so_old == (day >= years_after(born, years))
