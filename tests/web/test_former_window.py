"""A former LEA reads and mends until its End-of-Year amendment window closes, through 23:59 of its last day, and then
no more (F22).

Alder leaves Chaparral Unified on October 30, 2026 for Heron Creek Unified, which reports a status from November 2 on.
The window of 2026-2027 closes on July 30, 2027; no page of the state has printed that day yet.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.domain import former_lea
from manzanita.domain.reporting_periods import reporting_periods
from manzanita.exchange.closed_windows import hold_after_window
from manzanita.exchange.models import Operation, ReportStatus, Submission
from manzanita.exchange.outbox import reconcile_students
from manzanita.students import queries, scope
from manzanita.students.actions import state_one
from manzanita.students.amending import closed_in, closed_windows, reasons_not_to_amend
from manzanita.students.former import facts_for
from manzanita.students.queries import get_student
from tests.support import pages
from tests.support import world as w
from tests.support.exchange import archive
from tests.support.pages import text_of

LEFT, ARRIVED = date(2026, 10, 30), date(2026, 11, 2)
PLAN = "PLAN|9910017|9900000005|20251114"
PACIFIC = ZoneInfo("America/Los_Angeles")
LAST_MINUTE = datetime(2027, 7, 30, 23, 59, tzinfo=PACIFIC)
NEXT_DAY = datetime(2027, 7, 31, 0, 0, tzinfo=PACIFIC)


@pytest.fixture
def moved(small_world) -> w.World:
    student = small_world.students["alder"]
    pages.leaves(student, LEFT)
    pages.enrolled_elsewhere(student, ARRIVED)
    reports(student, w.OTHER_LEA, ARRIVED)
    return small_world


def reports(student, lea: str, since: date) -> None:
    values = {"lea_code": lea, "status_code": "1", "reason_code": "", "initial_entry_on": None}
    state_one(
        "status", slot={"student_id": student.pk}, values=values, effective_from=since, by_id=None, cause="t"
    )


def lives_here(student) -> None:
    """A present tie that lets the LEA read on: the student lives in its district."""
    values = {"agency_code": w.LEA, "school_code": ""}
    slot = {"student_id": student.pk, "relationship": "residence"}
    state_one("agency", slot=slot, values=values, effective_from=ARRIVED, by_id=None, cause="t")


def corrected(client, **more):
    row = ArchivedRecord.objects.get(record_key=PLAN, archive__superseded_by=None)
    values = {**row.values, "23.15": "320", "reason": "The report says autism.", **more}
    return client.post(f"/corrections/{row.pk}", values)


def page_of(world) -> str:
    return f"/students/{world.students['alder'].public_id}"


def at(moment: datetime):
    return time_machine.travel(moment, tick=False)


def test_the_record_says_until_when_its_former_lea_mends_it(moved, sign_in):
    page = text_of(sign_in(moved.coordinator).get(page_of(moved)))
    assert (
        "Your LEA may correct and send again what it reported through 07/30/2027, when the amendment window of EOY 1 "
        "2026-2027 closes; after that day it sees the record no more." in page
    )
    assert "The date is not confirmed (provisional): dates of 2025-2026 moved by a year" in page


def test_in_the_last_minute_it_is_read_corrected_and_may_be_sent(moved, sign_in):
    with at(LAST_MINUTE):
        client = sign_in(moved.coordinator)
        assert client.get(page_of(moved)).status_code == 200
        saved = corrected(client)
        assert saved.status_code == 302
        assert set(Operation.objects.values_list("record_key", "hold_code")) == {(PLAN, "")}
        assert "Send 1 operation" in text_of(client.get("/state"))


def test_on_the_next_day_it_is_gone_and_says_why(moved, sign_in):
    with at(NEXT_DAY):
        client = sign_in(moved.coordinator)
        answer = client.get(page_of(moved))
        page = text_of(answer)
        assert answer.status_code == 404
        assert "Your LEA reads this record no more" in page
        assert "The student left your LEA on 10/30/2026." in page
        assert "through 07/30/2027, when the amendment window of EOY 1 2026-2027 closed." in page
        assert (
            "A former LEA reads and mends what it reported until the End-of-Year amendment window closes"
            in page
        )
        assert "SEDS coordinator of the district of today" in page and 'href="/directory"' in page
        # Neither who it is, nor where the student went.
        assert "Alder" not in page and "Heron Creek" not in page
        assert corrected(client).status_code == 404


def test_who_never_had_the_student_learns_nothing(moved, sign_in):
    with at(NEXT_DAY):
        stranger = sign_in(pages.other_coordinator(moved))
        address = f"/students/{moved.students['towhee'].public_id}"
        page = text_of(stranger.get(address))
        assert "reads this record no more" not in page and "The address." in page
        # The present LEA reads on.
        assert stranger.get(page_of(moved)).status_code == 200


def test_a_case_manager_who_had_the_case_is_told_too_and_another_is_not(moved, sign_in):
    with at(NEXT_DAY):
        page = text_of(sign_in(moved.case_manager).get(page_of(moved)))
    assert "Your LEA reads this record no more" in page
    state_one(
        "assignment",
        slot={"student_id": moved.students["alder"].pk},
        values=None,
        effective_from=date(2026, 9, 1),
        by_id=None,
        cause="t",
    )
    with at(NEXT_DAY):
        page = text_of(sign_in(moved.case_manager).get(page_of(moved)))
    assert "reads this record no more" not in page


def test_as_long_as_no_other_lea_reports_the_student_it_does_and_mends(small_world, sign_in):
    student = small_world.students["alder"]
    pages.leaves(student, LEFT)
    with at(NEXT_DAY):
        client = sign_in(small_world.coordinator)
        page = text_of(client.get(page_of(small_world)))
        assert "The amendment window of EOY 1 2026-2027 closed on 07/30/2027." in page
        assert "because no other LEA has reported the student since; it ends when one does" in page
        assert corrected(client).status_code == 302
        reports(student, w.OTHER_LEA, date(2027, 7, 31))
        assert client.get(page_of(small_world)).status_code == 404


class TestWhoReadsOnByAnotherTie:
    """The district of residence reads what is true now; what it reported once it mends no more."""

    @pytest.fixture
    def resident(self, moved):
        lives_here(moved.students["alder"])
        return moved

    def test_in_the_last_minute_it_corrects(self, resident, sign_in):
        with at(LAST_MINUTE):
            assert corrected(sign_in(resident.coordinator)).status_code == 302

    def test_on_the_next_day_a_correction_is_refused_at_once_and_when_sent(self, resident, sign_in):
        row = ArchivedRecord.objects.get(record_key=PLAN)
        with at(NEXT_DAY):
            client = sign_in(resident.coordinator)
            form = text_of(client.get(f"/corrections/{row.pk}"))
            refused = corrected(client)
        said = (
            "What it reported of 2026-2027 could be corrected and sent again through 07/30/2027, when the amendment "
            "window of EOY 1 2026-2027 closed."
        )
        assert said in form and said in text_of(refused)
        assert "Whom to ask there" in form
        assert refused.status_code == 422
        assert Archive.objects.filter(cause="correction").count() == 0

    def test_a_field_of_the_record_says_so_before_anything_is_typed(self, resident, sign_in):
        with at(NEXT_DAY):
            page = text_of(
                sign_in(resident.coordinator).get(f"{page_of(resident)}/fields/plan.disability_1_code")
            )
        assert "when the amendment window of EOY 1 2026-2027 closed." in page
        assert "/corrections/" not in page

    def test_a_correction_is_not_taken_back_and_no_report_status_set(self, resident, sign_in):
        with at(LAST_MINUTE):
            client = sign_in(resident.coordinator)
            corrected(client)
        archive = Archive.objects.get(cause="correction")
        with at(NEXT_DAY):
            client = sign_in(resident.coordinator)
            page = client.get(f"/archives/{archive.public_id}/take-back")
            taken = client.post(f"/archives/{archive.public_id}/take-back")
            history = text_of(client.get(f"{page_of(resident)}?tab=history"))
            for choice in ("none", "again"):
                answer = client.post(
                    f"/archives/{archive.public_id}/report-status",
                    {"choice": choice, "reason": "x"},
                    follow=True,
                )
                assert answer.status_code == 422
                told = text_of(answer)
                assert "The student left this district on 10/30/2026." in told
                assert (
                    'href="/directory">Whom to ask there</a> <span class="dim">Owner: SEDS coordinator'
                    in told
                )
                assert (
                    "reads and mends what it reported until the End-of-Year amendment window closes" in told
                )
        said = "when the amendment window of EOY 1 2026-2027 closed."
        assert said in text_of(page) and said in history
        assert taken.status_code == 422 and said in text_of(taken)
        assert not Archive.objects.filter(supersedes=archive).exists()
        assert not ReportStatus.objects.exists()

    def test_a_change_without_a_meeting_is_refused(self, resident, sign_in):
        values = {"on": "2027-07-30", "status_code": "2", "reason_code": "10", "reason": "x"}
        with at(NEXT_DAY):
            answer = sign_in(resident.coordinator).post(f"{page_of(resident)}/changes/status", values)
        assert "when the amendment window of EOY 1 2026-2027 closed." in text_of(answer)

    def test_what_was_not_sent_in_time_is_held_and_says_why(self, resident, sign_in):
        with at(LAST_MINUTE):
            client = sign_in(resident.coordinator)
            corrected(client)
            assert hold_after_window() == 0
        with at(NEXT_DAY):
            client = sign_in(resident.coordinator)
            # Whoever sends before the night's job has run sends nothing of it either.
            shown = pages.as_shown(client)
            client.post("/state/send", shown | {"form": "api", "destination": "sandbox"})
            assert not Submission.objects.exists()
            page = text_of(client.get("/state?held=amendment-closed"))
        assert "Amendment window closed" in page and "PLAN" in page
        assert Operation.objects.get().hold_code == "amendment-closed"
        with at(NEXT_DAY):
            # Held once, it is not counted again.
            assert hold_after_window() == 0


def test_the_held_line_says_the_rule_and_whom_to_ask(moved, sign_in):
    lives_here(moved.students["alder"])
    with at(LAST_MINUTE):
        corrected(sign_in(moved.coordinator))
    with at(NEXT_DAY):
        hold_after_window()
        one = Operation.objects.get()
        page = text_of(sign_in(moved.coordinator).get(f"/state/operations/{one.pk}"))
    rule = "A former LEA reads and mends what it reported until the End-of-Year amendment window closes"
    assert (one.holds[0]["source"], one.holds[0]["confidence"]) == (rule, "provisional")
    assert rule in page
    assert '<a class="btn sm" href="/directory">Whom to ask there</a>' in page


def test_a_year_that_is_opened_again_is_read_and_its_lines_are_free(moved, sign_in, opened_until):
    lives_here(moved.students["alder"])
    with at(LAST_MINUTE):
        corrected(sign_in(moved.coordinator))
    with at(NEXT_DAY):
        assert hold_after_window() == 1
        opened_until("2026-2027", date(2027, 12, 31))
        assert hold_after_window() == 0
        assert Operation.objects.get().hold_code == ""
    with at(datetime(2028, 1, 1, 0, 0, tzinfo=PACIFIC)):
        assert hold_after_window() == 1
        assert Operation.objects.get().hold_code == "amendment-closed"


@pytest.fixture
def opened_until(monkeypatch):
    """The state moves the day on which the End-of-Year submission of a year closes."""

    def move(year: str, closes_on: date) -> None:
        rows = tuple(
            replace(one, closes_on=closes_on) if (one.year, one.key) == (year, "eoy") else one
            for one in reporting_periods()
        )
        monkeypatch.setattr(former_lea, "reporting_periods", lambda: rows)
        # What is kept for the day goes by the file as it was; a changed file comes with a new start.
        for kept in (scope._composed, queries._by_public_id):
            kept.cache_clear()

    yield move
    monkeypatch.undo()
    for kept in (scope._composed, queries._by_public_id):
        kept.cache_clear()


def test_an_older_year_that_is_opened_again_is_read_mended_and_sent(moved, sign_in, opened_until):
    """Alder left in March 2025, of which the window closed in August 2025; that of 2025-2026 stays closed."""
    student = moved.students["alder"]
    pages.leaves(student, date(2026, 3, 13))
    client = sign_in(moved.coordinator)
    opened_until("2024-2025", date(2026, 12, 31))
    assert client.get(page_of(moved)).status_code == 404
    assert closed_windows([student.pk]) == {(student.pk, w.LEA): date(2026, 3, 13)}
    opened_until("2024-2025", date(2025, 8, 8))
    pages.leaves(student, date(2025, 3, 14))
    assert client.get(page_of(moved)).status_code == 404
    assert closed_windows([student.pk]) == {(student.pk, w.LEA): date(2025, 3, 14)}
    opened_until("2024-2025", date(2026, 12, 31))
    assert client.get(page_of(moved)).status_code == 200
    assert closed_windows([student.pk]) == {}
    client.post("/perspective", {"view": "leaving"})
    assert "left since 07/01/2026, or in 2024-2025, which is open again" in text_of(client.get("/students"))


def test_pages_do_not_say_closed_of_what_a_correction_takes(small_world, sign_in):
    """Alder's status ended with the school year, and the office records on July 15 that Alder moved out of state: the
    LEA's own status of today begins after its last day."""
    student = small_world.students["alder"]
    with at(LAST_MINUTE):
        saved = corrected(sign_in(small_world.coordinator))
        assert saved.status_code == 302
    pages.leaves(student, date(2027, 6, 11))
    values = {"lea_code": w.LEA, "status_code": "2", "reason_code": "", "initial_entry_on": None}
    slot = {"student_id": student.pk}
    state_one("status", slot=slot, values=None, effective_from=date(2027, 6, 12), by_id=None, cause="t")
    state_one("status", slot=slot, values=values, effective_from=date(2027, 7, 15), by_id=None, cause="t")
    with at(NEXT_DAY):
        client = sign_in(small_world.coordinator)
        actor = small_world.coordinator_actor
        seen = facts_for(actor, get_student(actor, student.public_id))
        assert seen.student.seen_through == date(2027, 6, 11)
        assert closed_in(seen, w.LEA) == [] == reasons_not_to_amend(student.pk, w.LEA)
        field = text_of(client.get(f"{page_of(small_world)}/fields/plan.disability_1_code"))
        assert "/corrections/" in field and "closed." not in field
        assert "when the amendment window of" not in text_of(
            client.get(f"{page_of(small_world)}?tab=history")
        )
        # And once another LEA reports, the pages say so, too.
        lives_here(student)
        reports(student, w.OTHER_LEA, date(2027, 7, 31))
        seen = facts_for(actor, get_student(actor, student.public_id))
        assert [one.code for one in closed_in(seen, w.LEA)] == ["amendment-closed"]


def test_what_is_left_of_a_student_who_is_seen_no_more_is_a_number(moved, sign_in):
    with at(LAST_MINUTE):
        corrected(sign_in(moved.coordinator))
    with at(NEXT_DAY):
        assert hold_after_window(w.LEA) == 1
        page = text_of(sign_in(moved.coordinator).get("/state"))
    assert (
        "Of 1 student who left, something differs from what the state holds, and is not sent any more" in page
    )
    assert "Alder" not in page


def test_the_next_lea_is_not_held_back_by_what_the_former_one_may_not_send(moved):
    student = moved.students["alder"]
    with at(LAST_MINUTE):
        archive(student, [("SWDS", w.swds("alder", "20261015", **{"22.05": "2026-2027"}))])
        archive(
            student,
            [("SWDS", w.swds("alder", "20261102", w.OTHER_LEA, **{"22.05": "2026-2027"}))],
            lea_code=w.OTHER_LEA,
        )
    with at(NEXT_DAY):
        reconcile_students([student.pk])
    holds = dict(Operation.objects.values_list("lea_code", "hold_code"))
    assert holds[w.LEA] == "amendment-closed"
    assert holds[w.OTHER_LEA] == ""


def test_the_end_of_year_submission_stands_on_the_plan_without_a_day_that_nobody_prints(small_world, sign_in):
    with at(datetime(2027, 6, 1, 12, 0, tzinfo=PACIFIC)):
        page = text_of(sign_in(small_world.coordinator).get("/state"))
    assert "<b>EOY 1 2026-2027</b> counts what happened until 06/30/2027; change until 07/30/2027." in page
    assert "Dates provisional: dates of 2025-2026 moved by a year" in page
