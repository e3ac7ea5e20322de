"""In which district a student lives, said by the office where no SIS says it: infants whom no school has, children who
are referred. With its day and a reason; taken back where it was wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.auditing.models import ChangeEvent
from manzanita.auditing.queries import changes_of_student
from manzanita.domain.access import PERMISSIONS, Actor, Capability, decide
from manzanita.domain.effective import Span
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.residence import first_said, is_district_code, said_by_sis
from manzanita.meetings.actions import NotPossible, lock_unmerged
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.platform.facts import bring_back
from manzanita.students.actions import state_one
from manzanita.students.models import AgencyRelation, Student
from manzanita.students.queries import StudentFacts, facts_of
from manzanita.students.residence import RESIDENCE, content_of, lives_of, slot_of

CAUSE = "residence"
SAID, TAKEN_BACK = "state_residence", "take_back_residence"
LONGEST_REASON = 300
_DAY = timedelta(days=1)
_SOURCE = "Who owns a field may change it (decisions 28 and 38)"
_DISTRICTS = ("lea", "coe")


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says: the district, blank for none that is known, from ``on``, and why."""

    agency_code: str
    on: date | None
    reason: str


def why_not_say(actor: Actor, facts: StudentFacts, names: Mapping[str, str]) -> Iterator[Reason]:
    """Why the actor may not say it today; ``names`` of agencies by code."""
    decision = decide(actor, Capability.CORRECT_RECORD)
    if not decision:
        yield from decision.because
        return
    today = clock.today()
    has = _lea_that_has(facts, today)
    if facts.student.seen_through is not None or has not in ("", actor.agency_code):
        yield Reason(
            "other-agency",
            f"The student is at {names.get(has, has)}." if has else "The student is here no more.",
            Owner.COORDINATOR,
            "Its office says where the student lives: ask there.",
            source=PERMISSIONS,
        )
    yield from _of_sis(facts, today)


def _lea_that_has(facts: StudentFacts, day: date) -> str:
    """Where the student is enrolled, else whose plan is in force; blank of one who is only referred."""
    here = facts.enrollment_on(day)
    plan = facts.plan_on(day)
    return here.lea_code if here else plan.lea_code if plan else ""


def _of_sis(facts: StudentFacts, day: date) -> Iterator[Reason]:
    said = [span for span in said_by_sis(lives_of(facts.enrollments)) if span.covers(day)]
    if said:
        yield Reason(
            "sis-says",
            f"The SIS says where the student lives, since {said[0].start:%m/%d/%Y} (SENR 1.31), and that stands.",
            Owner.SIS,
            "Where that is wrong, it is corrected in the SIS and comes with the next file.",
            source=_SOURCE,
        )


@transaction.atomic
def say_residence(*, actor: Actor, student: Student, said: Said) -> bool:
    """State it from ``said.on`` on, until a SIS says anything; ``False`` where it stands so already. Raises
    ``NotPossible``."""
    lock_unmerged(student)
    facts = facts_of(student)
    reasons = list(_against(actor, facts, said))
    if reasons:
        raise NotPossible(reasons)
    assert said.on is not None
    until = counts_until(facts, said.on)
    if _stands(facts, said.agency_code, said.on, until):
        return False
    before = _believed(student)
    state_one(
        "agency",
        slot=slot_of(student.pk),
        values=content_of(said.agency_code) if said.agency_code else None,
        effective_from=said.on,
        effective_to=until,
        by_id=actor.user_id,
        cause=CAUSE,
    )
    after = _believed(student)
    _log(actor, student, SAID, said.reason, closed=sorted(before - after), opened=sorted(after - before))
    return True


def counts_until(facts: StudentFacts, on: date) -> date | None:
    """The last day of what the office says from ``on``, the day before a SIS says anything; ``None``: none has yet."""
    next_said = first_said(said_by_sis(lives_of(facts.enrollments)), on, None)
    return next_said - _DAY if next_said else None


def _stands(facts: StudentFacts, agency_code: str, on: date, until: date | None) -> bool:
    """Whether all of these days say so already: no district on any of them, or this one on each."""
    meant = Span(on, until, agency_code)
    rows = [one for one in facts.residences if meant.overlaps(one.effective_from, one.effective_to)]
    if not agency_code:
        return not rows
    return any(
        one.agency_code == agency_code
        and one.effective_from <= on
        and (one.effective_to is None or (until is not None and until <= one.effective_to))
        for one in rows
    )


def _against(actor: Actor, facts: StudentFacts, said: Said) -> Iterator[Reason]:
    names = dict(
        Agency.objects.filter(code=said.agency_code, kind__in=_DISTRICTS).values_list("code", "name")
    )
    may_not = list(why_not_say(actor, facts, names))
    yield from may_not
    if said.agency_code and said.agency_code not in names:
        is_code = is_district_code(said.agency_code)
        yield Reason(
            "no-district",
            "District of residence: the directory has no such district."
            if is_code
            else "District of residence: this is no code of a district.",
            Owner.YOU,
            "Choose it from the list, or enter the seven digits of county and district.",
        )
    today, born = clock.today(), facts.student.birth_on
    if said.on is None:
        yield _no_day("From which day: not said.", "Enter the day on which the family came to live there.")
    elif said.on > today:
        yield _no_day("From which day: it is still to come.", "Record it once the family lives there.")
    elif born is not None and said.on < born:
        yield _no_day("From which day: before the student was born.", "Look at day and year once more.")
    elif all(one.code != "sis-says" for one in may_not):
        yield from _of_sis(facts, said.on)
    if not said.reason:
        yield Reason(
            "no-reason",
            "How you know: not said.",
            Owner.YOU,
            "A sentence is enough; it stands with your name.",
        )


def _no_day(text: str, way_out: str) -> Reason:
    return Reason("no-day", text, Owner.YOU, way_out)


def reasons_by_row(student: Student) -> dict[int, str]:
    """The words that somebody gave, by the key of the version that they stated."""
    events = changes_of_student(student.pk).filter(action=SAID)
    return {pk: event.reason for event in events for pk in event.detail["opened"]}


def last_said(student: Student) -> ChangeEvent | None:
    """What the office said last and nobody has taken back; ``None`` where there is nothing to take back."""
    newest = changes_of_student(student.pk).filter(action__in=(SAID, TAKEN_BACK)).first()
    return newest if newest is not None and newest.action == SAID else None


@transaction.atomic
def take_back_residence(*, actor: Actor, student: Student, seen: int) -> None:
    """Believe again what was believed before the office said it last; ``seen`` is the key of that act. Raises
    ``NotPossible``."""
    lock_unmerged(student)
    facts, event = facts_of(student), last_said(student)
    reasons = [one for one in why_not_say(actor, facts, {}) if one.code != "sis-says"]
    if event is None or event.pk != seen:
        reasons.append(_changed("It was taken back already, or something else was said since."))
    if reasons or event is None:
        raise NotPossible(reasons)
    closed, opened = event.detail["closed"], event.detail["opened"]
    said = said_by_sis(lives_of(facts.enrollments))
    back = list(AgencyRelation.objects.filter(pk__in=closed))
    is_over = any(first_said(said, row.effective_from, row.effective_to) for row in back)
    if is_over or not set(opened) <= _believed(student) or _recorded_since(student, event):
        raise NotPossible([_changed("The SIS, or somebody else, has said since where the student lives.")])
    bring_back(
        AgencyRelation,
        slots=[slot_of(student.pk)],
        close=opened,
        again=closed,
        at=clock.now(),
    )
    _log(actor, student, TAKEN_BACK, "", closed=opened, opened=closed)


def _recorded_since(student: Student, event: ChangeEvent) -> bool:
    return _rows(student).filter(recorded_at__gt=event.at).exclude(pk__in=event.detail["opened"]).exists()


def _rows(student: Student) -> Any:
    return AgencyRelation.objects.believed().filter(student=student, relationship=RESIDENCE)


def _believed(student: Student) -> set[int]:
    return set(_rows(student).values_list("pk", flat=True))


def _changed(text: str) -> Reason:
    return Reason("changed-since", f"{text} Nothing was changed.", Owner.YOU, "Look at what stands now.")


def _log(
    actor: Actor, student: Student, action: str, reason: str, *, closed: list[int], opened: list[int]
) -> None:
    log_change(
        actor=actor,
        action=action,
        student_id=student.pk,
        subject=student,
        reason=reason[:LONGEST_REASON],
        detail={"closed": closed, "opened": opened},
    )
