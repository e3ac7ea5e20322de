"""Is there a record of exactly this student, outside anybody's scope? The answer is a key and an agency; no name,
no date and no count leaves this module."""

from __future__ import annotations

from datetime import date

from manzanita.domain.names import name_words
from manzanita.platform import clock
from manzanita.platform.reach import whole_installation
from manzanita.students.models import Enrollment, NameKey, SpecialEducationStatus
from manzanita.students.queries import students_by_ssid

_outside = whole_installation("who is asked for stands outside the asker's scope, and only a key comes back")


@_outside
def student_with_ssid(ssid: str) -> int | None:
    """Database key of the student who has this SSID now."""
    return students_by_ssid([ssid]).get(ssid)


@_outside
def student_named(first: str, last: str, born_on: date) -> int | None:
    """Database key of the one student with exactly this legal name and birth date; ``None`` for none or several.

    Case, accents and marks do not count. One query, whatever comes out.
    """
    if not name_words(first) or not name_words(last):
        return None
    born = NameKey.objects.filter(birth_on=born_on, given_up_at__isnull=True)
    names = born.values_list("student_id", "first_name", "last_name").distinct()
    wanted = (name_words(first), name_words(last))
    found = [
        pk for pk, first_name, last_name in names if (name_words(first_name), name_words(last_name)) == wanted
    ]
    return found[0] if len(found) == 1 else None


@_outside
def lea_of(student_id: int) -> str:
    """Code of the LEA to ask: where the student is enrolled today, else who holds the status, else where last."""
    today = clock.today()
    here = Enrollment.objects.as_of(effective=today).filter(student_id=student_id)
    ordered = here.order_by("status_code", "-started_on").values_list("lea_code", flat=True)
    status = SpecialEducationStatus.objects.as_of(effective=today).filter(student_id=student_id)
    last = Enrollment.objects.believed().filter(student_id=student_id).order_by("-started_on")
    return (
        ordered.first()
        or status.values_list("lea_code", flat=True).first()
        or last.values_list("lea_code", flat=True).first()
        or ""
    )
