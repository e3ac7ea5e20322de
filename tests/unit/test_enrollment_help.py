"""What does not fit between enrollment, record and state: each by hand, with whose job it is."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.enrollment_help import Dated, Known, sis_message, what_is_wrong
from manzanita.domain.findings import Owner
from manzanita.domain.stays import Enrolled, Held

US, THEM = "9910017", "9910025"
NAMES = {US: "Chaparral Unified", THEM: "Heron Creek Unified"}
TODAY = date(2026, 11, 23)


def known(**changes) -> Known:
    """A student whose dates all agree: enrolled, active and on a plan of the district since November 2."""
    start = date(2026, 11, 2)
    values = {
        "lea_code": US,
        "today": TODAY,
        "enrollments": [Enrolled(US, start)],
        "statuses": [Held(start, None, "1")],
        "plans": [Held(start, None, US)],
        "dated": [Dated("SWDS", start, "1", "at the state"), Dated("PLAN", start, "", "at the state")],
        "has_ssid": True,
        "local_id": "A0001",
        "names": NAMES,
    }
    return Known(**{**values, **changes})


def codes(one: Known) -> list[str]:
    return [reason.code for reason in what_is_wrong(one)]


def test_where_all_dates_agree_nothing_is_said():
    assert what_is_wrong(known()) == []
    assert sis_message("Chaparral Unified", "A0001", []) == ""


@pytest.mark.parametrize(
    ("record", "on", "code", "is_wrong"),
    [
        ("PLAN", date(2026, 11, 1), "", True),
        ("PLAN", date(2026, 11, 2), "", False),
        ("PLAN", date(2026, 7, 1), "", True),
        ("SWDS", date(2026, 5, 31), "1", True),
        ("SWDS", date(2026, 6, 1), "1", False),  # June, July and August are exempt
        ("SWDS", date(2026, 8, 31), "1", False),
        ("SWDS", date(2026, 9, 1), "1", True),
        ("SWDS", date(2026, 9, 1), "2", False),  # only participation asks for an enrollment
    ],
)
def test_a_record_lies_in_an_enrollment(record, on, code, is_wrong):
    found = codes(known(dated=[Dated(record, on, code, "at the state")]))
    assert found == (["outside-enrollment"] if is_wrong else [])


@pytest.mark.parametrize(
    ("key", "left_on", "first", "is_said"),
    [
        ("dropped_out", date(2026, 11, 22), date(2026, 11, 2), True),
        ("moved_continuing", date(2026, 11, 20), date(2026, 11, 2), True),
        ("dropped_out", date(2026, 11, 23), date(2026, 11, 2), False),  # the last day is today
        ("dropped_out", date(2026, 11, 1), date(2026, 11, 2), False),  # came back after it
        ("revoked_consent", date(2026, 11, 20), date(2026, 11, 2), False),  # stays enrolled
    ],
)
def test_an_enrollment_that_goes_on_after_a_leaving_is_the_sis_staff_s(key, left_on, first, is_said):
    found = what_is_wrong(
        known(enrollments=[Enrolled(US, first)], left=(key, left_on), dated=[], plans=[], statuses=[])
    )
    assert [(one.code, one.owner) for one in found] == ([("sis-end", "SIS staff")] if is_said else [])


def test_a_secondary_enrollment_covers_nothing():
    one = known(enrollments=[Enrolled(US, date(2026, 11, 2), status_code="20")])
    assert codes(one) == ["outside-enrollment", "outside-enrollment", "secondary-only"]


def test_the_next_first_day_is_named():
    one = known(enrollments=[Enrolled(US, date(2026, 11, 4))])
    texts = [reason.text for reason in what_is_wrong(one)]
    assert texts[0] == (
        "The PLAN of 11/02/2026 (at the state) lies in no enrollment here. The next enrollment starts on 11/04/2026."
    )


@pytest.mark.parametrize(
    ("last", "is_wrong"), [(None, True), (date(2026, 11, 2), True), (date(2026, 11, 1), False)]
)
def test_two_primary_enrollments_on_one_day(last, is_wrong):
    there = Enrolled(THEM, date(2023, 8, 14), last, exit_code="T160" if last else "")
    one = known(enrollments=[there, Enrolled(US, date(2026, 11, 2))])
    assert codes(one) == (["two-primary"] if is_wrong else [])


@pytest.mark.parametrize(
    ("last", "found"),
    [
        (date(2026, 11, 22), ["ended-takes-part"]),
        (date(2026, 11, 23), []),  # today is the last day
    ],
)
def test_who_left_takes_part_no_more(last, found):
    one = known(enrollments=[Enrolled(US, date(2026, 11, 2), last, exit_code="T160")])
    assert codes(one) == found


def test_an_exit_has_its_reason():
    one = known(
        enrollments=[Enrolled(US, date(2024, 8, 14), date(2025, 6, 6)), Enrolled(US, date(2026, 11, 2))]
    )
    assert codes(one) == ["no-exit-reason"]


def test_who_never_came_has_no_plan_here():
    one = known(enrollments=[Enrolled(US, date(2026, 11, 2), date(2026, 11, 2), exit_code="N470")], dated=[])
    (reason,) = what_is_wrong(one)
    assert (reason.code, reason.owner, reason.way_out) == (
        "adopted-never-came",
        Owner.COORDINATOR,
        "Record “Adopted, but never came”.",
    )


def test_a_plan_that_is_not_taken_up():
    one = known(plans=[Held(date(2026, 1, 10), None, THEM)], dated=[])
    assert [reason.text for reason in what_is_wrong(one)] == [
        "The plan in force is that of Heron Creek Unified; this district has not taken it up."
    ]


def test_ids_that_are_missing_are_the_sis_staffs():
    found = what_is_wrong(known(has_ssid=False, local_id=""))
    assert [(reason.code, reason.owner) for reason in found] == [
        ("no-ssid", Owner.SIS),
        ("no-local-id", Owner.SIS),
    ]


def test_the_message_holds_what_is_theirs_and_the_local_id():
    there = Enrolled(THEM, date(2023, 8, 14))
    plans = [Held(date(2026, 1, 10), None, THEM)]
    one = known(enrollments=[there, Enrolled(US, date(2026, 11, 2))], plans=plans, dated=[])
    assert sis_message("Chaparral Unified", "A0001", what_is_wrong(one)).splitlines() == [
        "Enrollment to check, Chaparral Unified, local student ID A0001",
        "",
        "- Two primary enrollments on the same days from 11/02/2026: Heron Creek Unified and Chaparral Unified. Ask "
        "which of the two is right; the other one is ended the day before, or made secondary.",
        "",
        "Please answer under this ID; the student's name does not belong in mail.",
    ]
