"""A student's records as rows of the state's layouts: number -> text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

from manzanita.domain.layouts import SIS_RECORDS, SPED_RECORDS, layout
from manzanita.domain.layouts.files import EXTRACT_COLUMNS, write_lines
from manzanita.synthetic.names import SURNAME
from manzanita.synthetic.outcomes import CAREER_TECHNICAL, SPECIAL_EDUCATION
from manzanita.synthetic.schoolyear import academic_year_id, age_on, first_day, school_year, state_date
from manzanita.synthetic.students import Enrollment, Meeting, Outcome, Plan, Status, Student

Row = dict[str, str]

FILES = {
    **{record: f"SIS_{record}.txt" for record in SIS_RECORDS},
    **{record: f"ODS_{record}.txt" for record in (*SPED_RECORDS, "PSTS")},
}
_GRADUATED = "100"
_LAST_GRADE = "12"
_ADULT = 18
_UPLOAD_AFTER = timedelta(days=4)


def student_lines(student: Student, as_of: date) -> dict[str, list[str]]:
    """The student's lines by record type, each in order of time, as they stand in the files on ``as_of``."""
    rows = {
        "SENR": [_senr(student, enrollment) for enrollment in student.enrollments],
        "SINF": list(_sinf(student)),
        "SWDS": [_swds(student, status, as_of) for status in student.statuses],
        "MEET": [_meet(student, meeting, as_of) for meeting in student.meetings],
        "PLAN": [_plan(student, plan, as_of) for plan in student.plans],
        "SERV": [row for plan in student.plans for row in _serv(student, plan, as_of)],
        "PSTS": [_psts(student, outcome, as_of) for outcome in student.outcomes],
    }
    return {
        record: write_lines(layout(record), of_record, is_extract=record not in SIS_RECORDS)
        for record, of_record in rows.items()
    }


def _date(day: date | None) -> str:
    return state_date(day) if day else ""


def _indicator(is_so: bool) -> str:
    return "Y" if is_so else "N"


def _received(on: date, as_of: date) -> Row:
    """The two dates of an extract: when the state received the record and last changed it."""
    day = state_date(min(on + _UPLOAD_AFTER, as_of))
    return dict.fromkeys(EXTRACT_COLUMNS, day)


def _senr(student: Student, enrollment: Enrollment) -> Row:
    return {
        "1.04": enrollment.lea,
        "1.05": enrollment.school,
        "1.06": enrollment.nps,
        "1.07": academic_year_id(enrollment.start),
        "1.08": student.ssid,
        "1.09": student.local_id(enrollment.lea),
        "1.10": student.first_name,
        "1.11": student.middle_name,
        "1.12": SURNAME,
        "1.17": state_date(student.birth),
        "1.18": student.gender,
        "1.20": "CA",
        "1.21": "US",
        "1.22": state_date(enrollment.start),
        "1.23": enrollment.status,
        "1.24": enrollment.grade,
        "1.25": _date(enrollment.end),
        "1.26": enrollment.exit_reason,
        "1.27": enrollment.completion,
        "1.31": enrollment.residence or enrollment.lea,
        "1.34": _adult_transition(student, enrollment),
        "1.35": "N" if enrollment.completion == _GRADUATED else "",
    }


def _adult_transition(student: Student, enrollment: Enrollment) -> str:
    """Whether a twelfth grader in special education stays on as an adult; empty for everybody else."""
    if enrollment.grade != _LAST_GRADE or not student.plans:
        return ""
    september = date(school_year(enrollment.start), 9, 1)
    return _indicator(age_on(student.birth, september) >= _ADULT)


def _sinf(student: Student) -> Iterator[Row]:
    """One line for each stay at an LEA; consecutive school years there are one stay."""
    holders = student.rights_holders
    for lea, stay in groupby(student.enrollments, key=lambda enrollment: enrollment.lea):
        years = list(stay)
        first, last = years[0], years[-1]
        row = {
            "2.04": state_date(first.start),
            "2.05": _date(last.end),
            "2.06": lea,
            "2.07": last.school,
            "2.08": academic_year_id(last.start),
            "2.09": student.ssid,
            "2.10": student.local_id(lea),
            "2.11": student.first_name,
            "2.12": student.middle_name,
            "2.13": SURNAME,
            "2.18": state_date(student.birth),
            "2.19": student.gender,
            "2.21": "CA",
            "2.22": "US",
            "2.23": _indicator(student.is_hispanic),
            "2.24": "N",
            "2.25": student.race,
            "2.30": "N",
            "2.31": student.address,
            "2.33": "Manzanita Flat",
            "2.34": "CA",
            "2.35": "99999",
            "2.36": state_date(_first_school_day(student)),
            "2.37": "N",
        }
        for holder, first_name, last_name in zip(holders, ("2.39", "2.41"), ("2.40", "2.42"), strict=False):
            row[first_name], row[last_name] = holder.first_name, holder.last_name
        yield row


def _first_school_day(student: Student) -> date:
    """When a child of this age begins kindergarten, or the first enrollment where that is earlier."""
    kindergarten = first_day(school_year(date(student.birth.year + 5, student.birth.month, 1)))
    return min(kindergarten, student.enrollments[0].start)


def _swds(student: Student, status: Status, as_of: date) -> Row:
    return {
        "22.04": status.lea,
        "22.05": academic_year_id(status.on),
        "22.06": student.ssid,
        "22.07": student.local_id(status.lea),
        "22.08": student.sped_id,
        "22.09": student.selpa_code,
        "22.10": _date(status.initial_entry),
        "22.11": state_date(status.on),
        "22.12": status.code,
        "22.13": status.reason,
        **_received(status.on, as_of),
    }


def _meet(student: Student, meeting: Meeting, as_of: date) -> Row:
    return {
        "24.04": meeting.lea,
        "24.05": academic_year_id(meeting.on),
        "24.06": student.ssid,
        "24.07": student.local_id(meeting.lea),
        "24.08": student.sped_id,
        "24.09": student.selpa_code,
        "24.11": _date(meeting.referred_on),
        "24.12": meeting.referred_by,
        "24.13": _date(meeting.consent_on),
        "24.14": meeting.evaluation,
        "24.15": state_date(meeting.on),
        "24.16": meeting.outcome,
        "24.17": _indicator(meeting.is_review),
        "24.18": meeting.delay,
        **_received(meeting.on, as_of),
    }


def _plan(student: Student, plan: Plan, as_of: date) -> Row:
    return {
        "23.04": plan.lea,
        "23.05": academic_year_id(plan.on),
        "23.06": student.ssid,
        "23.07": student.local_id(plan.lea),
        "23.08": student.sped_id,
        "23.09": student.selpa_code,
        "23.10": plan.dsea,
        "23.12": state_date(plan.on),
        "23.13": plan.reason,
        **plan.values,
        **_received(plan.on, as_of),
    }


def _psts(student: Student, outcome: Outcome, as_of: date) -> Row:
    is_special = outcome.program == SPECIAL_EDUCATION
    return {
        "17.04": outcome.lea,
        "17.05": outcome.school,
        "17.06": outcome.nps,
        "17.07": academic_year_id(date(outcome.year, 7, 1)),
        "17.08": student.ssid,
        "17.09": student.sped_id if is_special else "",
        "17.10": student.selpa_code if is_special else "",
        "17.11": outcome.program,
        "17.12": outcome.status,
        "17.13": "Y" if outcome.program == CAREER_TECHNICAL and outcome.status == "200" else "",
        "17.14": outcome.institution,
        **_received(date(outcome.year, 10, 15), as_of),
    }


def _serv(student: Student, plan: Plan, as_of: date) -> Iterator[Row]:
    for service in plan.services:
        yield {
            "25.04": plan.lea,
            "25.05": service.npa,
            "25.06": academic_year_id(plan.on),
            "25.07": student.ssid,
            "25.08": student.local_id(plan.lea),
            "25.09": student.selpa_code,
            "25.11": service.code,
            "25.12": service.provider,
            "25.13": service.location,
            "25.14": service.frequency,
            "25.15": str(service.minutes),
            "25.16": student.sped_id,
            "25.17": state_date(plan.on),
            **_received(plan.on, as_of),
        }
