"""Taking a portable student file in: read, compared with what is known, taken whole or not at all.

What stands here is never replaced by a file: rows that differ are shown, and left. No archive is made, so nothing goes
to the state by it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction

from manzanita.archive.actions import canonical_bytes
from manzanita.arrivals.actions import look_at
from manzanita.auditing.actions import log_change
from manzanita.domain.access import PERMISSIONS, Actor
from manzanita.domain.findings import LOOK_AGAIN, Owner, Reason, RefusedForReasons
from manzanita.domain.likeness import Known
from manzanita.domain.portable import (
    SLOTS,
    Held,
    Standing,
    Unreadable,
    parsed,
    problems_of,
    standing_of,
)
from manzanita.domain.statuses.conditions import ONE_RECORD
from manzanita.domain.statuses.steps import lack
from manzanita.domain.years import year_end
from manzanita.findings.actions import mark_changed
from manzanita.meetings.actions import refresh_clocks, take_over_meetings
from manzanita.meetings.models import Meeting
from manzanita.platform import clock
from manzanita.platform.changed import students_changed
from manzanita.platform.facts import Statement
from manzanita.students.actions import (
    FACT_MODELS,
    Identity,
    register_students,
    state_one,
    state_student_facts,
)
from manzanita.students.exact_search import student_with_ssid
from manzanita.students.finding import Candidate, candidates
from manzanita.students.matching import hold_register
from manzanita.students.models import Student
from manzanita.students.scope import visible_to
from manzanita.transfers.models import TrustedKey
from manzanita.transfers.signing import Signature, Signed, verify

# Section: kind of fact.
KINDS = {
    "ssids": "ssid",
    "enrollments": "enrollment",
    "statuses": "status",
    "plans": "plan",
    "services": "service",
    "people": "contact",
    "rights": "rights",
}
_DAYS = ("started_on", "initial_entry_on", "evidence_on")
_ENVELOPE = {"document", "sha256", "signature", "public_key"}
MEETING_KEY = ("lea_code", "held_on", "evaluation_type_code", "is_plan_review")


NOBODY_CHOSEN = Reason(
    "nobody-chosen",
    "Nobody is chosen as the student whom the file is about.",
    Owner.YOU,
    "Choose the student of this installation who is meant, or say that it is none of them.",
    source=ONE_RECORD,
)


class NotTaken(RefusedForReasons):
    """Nothing of the file was taken; ``reasons`` say why."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file without a problem. ``trusted`` is whose key it is, where one knows; ``digest`` that of the document."""

    document: Mapping[str, Any]
    digest: str
    signed: Signed
    signature: Signature
    trusted: TrustedKey | None

    @property
    def who(self) -> Known:
        """Whom the file is about, as one looks for somebody: with the newest SSID."""
        student = self.document["student"]
        ssids = sorted(self.document["ssids"], key=lambda row: row["from"])
        return Known(
            student["first_name"],
            student["last_name"],
            date.fromisoformat(student["birth_on"]),
            ssids[-1]["ssid"] if ssids else "",
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """One row of the file against what is known of the student."""

    section: str
    row: Mapping[str, Any]
    standing: Standing


def read_portable(content: bytes) -> ReadFile:
    """Raises ``domain.portable.Unreadable`` with each place: also for a digest or signature that does not hold."""
    found = parsed(content)
    wrong = [f"{name[:40]}: unknown." for name in found if name not in _ENVELOPE]
    wrong += [f"{name}: missing." for name in sorted(_ENVELOPE) if name not in found]
    wrong += [
        f"{name}: not text of hexadecimal digits."
        for name in ("sha256", "signature", "public_key")
        if name in found and not isinstance(found[name], str)
    ]
    if wrong:
        raise Unreadable(wrong)
    document = found["document"]
    if problems := problems_of(document):
        raise Unreadable(problems)
    exact = canonical_bytes(document)
    digest = hashlib.sha256(exact).hexdigest()
    if digest != found["sha256"]:
        raise Unreadable(["sha256: the document is not the one that was signed; it was changed on its way."])
    signed = Signed(found["signature"], found["public_key"])
    signature, trusted = verify(exact, signed)
    if signature is Signature.BROKEN:
        raise Unreadable(
            ["signature: it is not that of this document; the file was changed, or never signed."]
        )
    return ReadFile(document, digest, signed, signature, trusted)


def who_may_be_meant(actor: Actor, file: ReadFile) -> list[Candidate]:
    """Find before create: students within reach who may be the one of the file."""
    return candidates(actor, file.who)


def is_elsewhere(actor: Actor, file: ReadFile) -> bool:
    """Does another district of this installation have the record of exactly this SSID? Then a transfer brings it."""
    pk = student_with_ssid(file.who.ssid) if file.who.ssid else None
    return pk is not None and not visible_to(actor).filter(pk=pk).exists()


def compared(file: ReadFile, student: Student | None) -> list[Compared]:
    """Every row of the file; with ``student`` ``None`` all are new. One query for each section."""
    found = []
    numbers = _numbers(file, student)
    for section in KINDS:
        held = _held(section, student)
        for row in file.document[section]:
            slot, values, start, end = _fact(section, row, numbers)
            found.append(Compared(section, row, standing_of(held.get(slot, []), start, end, values)))
    known = _known_meetings(student)
    for row in file.document["meetings"]:
        is_known = tuple(row[name] for name in MEETING_KEY) in known
        found.append(Compared("meetings", row, Standing.KNOWN if is_known else Standing.NEW))
    return found


@transaction.atomic
def take_portable(
    *,
    actor: Actor,
    file: ReadFile,
    target: uuid.UUID | None,
    public_id: uuid.UUID,
    seen: Sequence[int],
    is_unverified_accepted: bool,
    reason: str,
) -> tuple[Student, int]:
    """Take everything that is new, into the student ``target`` or into a new one, ``public_id``; the student, and how
    many rows were taken. Taken again, nothing is new. ``seen`` are keys of the candidates that were shown.

    A new student is incoming here until June 30; the SIS says when the enrollment begins. Raises ``NotTaken``.
    """
    # From here on nobody else makes students: whoever is not found below is not made twice.
    hold_register()
    student = visible_to(actor).filter(public_id=target or public_id).first()
    reasons = list(_refusals(actor, file, student, target, seen, is_unverified_accepted, reason))
    if reasons:
        raise NotTaken(reasons)
    cause = f"student-file:{file.digest[:16]}"
    is_new = student is None
    if student is None:
        student = _made(actor, file, public_id, cause)
    numbers = _numbers(file, None if is_new else student)
    taken = [one for one in compared(file, None if is_new else student) if one.standing is Standing.NEW]
    at = clock.now()
    for section, kind in KINDS.items():
        statements = []
        for one in taken:
            if one.section == section:
                slot, values, start, end = _fact(section, one.row, numbers)
                named = dict(zip(SLOTS[section], slot, strict=True))
                statements.append(Statement({"student_id": student.pk, **named}, values, start, end))
        state_student_facts(kind, statements, by_id=actor.user_id, cause=cause, at=at)
    take_over_meetings([_meeting(student, one.row) for one in taken if one.section == "meetings"])
    refresh_clocks([student.pk])
    log_change(
        actor=actor,
        action="take_student_file",
        student_id=student.pk,
        subject=student,
        reason=reason,
        detail={
            "sha256": file.digest,
            "signature": file.signature.value,
            "rows": len(taken),
            "new_student": is_new,
        },
    )
    mark_changed([student.pk])
    students_changed([student.pk])
    # Who is enrolled here already has come with a plan: the arrival is not left to somebody's memory.
    look_at(actor.agency_code, [student.pk], found_by="a student file")
    return student, len(taken)


def _refusals(
    actor: Actor,
    file: ReadFile,
    student: Student | None,
    target: uuid.UUID | None,
    seen: Sequence[int],
    is_unverified_accepted: bool,
    reason: str,
) -> list[Reason]:
    found = []
    if file.signature is Signature.UNKNOWN and not (is_unverified_accepted and reason.strip()):
        found.append(
            replace(
                lack("key-known"),
                code="unverified",
                way_out="Compare the fingerprint with the office that sent it and trust the key, or say why you "
                "take it as it is.",
            )
        )
    if target is not None and student is None:
        found.append(
            Reason(
                "target-gone",
                "The student chosen is not within your reach.",
                Owner.COORDINATOR,
                "Look again.",
                source=PERMISSIONS,
            )
        )
    if student is None and is_elsewhere(actor, file):
        found.append(
            replace(
                lack("record-free"),
                code="here-already",
                way_out="Ask it for the student by a transfer: a second record would split the history.",
            )
        )
    holder = student_with_ssid(file.who.ssid) if file.who.ssid else None
    is_another = holder is not None and (student is None or student.pk != holder)
    alike = [one for one in who_may_be_meant(actor, file) if student is None or one.student.pk != student.pk]
    # Also of an SSID that the state has retired since: the page offers no new student then.
    is_known_by_it = student is None and any(one.likeness.is_same_ssid for one in alike)
    if is_known_by_it or (is_another and visible_to(actor).filter(pk=holder).exists()):
        found.append(
            Reason(
                "ssid-taken",
                "The SSID of the file is that of another student within your reach.",
                Owner.COORDINATOR,
                "Choose that student below; of two who share an SSID the state says whose it is.",
                source=ONE_RECORD,
            )
        )
    if target is None and student is None and any(one.student.pk not in seen for one in alike):
        found.append(
            Reason(
                "found-since",
                "Somebody who may be this student is here, and was not when you looked.",
                Owner.COORDINATOR,
                "Look at the students below once more.",
                source=LOOK_AGAIN,
            )
        )
    return found


def _made(actor: Actor, file: ReadFile, public_id: uuid.UUID, cause: str) -> Student:
    told = file.document["student"]
    identity = Identity(
        **{name: told[name] for name in Identity.__slots__ if name != "birth_on"}, birth_on=file.who.birth_on
    )
    (student,) = register_students([identity], [public_id])
    today = clock.today()
    state_one(
        "agency",
        slot={"student_id": student.pk, "relationship": "next_year"},
        values={"agency_code": actor.agency_code, "school_code": ""},
        effective_from=today,
        effective_to=year_end(today),
        by_id=actor.user_id,
        cause=cause,
    )
    return student


def _numbers(file: ReadFile, student: Student | None) -> Callable[[int], int]:
    """Numbers of contacts here for those of the file: of the same name and relation its own, else free ones."""
    rows = [] if student is None else list(FACT_MODELS["contact"].objects.believed().filter(student=student))
    by_name = {(row.name, row.relation): row.contact_no for row in rows}
    free = max((row.contact_no for row in rows), default=0)
    found: dict[int, int] = {}
    for row in file.document["people"]:
        if row["contact_no"] not in found:
            number = by_name.get((row["name"], row["relation"]))
            if number is None:
                free += 1
                number = free
            found[row["contact_no"]] = number
    return lambda number: found[number]


def _fact(
    section: str, row: Mapping[str, Any], numbers: Callable[[int], int]
) -> tuple[tuple[Any, ...], dict[str, Any], date, date | None]:
    """Slot, values, first and last day of a row, as facts have them."""
    values = {name: _day(value) if name in _DAYS else value for name, value in row.items()}
    start, end = date.fromisoformat(values.pop("from")), _day(values.pop("to"))
    if "contact_no" in values:
        values["contact_no"] = numbers(values["contact_no"])
    if section == "rights":
        values["evidence_reference"] = ""
    if section == "enrollments":
        values["residence_code"] = ""
    slot = tuple(values.pop(name) for name in SLOTS[section])
    return slot, values, start, end


def _held(section: str, student: Student | None) -> dict[tuple[Any, ...], list[Held]]:
    found: dict[tuple[Any, ...], list[Held]] = {}
    if student is None:
        return found
    model = FACT_MODELS[KINDS[section]]
    for fact in model.objects.believed().filter(student=student):
        values = {name: getattr(fact, name) for name in model.content}
        if section == "rights":
            # The number of a paper never stands in a file.
            values["evidence_reference"] = ""
        if section == "enrollments":
            # Where a student lives is not in a file: the next SIS says it, of its own enrollment.
            values["residence_code"] = ""
        if section == "people" and fact.confidential_code:
            values |= dict.fromkeys(
                ("phone", "email", "street", "street_2", "city", "state_code", "zip_code"), ""
            )
        slot = tuple(getattr(fact, name) for name in SLOTS[section])
        found.setdefault(slot, []).append(Held(fact.effective_from, fact.effective_to, values))
    return found


def _known_meetings(student: Student | None) -> set[tuple[Any, ...]]:
    if student is None:
        return set()
    rows = Meeting.objects.filter(student=student, held_on__isnull=False).values_list(*MEETING_KEY)
    return {(lea, held.isoformat(), kind, review) for lea, held, kind, review in rows}


def _meeting(student: Student, row: Mapping[str, Any]) -> Meeting:
    now = clock.now()
    return Meeting(
        student=student,
        event_key=row["event_key"],
        state="finalized",
        lea_code=row["lea_code"],
        held_on=date.fromisoformat(row["held_on"]),
        delay_code=row["delay_code"],
        evaluation_type_code=row["evaluation_type_code"],
        is_plan_review=row["is_plan_review"],
        outcome_code=row["outcome_code"],
        source="student-file",
        opened_at=now,
        finalized_at=now,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
