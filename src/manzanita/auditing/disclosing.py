"""Recording a disclosure in the legal log, and saying why something does not belong there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from django.db import transaction

from manzanita.auditing.actions import Reader, append, log_change
from manzanita.auditing.disclosure_models import AUTHORITIES, Disclosure, DisclosureKind
from manzanita.domain.findings import Owner, Reason
from manzanita.platform import clock
from manzanita.platform.request_ids import current_request_id

# Who may have received records without a line in this log, and why there is none.
NOT_RECORDED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "parent": (
            "Parent, guardian, or the student",
            "What parents and the student themselves receive is not recorded in this log.",
        ),
        "staff": (
            "Staff of this district with a legitimate educational interest",
            "Staff who need the record for their work are not recorded in this log; every look of theirs stands in the "
            "technical log under History.",
        ),
        "consent": (
            "Party named in a written consent",
            "What a parent consented to in writing is not recorded in this log; keep the signed consent with the file.",
        ),
        "directory": (
            "Anybody, directory information only",
            "Directory information is not recorded in this log. That a student has a disability is never directory "
            "information.",
        ),
    }
)
_SOURCE = "34 CFR 99.32(d), 34 CFR 300.614"
TEXTS = {
    "party": ("Who", 200),
    "interest": ("Legitimate interest", 300),
    "purpose": ("Purpose", 300),
    "what": ("Which records", 300),
}


class NotADisclosure(Exception):
    """It cannot be recorded so; ``reasons`` say why, and what to do instead."""

    def __init__(self, reasons: list[Reason]) -> None:
        super().__init__(f"{len(reasons)} reasons")
        self.reasons = reasons


@transaction.atomic
def record_disclosure(
    *,
    actor: Reader | None,
    student_id: int,
    kind: str,
    on: date | None,
    party: str,
    authority_code: str,
    interest: str,
    purpose: str,
    what: str,
    corrects: Disclosure | None = None,
    lea_code: str = "",
    by_id: int | None = None,
) -> Disclosure:
    """Add a line: ``party`` outside the district received or asked for ``what`` on the day ``on``.

    ``lea_code`` is whose record it is where that is not the actor's agency. Without an ``actor`` the system gave it
    out, by a rule that ``by_id`` made. ``corrects`` is an earlier line of the same student that this one replaces; it
    stays in the log. Raises ``NotADisclosure``.
    """
    given = {"party": party, "interest": interest, "purpose": purpose, "what": what}
    texts = {name: " ".join(text.split()) for name, text in given.items()}
    reasons = _reasons(kind, on, authority_code, texts)
    if corrects is not None and corrects.student_id != student_id:
        reasons.append(
            _reason("other-student", "The line to correct is about another student.", "Choose one here.")
        )
    if reasons or on is None:
        raise NotADisclosure(reasons)
    recorded_by = by_id if actor is None else actor.user_id
    if recorded_by is None:
        raise ValueError("somebody answers for what is given out")
    row = Disclosure(
        at=clock.now(),
        lea_code=lea_code or (actor.agency_code if actor is not None else ""),
        request_id=current_request_id(),
        student_id=student_id,
        kind=kind,
        disclosed_on=on,
        authority_code=authority_code,
        by_id=recorded_by,
        corrects_id=None if corrects is None else corrects.pk,
        **texts,
    )
    append(row)
    log_change(actor=actor, action="record_disclosure", student_id=student_id, subject=row, lea_code=lea_code)
    return row


def _reasons(kind: str, on: date | None, authority_code: str, texts: Mapping[str, str]) -> list[Reason]:
    reasons = []
    if authority_code in NOT_RECORDED:
        reasons.append(
            _reason("not-recorded", NOT_RECORDED[authority_code][1], "Nothing is to be done here.", _SOURCE)
        )
    elif authority_code not in AUTHORITIES:
        reasons.append(_reason("authority", "By what right is not chosen.", "Choose the right that fits."))
    if kind not in DisclosureKind.values:
        reasons.append(
            _reason("kind", "Whether records were given out is not chosen.", "Choose one of the two.")
        )
    if on is None:
        reasons.append(
            _reason("day", "The day is missing or is no date.", "Give the day, such as 11/23/2026.")
        )
    elif on > clock.today():
        reasons.append(_reason("day", "The day is still to come.", "Record it when it has happened."))
    for name, (label, longest) in TEXTS.items():
        if not texts[name]:
            reasons.append(
                _reason(name, f"{label}: nothing is said.", "Say it so that the parent understands.")
            )
        elif len(texts[name]) > longest:
            reasons.append(
                _reason(name, f"{label}: {len(texts[name])} characters, {longest} fit.", "Say it shorter.")
            )
    return reasons


def _reason(code: str, text: str, way_out: str, source: str = "34 CFR 99.32(a)") -> Reason:
    return Reason(code=code, text=text, owner=Owner.COORDINATOR, way_out=way_out, source=source)
