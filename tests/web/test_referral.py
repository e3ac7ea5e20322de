"""A referral on the record: recorded and answered on its page, seen in lists, card, time line and evaluation.

And the third way of find before create.
"""

from __future__ import annotations

import re
from datetime import date

import pytest

from manzanita.deadlines.models import DueDate
from manzanita.deadlines.recompute import recompute_stale
from manzanita.meetings.models import Meeting
from manzanita.students.models import AgencyRelation, Enrollment, Referral, Student
from tests.support import world as w
from tests.support.guests import person_of
from tests.support.pages import other_coordinator, reads, text_of

GIVEN = {"received_on": "2026-11-16", "referred_by": "20", "note": "Reads far below grade."}
# As of any student, and whether there is a calendar.
STATEMENTS = 14


@pytest.fixture
def yarrow(small_world):
    return small_world.students["yarrow"]


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def page(yarrow):
    return f"/students/{yarrow.public_id}/referral"


@pytest.fixture
def referred(coordinator, page):
    """The row that waits, just recorded."""
    assert coordinator.post(page, GIVEN).status_code == 302
    # A test's transaction is never committed, and what changed is counted after a commit.
    recompute_stale()
    return Referral.objects.believed().get()


def steps(client, page: str, step: str, **given):
    """The page after a step, with what the page itself sends along."""
    seen = re.search(r'name="seen" value="(\d+)"', client.get(page).content.decode())
    given |= {"step": step, "seen": seen[1] if seen else ""}
    answer = client.post(f"{page}/step", given, follow=True)
    recompute_stale()
    return answer


def test_it_is_recorded_and_everything_says_so(small_world, coordinator, yarrow, page, referred):
    record = text_of(coordinator.get(f"/students/{yarrow.public_id}"))
    assert "To settle: referral" in record and "since 11/16/2026" in record
    assert "Referred on 11/16/2026 by teacher. The assessment plan is to be given to the parent." in record
    assert "EC 56043(a), 56321(a)" in record
    assert "Assessment plan 12/01/2026" in record and "Referral for assessment of 11/16/2026" in record
    settle = text_of(coordinator.get("/students/settle?kind=referral"))
    assert "Testcase, Yarrow" in settle and "7 days" in settle and f'href="{page}"' in settle
    assert "To settle: referral" in text_of(coordinator.get("/"))
    due = text_of(coordinator.get("/due?span=15&clock=assessment-plan"))
    assert "Testcase, Yarrow" in due and "Assessment plan to the parent" in due
    row = DueDate.objects.get(clock="assessment-plan")
    told = text_of(coordinator.get(f"/due/{row.pk}"))
    assert f'href="{page}"' in told and "Open the meeting…" not in told
    assert "December 1, 2026" in text_of(coordinator.get(page))


def test_what_the_first_meeting_needs_is_told_with_whose_job_it_is(
    coordinator, yarrow, referred, small_world
):
    record = text_of(coordinator.get(f"/students/{yarrow.public_id}"))
    card = record.split("Ready for the first meeting")[1].split("</section>")[0]
    # Yarrow has an SSID and a birth date; nobody has recorded a family, a case manager or a calendar.
    assert "2 of 6 there" in card and card.count("Missing") == 4
    assert [re.search(rf'"row">{label}</th>', card) is not None for label in ("SSID", "Case manager")] == [
        True
    ] * 2
    for owner in ("SIS staff", "Clerk or coordinator", "SEDS coordinator"):
        assert owner in card
    for link in set(re.findall(r'href="([^"]+)"', card)):
        assert coordinator.get(link.partition("#")[0]).status_code == 200, link


def test_who_is_not_referred_has_no_such_card_and_costs_no_more(
    coordinator, yarrow, page, small_world, django_assert_max_num_queries
):
    address = f"/students/{yarrow.public_id}"
    assert "Ready for the first meeting" not in text_of(coordinator.get(address))
    coordinator.post(page, GIVEN)
    coordinator.get(address)
    with django_assert_max_num_queries(STATEMENTS):
        coordinator.get(address)


def test_the_plan_given_ends_the_due_date(coordinator, page, referred):
    answer = text_of(steps(coordinator, page, "plan", on="2026-11-20"))
    assert "The assessment plan was given on 11/20/2026: its days are over." in answer
    assert "The parent has the assessment plan, and the consent is waited for." in answer
    assert not DueDate.objects.filter(clock="assessment-plan").exists()


def test_the_consent_is_asked_with_the_referral_filled_in_and_ends_it(coordinator, yarrow, page, referred):
    choices = coordinator.get(f"/students/{yarrow.public_id}/meetings/new").content.decode()
    assert 'name="referred_on" value="2026-11-16"' in choices
    assert '<option value="20" selected>' in choices
    sent = {
        "event": "b_initial",
        "consent_on": "2026-11-20",
        "referred_on": "2026-11-16",
        "referred_by": "20",
    }
    coordinator.post(f"/students/{yarrow.public_id}/meetings", sent)
    assert Meeting.objects.get(event_key="b_initial").referred_on == date(2026, 11, 16)
    recompute_stale()
    assert not DueDate.objects.filter(clock="assessment-plan").exists()
    record = text_of(coordinator.get(f"/students/{yarrow.public_id}"))
    # The evaluation goes on from the day of the referral.
    assert "To settle: referral" in record and "since 11/16/2026" in record
    assert "Ready for the first meeting" not in record
    told = text_of(coordinator.get(page))
    assert "The initial evaluation is open already" in told and "An evaluation began." in told


def test_declined_says_that_the_notice_is_due_until_it_was_given(coordinator, page, referred):
    answer = text_of(steps(coordinator, page, "decline", reason="No suspected disability.", on=""))
    assert "Prior written notice to the parent is due now." in answer and "34 CFR 300.503" in answer
    assert DueDate.objects.get(clock="assessment-refused").due_on == date(2026, 12, 1)
    answer = text_of(steps(coordinator, page, "decline", reason="No suspected disability.", on="2026-11-23"))
    assert "the parent has the prior written notice" in answer
    assert "The district declined to assess: No suspected disability." in answer
    assert not DueDate.objects.filter(clock="assessment-refused").exists()


def test_withdrawn_and_taken_back(coordinator, page, referred):
    answer = text_of(steps(coordinator, page, "withdraw", reason="The mother withdrew it.", on="2026-11-20"))
    assert "Withdrawn on 11/20/2026: The mother withdrew it." in answer
    answer = text_of(steps(coordinator, page, "back"))
    assert "The last step is taken back." in answer and "Referred on 11/16/2026 by teacher" in answer
    answer = text_of(steps(coordinator, page, "back"))
    assert "it was recorded by mistake" in answer and not Referral.objects.believed().exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"received_on": ""}, "The day on which the referral was received is missing."),
        ({"received_on": "2026-11-31"}, "is no day"),
        ({"received_on": "2026-11-24"}, "nobody has received a referral then"),
        ({"referred_by": ""}, "Who referred the student is missing."),
        ({"referred_by": "77"}, "Who referred the student is missing."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(coordinator, page, changes, words):
    answer = coordinator.post(page, GIVEN | changes)
    assert answer.status_code == 422 and words in text_of(answer)
    assert "Reads far below grade." in text_of(answer) and not Referral.objects.exists()


def test_what_somebody_else_did_meanwhile_is_said(coordinator, page, referred):
    answer = coordinator.post(f"{page}/step", {"step": "plan", "seen": "0", "on": "2026-11-20"})
    assert answer.status_code == 422 and "Somebody else has answered or changed the referral" in text_of(
        answer
    )
    assert coordinator.post(f"{page}/step", {"step": "fly", "seen": "1"}).status_code == 400


def test_who_takes_part_is_not_referred_and_told_why(coordinator, small_world):
    address = f"/students/{small_world.students['towhee'].public_id}/referral"
    assert "The student takes part already" in text_of(coordinator.get(address))
    answer = coordinator.post(address, GIVEN)
    assert answer.status_code == 422 and not Referral.objects.exists()


def test_each_look_is_logged_and_another_district_sees_nothing(
    small_world, coordinator, sign_in, yarrow, page
):
    coordinator.get(page)
    assert reads()[-1] == (yarrow.pk, "student.referral")
    assert sign_in(other_coordinator(small_world)).get(page).status_code == 404
    clerk, _ = person_of(w.LEA, "office_clerk", "Rail Placeholder")
    client = sign_in(clerk)
    assert client.get(page).status_code == 403
    assert "A referral is recorded by whoever holds meetings here." in text_of(
        client.get(f"/students/{yarrow.public_id}")
    )


# Find before create

NEW = {"first": "Juncus", "last": "Quillwort", "born": "2022-02-03", "ssid": ""}


def enters(client, asked: dict, **given):
    token = client.post("/students/new", asked).url.split("asked=")[1]
    client.get(f"/students/new?asked={token}")
    return client.post("/students/new/enter", {"asked": token, "reason": "", **given})


def test_a_new_student_is_entered_as_referred(coordinator):
    schooling = {"school": w.SCHOOL, "grade": "KN", "first_day": "2026-11-16", "local_id": ""}
    sent = enters(coordinator, NEW, **schooling, referred="1")
    student = Student.unscoped.get(last_name="Quillwort")
    assert sent.url == f"/students/{student.public_id}/referral"
    assert "Now the referral: its days run." in text_of(coordinator.get(sent.url))
    assert Enrollment.objects.believed().filter(student=student).count() == 1
    coordinator.post(sent.url, GIVEN)
    recompute_stale()
    assert DueDate.objects.get(student=student).school_code == w.SCHOOL


def test_a_child_at_no_school_is_entered_as_living_in_the_district(coordinator):
    blank = {"school": "", "grade": "", "first_day": "", "local_id": ""}
    # Without a school only who is referred is entered.
    assert enters(coordinator, NEW, **blank).status_code == 422
    sent = enters(coordinator, NEW, **blank, referred="1")
    student = Student.unscoped.get(last_name="Quillwort")
    assert not Enrollment.objects.filter(student=student).exists()
    relation = AgencyRelation.objects.believed().get(student=student)
    assert (relation.relationship, relation.agency_code) == ("residence", w.LEA)
    coordinator.post(sent.url, GIVEN)
    recompute_stale()
    row = DueDate.objects.get(student=student)
    assert (row.clock, row.lea_code, row.school_code, row.due_on) == (
        "assessment-plan",
        w.LEA,
        "",
        date(2026, 12, 1),
    )
    assert "Testcase, Yarrow" not in text_of(coordinator.get("/students/settle?kind=referral"))
    assert "Quillwort, Juncus" in text_of(coordinator.get("/students/settle?kind=referral"))
    group = text_of(coordinator.get("/students/groups?group=preschool"))
    assert "Quillwort, Juncus" in group and "No consent yet." in group and f'href="{sent.url}"' in group
    # The consent can be recorded, too.
    coordinator.post(
        f"/students/{student.public_id}/meetings", {"event": "b_initial", "consent_on": "2026-11-20"}
    )
    assert Meeting.objects.get(student=student).consent_on == date(2026, 11, 20)
