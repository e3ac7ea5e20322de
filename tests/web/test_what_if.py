"""What if a day were another: everything that would change, by hand, and nothing that is stored.

Alder's review was due on 11/14/2026; today is 11/23/2026. Yarrow's consent of 11/16/2026: 60 calendar days end on
01/15/2027; with the winter break of ten school days (12/21 to 01/01) the law says 01/27.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date

import pytest
from django.apps import apps
from django.test import Client

from manzanita.accounts.models import RecordRequest
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.models import Meeting
from manzanita.orgs.calendar_actions import load_calendar
from manzanita.orgs.models import Agency, School
from tests.support import pages
from tests.support import world as w
from tests.support.pages import NO_ID, reads, text_of

SCHOOL_PAGE = f"/calendars/{w.LEA}/2026-2027/what-if"
AUTUMN, WINTER = "break.2026-11-23.2026-11-27..", "break.2026-12-21.2027-01-01.."
CALENDAR = (
    "lea,school,track,kind,start,end\n,,,term,2026-08-17,2027-06-04\n,,,break,2026-11-23,2026-11-27\n"
    ",,,break,2026-12-21,2027-01-01\n"
)
# What a page about a student leaves behind: who looked, how often, and the session.
LOOKS = {"auditing.readevent", "auditing.unsealed", "auditing.viewingcount", "sessions.session"}


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def calendar(small_world, tmp_path) -> None:
    path = tmp_path / "calendar.csv"
    path.write_text(CALENDAR, encoding="utf-8")
    load_calendar(path, lea_code=w.LEA, reason="test")


@pytest.fixture
def evaluation(small_world, calendar) -> Meeting:
    return open_meeting(
        actor=small_world.coordinator_actor,
        student=small_world.students["yarrow"],
        event=EVENTS["b_initial"],
        evaluation=Evaluation(date(2026, 11, 16), date(2026, 11, 2), "10"),
    )


def here(student) -> str:
    return f"/students/{student.public_id}/what-if"


def ask(client: Client, student, what: str, day: str, last: str = "", target: str = "") -> str:
    """The answer to one move; with ``target`` as htmx asks for it."""
    headers = {"HX-Request": "true", "HX-Target": target} if target else {}
    answer = client.post(here(student), {"what": what, "day": day, "last": last}, headers=headers)
    assert answer.status_code in (200, 422)
    return text_of(answer)


def digests() -> dict[str, str]:
    """A digest of the rows of every table but those that say who looked."""
    found = {}
    for model in apps.get_models():
        if model._meta.label_lower in LOOKS:
            continue
        manager = getattr(model, "unscoped", model._base_manager)
        rows = sorted(repr(row) for row in manager.values_list())
        found[model._meta.label_lower] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def held(meeting: Meeting) -> str:
    return f"{meeting.public_id}.held"


def words_of(page: str) -> str:
    """Without its marks, as one reads it."""
    return re.sub(r" +", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_consent_moves_what_is_due_by_law_and_by_the_state(small_world, coordinator, evaluation):
    """10/21 + 60 = 12/20, the day before the winter break: nothing is left out of the count, by law 38 days earlier."""
    yarrow = small_world.students["yarrow"]
    Meeting.objects.filter(pk=evaluation.pk).update(referred_on=date(2026, 10, 5))
    words = words_of(ask(coordinator, yarrow, f"{evaluation.public_id}.consent", "2026-10-21"))
    assert "Would change: 1 due date, 1 reason of delay." in words
    assert (
        "IEP meeting after the consent was 01/27/2027 12/20/2026 was 01/15/2027 12/20/2026 −38 days open Why"
        in words
    )
    assert "was none, if held by 01/15/2027 none, if held by 12/20/2026" in words
    assert "10/22/2026 12/20/2026 60 Counted" in words and "Education Code 56344(a)" in words


def test_a_meeting_late_by_the_state_says_which_codes_fit_and_what_the_rules_would_say(
    small_world, coordinator, evaluation
):
    words = words_of(ask(coordinator, small_world.students["yarrow"], held(evaluation), "2027-01-20"))
    assert "From 01/20/2027 on, when the meeting is held; until then everything stands as now." in words
    assert "was open in time by law, 5 days late by the state" in words
    assert "was none, if held by 01/15/2027 needed: 20, 40, 50, 70 or 90" in words
    assert "By law it is in time until 01/27/2027: long breaks stop its clock, and 40 says so." in words
    assert "DINC 2: initial evaluation held after 60 days was not on it on it by 01/20/2027" in words
    assert "Appears MZ-MEET-LATE-INITIAL Consent to evaluate was received on 11/16/2026" in words
    assert "MZ-MEET-FUTURE" not in words  # asked as of the day of the meeting


def test_an_overdue_review_shows_what_holding_it_ends_and_begins(small_world, manager):
    meeting = pages.opened(small_world)
    words = words_of(ask(manager, small_world.students["alder"], held(meeting), "2026-11-20"))
    assert (
        "Plan review after the meeting of 11/14/2025 11/14/2026 11/14/2026 stays was 9 days over 6 days late"
        in words
    )
    assert "Plan review after the meeting of 11/20/2026 11/20/2027 11/20/2027 begins open" in words
    # Opened today and held on 11/20: 90 days later, each.
    assert "Meeting left open was 02/21/2027 02/18/2027 −3 days open" in words
    assert "DINC 1: annual review overdue was on it not on it" in words
    assert "DINC 1: annual review held late was not on it on it" in words
    assert (
        "Appears MZ-MEET-LATE The meeting was held on 11/20/2026; the plan review was due on 11/14/2026"
        in words
    )
    assert "until then everything stands" not in words


def test_a_meeting_that_nobody_has_opened_can_be_thought_of(small_world, manager):
    towhee = small_world.students["towhee"]  # last review 03/02/2026
    words = words_of(ask(manager, towhee, "next-annual.held", "2027-03-03"))
    assert (
        "Plan review after the meeting of 03/02/2026 03/02/2027 03/02/2027 stays was open 1 day late" in words
    )
    assert "Appears MZ-MEET-LATE" in words
    assert "The annual plan review is opened on the page of meetings. IEP team." in words
    page = ask(manager, towhee, "next-annual.held", "2027-03-02")
    assert "1 day late" not in page and "MZ-MEET-LATE" not in page


def test_a_final_meeting_moves_the_clock_it_started_and_leads_to_the_correction(
    small_world, coordinator, manager
):
    alder = small_world.students["alder"]
    meeting = Meeting.objects.get(student=alder, held_on=date(2025, 11, 14))
    page = ask(coordinator, alder, held(meeting), "2025-12-01")
    words = words_of(page)
    assert "was 11/14/2026 12/01/2026 was 11/14/2026 12/01/2026 +17 days was 9 days over open" in words
    # The review before was due on 11/15/2025: the moved one would be 16 days late.
    assert (
        "Appears MZ-MEET-LATE The meeting was held on 12/01/2025; the plan review was due on 11/15/2025"
        in words
    )
    assert re.search(r'href="/corrections/\d+">Correct the record', page)
    page = ask(manager, alder, held(meeting), "2025-12-01")
    assert "/corrections/" not in page and "SEDS coordinator. <a" in page


def test_a_longer_break_moves_the_law_s_date_and_not_the_state_s(small_world, coordinator, evaluation):
    """To 01/08: 34 days until 12/20, nineteen left out, 26 from 01/09 to 02/03."""
    yarrow = small_world.students["yarrow"]
    words = words_of(ask(coordinator, yarrow, WINTER, "2026-12-21", "2027-01-08"))
    assert "IEP meeting after the consent was 01/27/2027 02/03/2027 01/15/2027 +7 days open" in words
    assert (
        "break of 15 school days from 12/21/2026 to 01/08/2027: not counted from its first missed weekday to its last"
        in words
    )
    assert f'href="/calendars/{w.LEA}/2026-2027/change"' in ask(
        coordinator, yarrow, WINTER, "2026-12-21", "2027-01-08"
    )


@pytest.mark.parametrize(
    ("what", "day", "last", "why"),
    [
        ("consent", "2026-11-16", "", "That is the day which stands."),
        ("autumn", "2026-11-23", "2026-11-26", "a break of at most five school days does not stop it"),
        ("autumn", "2026-11-23", "2026-11-27", "Those are the days which stand."),
    ],
)
def test_where_nothing_changes_it_says_why(small_world, coordinator, evaluation, what, day, last, why):
    value = AUTUMN if what == "autumn" else f"{evaluation.public_id}.{what}"
    page = ask(coordinator, small_world.students["yarrow"], value, day, last)
    assert "Nothing changes" in page and why in page


def test_a_review_does_not_stop_in_a_break_and_says_so(small_world, manager, calendar):
    pages.opened(small_world)
    page = ask(manager, small_world.students["alder"], WINTER, "2026-12-21", "2027-01-15")
    assert (
        "Only clocks of 15, 30 and 60 days stop in long breaks, and none of them runs for this student"
        in page
    )


@pytest.mark.parametrize(
    ("what", "day", "last", "words"),
    [
        ("held", "soon", "", "The days cannot be: &#39;soon&#39; is not a date such as 2026-11-23"),
        ("held", "0002-01-20", "", "0002-01-20 is no day of a school or a student: correct the year"),
        ("held", "2026-02-30", "", "there is no day 2026-02-30"),
        ("held", "2046-01-20", "", "That is more than ten years away. Correct the year."),
        ("held", "", "", "Enter a day to see what would change."),
        ("winter", "2026-12-21", "", "Enter both days to see what would change."),
        ("winter", "2027-01-08", "2026-12-21", "it ends (2026-12-21) before it starts (2027-01-08)"),
        ("winter", "2026-12-21", "2028-12-21", "longer than a school year"),
        ("gone", "2026-12-21", "", "That day is not there any more. Choose again what moves."),
    ],
)
def test_what_cannot_be_is_told(small_world, coordinator, evaluation, what, day, last, words):
    value = {"held": held(evaluation), "winter": WINTER, "gone": "no-such.held"}[what]
    page = ask(coordinator, small_world.students["yarrow"], value, day, last)
    assert words in page and "Would change" not in page


def test_a_part_is_sent_for_a_part(small_world, coordinator, evaluation):
    yarrow = small_world.students["yarrow"]
    answer = ask(coordinator, yarrow, held(evaluation), "2027-01-20", target="what-if-answer")
    assert (
        answer.startswith('<div id="what-if-answer"') and "<html" not in answer and "What moves" not in answer
    )
    sheet = ask(coordinator, yarrow, WINTER, "", target="what-if-sheet")
    assert sheet.startswith('<div class="whatif-sheet" id="what-if-sheet"') and "Last day would be" in sheet


# Nothing is stored, and nothing is told


def test_nothing_is_written_but_that_somebody_looked(small_world, coordinator, evaluation, tmp_path):
    yarrow, alder = small_world.students["yarrow"], small_world.students["alder"]
    final = Meeting.objects.get(student=alder, held_on=date(2025, 11, 14))
    coordinator.get(here(yarrow))
    before = digests()
    for student, what, day, last in (
        (yarrow, held(evaluation), "2027-01-20", ""),
        (yarrow, f"{evaluation.public_id}.consent", "2026-10-21", ""),
        (yarrow, f"{evaluation.public_id}.referral", "2026-10-05", ""),
        (yarrow, WINTER, "2026-12-21", "2027-01-15"),
        (alder, held(final), "2025-12-01", ""),
        (alder, "next-annual.held", "2026-12-01", ""),
        (alder, "next-triennial.held", "2027-12-01", ""),
    ):
        assert "Would change" in ask(coordinator, student, what, day, last), what
    answer = coordinator.post(SCHOOL_PAGE, {"what": WINTER, "day": "2026-12-21", "last": "2027-01-15"})
    assert "gets another due date" in text_of(answer)
    assert digests() == before


def test_each_look_is_logged_and_no_address_tells_of_it(small_world, coordinator, evaluation):
    yarrow = small_world.students["yarrow"]
    answer = coordinator.get(here(yarrow))
    ask(coordinator, yarrow, held(evaluation), "2027-01-20")
    assert reads() == [(yarrow.pk, "student.what-if")] * 2
    page = coordinator.post(here(yarrow), {"what": held(evaluation), "day": "2027-01-20"})
    for found in (*pages.addresses_in(answer), *pages.addresses_in(page)):
        assert "2027-01" not in found and "Yarrow" not in found and "day=" not in found


def test_who_may_not_see_the_student_sees_nothing(small_world, coordinator, manager, sign_in, evaluation):
    assert manager.get(here(small_world.students["yarrow"])).status_code == 404
    assert coordinator.get(here(small_world.students["sage"])).status_code == 404
    assert coordinator.get(f"/students/{NO_ID}/what-if").status_code == 404
    other = sign_in(pages.other_coordinator(small_world))
    answer = other.post(
        here(small_world.students["alder"]), {"what": "next-annual.held", "day": "2026-12-01"}
    )
    assert answer.status_code == 404
    assert reads() == []


def test_the_pages_of_the_student_lead_here(small_world, manager):
    meeting = pages.opened(small_world)
    alder = small_world.students["alder"]
    for address in (f"/students/{alder.public_id}", f"/meetings/{meeting.public_id}?step=hold"):
        assert here(alder) in pages.addresses_in(manager.get(address))


def test_a_former_lea_asks_no_rule_of_what_others_hold(small_world, coordinator):
    alder = small_world.students["alder"]
    pages.leaves(alder, date(2026, 10, 30))
    pages.enrolled_elsewhere(alder, date(2026, 11, 2))
    meeting = Meeting.objects.get(student=alder, held_on=date(2025, 11, 14))
    page = ask(coordinator, alder, held(meeting), "2025-12-01")
    assert "next-annual" not in page and "11/14/2026" not in page  # its clocks run elsewhere


def test_a_student_without_anything_dated_has_what_can_be_opened(small_world, coordinator):
    page = text_of(coordinator.get(here(small_world.students["yarrow"])))
    option = "Consent to evaluate is given, no day yet (initial evaluation)"
    assert f'<option value="next-b_initial.consent" selected>{option}</option>' in page
    words = words_of(ask(coordinator, small_world.students["yarrow"], "next-b_initial.consent", "2026-12-01"))
    # 60 days from 12/01: 01/30/2027; no calendar is known.
    assert "IEP meeting after the consent 01/30/2027 01/30/2027 begins open" in words


# A school


def test_a_school_s_break_shows_who_moves_within_reach(small_world, coordinator, manager, evaluation):
    sent = {"what": WINTER, "day": "2026-12-21", "last": "2027-01-08", "school": w.SCHOOL}
    page = text_of(coordinator.post(SCHOOL_PAGE, sent))
    assert "Due dates that would move, Buckeye Elementary" in page
    assert "1 open evaluation gets another due date by the law" in page
    assert "01/27/2027</del><b>02/03/2027</b>" in page and "+7 days" in page and "Yarrow Testcase" in page
    assert reads() == [(small_world.students["yarrow"].pk, "calendar.what-if")]
    # Yarrow is not on the case manager's caseload.
    page = text_of(manager.post(SCHOOL_PAGE, sent))
    assert "No clock runs here" in page and "Yarrow" not in page


def test_a_student_of_another_school_is_not_of_this_one(small_world, coordinator, evaluation):
    School.objects.create(code="6000002", name="Manzanita Middle", agency=Agency.objects.get(code=w.LEA))
    sent = {"what": WINTER, "day": "2026-12-21", "last": "2027-01-08", "school": "6000002"}
    assert "No clock runs here" in text_of(coordinator.post(SCHOOL_PAGE, sent))
    assert "gets another due date" in text_of(coordinator.post(SCHOOL_PAGE, sent | {"school": ""}))


def test_a_closure_can_bring_back_in_time_and_a_shorter_break_can_make_late(
    small_world, coordinator, calendar
):
    """Consent of 09/15: 60 days end on 11/14. A closure of 10/05 to 10/16 takes twelve days out: 11/26."""
    meeting = open_meeting(
        actor=small_world.coordinator_actor,
        student=small_world.students["yarrow"],
        event=EVENTS["b_initial"],
        evaluation=Evaluation(date(2026, 9, 15)),
    )
    page = text_of(
        coordinator.post(SCHOOL_PAGE, {"what": "add.closure", "day": "2026-10-05", "last": "2026-10-16"})
    )
    assert "11/14/2026</del><b>11/26/2026</b>" in page
    assert "1 evaluation</span> would be in time again by the law, now over." in page
    # Consent of 11/16, due on 01/27/2027 with the winter break: a meeting of 01/20 would be late after a shorter one.
    Meeting.objects.filter(pk=meeting.pk).update(
        consent_on=date(2026, 11, 16), state="held", held_on=date(2027, 1, 20)
    )
    page = text_of(coordinator.post(SCHOOL_PAGE, {"what": WINTER, "day": "2026-12-21", "last": "2026-12-24"}))
    assert "01/27/2027</del><b>01/15/2027</b>" in page
    assert "1 evaluation</span> would be over, now in time by the law." in page


def test_the_school_s_page_says_what_is_missing_and_who_changes_it(
    small_world, coordinator, manager, calendar
):
    page = text_of(coordinator.get(SCHOOL_PAGE))
    assert "Those are the days which stand." in page and "Change the calendar" in page
    assert "Show the calendar" in text_of(manager.get(SCHOOL_PAGE))
    page = text_of(coordinator.post(SCHOOL_PAGE, {"what": "add.break", "day": "2027-02-01", "last": ""}))
    assert "Enter both days to see whose due dates would move." in page
    page = text_of(
        coordinator.post(SCHOOL_PAGE, {"what": "add.break", "day": "2027-02-05", "last": "2027-02-01"})
    )
    assert "it ends (2027-02-01) before it starts (2027-02-05)" in page
    for path in (f"/calendars/{w.OTHER_LEA}/2026-2027/what-if", f"/calendars/{w.LEA}/2026-2028/what-if"):
        assert coordinator.get(path).status_code == 404
    assert f'href="{SCHOOL_PAGE}"' in text_of(coordinator.get(f"/calendars/{w.LEA}/2026-2027"))


def test_a_closure_moves_a_request_for_a_record(small_world, coordinator, calendar):
    """Asked on Monday 11/23: five working days end on 11/30; a closure of Tuesday makes it 12/01."""
    RecordRequest.objects.create(
        asked_by=small_world.case_manager,
        asked_through=small_world.case_manager_grant,
        agency=Agency.objects.get(code=w.LEA),
        student_id=small_world.students["alder"].pk,
        reason="Enrolls there",
        asked_at=w.NOON,
    )
    page = text_of(
        coordinator.post(SCHOOL_PAGE, {"what": "add.closure", "day": "2026-11-24", "last": "2026-11-24"})
    )
    assert "Alder Testcase, asked for on 11/23/2026" in page
    assert "11/30/2026</del><b>12/01/2026</b> (+1 day)" in page
    assert (small_world.students["alder"].pk, "calendar.what-if") in reads()


# Costs

# session and person; the record as its own page reads it; calendars; what the clocks know of a student, leavings and
# referrals among it; names; log
STUDENT_QUERIES = 44
SCHOOL_QUERIES = 16


@pytest.mark.parametrize("count", [1, 12])
def test_a_student_costs_the_same_for_few_and_many_meetings(
    small_world, coordinator, django_assert_num_queries, count
):
    alder = small_world.students["alder"]
    for number in range(count):
        Meeting.objects.create(
            student=alder,
            event_key="annual",
            lea_code=w.LEA,
            state="finalized",
            is_plan_review=True,
            held_on=date(2010 + number, 11, 14),
            finalized_at=w.NOON,
            opened_at=w.NOON,
        )
    meeting = pages.opened(small_world)
    ask(coordinator, alder, held(meeting), "2026-11-20")
    with django_assert_num_queries(STUDENT_QUERIES):
        ask(coordinator, alder, held(meeting), "2026-11-20")


@pytest.mark.parametrize("count", [1, 30])
def test_a_school_costs_the_same_for_few_and_many(
    small_world, coordinator, django_assert_num_queries, calendar, count
):
    for student in pages.many_students(count):
        Meeting.objects.create(
            student=student,
            event_key="b_initial",
            lea_code=w.LEA,
            consent_on=date(2026, 11, 16),
            opened_at=w.NOON,
        )
    sent = {"what": WINTER, "day": "2026-12-21", "last": "2027-01-08", "school": w.SCHOOL}
    coordinator.post(SCHOOL_PAGE, sent)
    with django_assert_num_queries(SCHOOL_QUERIES):
        page = text_of(coordinator.post(SCHOOL_PAGE, sent))
    assert f"{count} open evaluation" in page
