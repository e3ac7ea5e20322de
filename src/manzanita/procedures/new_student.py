"""Entering a student by hand, after everybody who may be the same was shown."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Relationship
from manzanita.domain.findings import Owner, Reason, RefusedForReasons
from manzanita.domain.likeness import Known
from manzanita.findings.actions import mark_changed
from manzanita.platform import clock
from manzanita.students.actions import Identity, register_students, state_one
from manzanita.students.duplicates import settle_new
from manzanita.students.exact_search import student_with_ssid
from manzanita.students.finding import Candidate, candidates
from manzanita.students.matching import hold_register
from manzanita.students.models import Enrollment, Student

CAUSE = "by-hand"


class NotEntered(RefusedForReasons):
    """Why no student was made."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Where the new student goes to school: what no record can do without."""

    lea_code: str
    school_code: str
    grade_code: str
    first_day: date
    local_id: str = ""


@dataclass(frozen=True, slots=True)
class Resident:
    """A child whom no school has: who is referred before any enrollment is found through the district of residence."""

    lea_code: str


@transaction.atomic
def enter_student(
    *,
    actor: Actor,
    who: Known,
    enrolled: Enrolled | Resident,
    public_id: uuid.UUID,
    seen: Collection[int],
    reason: str,
) -> tuple[Student, bool]:
    """Make the student ``public_id``, and say whether it was made now: of two submits the second finds the first.

    ``seen`` are the keys of the candidates that the person was shown and means none of, for ``reason``. Raises
    ``NotEntered``.
    """
    # From here on nobody else makes students: whoever is not found below is not made twice.
    hold_register()
    made = Student.unscoped.filter(public_id=public_id).first()
    if made is not None:
        return made, False
    alike = candidates(actor, who)
    refusals = list(_refusals(who, enrolled, alike, seen, reason))
    if refusals:
        raise NotEntered(refusals)
    (student,) = register_students([Identity(who.first, "", who.last, "", who.birth_on)], [public_id])
    slot = {"student_id": student.pk}
    stated = {"by_id": actor.user_id, "cause": CAUSE, "at": clock.now()}
    if who.ssid:
        # The state gave it before the student comes, whenever that is.
        known_from = _first_day(enrolled)
        state_one("ssid", slot=slot, values={"ssid": who.ssid}, effective_from=known_from, **stated)
    if isinstance(enrolled, Enrolled):
        content = dict.fromkeys(Enrollment.content, "") | {
            "school_code": enrolled.school_code,
            "status_code": "10",
            "grade_code": enrolled.grade_code,
            "local_student_id": enrolled.local_id,
        }
        state_one(
            "enrollment",
            slot=slot | {"lea_code": enrolled.lea_code, "started_on": enrolled.first_day},
            values=content,
            effective_from=enrolled.first_day,
            **stated,
        )
    else:
        state_one(
            "agency",
            slot=slot | {"relationship": Relationship.RESIDENCE.value},
            values={"agency_code": enrolled.lea_code, "school_code": ""},
            effective_from=clock.today(),
            **stated,
        )
    log_change(
        actor=actor,
        action="enter_student",
        student_id=student.pk,
        subject=student,
        reason=reason,
        detail={"candidates_seen": len(alike), "ssid": bool(who.ssid)},
    )
    settle_new(
        actor=actor,
        student_id=student.pk,
        others=[(one.student.pk, one.likeness) for one in alike],
        reason=reason,
    )
    mark_changed([student.pk])
    return student, True


def _first_day(enrolled: Enrolled | Resident) -> date:
    today = clock.today()
    return min(enrolled.first_day, today) if isinstance(enrolled, Enrolled) else today


def _refusals(
    who: Known, enrolled: Enrolled | Resident, alike: Sequence[Candidate], seen: Collection[int], reason: str
) -> list[Reason]:
    found = []
    if who.ssid and student_with_ssid(who.ssid) is not None:
        found.append(
            Reason(
                "ssid-taken",
                "The SSID is that of a student who has a record here.",
                Owner.COORDINATOR,
                "Open that record, or request it where it is another district's. Of an SSID typed wrongly correct the "
                "digits; whether two students share one is found out at the state (CALPADS).",
            )
        )
    if isinstance(enrolled, Enrolled) and enrolled.local_id:
        held = Enrollment.objects.believed().filter(
            lea_code=enrolled.lea_code, local_student_id=enrolled.local_id
        )
        if held.exists():
            found.append(
                Reason(
                    "local-id-taken",
                    "Local student ID: another student of this district has it.",
                    Owner.SIS,
                    "Look it up in the SIS, or leave it empty.",
                )
            )
    if any(one.student.pk not in seen for one in alike):
        found.append(
            Reason(
                "found-since",
                "Somebody who may be this student is here, and was not when you looked.",
                Owner.COORDINATOR,
                "Look at the students below once more.",
            )
        )
    if alike and not reason:
        found.append(
            Reason(
                "no-word",
                "Why none of them is this student: not said.",
                Owner.YOU,
                "One line is enough; it is kept, so that nobody asks about the pair again.",
            )
        )
    return found
