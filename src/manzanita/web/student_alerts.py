"""What stands first beside a student's name: a clock that ran out, a leaving, two plans that contradict each other,
services that were declined, two enrollments at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.archive.queries import document_of
from manzanita.domain.clocks.ages import majority_on
from manzanita.domain.former_lea import told_until, window_of
from manzanita.domain.leaving import EXPECTED_BACK
from manzanita.domain.private_conflicts import conflicts_of
from manzanita.domain.private_schools import PLAN_SHORT
from manzanita.domain.rollover import expecting_on
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.stays import NO_SHOW, PRIMARY
from manzanita.domain.years import academic_year_of, census_day
from manzanita.procedures.private_schools import known_of
from manzanita.students.amending import is_reporting
from manzanita.students.models import Enrollment
from manzanita.ui.formats import plural, us_date
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.part_b import is_near_three, owes_in, sentence_of
from manzanita.web.private_schools import fixes_of
from manzanita.web.student_file import StudentFile
from manzanita.web.student_status import standing_in
from manzanita.web.unlisted_schools import ASK, ask_url, unlisted_of

# The transfer of rights is told a year ahead (Education Code 56041.5; 34 CFR 300.320(c)).
MAJORITY_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Alert:
    """One line. ``kind`` is a status shape and ``word`` its name; ``url`` leads to where it can be read or mended."""

    kind: str
    word: str
    text: str
    url: str | None = None
    url_label: str = ""


def alerts_of(file: StudentFile) -> list[Alert]:
    return [
        *_former(file),
        *_late(file),
        *_conflict(file),
        *_enrolled_twice(file),
        *_private_school(file),
        *_school_unlisted(file),
        *_part_b(file),
        *_left(file),
        *_declined(file),
        *_rights(file),
    ]


def _former(file: StudentFile) -> Iterator[Alert]:
    """The reader's LEA is responsible no longer, and sees what was true while it was."""
    through = file.student.seen_through
    if through is not None:
        yield Alert(
            "na",
            "Former LEA",
            f"You see this record as former LEA: what was true through {us_date(through)}, and what your LEA reports "
            f"of that time. What came later is the next LEA's. {_until(file, through)}",
            url_or_none("why_student", file.student.public_id),
            "Why?",
        )


def _until(file: StudentFile, through: date) -> str:
    own = file.actor.agency_codes
    newest = [one for one in file.facts.enrollments if one.lea_code in own and one.effective_to == through]
    is_back = any(one.exit_reason_code in EXPECTED_BACK for one in newest)
    # After the window only that lets it read on, but in the weeks in which a student is expected back.
    is_sole = file.today > window_of(through).closes_on and not (is_back and expecting_on(file.today))
    reports = is_sole or is_reporting(file.student.pk, own)
    return told_until(through, file.today, is_reporting=reports, is_expected_back=is_back)


def _late(file: StudentFile) -> Iterator[Alert]:
    """Each clock of a participating student that has run out."""
    status = file.facts.status_on(file.today)
    if status is None or status.status_code != PARTICIPATING or standing_in(file).left_unsaid:
        return
    clocks = (
        ("Plan review", file.student.plan_review_due_on),
        ("Reevaluation", file.student.evaluation_due_on),
    )
    for what, due in clocks:
        if due is not None and due < file.today:
            days = plural((file.today - due).days, "day")
            yield Alert("fatal", "Overdue", f"{what} {days} late: it was due on {us_date(due)}.")


def _conflict(file: StudentFile) -> Iterator[Alert]:
    """The plan in force is another district's and of another kind than the one this district reports."""
    ours = max((row for row in file.should if row.record == "PLAN"), key=lambda row: row.key_on, default=None)
    plan = file.plan
    if ours is None or plan is None or plan.lea_code == file.lea_code or not file.is_enrolled_here:
        return
    if ours.values["23.11"] != plan.plan_type_code:
        kind, other = (PLAN_SHORT.get(code, "plan") for code in (ours.values["23.11"], plan.plan_type_code))
        whose = file.agencies.get(plan.lea_code, plan.lea_code)
        yield Alert(
            "warn",
            "Conflict",
            f"Two plans of different kinds. In force: an {other} of {whose}, since {us_date(plan.effective_from)}. "
            + _what_ours_is(kind, ours.key_on, plan.effective_from)
            + " The two districts settle which is right.",
        )


def _what_ours_is(kind: str, began: date, other_began: date) -> str:
    """Our plan beside another district's that is in force: each date with what it is."""
    if began < other_began:
        return (
            f"Of the past: the {kind} of this district, which began on {us_date(began)} and is in force here no more "
            f"since {us_date(other_began)}; this district still reports it to the state."
        )
    return f"This district reports an {kind} that began on {us_date(began)} and is not in force here today."


def _enrolled_twice(file: StudentFile) -> Iterator[Alert]:
    """Two primary enrollments on one day, one of them here: a file brought both, or two records were put together."""
    primary = [
        one
        for one in file.facts.enrollments
        if one.status_code == PRIMARY
        and one.exit_reason_code != NO_SHOW
        and one.effective_from <= file.today
        and (one.effective_to is None or one.effective_to >= file.today)
    ]
    if len(primary) < 2 or all(one.lea_code != file.lea_code for one in primary):
        return
    told = [
        f"{_where(file, one)} since {us_date(one.started_on)}"
        + (f", local ID {one.local_student_id}" if one.local_student_id else "")
        for one in primary
    ]
    yield Alert(
        "warn",
        "Enrolled twice",
        f"Two primary enrollments at once: {'; '.join(told)}. The SIS staff end the one that is wrong.",
        url_or_none("student_enrollments", file.student.public_id),
        "Show the enrollments",
    )


def _where(file: StudentFile, one: Enrollment) -> str:
    return file.school_of(one) if one.lea_code == file.lea_code else file.agency(one.lea_code)


def _private_school(file: StudentFile) -> Iterator[Alert]:
    """What contradicts a services plan or a private school; the list of such students says the same."""
    if file.student.seen_through is not None:
        return
    known = known_of(
        file.facts,
        file.lea_code,
        day=file.today,
        birth_on=file.student.birth_on,
        names={**file.agencies, **file.schools},
        meetings=file.meetings,
        leavings=file.leavings,
    )
    told = any(True for _ in _conflict(file))
    for found in conflicts_of(known):
        if told and found.conflict.key == "two-plans":
            continue
        url, label = fixes_of(file.actor, found.conflict, file.student)[0]
        own = url_or_none("student", file.student.public_id)
        yield Alert(
            "warn",
            found.conflict.label,
            f"{found.text} {found.conflict.way_out}",
            None if url == own else url,
            label,
        )


def _school_unlisted(file: StudentFile) -> Iterator[Alert]:
    """The SIS names a school that the directory does not know, or not on these days."""
    if file.student.seen_through is not None:
        return
    for one in unlisted_of(file):
        url = ask_url(file.actor, one, file.lea_code)
        if not url:
            url = url_or_none("student_enrollments", file.student.public_id) or ""
        yield Alert(
            "warn",
            "School",
            f"{one.reason.text} {one.reason.way_out} ({one.reason.owner})",
            url or None,
            ASK if one.asks and "?" in url else "Show the enrollments",
        )


def _part_b(file: StudentFile) -> Iterator[Alert]:
    """Who owes a child near three the IEP, or whose job it is to say so."""
    if file.student.seen_through is None and is_near_three(file):
        text, url, label = sentence_of(file)
        yield Alert("warn" if owes_in(file) is None else "progress", "C to B", text, url, label)


def _left(file: StudentFile) -> Iterator[Alert]:
    if file.is_enrolled_here:
        return
    last = file.enrollment
    if last is None or last.effective_to is None:
        yield Alert("na", "Not here", "No enrollment here today")
        return
    text = f"Left {file.agency(last.lea_code)} on {us_date(last.effective_to)}."
    census = census_day(academic_year_of(file.today))
    if file.facts.enrollment_on(census, file.lea_code) is not None:
        text += f" Enrolled here on Census Day, {us_date(census)}: this district certifies what it reported for Fall 1."
    yield Alert("na", "Left", text)


def _declined(file: StudentFile) -> Iterator[Alert]:
    """What the family declined in the newest meeting that counts."""
    held = [meeting for meeting in file.meetings if meeting.state == "finalized" and meeting.held_on]
    newest = held[0] if held else None
    archive = file.archive_of(newest) if newest and newest.outcome_key == "accepts_part" else None
    if newest is None or newest.held_on is None or archive is None:
        return
    decisions = document_of(archive).get("context", {}).get("decisions", [])
    declined = [decision["item"] for decision in decisions if not decision["is_agreed"]]
    yield Alert(
        "declined",
        "Agreed in part",
        f"Declined in the meeting of {us_date(newest.held_on)}: {', '.join(declined)}.",
        url_or_none("archive", archive.public_id),
        "Show the answers",
    )


def _rights(file: StudentFile) -> Iterator[Alert]:
    """Records of who decides that contradict each other, and an 18th birthday that is near."""
    people = url_or_none("people", file.student.public_id)
    for problem in file.facts.rights_on(file.today).problems:
        if problem.code != "nobody-holds":
            yield Alert("warn", "Not settled", problem.text, people, "Settle it")
    born = file.student.birth_on
    if born is not None and file.today < majority_on(born) <= file.today + MAJORITY_AHEAD:
        yield Alert(
            "warn",
            "Soon",
            f"Turns 18 on {us_date(majority_on(born))}: the rights pass to the student that day.",
            people,
            "Who decides then",
        )
