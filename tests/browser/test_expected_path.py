"""August 2, 2027: a district expects a student whom no SIS file has brought, looks who planned it, and says that the
student does not come. One story."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.forked import ForkedSystem

pytestmark = pytest.mark.browser

# Alder's last day in the old district is June 11, 2027; planned in November for the other one.
PLANNED = """
import django; django.setup()
from datetime import date
from manzanita.platform.facts import Statement
from manzanita.platform.reach import whole_installation
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Student
from tests.support import pages, world as w
with whole_installation("test"):
    alder = Student.unscoped.get(first_name="Alder")
    slot = {"student_id": alder.pk}
    for kind, more, values, first, last in (
        ("enrollment", {"lea_code": w.LEA, "started_on": pages.START},
         pages.enrollment("L1") | {"exit_reason_code": "E155"}, pages.START, date(2027, 6, 11)),
        ("agency", {"relationship": "next_year"},
         {"agency_code": w.OTHER_LEA, "school_code": w.OTHER_SCHOOL}, w.TODAY, date(2027, 6, 30)),
    ):
        said = Statement({**slot, **more}, values, first, last, True)
        state_student_facts(kind, [said], by_id=None, cause="test")
"""


@pytest.fixture(scope="module")
def system(folder, databases):
    """The neighbor's coordinator can sign in; neither a sandbox nor jobs are needed."""
    database = databases.migrated()
    running = ForkedSystem(folder / "system", database)
    try:
        running.output("-m", "tests.support.build", "--guests")
        running.output("-c", PLANNED)
        running.start_web(MANZANITA_TODAY="2027-08-02")
        yield running
    finally:
        running.stop()
        databases.drop(database)


def test_who_is_expected_is_seen_with_the_plan_until_it_is_known_that_nobody_comes(person):
    neighbor = person("fern.sample@example.org")
    page, main = neighbor.page, neighbor.page.locator("main")
    expect(main).to_contain_text("To settle: expected")
    neighbor.go("/students/settle?kind=expected")
    expect(main).to_contain_text("until 10/06/2027, Census Day, at the latest")
    neighbor.look("settle-expected")
    neighbor.picture("settle-expected-820", {"width": 820, "height": 900})
    page.get_by_role("link", name="Testcase, Alder", exact=True).click()
    expect(main).to_contain_text("To settle: expected")
    neighbor.look("expected-student")
    page.get_by_role("link", name="See the plan").click()
    expect(main).to_contain_text("Willow Bend Elementary, Heron Creek Unified")
    neighbor.look("expected")
    neighbor.picture("expected-820", {"width": 820, "height": 900})
    page.get_by_role("button", name="Does not come").click()
    expect(main).to_contain_text("Say in a sentence how you know.")
    page.get_by_label("How you know").fill("The family moved to Oregon, they told the office.")
    page.get_by_role("button", name="Does not come").click()
    expect(page.locator("body")).to_contain_text("the student is not expected here any more")
    neighbor.go("/students/settle?kind=expected")
    expect(main).to_contain_text("Nobody in this list")
