"""On which lists of data noncompliance (DINC) a student stands, today and by a later day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from manzanita.domain.dinc import DINC, DincList, Held, History, held_late, lists_at
from manzanita.domain.what_if.case import Case
from manzanita.domain.what_if.dues import EVALUATION, REVIEW, SIXTY, Due
from manzanita.domain.what_if.standing import Kind, Standing

# Which clock of ours a current list goes by.
_WHAT = {"1-annual": REVIEW, "1-triennial": EVALUATION, "2-overdue": SIXTY}


def lists_of(case: Case, dues: Sequence[Due], by: date) -> Iterator[Standing]:
    """Every list, ``by`` a day that is today or later; nothing where no history is known."""
    history = _history(case)
    if history is None:
        return
    now, then = lists_at(history, case.today), lists_at(history, by)
    for one in DINC.values():
        is_on = one.key in then
        words = "not on it" if not is_on else "on it" if one.key in now else f"on it by {by}"
        yield Standing(
            key=f"list:{one.key}",
            kind=Kind.LIST,
            title=f"DINC {one.number}: {one.title[0].lower()}{one.title[1:]}",
            words=words,
            is_bad=is_on,
            confidence="seen_vendor",
            because=" ".join([one.meaning, *_why(one, history, dues, by, is_on=is_on), *_beside(one)]),
        )


def _history(case: Case) -> History | None:
    """The history with the meetings as they are here."""
    if case.history is None:
        return None
    return replace(
        case.history,
        held=[
            Held(
                held_on=one.held_on,
                is_plan_review=one.is_plan_review,
                evaluation_type_code=one.evaluation_type,
                consent_on=one.consent_on,
                delay_code=one.delay_code,
            )
            for one in case.held()
            if one.held_on is not None
        ],
        waiting=[
            one.consent_on
            for one in case.events
            if one.consent_on is not None
            and one.held_on is None
            and not one.is_final
            and not one.is_by_birthday
        ],
    )


def _why(one: DincList, history: History, dues: Sequence[Due], by: date, *, is_on: bool) -> Iterator[str]:
    if not is_on:
        return
    late = next((found for found in held_late(history, by) if found.list_key == one.key), None)
    if late is not None:
        days = (late.held_on - late.due_on).days
        yield f"Due on {late.due_on}, held on {late.held_on}: {days} day{'' if days == 1 else 's'} late."
        return
    what = _WHAT.get(one.key)
    for due in dues:
        if due.what == what and due.state_on is not None and by > due.state_on and _is_open(due):
            yield f"Due on {due.state_on}, and not held."


def _is_open(due: Due) -> bool:
    return due.event is None or due.event.held_on is None


def _beside(one: DincList) -> Iterator[str]:
    if one.report:
        yield f"The state's report beside it is {one.report}."
