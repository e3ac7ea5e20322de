"""Where our enrollment file begins later than a status that the state has taken."""

from __future__ import annotations

import pytest

from manzanita.domain.enrollment_gap import as_file_gap, with_names
from manzanita.domain.findings import Finding, Severity


def said(code: str = "GERR0005", day: str = "20240110") -> Finding:
    return Finding(
        code=code,
        severity=Severity.FATAL,
        kind="input",
        phase="input",
        record="SWDS",
        file=None,
        line=None,
        ssid="9900000005",
        fields=("22.04", "22.11"),
        values={"22.04": "9910017", "22.11": day},
        message="No enrollment covers that day.",
        record_key=f"SWDS|9910017|9900000005|{day}",
    )


def test_a_status_that_the_state_took_before_our_file_begins_only_warns():
    found = as_file_gap(said(), "20240815", is_at_state=True)
    assert found.severity is Severity.WARNING
    assert "of 2024-01-10" in found.message and "begin on 2024-08-15" in found.message
    assert "our file begins later" in found.message
    assert (found.code, found.record_key) == ("GERR0005", "SWDS|9910017|9900000005|20240110")


@pytest.mark.parametrize(
    ("finding", "first_day", "is_at_state"),
    [
        (said(), "20240815", False),  # the state has not taken it
        (said(), "", True),  # no enrollment at all: nothing begins
        (said(), "20240110", True),  # ours begin on that very day, so another day is missing
        (said(), "20230814", True),  # ours begin earlier: a gap in the middle is a defect
        (said(code="SWDS0594"), "20240815", True),
        (said(day=""), "20240815", True),
    ],
)
def test_anything_else_stays_what_it_is(finding, first_day, is_at_state):
    assert as_file_gap(finding, first_day, is_at_state=is_at_state) == finding


def test_an_agency_is_named_before_its_code():
    names = {"9910017": "Chaparral Unified"}
    assert with_names("at 9910017 covers", names) == "at Chaparral Unified (9910017) covers"
    # A code that nobody knows, and a number that only holds one, stay.
    assert with_names("at 9910018, 99100171", names) == "at 9910018, 99100171"
