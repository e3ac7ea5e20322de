"""Every write of students and their facts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from manzanita.domain.clocks.reviews import annual_due_on, triennial_due_on
from manzanita.domain.names import name_key
from manzanita.platform.changed import students_changed
from manzanita.platform.facts import Fact, Statement, state_facts
from manzanita.platform.ids import new_public_id
from manzanita.students.identity_actions import note_changes
from manzanita.students.models import (
    AgencyRelation,
    CaseAssignment,
    Contact,
    Enrollment,
    NextSetting,
    NextYear,
    Plan,
    Referral,
    RightsHolder,
    Service,
    SpecialEducationStatus,
    Ssid,
    Student,
    TeamMember,
)
from manzanita.students.name_keys import add_name_keys, renew_name_keys

# The cause of what stood at the state before anything was recorded here.
TAKEN_OVER = "state-extract"
FACT_MODELS: dict[str, type[Fact]] = {
    "ssid": Ssid,
    "enrollment": Enrollment,
    "status": SpecialEducationStatus,
    "plan": Plan,
    "service": Service,
    "assignment": CaseAssignment,
    "team": TeamMember,
    "agency": AgencyRelation,
    "next_year": NextYear,
    "next_setting": NextSetting,
    "referral": Referral,
    "contact": Contact,
    "rights": RightsHolder,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a student is, as the SIS states it. Blank text leaves a known value as it is."""

    first_name: str = ""
    middle_name: str = ""
    last_name: str = ""
    suffix: str = ""
    birth_on: date | None = None
    gender_code: str = ""
    local_sped_id: str = ""


@transaction.atomic
def register_students(
    identities: Sequence[Identity], public_ids: Sequence[uuid.UUID] | None = None
) -> list[Student]:
    """Make one student for each identity, in the same order; ``public_ids`` where they were told already."""
    made = Student.unscoped.bulk_create(
        [
            Student(
                public_id=public_id,
                first_name=identity.first_name,
                middle_name=identity.middle_name,
                last_name=identity.last_name,
                suffix=identity.suffix,
                name_key=_name_key(identity),
                birth_on=identity.birth_on,
                gender_code=identity.gender_code,
                local_sped_id=identity.local_sped_id,
            )
            for identity, public_id in zip(
                identities, public_ids or [new_public_id() for _ in identities], strict=True
            )
        ],
        batch_size=500,
    )
    add_name_keys(made)
    return made


@transaction.atomic
def update_identities(
    changes: Mapping[int, Identity], *, by_id: int | None = None, cause: str = "system"
) -> int:
    """Bring names, birth dates and ids up to what is stated now, and note what they were; return how many students
    changed."""
    students = {student.pk: student for student in Student.unscoped.filter(pk__in=changes)}
    changed = []
    moved = {}
    for pk, identity in changes.items():
        student = students[pk]
        before = {name: getattr(student, name) for name in Identity.__slots__}
        for name in Identity.__slots__:
            value = getattr(identity, name)
            if value not in ("", None):
                setattr(student, name, value)
        after = {name: getattr(student, name) for name in Identity.__slots__}
        if before != after:
            moved[pk] = (before, after)
            student.name_key = _name_key(student)
            changed.append(student)
    Student.unscoped.bulk_update(changed, [*Identity.__slots__, "name_key"], batch_size=500)
    renew_name_keys(changed)
    note_changes(moved, by_id=by_id, cause=cause)
    students_changed(student.pk for student in changed)
    return len(changed)


def _name_key(who: Identity | Student) -> str:
    return name_key(who.first_name, who.middle_name, who.last_name, who.suffix)


def local_sped_id_for(student: Student) -> str:
    """The special education id that this installation gives a student who has none."""
    return f"SE{student.pk:08d}"


def issue_local_sped_id(student: Student) -> None:
    """Give a student who has none a special education id of this installation; the state's files require it."""
    if student.local_sped_id:
        return
    student.local_sped_id = local_sped_id_for(student)
    Student.unscoped.filter(pk=student.pk, local_sped_id="").update(local_sped_id=student.local_sped_id)


def set_local_sped_ids(values: Mapping[int, str]) -> None:
    """Give each student, by key, the special education id of the district; empty text takes it away."""
    students = list(Student.unscoped.filter(pk__in=values))
    for student in students:
        student.local_sped_id = values[student.pk]
    Student.unscoped.bulk_update(students, ["local_sped_id"], batch_size=500)


def state_student_facts(
    kind: str,
    statements: Sequence[Statement],
    *,
    by_id: int | None,
    cause: str,
    at: datetime | None = None,
) -> list[Fact]:
    """State facts of one kind (a key of ``FACT_MODELS``); see ``platform.facts.state_facts``."""
    return state_facts(FACT_MODELS[kind], statements, by_id=by_id, cause=cause, at=at)


def state_one(
    kind: str,
    *,
    slot: Mapping[str, Any],
    values: Mapping[str, Any] | None,
    effective_from: date,
    effective_to: date | None = None,
    by_id: int | None,
    cause: str,
    at: datetime | None = None,
) -> list[Fact]:
    """State one fact of one student."""
    statement = Statement(slot, values, effective_from, effective_to)
    return state_student_facts(kind, [statement], by_id=by_id, cause=cause, at=at)


@transaction.atomic
def set_clocks(last_dates: Mapping[int, tuple[date | None, date | None]]) -> None:
    """Store per student the last plan review and last evaluation, and when the next ones are due."""
    students = list(Student.unscoped.filter(pk__in=last_dates))
    for student in students:
        review, evaluation = last_dates[student.pk]
        student.last_plan_review_on = review
        student.last_evaluation_on = evaluation
        student.plan_review_due_on = annual_due_on(review) if review else None
        student.evaluation_due_on = triennial_due_on(evaluation) if evaluation else None
    Student.unscoped.bulk_update(
        students,
        ["last_plan_review_on", "last_evaluation_on", "plan_review_due_on", "evaluation_due_on"],
        batch_size=500,
    )
    students_changed(last_dates)
