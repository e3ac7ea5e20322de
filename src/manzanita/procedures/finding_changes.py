"""What lines would change among a student's findings: which the rules would open, and which they would close.

The rules are those of the batch, on the records as they stand and as they would stand. A preview shows it before
anything is recorded, so that nobody learns of a finding by making it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from manzanita.domain.findings import Finding, Severity
from manzanita.domain.records import ORDER
from manzanita.exchange.live import check_typed

Lines = Sequence[tuple[str, Mapping[str, str]]]
_WEIGHT = [Severity.FATAL, Severity.WARNING]


@dataclass(frozen=True, slots=True)
class FindingChanges:
    """Fatal findings and warnings, the fatal ones first."""

    opens: Sequence[Finding] = ()
    closes: Sequence[Finding] = ()


NO_CHANGES = FindingChanges()


def finding_changes(
    page: str,
    student_id: int,
    before: Lines,
    after: Lines,
    *,
    without: Collection[str] = (),
    moved: Mapping[str, str] | None = None,
) -> FindingChanges:
    """What the rules say of ``after`` and not of ``before``, and the other way round, on whatever record.

    Lines are (key, values); ``without`` are keys that ``after`` no longer has. ``moved`` maps the key of a record
    before to its key after, so that a finding that goes along with its record is neither opened nor closed.
    """
    known = moved or {}
    was = _said(f"{page} before", student_id, before, ())
    becomes = _said(f"{page} after", student_id, after, without)
    there = {_place(one, known): one for one in was}
    then = {_place(one, {}): one for one in becomes}
    return FindingChanges(
        _gravest([one for place, one in then.items() if place not in there]),
        _gravest([one for place, one in there.items() if place not in then]),
    )


def _said(page: str, student_id: int, lines: Lines, without: Collection[str]) -> list[Finding]:
    found = check_typed(page, student_id, lines, about=ORDER, without=without)
    return [one for of_line in found.values() for one in of_line if one.severity in _WEIGHT]


def _place(finding: Finding, moved: Mapping[str, str]) -> tuple[str, str, tuple[str, ...]]:
    return finding.code, moved.get(finding.record_key, finding.record_key), tuple(sorted(finding.fields))


def _gravest(found: Sequence[Finding]) -> list[Finding]:
    return sorted(found, key=lambda one: (_WEIGHT.index(one.severity), one.record_key, one.code))
