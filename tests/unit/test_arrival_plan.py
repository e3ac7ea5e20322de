"""What follows from the four questions where the law and not the record decides, each case written by hand."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.arrival_plan import Way, answers_of, plan_of
from manzanita.domain.arrivals import Evidence

HERE, TODAY = date(2026, 11, 2), date(2026, 11, 23)


def way(said: dict[str, str], **known) -> Way:
    evidence = Evidence(enrolled_on=HERE, **known)
    return plan_of(evidence, answers_of(evidence, TODAY, said), TODAY).way


@pytest.mark.parametrize(
    ("reason_code", "known", "expected"),
    [
        # The family stopped for another reason: the plan of before goes on where they agree.
        ("12", {"lapsed_on": date(2026, 6, 29)}, Way.ADOPT_LAST),
        ("12", {"plan_since": date(2026, 8, 10)}, Way.ADOPT),
        # After a revocation the request to take part again is one for an initial evaluation: 34 CFR 300.300(b)(4),
        # 73 Fed. Reg. 73006, 73015. Whether an old plan is known does not matter.
        ("13", {"lapsed_on": date(2026, 6, 29)}, Way.MEETING),
        ("13", {"plan_since": date(2026, 8, 10)}, Way.MEETING),
        ("13", {}, Way.MEETING),
    ],
)
def test_after_a_revocation_no_plan_is_adopted(reason_code, known, expected):
    stopped = {"status_code": "2", "status_reason_code": reason_code, "status_since": date(2026, 6, 30)}
    assert way({"here": "yes"}, **stopped, **known) is expected


def test_who_revoked_and_does_not_take_part_here_arrives_inactive_all_the_same():
    revoked = {"status_code": "2", "status_reason_code": "13", "status_since": date(2026, 6, 30)}
    assert way({"here": "no"}, **revoked) is Way.INACTIVE
