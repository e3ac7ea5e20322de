"""The guard of what leaves: nothing unconfirmed goes to the real state, and no two peers share one book.

A position or code is confirmed when a public state source prints it (``seen``) or the district has loaded
the state's own workbook. Everything else is refused, with the reason and whose job it is.

What the state holds is one book. What a practice state posted says nothing about the real one, so an
installation that has sent to the one sends nothing to the other (decision 0007).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.layouts import YEAR_FIELD
from manzanita.domain.records import layout_of
from manzanita.domain.specification import confidence_words


@dataclass(frozen=True, slots=True)
class Line:
    """What the guard looks at: the record type and its values by field number."""

    record: str
    values: Mapping[str, str]


DESTINATION_WORDS = {"sandbox": "the practice state (sandbox)", "state": "the state (CALPADS)"}


def refusals(lines: Iterable[Line], *, form: str, destination: str, peer: str) -> list[Reason]:
    """Why these lines may not leave; empty where they may.

    ``peer`` is the destination whose book this installation keeps. The sandbox takes every line.
    """
    reasons = []
    if destination != peer:
        reasons.append(
            Reason(
                "other-book",
                f"This installation keeps the book of {DESTINATION_WORDS[peer]}: what it takes for held was "
                f"posted there, so {DESTINATION_WORDS[destination]} would get only the difference to it.",
                Owner.COORDINATOR,
                f"Send to {DESTINATION_WORDS[peer]}; an installation of its own speaks to "
                f"{DESTINATION_WORDS[destination]}.",
                confidence="ours",
            )
        )
    if destination == "sandbox":
        return reasons
    if form == "api":
        reasons.append(
            _not_confirmed(
                "state-api",
                "The state's API contract is not public: address, sign-in and payload are unknown here.",
                "Use the files for hand upload, once their positions and codes are confirmed.",
            )
        )
    positions: dict[str, dict[str, str]] = {}
    codes: dict[str, dict[str, str]] = {}
    for line in lines:
        year = line.values.get(YEAR_FIELD[line.record]) or None
        for field in layout_of(line.record, line.values).fields:
            # A file has every position, filled or not: a wrong position shifts all that follow it.
            if not field.is_confirmed:
                positions.setdefault(line.record, {})[field.number] = field.confidence
            value = line.values.get(field.number, "")
            if value and field.code_set:
                code = code_set(field.code_set, year).codes.get(value)
                if code is None or not code.is_confirmed:
                    codes.setdefault(field.code_set, {})[value] = code.code_confidence if code else "unknown"
    for record, numbers in sorted(positions.items()):
        listed = ", ".join(
            f"{number} ({confidence_words(confidence)})" for number, confidence in numbers.items()
        )
        reasons.append(
            _not_confirmed(
                f"positions-{record}",
                f"{record}: {len(numbers)} positions are not confirmed: {listed}.",
                "Load the state's workbook.",
            )
        )
    for name, values in sorted(codes.items()):
        listed = ", ".join(
            f"{value} ({confidence_words(confidence)})" for value, confidence in sorted(values.items())
        )
        reasons.append(
            _not_confirmed(
                f"codes-{name}",
                f"Code set {name}: not confirmed: {listed}.",
                "Load the state's workbook.",
            )
        )
    return reasons


def _not_confirmed(code: str, text: str, way_out: str) -> Reason:
    return Reason(
        code=f"not-confirmed-{code}",
        text=f"Not confirmed. {text}",
        owner=Owner.COORDINATOR,
        way_out=way_out,
        source="The state's file specification and code sets (not loaded)",
        confidence="unverified",
    )
