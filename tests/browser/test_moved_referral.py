"""A student who was referred moves, in real browsers: the referral is told in the preview, chosen on when the transfer
is completed, and stands in both records; the former district reads until when it mends; and what an archived evaluation
began with is corrected and taken back. One story."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.person import COORDINATOR
from tests.support.forked import served

pytestmark = pytest.mark.browser

FERN = "fern.sample@example.org"
BEGIN = """
import django; django.setup()
from manzanita.platform.reach import whole_installation
"""
# What the next SIS files of both districts say.
SIS_FILES = f"""{BEGIN}
from datetime import date
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Student
from tests.support import pages
from tests.support import world as w
with whole_installation("test"):
    pk = Student.unscoped.get(first_name="Yarrow").pk
    for lea, start, end in ((w.LEA, date(2023, 8, 14), date(2026, 11, 20)), (w.OTHER_LEA, date(2026, 11, 23), None)):
        values = pages.enrollment() | {{"school_code": w.SCHOOL if lea == w.LEA else w.OTHER_SCHOOL}}
        slot = {{"student_id": pk, "lea_code": lea, "started_on": start}}
        stated = [Statement(slot, values, start, end, is_whole_slot=True)]
        state_student_facts("enrollment", stated, by_id=None, cause="sis-import:1")
"""
# A referral of the other district's own, declined, and the notice not given.
OWN = f"""{BEGIN}
from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.domain.referrals import Answer, Asked
from manzanita.meetings.referral_actions import Received, answer_referral, record_referral
from manzanita.students.models import Student
from tests.support import world as w
with whole_installation("test"):
    user = User.objects.get(email="{FERN}")
    of = dict(
        actor=actor_of(user, next(iter(grants_in_force(user, w.TODAY)))),
        student=Student.unscoped.get(first_name="Yarrow"),
    )
    row = record_referral(asked=Asked(True), received=Received(w.TODAY, "10", ""), **of)
    answer_referral(seen=row.pk, answer=Answer.DECLINED, on=None, reason="Progress.", **of)
"""
# An initial evaluation of another student, held on November 20 and archived.
EVALUATION = f"""{BEGIN}
from datetime import date
from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.procedures.finalize import finalize_meeting
from tests.support import world as w
from tests.support.cast import add_cast
with whole_installation("test"):
    user = User.objects.get(email="{COORDINATOR}")
    actor = actor_of(user, next(iter(grants_in_force(user, w.TODAY))))
    # Of one of the two the state holds lines: an extract without any is refused.
    aster = add_cast(["aster", "bunting"])["aster"]
    began = Evaluation(date(2026, 9, 28), date(2026, 9, 14), "10")
    meeting = open_meeting(actor=actor, student=aster, event=EVENTS["b_initial"], evaluation=began)
    held = hold_meeting(actor=actor, meeting=meeting, held_on=date(2026, 11, 20), conclusion_key="not_eligible")
    finalize_meeting(actor=actor, meeting=held)
"""
# Towhee left on June 12, 2026, and another LEA reports the student since August 17.
LONG_GONE = f"""{BEGIN}
from datetime import date
from manzanita.students.actions import state_one
from manzanita.students.models import Student
from tests.support import pages
from tests.support import world as w
with whole_installation("test"):
    towhee = Student.unscoped.get(first_name="Towhee")
    pages.leaves(towhee, date(2026, 6, 12))
    pages.enrolled_elsewhere(towhee, date(2026, 8, 17))
    told = dict(effective_from=date(2026, 8, 17), by_id=None, cause="test")
    status = pages.status("1") | {{"lea_code": w.OTHER_LEA}}
    state_one("status", slot={{"student_id": towhee.pk}}, values=status, **told)
"""


@pytest.fixture(scope="module")
def system(folder, databases):
    """The small world with the coordinator of the other district."""
    with served(folder, databases, "--guests", write_state=None, works=False) as running:
        yield running


def refused(person) -> None:
    """The browser notes that the answer to a refused form is a 422; anything else is wrong."""
    person.wrong[:] = [note for note in person.wrong if "422" not in note]


def test_1_a_referral_is_told_before_and_goes_on_after_the_move(person, system):
    fern, juniper = person(FERN), person(COORDINATOR)
    page, theirs = fern.page, juniper.page
    main = page.locator("main")

    juniper.find_student("Yarrow Testcase")
    theirs.get_by_role("link", name="Record a referral").click()
    theirs.get_by_label("Referral received on").fill("2026-11-16")
    theirs.get_by_label("Referred by").select_option("20")
    theirs.get_by_label("Concern, in a sentence").fill("Reads far below grade.")
    theirs.get_by_role("button", name="Record the referral").click()
    expect(theirs.locator(".statusbox")).to_contain_text("To settle: referral")

    fern.go("/students/elsewhere")
    page.get_by_label("SSID").fill("9900000003")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("link", name="The student comes to us: ask for a transfer").click()
    page.get_by_label("What you call the student").fill("Yarrow T., from Chaparral")
    page.get_by_label("Day of enrollment").fill("2026-11-23")
    page.get_by_role("radio", name=re.compile("attests the intent")).click()
    page.get_by_label("Statement").fill("The mother enrolled her at our office this morning.")
    page.get_by_role("button", name="Ask for the student").click()
    expect(main).to_contain_text("Chaparral Unified has to act.")
    expect(main).not_to_contain_text("11/16/2026")
    page.get_by_role("link", name="Read the record").click()
    expect(main).to_contain_text("Chaparral Unified received it on 11/16/2026, from: teacher.")
    expect(main).not_to_contain_text("Reads far below grade.")
    fern.look("transfer-preview-referral")

    juniper.go("/transfers")
    theirs.get_by_role("link", name="Testcase, Yarrow").first.click()
    expect(theirs.locator("main")).to_contain_text("A referral of 11/16/2026 waits")
    juniper.look("transfer-sender-referral")
    theirs.get_by_role("button", name="Accept: check first what it will do").click()
    expect(theirs.locator("main")).to_contain_text("The referral of 11/16/2026 stays your district")
    theirs.get_by_role("button", name="Accept", exact=True).click()
    expect(theirs.locator("main")).to_contain_text("Accepted.")

    system.output("-c", SIS_FILES)
    fern.go("/transfers")
    page.get_by_role("link", name="Yarrow T., from Chaparral").first.click()
    expect(main).to_contain_text("its 15 days to the assessment plan run from 11/23/2026")
    page.get_by_role("button", name="Complete").click()
    expect(main).to_contain_text("nothing is said of what becomes of it")
    refused(fern)
    fern.look("transfer-referral-undecided")
    system.output("-c", OWN)
    page.get_by_role("radio", name=re.compile("Go on with it")).check()
    page.get_by_role("button", name="Complete").click()
    expect(main).to_contain_text("Your district has declined a referral of 11/23/2026 itself")
    refused(fern)
    fern.look("transfer-own-notice-owed")
    page.get_by_role("alert").get_by_role("link", name="Record the notice first.").click()
    expect(main).to_contain_text("prior written notice")
    fern.look("transfer-own-notice")
    for _ in range(2):
        page.get_by_role("button", name=re.compile("Take")).first.click()
    fern.go("/transfers")
    page.get_by_role("link", name="Yarrow T., from Chaparral").first.click()
    page.get_by_role("radio", name=re.compile("Go on with it")).check()
    page.get_by_role("button", name="Complete").click()
    expect(main).to_contain_text("Completed: the student is your district")
    page.get_by_role("link", name="Open the student").click()
    expect(page.locator(".statusbox")).to_contain_text("since 11/23/2026")
    fern.go(page.url.split("?")[0].replace(fern.address, "") + "/referral")
    expect(main).to_contain_text("Handed over by Chaparral Unified: referred there on 11/16/2026.")
    fern.look("referral-handed-over")


def test_2_the_former_district_reads_what_became_of_it_and_until_when_it_mends(person):
    juniper = person(COORDINATOR)
    juniper.find_student("Yarrow Testcase")
    page = juniper.page
    expect(page.locator("main")).to_contain_text(
        "Your LEA may correct and send again what it reported through 07/30/2027"
    )
    expect(page.locator("main")).to_contain_text("The date is not confirmed (provisional)")
    juniper.look("student-former-window")
    juniper.go(page.url.split("?")[0].replace(juniper.address, "") + "/referral")
    expect(page.locator("main")).to_contain_text(
        "The student moved on 11/23/2026: handed over to Heron Creek Unified."
    )
    juniper.look("referral-moved")


def test_3_what_an_evaluation_began_with_is_corrected_and_taken_back(person, system):
    system.output("-c", EVALUATION)
    juniper = person(COORDINATOR)
    page = juniper.page
    juniper.find_student("Aster Testcase")
    address = page.url.split("?")[0].replace(juniper.address, "")
    juniper.go(f"{address}/fields/meeting-initial.consent_on")
    juniper.look("field-consent")
    page.get_by_role("link", name="Correct what was archived").click()
    consent = page.get_by_label(re.compile("Parental Consent|Consent"))
    expect(consent).to_have_value("2026-09-28")
    consent.fill("2026-11-21")
    page.get_by_label("Why the value was wrong").fill("The letter is of another day.")
    page.get_by_role("button", name="Check, and show what will happen").click()
    expect(page.locator("main")).to_contain_text("a consent of 11/21/2026 comes after it")
    refused(juniper)
    juniper.look("correct-consent-refused")
    consent.fill("2026-09-29")
    page.get_by_role("button", name="Check", exact=False).click()
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    juniper.look("correct-consent")
    page.get_by_role("button", name="Save the correction").click()
    expect(page.locator("main")).to_contain_text("Corrected.")
    juniper.go(f"{address}?tab=history")
    page.get_by_role("link", name=re.compile("Take back|Take it back")).first.click()
    page.get_by_role("button", name=re.compile("Take")).first.click()
    expect(page.locator("body")).to_contain_text("Taken back: the record stands as it was before.")


def test_4_after_the_window_the_record_is_gone_and_says_why(person, system):
    juniper = person(COORDINATOR)
    page = juniper.page
    juniper.find_student("Towhee Testcase")
    address = page.url.replace(juniper.address, "")
    system.output("-c", LONG_GONE)
    page.goto(f"{juniper.address}{address}")
    expect(page.get_by_role("heading", name="Your LEA reads this record no more")).to_be_visible()
    expect(page.locator("main")).to_contain_text("The student left your LEA on 06/12/2026.")
    expect(page.locator("main")).to_contain_text(
        "through 07/31/2026, when the amendment window of EOY 1 2025-2026"
    )
    juniper.wrong[:] = [note for note in juniper.wrong if "404" not in note]
    juniper.look("former-ended")
    page.get_by_role("link", name="Whom to ask at which agency").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Whom to ask at which agency")
