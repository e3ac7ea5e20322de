"""Referrals for assessment, before any consent: what one waits for, what ends it, what keeps one from being recorded.

A referral is written; by it the district owes the parent an assessment plan, or the notice why it does not assess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain.access import PERMISSIONS
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.scenarios import PARTICIPATING

LONGEST_NOTE = 300


class Answer(StrEnum):
    """What the district was told, or said, without an evaluation. Empty text stands for none. ``MOVED``: the student
    moved, and the next district has the referral (``procedures.student_transfer_referral``)."""

    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    MOVED = "moved"


class Waits(StrEnum):
    """What a referral that nothing has ended waits for."""

    PLAN = "plan"
    CONSENT = "consent"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Wait:
    """``words`` say it in a sentence; ``ends`` what ends it, ``stands`` how long it may."""

    words: str
    ends: str
    stands: str
    source: str


WAITS: Mapping[Waits, Wait] = MappingProxyType(
    {
        Waits.PLAN: Wait(
            "The assessment plan is to be given to the parent.",
            "The assessment plan given; the consent to it; or the referral withdrawn or declined.",
            "15 days from the referral to the assessment plan, without school breaks of more than 5 school days.",
            "EC 56043(a), 56321(a)",
        ),
        Waits.CONSENT: Wait(
            "The parent has the assessment plan, and the consent is waited for.",
            "The consent, with which the initial evaluation is opened; or the referral withdrawn.",
            "The parent has at least 15 days to decide. No day ends it: follow up.",
            "EC 56043(b), 56321(c)",
        ),
        Waits.NOTICE: Wait(
            "The district declines to assess: prior written notice to the parent is due.",
            "The prior written notice given, which says what is refused and why.",
            "By practice 15 days from the referral, in place of the assessment plan.",
            "34 CFR 300.503; EC 56500.4",
        ),
    }
)


def waits_for(plan_given_on: date | None, answer_code: str) -> Waits:
    if answer_code == Answer.DECLINED:
        return Waits.NOTICE
    return Waits.PLAN if plan_given_on is None else Waits.CONSENT


def party_words(code: str) -> str:
    """``parent``, ``teacher``: who referred, within a sentence."""
    known = code_set("ReferringParty").codes.get(code)
    return known.label.lower() if known else "somebody not named"


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides whether a student can be referred to an LEA now. ``waits_since`` is the day of a referral that
    waits, ``left_on`` the last day of a student who has left."""

    may_record: bool
    status_code: str = ""
    is_enrolled_here: bool = True
    is_enrolled_elsewhere: bool = False
    left_on: date | None = None
    waits_since: date | None = None
    has_open_evaluation: bool = False


def reasons_not_to_refer(asked: Asked) -> Iterator[Reason]:
    """Why no referral can be recorded now, whatever would be entered."""
    if not asked.may_record:
        yield Reason(
            "no-referral",
            "A referral is recorded by whoever holds meetings here.",
            Owner.TEAM,
            "Hand the referral on to the case manager, the school's provider or the SEDS coordinator on the day it "
            "comes: its days run.",
            source=PERMISSIONS,
        )
    if asked.left_on is not None:
        yield Reason(
            "has-left",
            f"The student left this district on {asked.left_on:%m/%d/%Y}.",
            Owner.COORDINATOR,
            "The district of today receives the referral.",
            source="34 CFR 300.111: child find of the district of today",
        )
    elif asked.is_enrolled_elsewhere and not asked.is_enrolled_here:
        yield Reason(
            "enrolled-elsewhere",
            "The student is enrolled in another district today.",
            Owner.SIS,
            "That district receives the referral. Where this is wrong, the SIS corrects the enrollment; it arrives "
            "with the next file.",
            source="34 CFR 300.111: child find of the district of today",
        )
    if asked.status_code == PARTICIPATING:
        yield Reason(
            "participating",
            "The student takes part already: what is asked for is a reassessment, or another meeting.",
            Owner.TEAM,
            "Open the meeting for it; a child with an IFSP has the evaluation from Part C to Part B.",
            source="34 CFR 300.303; EC 56381",
        )
    if asked.waits_since is not None:
        yield Reason(
            "referred-already",
            f"A referral of {asked.waits_since:%m/%d/%Y} waits already; its days run from the first one.",
            Owner.TEAM,
            "Answer that one, or correct it.",
            source="One referral a student waits at a time; EC 56043(a)",
        )
    elif asked.has_open_evaluation:
        yield Reason(
            "open-evaluation",
            "The initial evaluation is open already: it began with the consent.",
            Owner.TEAM,
            "Its page takes the day of the referral, under Hold.",
            source="EC 56344(a)",
        )


def reasons_against_days(
    received_on: date | None,
    referred_by_code: str,
    *,
    today: date,
    birth_on: date | None = None,
    over_on: date | None = None,
    plan_given_on: date | None = None,
) -> Iterator[Reason]:
    """What is wrong with what was entered. ``over_on`` is the last day of what came before: an earlier referral, or an
    evaluation that began with its consent; ``plan_given_on`` is the day of the plan that followed the referral."""
    if received_on is None:
        yield _typed(
            "no-day", "The day on which the referral was received is missing.", "Enter it: its days run."
        )
    elif received_on > today:
        yield _typed(
            "future-date",
            f"{received_on:%m/%d/%Y} is still to come: nobody has received a referral then.",
            "Enter the day on which it was received.",
        )
    elif birth_on is not None and received_on < birth_on:
        yield _typed("before-birth", "The student was born later.", "Check the year.")
    elif over_on is not None and received_on <= over_on:
        yield _typed(
            "before-last",
            f"An earlier referral ended, or an evaluation began, on {over_on:%m/%d/%Y}; a new one comes after that.",
            "Enter the day of the new one, or take the end of the other back.",
        )
    elif plan_given_on is not None and received_on > plan_given_on:
        yield _typed(
            "after-plan",
            f"The assessment plan was given on {plan_given_on:%m/%d/%Y}, before that.",
            "Correct one of the two days.",
        )
    if referred_by_code not in code_set("ReferringParty").codes:
        yield _typed(
            "no-party", "Who referred the student is missing.", "Choose who; “Other” is one of them."
        )


def reasons_against_step(on: date | None, what: str, *, referred_on: date, today: date) -> Iterator[Reason]:
    """What is wrong with the day of something that came after the referral: ``what`` was done on it."""
    if on is None:
        yield _typed("no-day", f"The day on which {what} is missing.", "Enter it.")
    elif on > today:
        yield _typed("future-date", f"{on:%m/%d/%Y} is still to come.", f"Enter the day on which {what}.")
    elif on < referred_on:
        yield _typed(
            "before-referral",
            f"{on:%m/%d/%Y} is before the referral of {referred_on:%m/%d/%Y}.",
            "Correct one of the two days.",
        )


def _typed(code: str, text: str, way_out: str) -> Reason:
    return Reason(code, text, Owner.YOU, way_out)
