"""What the rules about single values say, kept by content: most values of a student are those of many others.

A field's rules read its value and seldom another field of the row. What they say of such a content they say of every
row that has it, for as long as the layout and the codes are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import polars as pl

from manzanita.domain.specification import specification
from manzanita.domain.validation.values import ValueCase, value_cases

# Contents kept of one record type, about 200 bytes each; then all of them are forgotten.
CONTENTS_KEPT = 20_000
# The number of a field, its value, and those of the other fields that its rules read.
Content = tuple[str, ...]
Rows = Sequence[Mapping[str, str]]


class Verdicts:
    """Which of ``cases``, the rules about values of one record type, object to which content."""

    def __init__(self, cases: Sequence[ValueCase]) -> None:
        self.cases = cases
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, case in enumerate(cases):
            self._places[case.field.number].append(place)
        self._reads = {
            number: (number, *sorted({read for place in places for read in cases[place].reads} - {number}))
            for number, places in self._places.items()
        }
        self._kept: dict[Content, tuple[int, ...]] = {}

    def wrong(self, rows: Rows, lines: pl.DataFrame) -> list[tuple[ValueCase, pl.Series]]:
        """The cases that are wrong somewhere, in their order, and on which of ``rows``, whose frame is ``lines``."""
        contents = [
            [(number, *[row.get(read) or "" for read in reads]) for number, reads in self._reads.items()]
            for row in rows
        ]
        said = {content: self._kept.get(content) for of_row in contents for content in of_row}
        unknown = {content[0] for content, places in said.items() if places is None}
        asked = self._ask(unknown, contents, lines) if unknown else {}
        flags: dict[int, list[bool]] = {}
        for line, of_row in enumerate(contents):
            for content in of_row:
                for place in asked.get(content) or said[content] or ():
                    flags.setdefault(place, [False] * len(rows))[line] = True
        return [(self.cases[place], pl.Series(flags[place])) for place in sorted(flags)]

    def _ask(
        self, numbers: Collection[str], contents: Sequence[Sequence[Content]], lines: pl.DataFrame
    ) -> dict[Content, tuple[int, ...]]:
        places = [place for number in numbers for place in self._places[number]]
        answers = lines.select(self.cases[place].wrong for place in places).to_dict(as_series=False)
        found = {
            content: tuple(place for place in self._places[content[0]] if answers[str(place)][line])
            for line, of_row in enumerate(contents)
            for content in of_row
            if content[0] in numbers
        }
        if len(self._kept) + len(found) > CONTENTS_KEPT:
            self._kept.clear()
        self._kept.update(found)
        return found


_by_record: dict[str, Verdicts] = {}


def verdicts_of(record: str) -> Verdicts:
    """Those on values of ``record``, by the specification of the year being judged."""
    cases = value_cases(record, specification())
    kept = _by_record.get(record)
    if kept is None or kept.cases is not cases:
        kept = _by_record[record] = Verdicts(cases)
    return kept
