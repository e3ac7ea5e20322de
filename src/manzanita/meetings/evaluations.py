"""What an initial evaluation begins with, and when it is due by the state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from manzanita.domain.clocks import due
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.scenarios import Event
from manzanita.platform import clock
from manzanita.students.models import Student


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an initial evaluation begins with: the consent that starts its clock, and the referral before it."""

    consent_on: date
    referred_on: date | None = None
    referred_by_code: str = ""


def consent_reasons(evaluation: Evaluation | None) -> Iterator[Reason]:
    if evaluation is None:
        yield Reason(
            "no-consent",
            "An initial evaluation begins with the consent to evaluate.",
            Owner.TEAM,
            "Enter the day on which the signed assessment plan came back.",
            source="Education Code 56321(c), 56344(a)",
        )
        return
    if evaluation.consent_on > clock.today():
        yield Reason(
            "future-date",
            "Consent cannot have been given on a day that is still to come.",
            Owner.TEAM,
            "Enter the day on which the signed assessment plan came back.",
        )
    if evaluation.referred_on is not None and evaluation.referred_on > evaluation.consent_on:
        yield Reason(
            "referred-after-consent",
            f"The referral of {evaluation.referred_on:%m/%d/%Y} comes after the consent of "
            f"{evaluation.consent_on:%m/%d/%Y}.",
            Owner.TEAM,
            "Correct one of the two days.",
        )
    if evaluation.referred_by_code and evaluation.referred_by_code not in code_set("ReferringParty").codes:
        raise ValueError(f"no such referring party: {evaluation.referred_by_code}")


def evaluation_due(student: Student, event: Event, evaluation: Evaluation | None) -> date | None:
    """By the state, which asks for the reason of a delay; the law's own date depends on calendars that change, so it is
    counted where it is shown (``meetings.evaluation_clocks``)."""
    if event.clock == "evaluation":
        return student.evaluation_due_on
    if evaluation is None:
        return None
    if event.clock == "third_birthday" and student.birth_on is not None:
        return due("c-to-b-iep", birth_on=student.birth_on).state_due_on
    return due("initial-iep", consent_on=evaluation.consent_on).state_due_on
