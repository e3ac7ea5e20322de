"""A student as the document of ``domain.portable``: for the preview of a transfer, and for the signed file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from manzanita.archive.actions import canonical_bytes
from manzanita.auditing.disclosing import record_disclosure
from manzanita.auditing.exports import PORTABLE, Asked, MoreNeeded, ask_made_export
from manzanita.auditing.kinds import ContentClass
from manzanita.auditing.models import ListExport
from manzanita.domain.access import Actor
from manzanita.domain.export_limits import FILE_LASTS, Verdict
from manzanita.domain.portable import KIND, SCHEMA_VERSION, SECTIONS, STUDENT, WITHHELD
from manzanita.meetings.models import Meeting
from manzanita.platform import clock
from manzanita.students.former import facts_for
from manzanita.students.models import Student
from manzanita.students.people import ContactCard, contact_cards
from manzanita.students.queries import StudentFacts, facts_of
from manzanita.transfers.signing import sign

LIST_KEY = "portable"


def document_for(actor: Actor, student: Student, *, meant_for: str) -> dict[str, Any]:
    """The document of a student that ``get_student`` found, as far as the actor sees the student: a former LEA what
    was true on its last day."""
    cards = contact_cards(actor, student, clock.today())
    return _document(actor, facts_for(actor, student), _meetings(actor, student), cards, meant_for)


def preview_of(actor: Actor, student: Student) -> dict[str, Any]:
    """The document of a student read through a transfer (``students.scope.previewed``): without any address."""
    return _document(actor, facts_of(student), _meetings(actor, student), (), "")


def file_of(document: Mapping[str, Any]) -> bytes:
    """The document signed with the key of this installation. Raises ``KeyUnusable``."""
    content = canonical_bytes(document)
    signed = sign(content)
    return canonical_bytes(
        {
            "document": document,
            "sha256": hashlib.sha256(content).hexdigest(),
            "signature": signed.signature,
            "public_key": signed.public_key,
        }
    )


def ask_portable(
    *,
    actor: Actor,
    student: Student,
    meant_for: str,
    why: str,
    ask_key: str,
    weigh: Callable[[Actor, Sequence[int]], Verdict],
) -> ListExport | Verdict:
    """The signed file of one student as an export of the actor's, with its line in the log of disclosures; or, where it
    would need more than the actor, what."""
    asked = Asked(
        LIST_KEY, "Portable file of one student", f"For {meant_for}", PORTABLE, ask_key, f"{meant_for}: {why}"
    )

    def write() -> bytes:
        # Called once, however often the form is sent.
        record_disclosure(
            actor=actor,
            student_id=student.pk,
            kind="disclosed",
            on=clock.today(),
            party=meant_for,
            authority_code="enrolling",
            interest="The student is to enroll there.",
            purpose=why,
            what="Portable file of the special education record; confidential addresses left out",
        )
        return file_of(document_for(actor, student, meant_for=meant_for))

    try:
        return ask_made_export(
            actor=actor,
            asked=asked,
            student_ids=[student.pk],
            weigh=lambda: weigh(actor, [student.pk]),
            write=write,
            expires_at=clock.now() + FILE_LASTS,
            content_class=ContentClass.RECORD,
        )
    except MoreNeeded as needed:
        return needed.verdict


def _document(
    actor: Actor,
    facts: StudentFacts,
    meetings: Iterable[Meeting],
    cards: Sequence[ContactCard],
    meant_for: str,
) -> dict[str, Any]:
    rows: dict[str, Iterable[Any]] = {
        "ssids": facts.ssids,
        "enrollments": facts.enrollments,
        "statuses": facts.statuses,
        "plans": facts.plans,
        "services": facts.services,
        "meetings": meetings,
        "rights": facts.rights,
    }
    document: dict[str, Any] = {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "made_on": clock.today().isoformat(),
        "made_by": {
            "agency_code": actor.agency_code,
            "agency_name": actor.agency_name,
            "person": actor.person_name,
            "meant_for": meant_for[:200],
        },
        "student": {name: _plain(getattr(facts.student, name)) for name in STUDENT},
    }
    for section, found in rows.items():
        document[section] = [_told(section, row) for row in found]
    document["people"] = _people(facts, cards)
    return document


def _told(section: str, row: Any) -> dict[str, Any]:
    names = {"from": "effective_from", "to": "effective_to"}
    return {name: _plain(getattr(row, names.get(name, name))) for name in SECTIONS[section]}


def _people(facts: StudentFacts, cards: Sequence[ContactCard]) -> list[dict[str, Any]]:
    """Everybody recorded; ways to reach them only of those of today who are not confidential."""
    reach = {(card.person.contact_no, card.person.effective_from): card for card in cards if not card.hidden}
    found = []
    for person in facts.people:
        row = dict.fromkeys(WITHHELD, "") | {
            name: _plain(getattr(person, attribute))
            for name, attribute in (
                ("contact_no", "contact_no"),
                ("name", "name"),
                ("relation", "relation"),
                ("language", "language"),
                ("written_language", "written_language"),
                ("confidential_code", "confidential_code"),
                ("from", "effective_from"),
                ("to", "effective_to"),
            )
        }
        card = reach.get((person.contact_no, person.effective_from))
        if card is not None and not person.is_confidential:
            row |= {"phone": card.phone, "email": card.email} | card.address
        found.append(row)
    return found


def _meetings(actor: Actor, student: Student) -> list[Meeting]:
    """Meetings that were held and finalized, by day; to a former LEA its own, and those known on its last day."""
    held = Meeting.objects.filter(student=student, state="finalized", held_on__isnull=False)
    through = student.seen_through
    return [
        one
        for one in held.order_by("held_on", "pk")
        if through is None
        or one.lea_code in actor.agency_codes
        or max(one.held_on, clock.day_of(one.opened_at)) <= through
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
