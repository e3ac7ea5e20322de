"""Which LEA owes a child from Part C the IEP, by which fact that is known, and where that is said; of whom nothing says
it, whose job that is."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.urls import reverse

from manzanita.domain.clocks.early_start import third_birthday_of
from manzanita.domain.findings import Owner
from manzanita.domain.part_b import UNKNOWN, UNKNOWN_FIELD, Owes, who_owes
from manzanita.domain.residence import home_on
from manzanita.domain.special_groups import infants_born_by
from manzanita.domain.stays import IFSP
from manzanita.students.residence import is_of_sis, lives_of
from manzanita.ui.formats import us_date
from manzanita.web.student_file import StudentFile

# A link in a sentence, or a step of a list.
WHERE, SAY = "Where that is said", "Say where the child lives"


def owes_in(file: StudentFile) -> Owes | None:
    """As ``students.infants.part_b_leas`` has it, from what the page has read."""
    plan, lives = file.plan, file.facts.residence_on(file.today)
    place = file.next_year.place if file.next_year else None
    at_home = home_on(lives_of(file.facts.enrollments), file.today)
    return who_owes(
        served_at=plan.lea_code if plan else "",
        dsea=plan.dsea_code if plan else "",
        next_year=place.agency_code if place else "",
        residence=lives.agency_code if lives else at_home,
        is_of_sis=is_of_sis(lives) if lives else bool(at_home),
    )


def is_near_three(file: StudentFile) -> bool:
    """A child with an IFSP who is listed as near three (``domain.special_groups``)."""
    born, plan = file.student.birth_on, file.plan
    is_infant = plan is not None and plan.plan_type_code == IFSP and born is not None
    return is_infant and born is not None and born <= infants_born_by(file.today)


def sentence_of(file: StudentFile) -> tuple[str, str, str]:
    """Of a child near three: the sentence, and address and label of where that is said."""
    born, owes = file.student.birth_on, owes_in(file)
    assert born is not None
    third = us_date(third_birthday_of(born))
    if owes is None:
        words = f"Turns three on {third}. {UNKNOWN} {whose_job(is_enrolled=file.is_enrolled_here)}"
        return words, where_said(file.student.public_id, None), SAY
    words = f"Owes the IEP from {third} on: {file.agency_name(owes.lea_code)}. Known by: {owes.words}."
    return words, where_said(file.student.public_id, owes), WHERE


def whose_job(*, is_enrolled: bool) -> str:
    """Of a child of whom nobody has said it."""
    if is_enrolled:
        return f"Whose job: the {Owner.SIS} enters it (1.31); until then the {Owner.COORDINATOR} may say it here."
    return f"Whose job: the {Owner.COORDINATOR} of the LEA that serves the child."


def owes_words(owes: Owes | None, names: Mapping[str, str], served_at: str, *, is_enrolled: bool) -> str:
    """The same, for a line of a list that has said the birthday."""
    if owes is None:
        return f" {UNKNOWN} {whose_job(is_enrolled=is_enrolled)}"
    where = names.get(owes.lea_code, owes.lea_code)
    goes = f" Then in {where}." if owes.lea_code != served_at else f" {where} goes on."
    return f"{goes} Known by: {owes.words}."


def where_said(public_id: UUID, owes: Owes | None) -> str:
    """The page of the field: who owns it, how it is changed, or why the reader may not."""
    return reverse("field_history", args=[public_id, owes.field_key if owes else UNKNOWN_FIELD])
