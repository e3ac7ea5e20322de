"""Reading referrals: which of them still wait, for a page of one student and for lists of many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, Max, OuterRef, QuerySet

from manzanita.meetings.models import Meeting
from manzanita.students.models import Referral


def waiting_referrals() -> QuerySet[Referral]:
    """Believed ones that nothing has ended: neither an answer nor the consent with which an evaluation began, here or,
    where it was handed over, elsewhere. A canceled evaluation has ended nothing. No scope."""
    begun = Meeting.objects.exclude(state="canceled").filter(
        student=OuterRef("student"), consent_on__gte=OuterRef("effective_from")
    )
    return Referral.objects.believed().filter(~Exists(begun), effective_to__isnull=True)


def waiting_referral(student_id: int, lea_code: str) -> Referral | None:
    """The one that waits at an LEA and is handed over when the student moves. One that the LEA declined is none: it
    owes the parent the notice itself, wherever the student is. No scope."""
    rows = waiting_referrals().filter(student=student_id, lea_code=lea_code, answer_code="")
    return rows.order_by("effective_from", "pk").first()


def last_end(student_id: int, lea_code: str) -> date | None:
    """The last day of the referrals that ended at an LEA; ``None`` without one. No scope."""
    rows = Referral.objects.believed().filter(student=student_id, lea_code=lea_code)
    return rows.aggregate(last=Max("effective_to"))["last"]


def waiting_in(referrals: Iterable[Referral], meetings: Iterable[Meeting]) -> Referral | None:
    """The same of one student at one LEA, without a query, from all meetings of the student."""
    consents = [one.consent_on for one in meetings if one.consent_on and one.state != "canceled"]
    for one in referrals:
        if one.effective_to is None and all(day < one.effective_from for day in consents):
            return one
    return None


def referrals_of(student_id: int) -> QuerySet[Referral]:
    """Believed ones of a student that the caller may read, of every LEA, the oldest first."""
    return Referral.objects.believed().filter(student=student_id).order_by("effective_from", "pk")
