"""Why a page cannot take a student whom somebody has named: of assigning, of adopting, of leavings, and of the lists.

Each is asked only of students who are not among those whom the page takes, and says of each one reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from manzanita.arrivals.queries import arrivals_of
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.leaving.queries import gone_from
from manzanita.platform import clock
from manzanita.procedures.settling import records_to_settle
from manzanita.students.models import SpecialEducationStatus, Student
from manzanita.students.pasted import DOES_NOT_ATTEND
from manzanita.students.scope import current_for

LEFT, NOT_ENDED, NOT_FOR_GOOD = "left-by-record", "sis-not-ended", "not-for-good"
_ADOPTED = "Adopted is the plan of an open arrival"
_ENDED = "Recorded together is whom the SIS has ended and whose plan goes on"
_HAS_LEFT = Reason(
    LEFT,
    "The student has left by your own record.",
    Owner.COORDINATOR,
    "Nothing to do where that is so; else take the leaving back.",
    source="Who has left is here no more",
)
_SETTLED = Reason(
    "arrival-settled-before",
    "The arrival of the student is settled already.",
    Owner.COORDINATOR,
    "Nothing to do where that is so; else open the arrival again.",
    source=_ADOPTED,
)
_NO_ARRIVAL = Reason(
    "no-open-arrival",
    "The student has no open arrival.",
    Owner.COORDINATOR,
    "Nothing to do, unless a plan of another district came along: then record the arrival from the record.",
    source=_ADOPTED,
)
_NOT_ENDED = Reason(
    NOT_ENDED,
    "The SIS has not ended the enrollment.",
    Owner.SIS,
    "Nothing to do where the student is still here; else record this leaving alone.",
    source=_ENDED,
)
_NO_PART = Reason(
    "takes-no-part",
    "The student takes no part in special education here: nothing goes on that would have to end.",
    Owner.COORDINATOR,
    "Nothing to do.",
    source=_ENDED,
)
_NOT_FOR_GOOD = Reason(
    NOT_FOR_GOOD,
    "The SIS has not ended an enrollment here for good since July of last year.",
    Owner.SIS,
    "Nothing to do where the student is expected back; else record this leaving alone.",
    source=_ENDED,
)
_NO_NEXT_YEAR = "Who has left has no next year here"
_NOT_LISTED = "Only whom a list asks for stands in it"


def _not_listed(code: str, text: str) -> Reason:
    return Reason(code, text, Owner.COORDINATOR, "Nothing to do.", source=_NOT_LISTED)


_NOT_OF_LIST: Mapping[str, Reason] = MappingProxyType(
    {
        "findings": _not_listed("no-finding", "The state has no finding open of the student."),
        "held": _not_listed("nothing-held", "No record of the student is held back."),
        "different": _not_listed("not-different", "The state holds what it should of the student."),
        "unplanned": _not_listed("next-year-known", "Something is known of the student's next year."),
        "due": _not_listed(
            "no-such-due-date",
            "No clock of the student that is watched has a date on these days, or with these filters.",
        ),
        "settle": _not_listed(
            "nothing-to-settle", "Nothing of the student is to settle, or not of this kind or owner."
        ),
        "planned": _not_listed(
            "nothing-planned", "Nothing of the student is planned, or not of this kind or day."
        ),
    }
)


def why_not_of(kind: str) -> Callable[[Actor, Sequence[Student]], dict[int, Reason]]:
    """Of a list, by a key of ``_NOT_OF_LIST``; no query."""
    return lambda actor, students: {one.pk: _NOT_OF_LIST[kind] for one in students}


def why_no_next_year(actor: Actor, students: Sequence[Student]) -> dict[int, Reason]:
    """One query."""
    left = _left(actor, students)
    here = _NOT_OF_LIST["unplanned"]
    return {one.pk: replace(_HAS_LEFT, source=_NO_NEXT_YEAR) if one.pk in left else here for one in students}


def why_not_assignable(actor: Actor, students: Sequence[Student]) -> dict[int, Reason]:
    """One query."""
    left = _left(actor, students)
    return {one.pk: _HAS_LEFT if one.pk in left else DOES_NOT_ATTEND for one in students}


def why_no_arrival(actor: Actor, students: Sequence[Student]) -> dict[int, Reason]:
    """Two queries."""
    here = _here(actor, students)
    rows = arrivals_of(actor).filter(student__in=students, settled_at__isnull=False)
    settled = set(rows.values_list("student_id", flat=True))

    def why(pk: int) -> Reason:
        if pk not in here:
            return DOES_NOT_ATTEND
        return _SETTLED if pk in settled else _NO_ARRIVAL

    return {one.pk: why(one.pk) for one in students}


def why_no_departure(actor: Actor, students: Sequence[Student]) -> dict[int, Reason]:
    """A bounded number of queries."""
    left, here = _left(actor, students), _here(actor, students)
    first = {
        one.student_id: Reason(
            "settle-first",
            one.item.text or "Something else is to settle of the student first.",
            one.item.owner,
            "Settle this first.",
            link=one.item.url,
            source=_ENDED,
        )
        for one in records_to_settle(actor, [one.pk for one in students])
        if one.lea_code == actor.agency_code
    }
    taking = SpecialEducationStatus.objects.as_of(effective=clock.today()).filter(
        student__in=students, status_code=PARTICIPATING, lea_code__in=actor.agency_codes
    )
    takes_part = set(taking.values_list("student_id", flat=True))

    def why(pk: int) -> Reason:
        if pk in left:
            return _HAS_LEFT
        if pk in here:
            return _NOT_ENDED
        return first.get(pk) or (_NOT_FOR_GOOD if pk in takes_part else _NO_PART)

    return {one.pk: why(one.pk) for one in students}


def _left(actor: Actor, students: Sequence[Student]) -> set[int]:
    rows = gone_from(actor.agency_codes, clock.today()).filter(student__in=students)
    return set(rows.values_list("student_id", flat=True))


def _here(actor: Actor, students: Sequence[Student]) -> set[int]:
    rows = current_for(actor).filter(pk__in=[one.pk for one in students])
    return set(rows.order_by().values_list("pk", flat=True))
