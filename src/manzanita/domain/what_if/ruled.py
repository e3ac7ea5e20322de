"""What the rules say of a student's records before and after a move: findings that appear, and those that vanish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from manzanita.domain.findings import Finding, Severity

_TOLD = (Severity.FATAL, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, slots=True)
class FindingChanges:
    """``appear`` are said only afterwards, ``vanish`` only before; ``stay`` are said both times."""

    appear: Sequence[Finding]
    vanish: Sequence[Finding]
    stay: Sequence[Finding]


def finding_changes(
    before: Iterable[Finding], after: Iterable[Finding], renamed: Mapping[str, str]
) -> FindingChanges:
    """``renamed`` says which key a record has afterwards, where its day is part of its key.

    A finding is the same where the same rule says it of the same record about the same fields, whatever the values.
    What could not be evaluated is neither.
    """
    was = {_name(one, renamed): one for one in before if one.severity in _TOLD}
    becomes = {_name(one, {}): one for one in after if one.severity in _TOLD}
    return FindingChanges(
        appear=[one for name, one in becomes.items() if name not in was],
        vanish=[one for name, one in was.items() if name not in becomes],
        stay=[one for name, one in becomes.items() if name in was],
    )


def _name(finding: Finding, renamed: Mapping[str, str]) -> tuple[str, str, tuple[str, ...]]:
    return finding.code, renamed.get(finding.record_key, finding.record_key), tuple(sorted(finding.fields))
