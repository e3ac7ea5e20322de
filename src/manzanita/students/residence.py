"""The district of residence as a relation of the student: the SIS's own as far as it says one (``domain.residence``),
and beside it what the office recorded by hand (``procedures.residence``).

A relation of the SIS stands only where the district is another than the LEA that enrolls: it is there to reach a
student whom nothing else ties to the district (decision 38).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from manzanita.domain.access import Relationship
from manzanita.domain.effective import Span
from manzanita.domain.residence import Lives, elsewhere, left_by_sis, said_by_sis
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from manzanita.students.models import AgencyRelation, Enrollment
from manzanita.students.transfer_facts import SIS_CAUSE

RESIDENCE = Relationship.RESIDENCE.value


def lives(lea_code: str, first: date, last: date | None, content: Sequence[str]) -> Lives:
    """One version of an enrollment; ``content`` as ``Enrollment.content`` names it."""
    values = dict(zip(Enrollment.content, content, strict=True))
    return Lives(
        lea_code,
        first,
        last,
        values["status_code"],
        values["exit_reason_code"],
        values["residence_code"],
    )


def lives_of(enrollments: Iterable[Enrollment]) -> list[Lives]:
    """The same of believed rows."""
    return [
        lives(
            one.lea_code,
            one.effective_from,
            one.effective_to,
            [getattr(one, name) for name in Enrollment.content],
        )
        for one in enrollments
    ]


def slot_of(student_id: int) -> dict[str, Any]:
    return {"student_id": student_id, "relationship": RESIDENCE}


def content_of(code: str) -> dict[str, str]:
    return {"agency_code": code, "school_code": ""}


def is_of_sis(row: AgencyRelation) -> bool:
    return row.cause.startswith(SIS_CAUSE)


def says_residence_by_sis(row: AgencyRelation) -> bool:
    return row.relationship == RESIDENCE and is_of_sis(row)


def newest_import_cause(student_ids: Collection[int]) -> str:
    """The import that said last where any of these students lives, or else enrolled one; blank where none did."""
    relations = AgencyRelation.objects.believed().filter(relationship=RESIDENCE)
    for rows in (relations, Enrollment.objects.believed()):
        rows = rows.filter(student_id__in=student_ids, cause__startswith=SIS_CAUSE)
        if cause := rows.order_by("-recorded_at", "-pk").values_list("cause", flat=True).first():
            return cause
    return ""


def carry_residences(
    enrolled: Mapping[int, Iterable[Lives]], *, by_id: int | None, cause: str, at: datetime | None = None
) -> None:
    """Make the relations of these students, by key, say what their believed enrollments say; one query where they do
    already. What somebody recorded by hand ends where the SIS begins to say it. ``cause`` names an import, by which
    :func:`is_of_sis` knows them; ``at`` is now by default."""
    if not enrolled:
        return
    rows: dict[int, list[AgencyRelation]] = defaultdict(list)
    for row in AgencyRelation.objects.believed().filter(student_id__in=enrolled, relationship=RESIDENCE):
        rows[row.student_id].append(row)
    of_sis: list[Statement] = []
    by_hand: dict[tuple[int | None, str], list[Statement]] = defaultdict(list)
    for student_id, enrollments in enrolled.items():
        said = said_by_sis(enrollments)
        for row in rows[student_id]:
            if is_of_sis(row):
                continue
            span = _span(row)
            if left_by_sis([span], said) != [span]:
                by_hand[row.by_id, row.cause] += _cut(student_id, span, said)
        of_sis += _differing(student_id, [_span(row) for row in rows[student_id] if is_of_sis(row)], said)
    at = at or clock.now()
    # What is left of it stays that of whoever recorded it.
    for (who, why), statements in by_hand.items():
        state_student_facts("agency", statements, by_id=who, cause=why, at=at)
    state_student_facts("agency", of_sis, by_id=by_id, cause=cause, at=at)


def _span(row: AgencyRelation) -> Span[str]:
    return Span(row.effective_from, row.effective_to, row.agency_code)


def _cut(student_id: int, span: Span[str], said: Sequence[Span[str]]) -> list[Statement]:
    left = left_by_sis([span], said)
    statements = [Statement(slot_of(student_id), None, span.start, span.end)]
    statements += [Statement(slot_of(student_id), content_of(one.value), one.start, one.end) for one in left]
    return statements


def _differing(student_id: int, held: Sequence[Span[str]], said: Sequence[Span[str]]) -> list[Statement]:
    """Nothing where the SIS says what stands: an import that is repeated writes no version."""
    wanted = elsewhere(said)
    gone = [Statement(slot_of(student_id), None, one.start, one.end) for one in held if one not in wanted]
    new = [
        Statement(slot_of(student_id), content_of(one.value), one.start, one.end)
        for one in wanted
        if one not in held
    ]
    return [*gone, *new]
