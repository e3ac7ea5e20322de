"""One student's lines before they are sent: the rules about age and enrollment speak of them as of a whole file."""

from __future__ import annotations

import pytest
import time_machine

from manzanita.domain import records
from manzanita.domain.findings import Severity
from manzanita.exchange.checks import check_lines
from manzanita.platform.facts import state_fact
from manzanita.students.models import Enrollment
from tests.support import world as w

PLAN = "PLAN|9910017|9900000005|20261123"


@pytest.fixture
def said(small_world):
    """Code -> severity and message of what is said of Alder's plan of November 23, 2026, changed at some numbers."""

    def check(**changes):
        line = records.complete("PLAN", w.plan("alder", "20261123", **{"23.01": "PLAN", **changes}))
        assert records.record_key("PLAN", line) == PLAN
        with time_machine.travel("2026-11-23T12:00:00-08:00", tick=False):
            found = check_lines(small_world.students["alder"].pk, [(PLAN, line)])
        return {one.code: (one.severity, one.message) for one in found.get(PLAN, [])}

    return check


def test_a_setting_that_does_not_fit_the_age_is_told_before_the_line_is_sent(said):
    assert "PLAN0364E4" not in said()
    severity, message = said(**{"23.20": "203"})["PLAN0364E4"]
    assert severity is Severity.WARNING
    assert message.startswith("Setting 203 is for ages 3 to 6; on 2026-11-23 the student was ")


def test_without_an_enrollment_the_age_is_known_all_the_same(small_world, said):
    before = said(**{"23.20": "203"})
    for enrollment in Enrollment.objects.believed().filter(student=small_world.students["alder"]):
        state_fact(
            Enrollment,
            slot={name: getattr(enrollment, name) for name in Enrollment.slot},
            values=None,
            effective_from=enrollment.effective_from,
            is_whole_slot=True,
            by_id=None,
            cause="test",
        )
    after = said(**{"23.20": "203"})
    assert after["PLAN0364E4"] == before["PLAN0364E4"]
    assert "PLAN0637E4" in after and "PLAN0637E4" not in before
    assert Severity.NOT_EVALUATED not in {severity for severity, _ in after.values()}
