"""Writing the people around a student: contacts, rights and limits, and the look at a confidential address.

Each act is harmless when it is sent twice: what is recorded already is recorded once. ``seen`` is the number of the
newest version that the person saw (0: none); where somebody recorded something else since, nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from manzanita.auditing.actions import log_change, log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.contacts import PROTECTIONS, confidential_reason, may_see_confidential
from manzanita.domain.effective import Span, restate
from manzanita.domain.findings import Owner, Reason, RefusedForReasons
from manzanita.domain.rights import Standing
from manzanita.domain.rights_recording import reasons_not_to_record
from manzanita.platform.facts import Fact
from manzanita.students.actions import state_one
from manzanita.students.models import Contact, RightsHolder, Student
from manzanita.students.people import contact_rows, newest_contact, people_in, rights_rows, standings_of

CAUSE = "people-page"
_DAY = timedelta(days=1)
MOST_CONTACTS = 99


class NotRecorded(RefusedForReasons):
    """Nothing was changed; ``reasons`` say why."""


@dataclass(frozen=True, slots=True)
class ContactValues:
    """What is recorded of a contact: the content of ``students.models.Contact``."""

    name: str
    relation: str = ""
    language: str = ""
    written_language: str = ""
    phone: str = ""
    email: str = ""
    street: str = ""
    street_2: str = ""
    city: str = ""
    state_code: str = ""
    zip_code: str = ""
    confidential_code: str = ""

    def content(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Contact.content}


@dataclass(frozen=True, slots=True)
class RightsValues:
    """What is recorded of a right or a limit: the content of ``students.models.RightsHolder``."""

    kind_code: str
    evidence_code: str = ""
    evidence_reference: str = ""
    evidence_on: date | None = None
    is_sole: bool = False
    limitation: str = ""

    def content(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in RightsHolder.content}


def next_contact_no(student: Student) -> int:
    """The number of a new contact. Its form carries it, so that the form sent twice adds one person."""
    used = Contact.objects.filter(student=student).values_list("contact_no", flat=True)
    return max(used, default=0) + 1


def newest_version(model: type[Contact] | type[RightsHolder], student: Student, contact_no: int) -> int:
    """The key of the newest believed version in one slot, 0 where there is none."""
    rows = model.objects.believed().filter(student=student, contact_no=contact_no)
    return max(rows.values_list("pk", flat=True), default=0)


@transaction.atomic
def record_contact(
    *, actor: Actor, student: Student, contact_no: int, values: ContactValues, on: date, seen: int
) -> None:
    """State who the contact is and how to reach it, from ``on`` to the last day that was known. Raises
    ``NotRecorded``."""
    _begin(actor, student)
    reasons = list(_of_contact(values, contact_no))
    if student.birth_on is not None and on < student.birth_on:
        reasons.append(_before_birth())
    if reasons:
        raise NotRecorded(reasons)
    spans = _believed(Contact, student, contact_no)
    here = next((row for row in spans if _covers(row, on)), None)
    content = values.content()
    if here is not None and {name: getattr(here, name) for name in Contact.content} == content:
        return
    _require_unchanged(Contact, student, contact_no, seen)
    _state("contact", student, contact_no, content, on, _last_day(spans, on), actor)
    log_change(
        actor=actor,
        action="record_contact" if spans else "add_contact",
        student_id=student.pk,
        detail={"contact_no": contact_no},
    )


@transaction.atomic
def end_contact(*, actor: Actor, student: Student, contact_no: int, last_on: date, seen: int) -> None:
    """The person is a contact until ``last_on``, and decides no longer than that. Raises ``NotRecorded``."""
    _begin(actor, student)
    spans = _believed(Contact, student, contact_no)
    if spans and all(row.effective_to is not None and row.effective_to <= last_on for row in spans):
        return
    _require_unchanged(Contact, student, contact_no, seen)
    if not spans or last_on < min(row.effective_from for row in spans):
        raise NotRecorded([_ends_before_start()])
    for kind in ("contact", "rights"):
        _state(kind, student, contact_no, None, last_on + _DAY, None, actor)
    log_change(actor=actor, action="end_contact", student_id=student.pk, detail={"contact_no": contact_no})


@transaction.atomic
def record_rights(
    *,
    actor: Actor,
    student: Student,
    contact_no: int,
    values: RightsValues,
    starts_on: date,
    ends_on: date | None,
    seen: int,
) -> None:
    """State by what right a contact decides, or what keeps it from that, on these days; it takes the place of what
    was recorded of them. Raises ``NotRecorded``."""
    _begin(actor, student)
    rows, people = list(rights_rows(student)), people_in(contact_rows(student))
    of_person = [person for person in people if person.contact_no == contact_no]
    own = [row for row in rows if row.contact_no == contact_no]
    content = values.content()
    if any(
        (row.effective_from, row.effective_to) == (starts_on, ends_on)
        and {name: getattr(row, name) for name in RightsHolder.content} == content
        for row in own
    ):
        return
    _require_unchanged(RightsHolder, student, contact_no, seen)
    if not any(person.is_known_on(starts_on) for person in of_person):
        raise NotRecorded([_no_contact(starts_on)])
    stated = Standing(
        contact_no,
        of_person[-1].name,
        values.kind_code,
        starts_on,
        ends_on,
        values.evidence_code,
        values.is_sole,
        values.limitation,
    )
    before = standings_of(rows, people)
    reasons = [
        *_of_evidence(values),
        *reasons_not_to_record(stated, student.birth_on, before, _with(before, stated)),
    ]
    if reasons:
        raise NotRecorded(reasons)
    _state("rights", student, contact_no, content, starts_on, ends_on, actor)
    log_change(
        actor=actor,
        action="record_rights",
        student_id=student.pk,
        detail={"contact_no": contact_no, "kind": values.kind_code},
    )


@transaction.atomic
def end_rights(*, actor: Actor, student: Student, contact_no: int, last_on: date | None, seen: int) -> None:
    """The right or limit counts until ``last_on``; ``None``: it was recorded by mistake and never counted. Raises
    ``NotRecorded``."""
    _begin(actor, student)
    spans = _believed(RightsHolder, student, contact_no)
    if all(row.effective_to is not None and last_on and row.effective_to <= last_on for row in spans):
        return
    _require_unchanged(RightsHolder, student, contact_no, seen)
    first = min(row.effective_from for row in spans)
    if last_on is not None and last_on < first:
        raise NotRecorded([_ends_before_start()])
    _state("rights", student, contact_no, None, last_on + _DAY if last_on else first, None, actor)
    log_change(
        actor=actor,
        action="end_rights" if last_on else "withdraw_rights",
        student_id=student.pk,
        detail={"contact_no": contact_no},
    )


def reveal_contact(*, actor: Actor, student: Student, contact_no: int) -> Contact:
    """A confidential contact with its address, and the note that this actor saw it. Raises ``NotRecorded`` for who
    may not see it, or where there is none."""
    row = newest_contact(student, contact_no)
    if row is None or not may_see_confidential(actor):
        raise NotRecorded([confidential_reason(row.confidential_code if row else "")])
    log_reads(actor=actor, student_ids=[student.pk], what="contact.confidential")
    return row


def _begin(actor: Actor, student: Student) -> None:
    """Nobody without the capability; and one at a time for each student."""
    if not actor.may(Capability.EDIT_CONTACTS) or actor.is_read_only:
        raise NotRecorded(
            [
                Reason(
                    "no-capability",
                    "Your perspective does not keep contacts and rights holders.",
                    Owner.COORDINATOR,
                    "Ask the special education office to record it.",
                )
            ]
        )
    Student.unscoped.select_for_update().only("pk").get(pk=student.pk)


def _believed(model: type[Contact] | type[RightsHolder], student: Student, contact_no: int) -> list[Any]:
    return list(model.objects.believed().filter(student=student, contact_no=contact_no))


def _covers(row: Fact, day: date) -> bool:
    return row.effective_from <= day and (row.effective_to is None or day <= row.effective_to)


def _last_day(spans: Sequence[Fact], on: date) -> date | None:
    """The last day that is recorded already, unless it is open, or past: the person is a contact again then."""
    lasts = [row.effective_to for row in spans]
    if not lasts or None in lasts or max(lasts) < on:
        return None
    return max(lasts)


def _require_unchanged(
    model: type[Contact] | type[RightsHolder], student: Student, contact_no: int, seen: int
) -> None:
    if newest_version(model, student, contact_no) != seen:
        raise NotRecorded(
            [
                Reason(
                    "changed-since",
                    "Somebody else recorded something here after this page was opened; nothing of yours was saved.",
                    Owner.CLERK,
                    "Look at what stands now, and enter your change again.",
                )
            ]
        )


def _state(
    kind: str,
    student: Student,
    contact_no: int,
    content: Mapping[str, Any] | None,
    start: date,
    end: date | None,
    actor: Actor,
) -> None:
    state_one(
        kind,
        slot={"student_id": student.pk, "contact_no": contact_no},
        values=content,
        effective_from=start,
        effective_to=end,
        by_id=actor.user_id,
        cause=CAUSE,
    )


def _with(before: Sequence[Standing], stated: Standing) -> list[Standing]:
    """The records after ``stated`` takes the place of what was recorded of its person on its days."""
    own = [
        Span(one.starts_on, one.ends_on, (one.kind, one.evidence, one.is_sole, one.limitation))
        for one in before
        if one.contact_no == stated.contact_no
    ]
    if stated.ends_on is not None and stated.ends_on < stated.starts_on:
        return [*before, stated]
    value = (stated.kind, stated.evidence, stated.is_sole, stated.limitation)
    change = restate(own, start=stated.starts_on, end=stated.ends_on, value=value)
    left = [span for span in own if span not in change.close]
    return [
        *(one for one in before if one.contact_no != stated.contact_no),
        *(
            Standing(
                stated.contact_no,
                stated.name,
                span.value[0],
                span.start,
                span.end,
                span.value[1],
                span.value[2],
                span.value[3],
            )
            for span in (*left, *change.insert)
        ),
    ]


def _of_contact(values: ContactValues, contact_no: int) -> Iterable[Reason]:
    if not values.name:
        yield Reason("no-name", "The person has no name.", Owner.YOU, "Enter the name.")
    for name in Contact.content:
        longest = Contact._meta.get_field(name).max_length
        text = getattr(values, name)
        if len(text) > longest or "\0" in text:
            label = name.replace("_", " ").replace(" code", "").capitalize()
            yield Reason(
                "too-long", f"{label} is longer than {longest} characters.", Owner.CLERK, "Shorten it."
            )
    if values.confidential_code and values.confidential_code not in PROTECTIONS:
        yield Reason(
            "no-protection", "Why the address is confidential is not chosen.", Owner.YOU, "Choose it."
        )
    if not 1 <= contact_no <= MOST_CONTACTS:
        yield Reason(
            "too-many",
            f"A student has at most {MOST_CONTACTS} contacts here.",
            Owner.CLERK,
            "Change a contact that is no longer needed.",
        )


def _of_evidence(values: RightsValues) -> Iterable[Reason]:
    for name, label in (("evidence_reference", "Number of the paper"), ("limitation", "Limitation")):
        longest, text = RightsHolder._meta.get_field(name).max_length, getattr(values, name)
        if len(text) > longest or "\0" in text:
            yield Reason(
                "too-long", f"{label} is longer than {longest} characters.", Owner.CLERK, "Shorten it."
            )


def _ends_before_start() -> Reason:
    return Reason(
        "ends-before-start", "The last day is before the first.", Owner.YOU, "Correct one of the two days."
    )


def _before_birth() -> Reason:
    return Reason(
        "before-birth",
        "The first day is before the student was born.",
        Owner.CLERK,
        "Enter the day from which it counts.",
    )


def _no_contact(day: date) -> Reason:
    return Reason(
        "no-contact",
        f"The person is no contact of the student on {day:%m/%d/%Y}.",
        Owner.CLERK,
        "Let the right begin on a day on which the person is a contact, or let the contact begin earlier.",
    )
