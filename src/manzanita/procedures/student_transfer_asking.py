"""Asking another district for a student, and attesting that the student is to be enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from manzanita.accounts.guest_mail import tell_coordinators
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.findings import Owner, Reason
from manzanita.orgs.models import Agency
from manzanita.orgs.queries import schools_by_code
from manzanita.platform import clock
from manzanita.procedures.assigning import candidates
from manzanita.procedures.student_transfer_base import (
    LONGEST,
    NotMoved,
    disclose,
    note,
    require,
    typed_wrong,
)
from manzanita.procedures.student_transfers import accept_by_policy
from manzanita.students.transfer_facts import (
    record_holder,
)
from manzanita.transfers.actions import ask, move
from manzanita.transfers.models import StudentTransfer

MOST_DAYS_AHEAD, MOST_DAYS_BACK = 370, 365


@dataclass(frozen=True, slots=True)
class Attested:
    """The typed statement that somebody intends to enroll the student: who said it, as what, on which day."""

    name: str
    role: str
    on: date | None
    words: str

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.role or self.words)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the asking district says with its request."""

    called: str
    enroll_on: date | None
    school_code: str = ""
    case_manager_id: int | None = None
    reason: str = ""
    attested: Attested = Attested("", "", None, "")


@transaction.atomic
def request_student(*, actor: Actor, student_id: int, wanted: Wanted) -> tuple[StudentTransfer, bool]:
    """Ask the district that has the record for the student; the open transfer, and whether it was made now.

    Where the policy of the other district's SELPA allows it, the transfer is accepted at once. Raises ``NotMoved``.
    """
    holder = Agency.objects.filter(code=record_holder(student_id, actor.agency_code)).first()
    reasons = [*_may_ask(actor, holder), *_wrong(actor, wanted)]
    if reasons or holder is None or wanted.enroll_on is None:
        raise NotMoved(reasons)
    attested = wanted.attested
    transfer, is_new = ask(
        student_id=student_id,
        receiving_code=actor.agency_code,
        sending_code=holder.code,
        called=wanted.called[:120],
        enroll_on=wanted.enroll_on,
        school_code=wanted.school_code,
        case_manager_id=wanted.case_manager_id,
        reason=wanted.reason[:LONGEST],
        asked_by_id=actor.user_id,
        **({} if attested.is_empty else _attested(actor, attested)),
    )
    if is_new:
        note(actor, "request_student", transfer, wanted.reason)
        disclose(
            actor, transfer, "requested", "The special education record, asked for by a transfer request"
        )
        tell_coordinators(holder.pk, "student-asked-for")
        accept_by_policy(transfer)
    return transfer, is_new


def attest(*, actor: Actor, transfer: StudentTransfer, attested: Attested) -> bool:
    """A named person of the asking district says that the student is to be enrolled; ``False`` where that was said
    already."""
    with transaction.atomic():
        if transfer.attested_on is not None:
            return False
        require(actor, transfer, "attest", _attestation_wrong(attested))
        if not move(transfer, "attest", **_attested(actor, attested)):
            return False
        note(actor, "attest_enrollment", transfer, attested.words)
        return True


def _may_ask(actor: Actor, holder: Agency | None) -> list[Reason]:
    reasons = []
    if not actor.may(Capability.TRANSFER_STUDENT) or actor.perspective.scope is not Scope.AGENCY:
        reasons.append(
            Reason(
                "may-not-ask",
                f"As {actor.perspective.label} nobody asks for students: a district does.",
                Owner.COORDINATOR,
                "The SEDS coordinator or the clerk of the receiving district asks.",
            )
        )
    if holder is None or holder.kind not in ("lea", "coe"):
        reasons.append(
            Reason(
                "nobody-to-ask",
                "No other district of this installation has a record of the student.",
                Owner.COORDINATOR,
                "Ask the former district for the portable file, or for the papers.",
            )
        )
    return reasons


def _wrong(actor: Actor, wanted: Wanted) -> list[Reason]:
    today, reasons = clock.today(), []
    if not wanted.called:
        reasons.append(typed_wrong("called", "What you call the student: nothing is written."))
    if wanted.enroll_on is None:
        reasons.append(typed_wrong("enroll-on", "Day of enrollment: missing, or no date."))
    elif not -MOST_DAYS_BACK <= (wanted.enroll_on - today).days <= MOST_DAYS_AHEAD:
        reasons.append(typed_wrong("enroll-on", "Day of enrollment: more than a year away. Check the year."))
    if wanted.school_code and not any(
        school.agency.code == actor.agency_code for school in schools_by_code([wanted.school_code])
    ):
        reasons.append(typed_wrong("school", f"School: choose one of {actor.agency_name}."))
    if wanted.case_manager_id is not None:
        able = {one.pk for one in candidates(actor)["assignment"]}
        if wanted.case_manager_id not in able:
            reasons.append(
                typed_wrong("case-manager", "Case manager: choose somebody who can have cases here.")
            )
    if not wanted.attested.is_empty:
        reasons += _attestation_wrong(wanted.attested)
    return reasons


def _attestation_wrong(attested: Attested) -> list[Reason]:
    reasons = []
    for text, label in (
        (attested.name, "Who attests"),
        (attested.role, "Role"),
        (attested.words, "Statement"),
    ):
        if not text.strip():
            reasons.append(typed_wrong("attestation", f"{label}: nothing is written."))
    if attested.on is None or attested.on > clock.today():
        reasons.append(typed_wrong("attestation", "Day of the statement: missing, or still to come."))
    return reasons


def _attested(actor: Actor, attested: Attested) -> dict[str, object]:
    return {
        "attested_name": attested.name.strip()[:120],
        "attested_role": attested.role.strip()[:120],
        "attested_on": attested.on,
        "attested_words": attested.words.strip()[:LONGEST],
        "attested_by_id": actor.user_id,
    }
