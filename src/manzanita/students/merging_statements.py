"""What is stated of the record that stays when two records of one student are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from manzanita.domain.effective import Span
from manzanita.domain.merging import Side, filling, one_ssid_line, within
from manzanita.platform.facts import Statement
from manzanita.students.actions import FACT_MODELS
from manzanita.students.merging_enrollments import Twice, enrolled_twice, left_of
from manzanita.students.merging_held import Choices, Held, choice_key, spans_of

_Spans = list[Span[Any]]
_NOTHING_EVER: Span[Any] = Span(date.min, None, None)


def statements_of(
    stays_id: int, held: Mapping[str, Sequence[Held]], choices: Choices, *, retired_on: date
) -> dict[str, list[Statement]]:
    """What is to be stated of the record that stays, by kind; of days of which it says nothing, what the other says."""
    found: dict[str, list[Statement]] = {}
    plans = next(iter(held["plan"]), Held("plan", (), (), ()))
    twice = enrolled_twice(held["enrollment"])
    for kind, slots in held.items():
        statements = found[kind] = []
        for one in slots:
            if kind == "service":
                spans = _services(one, plans, choices.get("plan", Side.STAYS))
            elif kind == "ssid":
                spans = _ssids(one, choices.get("ssid", Side.STAYS), retired_on)
            else:
                spans = _ended(one, twice, choices) or _stated(one, _wins(one, twice, choices))
            slot = dict(zip(FACT_MODELS[kind].slot, (stays_id, *one.key), strict=True))
            content = FACT_MODELS[kind].content
            for span in spans:
                values = None if span.value is None else dict(zip(content, span.value, strict=True))
                is_whole = span.value is None and span.end is None and span.start == date.min
                statements.append(Statement(slot, values, span.start, span.end, is_whole))
    return found


def _stated(one: Held, wins: Side) -> _Spans:
    """The slot of an enrollment, or a person, is one thing: it is taken whole. Of others the days are filled."""
    stays, other = spans_of(one.stays), spans_of(one.other)
    if not stays or not other:
        return other
    if one.kind in ("enrollment", "contact", "rights"):
        return [_NOTHING_EVER, *other] if wins is Side.OTHER else []
    return other if wins is Side.OTHER else filling(stays, other)


def _ended(one: Held, twice: Sequence[Twice], choices: Choices) -> _Spans:
    """An enrollment beside which another one goes on; nothing of one that does, or that stands alone."""
    for doubled in twice:
        if doubled.has(one):
            is_void = choices.get(doubled.void_key) is Side.OTHER
            rest = left_of(one, doubled, choices.get(doubled.key, Side.STAYS), is_void=is_void)
            return [] if rest is None else [_NOTHING_EVER, *rest]
    return []


def _wins(one: Held, twice: Sequence[Twice], choices: Choices) -> Side:
    """Whose version of a slot stands; an enrollment of both records goes with the one that goes on beside it."""
    doubled = next((two for two in twice if two.has(one)), None)
    return choices.get(doubled.key if doubled is not None else choice_key(one), Side.STAYS)


def enrollments_after(held: Sequence[Held], choices: Choices) -> dict[tuple[Any, ...], list[Span[Any]]]:
    """Days and content of each enrollment, by LEA and first day, as putting the two together leaves them."""
    twice = enrolled_twice(held)
    found = {}
    for one in held:
        stated = _ended(one, twice, choices) or _stated(one, _wins(one, twice, choices))
        is_whole = bool(stated) and stated[0] is _NOTHING_EVER
        found[one.key] = stated[1:] if is_whole else [*spans_of(one.stays), *stated]
    return {key: spans for key, spans in found.items() if spans}


def _services(one: Held, plans: Held, wins: Side) -> _Spans:
    """Services of the other record count on the days of its plan, and none of the record that stays does then."""
    stays, other = spans_of(plans.stays), spans_of(plans.other)
    won = other if wins is Side.OTHER else filling(stays, other)
    days = [(span.start, span.end) for span in won]
    if not stays and not other:
        return filling(spans_of(one.stays), spans_of(one.other))
    ended = [Span(start, end, None) for start, end in days if one.stays]
    return [*ended, *within(spans_of(one.other), days)]


def _ssids(one: Held, wins: Side, retired_on: date) -> _Spans:
    stays, other = spans_of(one.stays), spans_of(one.other)
    stands, former = (stays, other) if wins is Side.STAYS else (other, stays)
    if not other:
        return []
    flat = [[Span(span.start, span.end, span.value[0]) for span in some] for some in (stands, former)]
    return [
        Span(span.start, span.end, (span.value,))
        for span in one_ssid_line(flat[0], flat[1], retired_on=retired_on)
    ]
