"""Rules that fail while they are evaluated: each becomes one finding that says so, and all others go on."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Finding, Severity
from manzanita.domain.rules.declaration import RuleInfo

# Whatever is wrong with a rule, it is wrong with that rule only. A panic of Polars is no Exception.
CRASHES = (Exception, pl.exceptions.PanicException)


class Quarantine:
    """The rules that have failed so far. A strict one keeps none: the error goes on."""

    def __init__(self, *, is_strict: bool = False) -> None:
        self._is_strict = is_strict
        self._failed: dict[str, Finding] = {}

    def holds(self, rule: RuleInfo) -> bool:
        return rule.code in self._failed

    def put(self, rule: RuleInfo, record: str, error: BaseException) -> None:
        """Evaluate ``rule`` no more. Nothing is kept of the words of ``error``, which may hold a student's data."""
        if self._is_strict:
            raise error
        self._failed.setdefault(rule.code, _finding(rule, record, type(error).__name__))

    def findings(self) -> list[Finding]:
        """One finding for each rule that has failed, by code."""
        return [self._failed[code] for code in sorted(self._failed)]


STRICT = Quarantine(is_strict=True)


def _finding(rule: RuleInfo, record: str, error: str) -> Finding:
    return Finding(
        code=rule.code,
        severity=Severity.NOT_EVALUATED,
        kind=rule.kind,
        phase=rule.phase,
        record=record,
        file=None,
        line=None,
        ssid=None,
        fields=(),
        values={},
        message=f"Not evaluated: {rule.code} failed on {record} ({error}). This is a fault of this system and not of "
        "the records; all other rules were evaluated. Report it with the code of the rule.",
    )
