"""``manzanita due`` from the outside: JSON, table, list, and every mistake with its fix."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from manzanita.cli import main
from manzanita.domain.clocks import CLOCKS

DATA = Path(__file__).parents[1] / "data"
WORKED = str(DATA / "expected" / "calendar_worked-example.csv")
FOOTHILL = str(DATA / "clocks" / "calendar_foothill.csv")


@pytest.fixture
def told(capsys):
    def run(*arguments):
        code = main(["due", *arguments])
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def test_an_answer_as_json(told):
    code, out, err = told(
        *("initial-iep", "--given", "consent_on=2026-11-16", "--calendar", WORKED, "--tolling", "A"),
        *("--format", "json"),
    )
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer.pop("authority").startswith(
        "Education Code 56344(a) <https://leginfo.legislature.ca.gov/faces/codes_displaySection.xhtml?lawCode=EDC"
        "&sectionNum=56344.>; Education Code 56043(c) <"
    )
    assert answer == {
        "statutory_due_on": "2027-01-27",
        "state_due_on": "2027-01-15",
        "trace": [
            {
                "from": "2026-11-17",
                "to": "2026-12-20",
                "days": 34,
                "counted": True,
                "why": "calendar days; 1 break of at most five school days in them",
            },
            {
                "from": "2026-12-21",
                "to": "2027-01-01",
                "days": 12,
                "counted": False,
                "why": "break of 10 school days from 2026-12-21 to 2027-01-01: not counted from its first missed "
                "weekday to its last",
            },
            {"from": "2027-01-02", "to": "2027-01-27", "days": 26, "counted": True, "why": "calendar days"},
        ],
        "confidence": "inferred",
    }


def test_inputs_may_stand_in_one_word_or_several(told):
    one = told("initial-iep", "--given", "consent_on=2026-11-16 referral_on=2026-11-02")
    several = told("initial-iep", "--given", "consent_on=2026-11-16", "--given", "referral_on=2026-11-02")
    assert one == several
    assert one[0] == 0


def test_an_answer_without_a_date_and_without_the_states_date(told):
    code, out, _ = told("transfer-same-selpa", "--given", "enrolled_on=2026-10-05", "--format", "json")
    answer = json.loads(out)
    assert (code, answer["statutory_due_on"], answer["state_due_on"]) == (0, None, None)
    assert answer["trace"] == [
        {
            "from": "2026-10-05",
            "to": "2026-10-05",
            "days": 0,
            "counted": False,
            "why": "same SELPA: the IEP goes on without delay; there is no review after 30 days",
        }
    ]


def test_an_answer_for_people(told):
    code, out, err = told("assessment-plan", "--given", "referral_on=2027-05-24", "--calendar", WORKED)
    assert (code, err) == (0, "")
    assert out == (
        "assessment-plan  Assessment plan to the parent\n"
        "\n"
        "Due by law       2027-08-15, Sunday\n"
        "\n"
        "from        to          days  counted  why\n"
        "2027-05-25  2027-06-06    13  yes      calendar days\n"
        "2027-06-07  2027-08-13    68  no       summer of 50 school days from 2027-06-07 to 2027-08-13: not counted"
        "\n"
        "                                       from its first missed weekday to its last\n"
        "2027-08-14  2027-08-15     2  yes      calendar days\n"
        "2027-08-15                             a Sunday, which does not move the date; the school day before is\n"
        "                                       Friday, 2027-06-04\n"
        "                          15  counted\n"
        "\n"
        "How it counts    15 days from the referral; of a referral in the last 10 days of the school year, 10 days"
        " from\n"
        "                 the first day of the next.\n"
        "Long breaks      by reading A: not counted: first to last missed weekday of a long break\n"
        "How sure         inferred\n"
        "Law              Education Code 56321(a)\n"
        "                 https://leginfo.legislature.ca.gov/faces/codes_displaySection.xhtml?lawCode=EDC&sectionNum=56321.\n"
        "                 Education Code 56043(a)\n"
        "                 https://leginfo.legislature.ca.gov/faces/codes_displaySection.xhtml?lawCode=EDC&sectionNum=56043.\n"
    )


def test_a_school_and_a_track_have_their_own_days(told):
    asked = (
        "parent-requested-meeting",
        "--given",
        "request_on=2026-09-15",
        "--calendar",
        FOOTHILL,
        "--format",
        "json",
    )
    _, out, err = told(*asked)
    district = json.loads(out)
    assert err == f"{FOOTHILL}: 9 of 24 rows are of others and do not hold here.\n"
    track = json.loads(told(*asked, "--school", "6001001", "--track", "Y")[1])
    assert (district["statutory_due_on"], track["statutory_due_on"]) == ("2026-10-15", "2026-10-20")


def test_a_calendar_that_does_not_reach_is_said(told, tmp_path):
    calendar = tmp_path / "one-year.csv"
    calendar.write_text("lea,school,track,kind,start,end\n,,,term,2026-08-17,2027-06-04\n")
    _, out, _ = told(
        *("initial-iep", "--given", "consent_on=2027-05-18", "--calendar", str(calendar), "--format", "json"),
    )
    answer = json.loads(out)
    assert (answer["statutory_due_on"], answer["confidence"]) == ("2027-07-17", "provisional")
    assert answer["trace"][-3]["why"] == (
        "the calendar ends here; later days count as without breaks until 2027-07-17"
    )
    _, out, _ = told(
        *(
            "assessment-plan",
            "--given",
            "referral_on=2027-05-25",
            "--calendar",
            str(calendar),
            "--format",
            "json",
        ),
    )
    answer = json.loads(out)
    assert (answer["statutory_due_on"], answer["confidence"]) == (None, "provisional")
    assert answer["trace"][0]["why"] == (
        "referred 10 days before the school year ends on 2027-06-04: due 10 days after the first day of the next "
        "school year, which the calendar does not know; add the terms of that year"
    )


def test_an_icalendar_file_is_read_and_what_it_leaves_out_is_said(told, tmp_path):
    calendar = tmp_path / "school.ics"
    calendar.write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Winter break\nDTSTART;VALUE=DATE:20261221\nDTEND;VALUE=DATE:20270102\n"
        "END:VEVENT\nBEGIN:VEVENT\nSUMMARY:Concert\nDTSTART:20261209T190000\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    code, out, err = told(
        *("parent-requested-meeting", "--given", "request_on=2026-12-10", "--calendar", str(calendar)),
        *("--format", "json"),
    )
    assert (code, json.loads(out)["statutory_due_on"]) == (0, "2027-01-21")
    assert err == (
        f"{calendar}: left out: Line 7, Concert: DTSTART '20261209T190000' has a time or is no day: make it an event "
        "of whole days.\n"
    )


def test_the_list_names_every_clock_with_its_inputs(told):
    code, out, _ = told("--list")
    assert code == 0
    assert out.endswith(f"{len(CLOCKS)} clocks.\n")
    assert (
        "parent-requested-meeting  Meeting that the parent asks for\n"
        "  30 days from the written request.\n"
        "    request_on  day on which the written request was received; a date, 2026-11-23; needed\n"
    ) in out
    code, out, _ = told("--list", "--format", "json")
    listed = {row["clock"]: row for row in map(json.loads, out.splitlines())}
    assert code == 0
    assert listed.keys() == CLOCKS.keys()
    assert listed["maximum-age"]["inputs"][3] == {
        "name": "finishes_in_june",
        "type": "flag",
        "required": False,
        "meaning": "the IEP would be finished at the end of the fiscal year (birthday October to December)",
    }


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "Name a clock; `manzanita due --list` lists them all."),
        (
            ("initial-ipe",),
            "There is no clock 'initial-ipe'. Did you mean initial-iep? `manzanita due --list` lists them all.",
        ),
        (("zzz",), "There is no clock 'zzz'. `manzanita due --list` lists them all."),
        (
            ("initial-iep", "--given", "consent=2026-11-16"),
            "initial-iep has no input 'consent'. Did you mean consent_on? It takes consent_on (needed), referral_on, "
            "agreed_on, child_not_produced.",
        ),
        (
            ("annual-review", "--given", "x=1"),
            "annual-review has no input 'x'. It takes last_iep_on (needed).",
        ),
        (
            ("annual-review",),
            "annual-review needs last_iep_on (day of the last IEP meeting that reviewed the plan, or of the first). It "
            "takes last_iep_on (needed).",
        ),
        (
            ("annual-review", "--given", "last_iep_on=11/16/2026"),
            "last_iep_on: '11/16/2026' is not a date such as 2026-11-23: write year, month and day.",
        ),
        (
            ("annual-review", "--given", "last_iep_on=2027-02-29"),
            "last_iep_on: there is no day 2027-02-29: correct it.",
        ),
        (
            ("annual-review", "--given", "last_iep_on=9999-12-31"),
            "last_iep_on: 9999-12-31 is no day of a school or a student: correct the year.",
        ),
        (
            ("annual-review", "--given", "2026-11-16"),
            "--given: '2026-11-16' is not KEY=VALUE. Write it as in consent_on=2026-11-16.",
        ),
        (
            ("annual-review", "--given", "last_iep_on=2026-11-16", "--given", "last_iep_on=2026-11-17"),
            "--given: last_iep_on is given twice. Give it once.",
        ),
        (
            ("initial-iep", "--given", "consent_on=2026-11-16", "child_not_produced=maybe"),
            "child_not_produced: 'maybe' is not yes or no: write one of the two.",
        ),
        (
            ("meeting-notice", "--given", "meeting_on=2026-11-16", "days=-3"),
            "days: '-3' is not a whole number of days, 999 at most.",
        ),
        (
            ("removal-days", "--given", "removed_on=2026-11-16..2026-11-10"),
            "removed_on: 2026-11-16..2026-11-10 ends before it starts: write the earlier day first.",
        ),
        (
            ("initial-iep", "--given", "consent_on=2026-11-16", "referral_on=2026-11-17"),
            "referral_on: the referral (2026-11-17) comes after the consent (2026-11-16): correct one of the two.",
        ),
        (
            ("c-to-b-iep", "--given", "birth_on=2024-05-20", "consent_on=2024-05-19"),
            "consent_on: 2024-05-19 is before the birth, 2024-05-20: correct one of the two.",
        ),
        (
            ("annual-review", "--given", "last_iep_on=2026-11-16", "--tolling", "D"),
            "--tolling: 'D' is none of none, A, B, C. Write one of them.",
        ),
        (
            ("annual-review", "--given", "last_iep_on=2026-11-16", "--school", "1"),
            "--school chooses rows of a calendar: name its file with --calendar.",
        ),
        (
            ("annual-review", "--given", "last_iep_on=2026-11-16", "--calendar", "none-such.csv"),
            "none-such.csv cannot be read: No such file or directory.",
        ),
    ],
)
def test_a_mistake_is_told_with_its_fix(arguments, problem, told):
    assert told(*arguments) == (2, "", problem + "\n")


def test_a_calendar_that_cannot_be_read_is_told_row_by_row(told, tmp_path):
    calendar = tmp_path / "bad.csv"
    asked = ("annual-review", "--given", "last_iep_on=2026-11-16", "--calendar", str(calendar))
    calendar.write_text(
        "lea,school,track,kind,start,end\n,,,recess,2026-08-17,2027-06-04\n,,,term,x,2027-06-04\n"
    )
    assert told(*asked) == (
        2,
        "",
        f"{calendar}: Row 2, kind: 'recess' is none of term, break, holiday, closure, intersession, summer. Write one "
        f"of them.\n{calendar}: Row 3, start: 'x' is not a date such as 2026-11-23: write year, month and day.\n",
    )
    calendar.write_bytes(b"\xff\xfe")
    assert told(*asked) == (
        2,
        "",
        f"{calendar} is not text in UTF-8. Save it again as CSV (UTF-8) or .ics.\n",
    )
