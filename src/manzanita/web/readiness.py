"""Whether the record of a referred student is ready for its first meeting: what is there, what is missing and whose job
that is. It keeps nothing back: a referral and its days never wait for a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from manzanita.domain.access import Capability
from manzanita.domain.findings import Owner
from manzanita.orgs.calendars import has_calendar
from manzanita.ui.formats import us_date
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.rights_words import decider_words, languages_of_deciders
from manzanita.web.student_file import StudentFile


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the first meeting needs. ``value`` is empty where it is missing, ``why`` says what for."""

    label: str
    value: str
    why: str
    owner: Owner
    url: str | None
    url_label: str


def readiness_of(file: StudentFile) -> list[Part]:
    """Empty where no referral waits; one query where one does."""
    return list(_parts(file)) if file.referral is not None else []


def _parts(file: StudentFile) -> Iterator[Part]:
    page, facts = reverse("student", args=[file.student.public_id]), file.facts
    record, people = f"{page}?tab=record#identification", reverse("people", args=[file.student.public_id])
    born = file.student.birth_on
    yield Part(
        "SSID",
        facts.ssid,
        "From consent on the state asks for it; the SIS requests it.",
        Owner.SIS,
        reverse("student_enrollments", args=[file.student.public_id]),
        "Enrollments, and what to tell the SIS",
    )
    yield Part(
        "Birth date",
        us_date(born) if born else "",
        "Plan type and, before the third birthday, the clock go by it.",
        Owner.SIS,
        record,
        "Show the record",
    )
    yield Part(
        "Who holds the rights",
        "; ".join(decider_words(facts, file.today)),
        "Who is given the assessment plan, and consents.",
        Owner.CLERK,
        people,
        "People",
    )
    yield Part(
        "Language of the family",
        ", ".join(languages_of_deciders(facts, file.today)),
        "The assessment plan is in the parent's language (EC 56321(b)(2)).",
        Owner.CLERK,
        people,
        "People",
    )
    may_assign = file.actor.may(Capability.ASSIGN_STUDENTS)
    yield Part(
        "Case manager",
        file.people.get(facts.case_manager_id or 0, ""),
        "Who follows the days, and whose lists they stand in.",
        Owner.COORDINATOR,
        reverse("assign") if may_assign else people,
        "Assign by name or SSID" if may_assign else "People",
    )
    yield Part(
        "School calendar",
        "of this school year" if has_calendar(file.lea_code, file.today) else "",
        "Without it no school break is left out of the count.",
        Owner.SIS,
        url_or_none("calendars"),
        "Calendars",
    )
