"""Whoever works at a nonpublic school or agency reads the record of a district: what it says of today is said of that
district, and whom to ask is there."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from manzanita.accounts.models import User
from manzanita.orgs.models import Agency
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from tests.support import pages
from tests.support import world as w
from tests.support.guests import person_of
from tests.support.pages import text_of

NPS, SINCE = "9980001", date(2023, 8, 14)


@pytest.fixture
def administrator(small_world) -> User:
    """Of the nonpublic school at which Chaparral placed Alder."""
    Agency.objects.create(code=NPS, kind="nps", name="Blue Oak School")
    slot = {"student_id": small_world.students["alder"].pk, "lea_code": w.LEA, "started_on": SINCE}
    values = pages.enrollment("L0001") | {"nps_code": NPS}
    state_student_facts(
        "enrollment", [Statement(slot, values, date(2025, 8, 1))], by_id=None, cause="test"
    )
    return person_of(NPS, "nps_administrator", "Willet Placeholder")[0]


def test_the_student_is_enrolled_at_the_district_that_placed_it(small_world, administrator, sign_in):
    alder = small_world.students["alder"]
    page = text_of(sign_in(administrator).get(reverse("student", args=[alder.public_id])))
    assert "Your perspective does not open meetings." in page
    assert "is enrolled in another district" not in page
    assert "The plan in force is another district's" not in page
