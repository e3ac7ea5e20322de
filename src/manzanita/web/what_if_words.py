"""The answer to a move, ready for its template: what changes by its sort, the findings, the drawing, or why nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from manzanita.domain.findings import Finding
from manzanita.domain.rules import owner_of
from manzanita.domain.what_if import Case, Change, Kind, Part, changes
from manzanita.domain.what_if.ruled import FindingChanges
from manzanita.ui.before_after import MovedDay, draw_moves
from manzanita.ui.formats import plural, us_dates
from manzanita.web.what_if_choices import Choice

_SEVERITIES = {"fatal": "fatal", "warning": "warn", "info": "ok"}


@dataclass(frozen=True, slots=True)
class Said:
    """One finding that appears or vanishes."""

    finding: Finding
    appears: bool

    @property
    def kind(self) -> str:
        return _SEVERITIES[str(self.finding.severity)]

    @property
    def owner(self) -> str:
        return str(owner_of(self.finding.code, self.finding.fields))


@dataclass(frozen=True, slots=True)
class Answered:
    """``nothing`` says why where neither ``changes`` nor ``findings`` hold anything. ``stay`` counts findings that are
    said before and after; ``why_unruled`` is why the rules were not asked. ``held_later_on``: the day of a meeting
    that is still to come; until then all stands as now."""

    choice: Choice
    summary: str
    changes: Sequence[Change]
    findings: Sequence[Said]
    stay: int
    nothing: str
    why_unruled: str
    drawing: Markup
    held_later_on: date | None

    @property
    def dues(self) -> list[Change]:
        return [one for one in self.changes if one.shown.kind is Kind.DUE]

    @property
    def others(self) -> list[Change]:
        return [one for one in self.changes if one.shown.kind is not Kind.DUE]

    @property
    def is_empty(self) -> bool:
        return not self.changes and not self.findings


def answered(
    before: Case,
    after: Case,
    choice: Choice,
    day: date,
    *,
    last: date | None = None,
    findings: FindingChanges | None = None,
    nothing: str = "",
    why_unruled: str = "",
) -> Answered:
    """``day`` is where the moved day goes, ``last`` the last one of a moved break."""
    found = changes(before, after)
    said = [
        *(Said(one, True) for one in (findings.appear if findings else ())),
        *(Said(one, False) for one in (findings.vanish if findings else ())),
    ]
    return Answered(
        choice=choice,
        summary=", ".join(_summary(found, said)),
        changes=found,
        findings=said,
        stay=len(findings.stay) if findings else 0,
        nothing=us_dates(nothing),
        why_unruled=why_unruled,
        drawing=_draw(after, choice, found, day, last),
        held_later_on=day if choice.part is Part.HELD and day > after.today else None,
    )


def _summary(found: Sequence[Change], said: Sequence[Said]) -> Iterator[str]:
    for kind, word in ((Kind.DUE, "due date"), (Kind.DELAY, "reason of delay"), (Kind.LIST, "list")):
        count = sum(one.shown.kind is kind for one in found)
        if count:
            yield plural(count, word, "reasons of delay" if kind is Kind.DELAY else None)
    if said:
        yield plural(len(said), "finding")


def _draw(after: Case, choice: Choice, found: Sequence[Change], day: date, last: date | None) -> Markup:
    """The moved day first, then every due date that is otherwise; a break is drawn by both of its days."""
    if not found:
        return Markup()
    rows = [MovedDay(choice.label, choice.day, day, is_cause=True)]
    if choice.period is not None:
        rows = [
            MovedDay("First day of the break", choice.period.start, day, is_cause=True),
            MovedDay("Last day of the break", choice.period.end, last, is_cause=True),
        ]
    for change in found:
        if change.shown.kind is not Kind.DUE:
            continue
        rows += _rows(change)
    if len(rows) == 1:
        return Markup()
    event = next(iter(after.events), None)
    tolling = after.reading(after.today)
    breaks = [(skip.first, skip.last) for skip in after.calendar.skips(tolling)] if event else []
    return draw_moves(
        rows,
        breaks=breaks,
        today=after.today,
        title=f"{choice.label}: what was and what would be",
        description="Each row has a hollow mark where a day was and a filled one where it would be. The same days "
        "stand in the table below.",
    )


def _rows(change: Change) -> Iterator[MovedDay]:
    was, becomes = change.before, change.after
    title = us_dates(change.shown.title)
    late = becomes.words if becomes is not None and becomes.is_bad else ""
    laws = (was.law_on if was else None, becomes.law_on if becomes else None)
    states = (was.state_on if was else None, becomes.state_on if becomes else None)
    if laws == states or not any(states):
        if any(laws):
            yield MovedDay(title, *laws, late=late)
        return
    if any(laws):
        yield MovedDay(f"{title}, by law", *laws)
    yield MovedDay(f"{title}, by the state", *states)
