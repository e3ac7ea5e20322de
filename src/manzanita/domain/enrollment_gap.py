"""A status for which we know no enrollment, though the state has taken it: our enrollment file begins later.

GERR0005 is the state's rule, and the state knows every enrollment that was ever sent. What the SIS sends us begins at
some day; of a status before that day we cannot say that the student was not enrolled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from manzanita.domain.findings import Finding, Severity
from manzanita.domain.records import parse_state_date

RULE = "GERR0005"
_CODE = re.compile(r"\b[0-9]{7}\b")


def as_file_gap(finding: Finding, first_day: str, *, is_at_state: bool) -> Finding:
    """A warning that says so, where the state holds the record and our enrollments at its LEA begin after its day on
    ``first_day`` (as the state writes a day; empty where there is none). Anything else as it is."""
    day = finding.values.get("22.11", "")
    if finding.code != RULE or not is_at_state or not first_day or not day or first_day <= day:
        return finding
    return replace(
        finding,
        severity=Severity.WARNING,
        message=f"The state has taken this status of {parse_state_date(day).isoformat()}, and the enrollments that the "
        f"SIS has sent us of the student at {finding.values.get('22.04', 'this LEA')} begin on "
        f"{parse_state_date(first_day).isoformat()}: our file begins later, so it cannot say whether the student was "
        "enrolled that day. Have the SIS send the earlier enrollment, or dismiss this with that reason.",
    )


def with_names(text: str, names: Mapping[str, str]) -> str:
    """``text`` with the name of each agency before its code: ``Chaparral Unified (9910017)``."""
    return _CODE.sub(lambda found: f"{names[found[0]]} ({found[0]})" if found[0] in names else found[0], text)
