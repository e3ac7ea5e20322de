"""What stands against recording a right or a limit: the paper that is missing, days that cannot be, and records that
would contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from manzanita.domain.clocks.ages import majority_on
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.rights import Standing, days_of_change, rights_holders_on
from manzanita.domain.rights_kinds import EVIDENCE, KINDS, SOLE_EVIDENCE, UNSTATED, Tier

# Gaps that a record does not make worse; they are told on the page.
_TOLERATED = frozenset({"nobody-holds", "surrogate-needed", "no-birth-date"})


def reasons_not_to_record(
    stated: Standing, birth_on: date | None, before: Sequence[Standing], after: Sequence[Standing]
) -> list[Reason]:
    """Why ``stated`` is refused; ``before`` and ``after`` are all records of the student without it and with it."""
    reasons = list(_of_itself(stated, birth_on))
    if reasons:
        return reasons
    found: dict[str, Reason] = {}
    for day in days_of_change(birth_on, [*before, *after]):
        known = {reason.code for reason in _problems(day, birth_on, before)}
        for reason in _problems(day, birth_on, after):
            if reason.code not in known:
                found.setdefault(reason.code, reason)
    return list(found.values())


def _of_itself(stated: Standing, birth_on: date | None) -> Iterator[Reason]:
    kind = KINDS.get(stated.kind)
    if kind is None or stated.kind == UNSTATED:
        yield _refusal(
            "no-kind", "No kind is chosen.", "Choose by what right this person decides, or what limits it."
        )
        return
    if stated.ends_on is not None and stated.ends_on < stated.starts_on:
        yield _refusal(
            "ends-before-start", "The last day is before the first.", "Correct one of the two days."
        )
    if birth_on is not None and stated.starts_on < birth_on:
        yield _refusal(
            "before-birth",
            "The first day is before the student was born.",
            "Enter the day from which it counts.",
        )
    if kind.evidence and stated.evidence not in kind.evidence:
        papers = "; or ".join(EVIDENCE[key].label for key in kind.evidence)
        yield _refusal(
            "evidence-needed",
            f"“{kind.label}” is recorded only with the paper that shows it.",
            f"Choose the paper: {papers}.",
            kind.law,
        )
    if stated.is_sole and stated.evidence not in SOLE_EVIDENCE:
        yield _refusal(
            "sole-needs-order",
            "That one person alone decides is recorded only with the order of a court.",
            "Choose the order as evidence, or leave “Decides alone” out.",
            "34 CFR 300.30(b)",
        )
    if kind.tier is Tier.KEPT and stated.is_sole:
        yield _refusal(
            "sole-without-right", "Who may not decide cannot decide alone.", "Leave “Decides alone” out."
        )
    if kind.tier is Tier.GROWN and birth_on is not None and stated.starts_on < majority_on(birth_on):
        yield _refusal(
            "too-young",
            f"“{kind.label}” counts from the 18th birthday, {majority_on(birth_on):%m/%d/%Y}.",
            "Let it begin on that day or later.",
            kind.law,
        )
    if kind.ends_at_majority and birth_on is not None and stated.starts_on >= majority_on(birth_on):
        yield _refusal(
            "ended-at-18",
            f"“{kind.label}” ends on the 18th birthday, {majority_on(birth_on):%m/%d/%Y}.",
            "Record a conservator, or the student's own choice, if there is one.",
            kind.law,
        )


def _problems(day: date, birth_on: date | None, facts: Sequence[Standing]) -> list[Reason]:
    return [one for one in rights_holders_on(day, birth_on, facts).problems if one.code not in _TOLERATED]


def _refusal(code: str, text: str, way_out: str, law: str = "") -> Reason:
    return Reason(code, text, Owner.YOU, way_out, source=law)
