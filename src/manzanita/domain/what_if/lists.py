"""On which lists of the district's monitoring (DINC 1 to 3) a student stands, by the dates that a move can change.

DINC 4, the transition indicators, hangs on the age and the plan's answers, not on these dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from manzanita.domain.clocks.early_start import third_birthday_of
from manzanita.domain.clocks.evaluation import CONSENT_DAYS
from manzanita.domain.delay_codes import INITIAL
from manzanita.domain.what_if.case import Case
from manzanita.domain.what_if.dues import EVALUATION, REVIEW, Due
from manzanita.domain.what_if.standing import Kind, Standing, days_told

_NAMES = {REVIEW: "annual", EVALUATION: "triennial"}


def lists_of(case: Case, dues: Sequence[Due]) -> Iterator[Standing]:
    for what, name in _NAMES.items():
        yield _list(f"now:{what}", f"DINC 1, {name} overdue now", _overdue(case, dues, what))
        yield _list(f"before:{what}", f"DINC 1, last {name} held late", _held_late(dues, what))
    yield _list("sixty", "DINC 2, initial evaluation more than 60 days after consent", _over_sixty(case))
    yield _list("birthday", "DINC 3, initial evaluation after the third birthday", _after_three(case))


def _list(key: str, title: str, why: str) -> Standing:
    return Standing(
        key=f"list:{key}",
        kind=Kind.LIST,
        title=title,
        words="on it" if why else "not on it",
        is_bad=bool(why),
        confidence="seen_vendor",
        because=why,
    )


def _overdue(case: Case, dues: Sequence[Due], what: str) -> str:
    """Why, or nothing where the student is not on the list."""
    for due in dues:
        if due.what == what and due.event is None and due.law_on is not None and case.today > due.law_on:
            return f"{due.title}: due on {due.law_on}, and none was held."
    return ""


def _held_late(dues: Sequence[Due], what: str) -> str:
    met = [due for due in dues if due.what == what and due.event is not None and due.law_on is not None]
    if not met:
        return ""
    last = met[-1]
    held = last.event.held_on if last.event else None
    if held is None or last.law_on is None or held <= last.law_on:
        return ""
    late = days_told((held - last.law_on).days, "late", "")
    return f"{last.title}: due on {last.law_on}, held on {held}, {late}."


def _over_sixty(case: Case) -> str:
    """By calendar days, whatever breaks lie between: that is how the list counts."""
    for event in reversed(case.events):
        if event.evaluation_type == INITIAL and event.consent_on is not None:
            last = event.consent_on + timedelta(days=CONSENT_DAYS)
            return _passed(event.held_on, case.today, last, f"60 days from the consent of {event.consent_on}")
    return ""


def _after_three(case: Case) -> str:
    if case.born_on is None:
        return ""
    for event in reversed(case.events):
        if event.evaluation_type == INITIAL and event.is_by_birthday:
            return _passed(event.held_on, case.today, third_birthday_of(case.born_on), "the third birthday")
    return ""


def _passed(held: date | None, today: date, last: date, what: str) -> str:
    if (held or today) <= last:
        return ""
    return (
        f"{what[0].upper()}{what[1:]} ended on {last}; {f'held on {held}' if held else 'it is not held yet'}."
    )
