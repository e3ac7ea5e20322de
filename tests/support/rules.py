"""The setting that the examples of a rule were written for."""

from __future__ import annotations

from datetime import date, timedelta

from manzanita.domain.rules.declaration import RuleInfo, Setting
from manzanita.domain.years import academic_year_of

USUAL = Setting(date(2026, 11, 23), "2026-2027")


def setting_of(rule: RuleInfo) -> Setting:
    """The usual one; the last year in force of a rule that has ended; the day before it was switched off."""
    if rule.inactive_from is not None:
        on = rule.inactive_from - timedelta(days=1)
        return Setting(on, academic_year_of(on))
    return Setting(USUAL.as_of, rule.last_year or USUAL.year)
