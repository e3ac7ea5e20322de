"""The pages of leaving: the reasons, the form, planned and recorded ones, and a teacher's report of it."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from manzanita.archive.models import Archive
from manzanita.auditing.models import ChangeEvent
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.platform.ids import new_public_id
from manzanita.students.queries import facts_of
from tests.support import pages
from tests.support import world as w
from tests.support.pages import NO_ID, other_coordinator, reads, text_of, without_marks
from tests.web.test_home import needs

FORM = {"reason": "dropped_out", "on": "2026-11-20", "note": "The school says so."}


@pytest.fixture
def alder(small_world):
    return small_world.students["alder"]


@pytest.fixture
def here(alder) -> str:
    return f"/students/{alder.public_id}/leaving"


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


def test_the_page_names_the_twelve_reasons_and_what_the_state_is_told(coordinator, here):
    page = text_of(coordinator.get(here))
    assert page.count("/leaving?reason=") == 12
    for words in (
        "Moved, and goes on in special education in California",
        "SWDS 4, reason 23",
        "Not settled",
    ):
        assert words in page
    # The mark is said once in words; at a reason it is a sign with a name.
    assert page.count("Number not confirmed") == 1
    told = without_marks(page)
    assert "SWDS 3, reason 31 ? number not confirmed" in told
    assert "reason 23 ? number not confirmed" not in told, "the state prints this one"
    # Whether one may record it, and what happens if it is wrong.
    assert "You may record it. The line does not go to the real state before the state&#39;s workbook" in page
    assert "ask the SELPA before it is sent: until then it can be taken back as a whole." in page
    assert reads()[-1][1] == "leaving"


@pytest.mark.parametrize(
    ("reason", "asked"),
    [
        ("moved_continuing", ()),
        ("revoked_consent", ("notice",)),
        ("diploma", ("notice", "summary")),
        ("maximum_age", ("summary",)),
        ("no_show", ()),
    ],
)
def test_each_form_asks_for_the_papers_that_are_due(coordinator, here, reason, asked):
    page = text_of(coordinator.get(f"{here}?reason={reason}"))
    for paper in ("notice", "summary"):
        assert (f'name="{paper}_on"' in page) == (paper in asked)


def test_a_check_shows_what_will_happen_and_does_nothing(coordinator, here):
    page = text_of(coordinator.post(here, {**FORM, "check": "1"}))
    for words in (
        "The student is in grade 4: the state counts dropouts from grade 7 on.",
        "From November 20, 2026 the status is 3 Eligible and Not Enrolled.",
        "The plan and its 2 services end the day before.",
        "the new one counts from the last day here, and the plan closes before it; the student is served through the "
        "last day.",
        "The state is told 1 line: SWDS.",
        "The case assignment and the team end after November 20, 2026.",
        "Until the state is told it can be taken back as a whole.",
        "Record it",
    ):
        assert words in page
    assert (Leaving.objects.count(), Archive.objects.filter(cause="procedure").count()) == (0, 0)


def test_what_will_happen_stands_in_three_and_the_state_is_told_once(coordinator, here):
    page = text_of(coordinator.post(here, {**FORM, "check": "1"}))
    will = page.split('id="will-head"')[1].split("</section>")[0]
    assert re.findall(r"<h3>([^<]+)</h3>", will) == ["In this record", "At the state", "Others have to do"]
    own, state, others = will.split("<h3>")[1:]
    assert "From November 20, 2026 the status is 3" in own and "case assignment" in own
    assert "The state is told 1 line: SWDS." in state and "the student may come back" not in state
    assert page.count("the student may come back") == 1, "why, at the head of the page"
    assert "The SIS ends the enrollment with the reason that fits" in others
    page = text_of(coordinator.post(here, {**FORM, "reason": "moved_continuing", "check": "1"}))
    assert "Nothing: it says above why." in page
    assert page.count("moving away and going on elsewhere is no exit") == 1
    assert "As long as nothing is built on it it can be taken back as a whole." in page


def test_it_is_recorded_shown_and_taken_back(coordinator, here, alder):
    page = text_of(coordinator.post(here, FORM, follow=True))
    assert "Recorded: dropped out, 11/20/2026." in page
    assert "Recorded by Juniper Mockup on 11/23/2026." in page
    assert "Take it back" in page
    assert facts_of(alder).status_on(date(2026, 11, 20)).status_code == "3"
    page = text_of(coordinator.post(f"{here}/undo", follow=True))
    assert "Taken back: the record stands as it was before." in page
    assert facts_of(alder).status_on(date(2026, 11, 20)).status_code == "1"
    assert "No leaving is recorded, so there is nothing to take back." in text_of(
        coordinator.post(f"{here}/undo", follow=True)
    )


def test_a_refusal_says_why_keeps_what_was_typed_and_points_at_the_field(coordinator, here):
    answer = coordinator.post(here, {**FORM, "reason": "diploma", "on": ""})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "It has no day." in page and "Owner: You" in page
    assert 'value="The school says so."' in page
    (day,) = [tag for tag in page.split("<") if tag.startswith('input class="inp" id="f-on"')]
    assert 'aria-invalid="true"' in day


def test_of_a_revoked_consent_the_letter_is_asked_for_shown_and_the_earliest_day_proposed(coordinator, here):
    form = text_of(coordinator.get(f"{here}?reason=revoked_consent"))
    assert 'name="letter_on"' in form and '<option value="Maple Testcase">Maple Testcase</option>' in form
    assert 'name="letter_on"' not in text_of(coordinator.get(f"{here}?reason=diploma"))
    sent = {"reason": "revoked_consent", "note": "The mother wrote.", "notice_on": "2026-11-16"}
    sent |= {"letter_on": "2026-11-13", "letter_by": "Maple Testcase"}
    page = text_of(coordinator.post(here, sent | {"on": "", "check": "1"}))
    assert "The day was left blank: 11/17/2026, the earliest lawful one, is proposed." in page
    assert "What will happen" in page and "It has no day" not in page and "Not recorded:" not in page
    # Before a day can be proposed, what it follows from is missing, and not the day.
    page = text_of(coordinator.post(here, sent | {"on": "", "letter_on": "", "check": "1"}))
    assert "The day of the letter is missing" in page and "It has no day" not in page
    page = text_of(coordinator.post(here, sent | {"on": ""}))
    assert "It had no day: the earliest lawful one is proposed." in page
    page = text_of(coordinator.post(here, sent | {"on": "2026-11-17", "check": "1"}))
    assert (
        'value="2026-11-17"' in page
        and "Not before 11/17/2026: after the notice, and not before the letter." in page
    )
    page = text_of(coordinator.post(here, sent | {"on": "2026-11-20"}, follow=True))
    assert "Consent revoked by Maple Testcase, letter of 11/13/2026" in page


def test_what_a_check_shows_does_not_wait_for_the_papers(coordinator, here):
    """A missing paper is said once, at the top; its field says in short what will do, and the preview stands below."""
    form = text_of(coordinator.get(f"{here}?reason=diploma"))
    assert form.count("Needed before it is recorded, or the note beside it.") == 2
    answer = coordinator.post(here, {**FORM, "reason": "diploma", "check": "1"})
    page = text_of(answer)
    assert answer.status_code == 422
    assert "What will happen" in page and "Record it" not in page
    assert page.count("what ends and why, a reasonable time before it ends") == 1
    assert page.count("A day is missing, or the note why there is none.") == 2
    assert coordinator.post(here, {**FORM, "reason": "diploma"}).status_code == 422


def test_a_day_that_is_proposed_is_not_called_needed(coordinator, here):
    form = text_of(coordinator.get(f"{here}?reason=revoked_consent"))
    assert "Left blank, the earliest lawful day is proposed." in form
    assert "No services from</label>" in form
    assert 'Last day here <span class="req">needed</span>' in text_of(
        coordinator.get(f"{here}?reason=moved_out_of_state")
    )


def test_a_held_meeting_is_named_with_the_way_to_it(small_world, coordinator, here):
    meeting = pages.opened(small_world, "alder")
    hold_meeting(
        actor=small_world.coordinator_actor, meeting=meeting, held_on=date(2026, 11, 19), delay_code="90"
    )
    answer = coordinator.post(here, FORM)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "was held and is not finalized: the state has to hear of it first." in page
    assert f'href="/meetings/{meeting.public_id}"' in page


def test_the_end_of_the_enrollment_waits_for_the_sis_in_sight_of_everybody(coordinator, here, alder):
    assert "Left, and still enrolled in the SIS" not in text_of(coordinator.get("/"))
    coordinator.post(here, FORM)
    listed = text_of(coordinator.get("/students/leaving"))
    assert "Left, and still enrolled in the SIS" in listed and "3 days" in listed and "SIS staff" in listed
    assert "One status line, to be told" in listed
    home = text_of(coordinator.get("/"))
    assert "Left, and still enrolled in the SIS" in home
    student = here.removesuffix("/leaving")
    assert "in the SIS the enrollment goes on." in text_of(coordinator.get(student))
    assert "Message to the SIS staff" in text_of(coordinator.get(here))
    assert "The leaving of 11/20/2026 is recorded" in text_of(coordinator.get(f"{student}/enrollments"))

    pages.leaves(alder, date(2026, 11, 20))
    assert "still enrolled in the SIS" not in text_of(coordinator.get("/students/leaving"))
    assert "in the SIS the enrollment goes on." not in text_of(coordinator.get(student))


def test_who_came_back_and_left_again_is_one_student_still_enrolled(coordinator, here):
    """The SIS has kept the enrollment open over both; the last leaving counts."""
    coordinator.post(here, FORM)
    first = Leaving.objects.get()
    first.pk, first.public_id, first.leaves_on = None, new_public_id(), date(2026, 10, 1)
    first.save(force_insert=True)
    listed = text_of(coordinator.get("/students/leaving"))
    assert "3 days" in listed and "53 days" not in listed
    assert needs(coordinator)["Left, and still enrolled in the SIS"][0] == 1


def test_who_no_longer_attends_has_no_last_day_to_come(manager, here):
    report = here.replace("leaving", "participation")
    told = {"reason": "not_known", "last_on": "2026-11-24", "note": "Not seen"}
    answer = manager.post(report, told)
    assert answer.status_code == 422
    assert "11/24/2026 is still to come, and who is still there attends." in text_of(answer)
    assert manager.post(report, told | {"last_on": "2026-11-23"}).status_code == 302


def test_a_day_to_come_is_planned_listed_changed_and_canceled(coordinator, here):
    page = text_of(coordinator.post(here, {**FORM, "on": "2026-12-18", "check": "1"}))
    assert "Nothing is done before December 18, 2026." in page
    assert "Plan it" in page
    page = text_of(coordinator.post(here, {**FORM, "on": "2026-12-18"}, follow=True))
    assert "Planned for 12/18/2026: Dropped out" in page
    assert 'value="2026-12-18"' in text_of(coordinator.get(f"{here}?reason=dropped_out"))
    listed = text_of(coordinator.get("/students/leaving"))
    assert "Testcase, Alder" in listed and "12/18/2026" in listed
    assert "Canceled: nothing will happen on that day." in text_of(
        coordinator.post(f"{here}/cancel", follow=True)
    )
    assert "No leaving is planned, so there is nothing to cancel." in text_of(
        coordinator.post(f"{here}/cancel", follow=True)
    )
    assert "Nothing is planned" in text_of(coordinator.get("/students/leaving"))


def test_a_teacher_reports_the_coordinator_records_it_and_the_teacher_sees_it(
    coordinator, manager, here, alder
):
    report = here.replace("leaving", "participation")
    assert f'href="{report}"' in manager.get(here.removesuffix("/leaving")).content.decode()
    answer = manager.post(report, {"reason": "", "last_on": "x", "note": ""})
    assert answer.status_code == 422
    assert (
        text_of(answer).split(" autofocus")[0].count("<select") == 1
        and text_of(answer).count("autofocus") == 1
    )
    told = {"reason": "dropped_out", "last_on": "2026-11-18", "note": "Has not come since."}
    page = text_of(manager.post(report, told, follow=True))
    assert "Reported to the coordinator." in page and "Not looked at yet" in page
    assert "Dropped out, last day here 11/18/2026: Has not come since." in page
    page = text_of(manager.get(report))
    assert "last day here 11/18/2026. “Has not come since.”" in page
    assert "another report would add nothing" in page

    page = text_of(coordinator.get(here))
    assert "Wren Placeholder reported on 11/23/2026: Dropped out" in page
    form = text_of(coordinator.get(f"{here}?reason=dropped_out"))
    assert 'value="2026-11-18"' in form and 'value="Has not come since."' in form
    coordinator.post(here, {**FORM, "on": "2026-11-18"})
    page = text_of(manager.get("/participation"))
    assert "Dropped out, 11/18/2026" in page.replace("  ", " ")
    # The case is theirs no more, so that no name stands there.
    assert "No longer yours to see: your report of 11/23/2026" in page and "Alder" not in page
    assert "last day here 11/18/2026: Has not come since." in page

    back = text_of(coordinator.post(f"{here}/undo", follow=True))
    assert (
        "Taken back: the record stands as it was before. The report of 11/23/2026 waits for an answer" in back
    )
    assert "Wren Placeholder reported on 11/23/2026: Dropped out" in back
    page = text_of(manager.get("/participation"))
    assert "Waits again" in page and "was taken back, of 11/18/2026" in page.replace("  ", " ")


def test_a_report_that_is_not_so_is_answered(small_world, coordinator, manager, here):
    manager.post(
        here.replace("leaving", "participation"), {"reason": "dropped_out", "note": "Not seen for a week."}
    )
    report = ParticipationReport.objects.get()
    answer = f"/participation/{report.public_id}/answer"
    assert "Not answered" in text_of(coordinator.post(answer, {"answer": " "}, follow=True))
    assert "Answered: the reporter sees it." in text_of(
        coordinator.post(answer, {"answer": "Home instruction since Monday."}, follow=True)
    )
    assert "Somebody else has settled it" in text_of(coordinator.post(answer, {"answer": "x"}, follow=True))
    page = text_of(manager.get("/participation"))
    assert "Not so" in page and "Home instruction since Monday." in page and "Juniper Mockup" in page


def test_a_report_is_taken_back_by_its_reporter_until_it_is_settled(small_world, coordinator, manager, here):
    report = here.replace("leaving", "participation")
    told = {"reason": "dropped_out", "note": "Not seen for a week."}
    manager.post(report, told)
    address = f"/participation/{ParticipationReport.objects.get().public_id}/take-back"
    assert f'action="{address}"' in manager.get(report).content.decode()
    assert f'action="{address}"' in manager.get("/participation").content.decode()
    assert "Not taken back: whoever reported it does that." in text_of(coordinator.post(address, follow=True))

    page = text_of(manager.post(address, follow=True))
    assert "Taken back: the coordinator is asked no more." in page and "Not seen for a week." in page
    change = ChangeEvent.objects.filter(action="take_back_report").get()
    assert change.student_id == small_world.students["alder"].pk
    assert "reported on 11/23/2026" not in text_of(coordinator.get(here))
    assert "wait for an answer" not in text_of(manager.get("/"))

    # It can be told anew; what is settled is not taken back.
    manager.post(report, told)
    again = ParticipationReport.objects.get(state="open")
    coordinator.post(f"/participation/{again.public_id}/answer", {"answer": "In the hospital."})
    page = text_of(manager.post(f"/participation/{again.public_id}/take-back", follow=True))
    assert "It was settled meanwhile" in page
    assert ParticipationReport.objects.filter(state="declined").count() == 1


def test_a_teacher_need_not_know_why_and_reads_the_answer_on_home(coordinator, manager, here):
    report = here.replace("leaving", "participation")
    choices = text_of(manager.get(report)).split('name="reason"')[1].split("</select>")[0]
    assert re.findall(r">([^<>]+)</option>", choices)[:3] == [
        "Choose",
        "No longer attends, I do not know why",
        "Moved, and goes on in special education in California",
    ]
    assert "What you reported" not in text_of(manager.get("/"))
    manager.post(
        report, {"reason": "not_known", "last_on": "2026-11-18", "note": "Empty chair since Thursday."}
    )
    home = text_of(manager.get("/"))
    assert 'aria-label="Your reports of participation that wait for an answer: 1"' in home
    assert "What you reported" not in text_of(coordinator.get("/"))

    page = text_of(coordinator.get(here))
    assert "Wren Placeholder reported on 11/23/2026: No longer attends, I do not know why" in page
    # Nothing can be recorded with that: the reason is found out first.
    assert "Record it, with what was reported" not in page and "Find out why" in page
    assert coordinator.get(f"{here}?reason=not_known").status_code == 404
    found = ParticipationReport.objects.get()
    coordinator.post(f"/participation/{found.public_id}/answer", {"answer": "In the hospital until Friday."})
    home = text_of(manager.get("/"))
    assert (
        'aria-label="Your reports of participation, answered: 1"' in home and 'href="/participation"' in home
    )
    ParticipationReport.objects.update(answered_at=w.NOON - timedelta(days=15))
    assert "What you reported" not in text_of(manager.get("/"))


def test_strangers_get_nothing(small_world, sign_in, coordinator, manager, here):
    assert Client().get(here).status_code == 302
    for path in ("", "/undo", "/cancel"):
        assert manager.post(f"{here}{path}", FORM).status_code == 403
    stranger = sign_in(other_coordinator(small_world))
    for path in ("", "/undo", "/cancel"):
        assert stranger.post(f"{here}{path}", FORM).status_code == 404
    assert "Alder" not in text_of(stranger.get("/students/leaving"))
    assert coordinator.get(f"/students/{NO_ID}/leaving").status_code == 404
    assert coordinator.get(f"{here}?reason=other").status_code == 404
    assert coordinator.post(here, {**FORM, "reason": "other"}).status_code == 404


def test_of_one_who_left_without_a_word_to_the_state_no_meeting_is_opened(
    small_world, coordinator, manager, here
):
    coordinator.post(here, {**FORM, "reason": "moved_continuing"})
    student = here.removesuffix("/leaving")
    page = text_of(coordinator.get(student))
    assert "Inactive, left" in page and "What it held: SWDS 1, PLAN and SERV" in page
    assert "It is recorded that the student left on 11/20/2026." in page
    answer = coordinator.post(f"{student}/meetings", {"event": "annual"}, follow=True)
    assert "It is recorded that the student left on 11/20/2026." in text_of(answer)
    coordinator.post(f"{here}/undo")
    assert "It is recorded that the student left" not in text_of(coordinator.get(student))


@pytest.mark.parametrize("reason", ["moved_out_of_state", "unknown_continuing"])
def test_the_main_action_of_whoever_left_is_the_leaving(coordinator, here, alder, reason):
    coordinator.post(here, FORM | {"reason": reason})
    record = coordinator.get(f"/students/{alder.public_id}").content.decode().split("<main", 1)[1]
    assert re.findall(r'<a class="btn primary" href="([^"]*)"', record) == [here]
    assert "Look at the leaving" in record and "Open initial evaluation" in record


def test_what_one_code_says_of_two_reasons_is_told_apart(coordinator, here):
    page = text_of(coordinator.get(f"{here}?reason=moved_out_of_state"))
    assert "so it is 32, as of whoever is not known to go on" in page
    page = text_of(coordinator.get(f"{here}?reason=unknown_continuing"))
    assert "Reason 32 is also that of whoever moved out of California" in page


def test_of_more_than_are_shown_the_number_is_whole_on_both_pages(small_world, coordinator, monkeypatch):
    monkeypatch.setattr("manzanita.web.leaving_list.SHOWN", 1)
    for name in ("alder", "towhee"):
        answer = coordinator.post(f"/students/{small_world.students[name].public_id}/leaving", FORM)
        assert answer.status_code == 302, text_of(answer)
    listed = text_of(coordinator.get("/students/leaving"))
    assert "2 students, the 1 who left first are shown" in listed
    assert needs(coordinator)["Left, and still enrolled in the SIS"][0] == 2
