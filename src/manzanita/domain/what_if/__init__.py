"""What if a consent, a meeting, a referral or a break were on another day: what would change, and why. Pure.

>>> before = Case(date(2026, 11, 23), None, (Event("a", "Initial evaluation", "10", consent_on=date(2026, 9, 1)),))
>>> [one.title for one in changes(before, before.moved("a", Part.CONSENT, date(2026, 10, 1)))][:1]
['IEP meeting after the consent']
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from manzanita.domain.what_if.case import Case, Event, Part
from manzanita.domain.what_if.delay import delay_of
from manzanita.domain.what_if.dues import dues_of
from manzanita.domain.what_if.lists import lists_of
from manzanita.domain.what_if.standing import Kind, Standing, standing_of_due

__all__ = ["Case", "Change", "Event", "Kind", "Part", "Standing", "changes", "standings"]


@dataclass(frozen=True, slots=True)
class Change:
    """One question that has another answer afterwards. ``before`` is ``None`` for a clock that only then begins,
    ``after`` for one that then no longer runs."""

    before: Standing | None
    after: Standing | None

    @property
    def shown(self) -> Standing:
        """Whose title is shown: how it would be."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def days(self) -> int | None:
        """By how many days the law's date moves, later is positive; the state's where the law sets none."""
        if self.before is None or self.after is None:
            return None
        for was, becomes in (
            (self.before.law_on, self.after.law_on),
            (self.before.state_on, self.after.state_on),
        ):
            if was is not None and becomes is not None:
                return (becomes - was).days
        return None


def standings(case: Case, by: date | None = None) -> list[Standing]:
    """Everything that a day decides of the student, in a stable order.

    Lists are looked at on the day ``by``; without one on today, or the day of a meeting that is still to come.
    """
    dues = dues_of(case)
    return [
        *(standing_of_due(case, due) for due in dues),
        *(delay_of(case, event, dues) for event in case.events if event.kinds and _is_known(event)),
        *lists_of(case, dues, by or _last_day(case)),
    ]


def _is_known(event: Event) -> bool:
    """Of a meeting that nobody has opened, or holds even in thought, there is nothing to say."""
    return not event.is_planned or event.held_on is not None


def _last_day(*cases: Case) -> date:
    """Today, or the last day on which a meeting is held, if only in thought."""
    return max(
        day for case in cases for day in (case.today, *(one.held_on for one in case.held() if one.held_on))
    )


def changes(before: Case, after: Case) -> list[Change]:
    """What is otherwise in ``after``, in its order; then what there no longer is.

    Both are looked at on the same days, so that nothing differs but by what was moved.
    """
    by = _last_day(before, after)
    was = {one.key: one for one in standings(before, by)}
    becomes = {one.key: one for one in standings(after, by)}
    found = [
        Change(was.get(key), one)
        for key, one in becomes.items()
        if key not in was or was[key].value != one.value
    ]
    return found + [Change(one, None) for key, one in was.items() if key not in becomes]
