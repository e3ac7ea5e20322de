"""Consent to all services is revoked: by a letter of whoever holds the rights on its day, and notice before the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.domain.findings import Owner, Reason
from manzanita.domain.rights import Rights

_DAY = timedelta(days=1)
_IN_WRITING = "34 CFR 300.9(c)(3), 300.300(b)(4); EC 56346(d)"


@dataclass(frozen=True, slots=True)
class Letter:
    """The written word: the day of it, and the name of the rights holder who revoked."""

    on: date | None = None
    by: str = ""


def letter_reasons(letter: Letter, rights: Rights | None, *, ends_on: date, today: date) -> Iterator[Reason]:
    """What is missing of the letter, or cannot be. ``rights`` are those of the day of the letter."""
    if letter.on is None or rights is None:
        yield Reason(
            "no-letter",
            "The day of the letter is missing: consent is revoked in writing.",
            Owner.TEAM,
            "Enter the day on the letter.",
            source=_IN_WRITING,
        )
        return
    if letter.on > today or letter.on > ends_on:
        when = "in the future" if letter.on > today else f"after {ends_on:%m/%d/%Y}, when the services end"
        yield Reason(
            "late-letter",
            f"The letter of {letter.on:%m/%d/%Y} is {when}.",
            Owner.TEAM,
            "Correct whichever day is wrong.",
            source=_IN_WRITING,
        )
    holders = [one.name for one in rights.decides]
    day = f"{letter.on:%m/%d/%Y}"
    if not holders:
        why = " ".join(one.text for one in rights.problems) or "None is recorded."
        yield Reason(
            "no-holder",
            f"Nobody is known to have held the educational rights on {day}, so nobody could revoke. {why}",
            Owner.CLERK,
            "Record who held them.",
            source=_IN_WRITING,
        )
    elif not letter.by:
        yield Reason(
            "no-letter-by",
            "Who revoked the consent is not said.",
            Owner.TEAM,
            f"Choose who signed: {' or '.join(holders)}.",
            source=_IN_WRITING,
        )
    elif letter.by not in holders:
        yield Reason(
            "not-holder",
            f"{letter.by} did not hold the educational rights on {day}.",
            Owner.TEAM,
            f"Choose who did and signed: {' or '.join(holders)}.",
            source=_IN_WRITING,
        )


def earliest_end(letter_on: date | None, notice_on: date | None) -> date | None:
    """The first day without services: the notice comes before it, and the letter not after. The law counts no days."""
    if letter_on is None or notice_on is None:
        return None
    return max(letter_on, notice_on + _DAY)
