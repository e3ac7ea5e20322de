"""The DINC lists of students as stored rows, and how many stood on each at the end of each month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet, Sum

from manzanita.deadlines.lists import PAGE_SIZE, place_after, with_manager, within_scope
from manzanita.deadlines.models import DincCount, HeldLate
from manzanita.domain.access import Actor, Scope
from manzanita.domain.dinc import (
    DINC,
    UNDATED,
    DincList,
    Held,
    History,
    Late,
    Span,
    held_late,
    lists_at,
    month_ends,
)
from manzanita.domain.fields import TRANSITION_FIELDS
from manzanita.domain.stays import Enrolled, Reported, infant_stays
from manzanita.domain.transition import Lacking, transition_lacks
from manzanita.meetings.models import Meeting
from manzanita.platform import clock
from manzanita.students.models import Enrollment, Plan, SpecialEducationStatus, Student, StudentFact
from manzanita.students.scope import lea_filter

_DATED = ("student_id", "effective_from", "effective_to")
_INDICATORS = tuple(one.attribute for one in TRANSITION_FIELDS)
_SAID = ("lea_code", "school_code", "started_on", "due_on", "held_on", "delay_code")


def histories_of(ids: Collection[int]) -> dict[int, History]:
    """The history of each student who exists; six queries for any number."""
    held: dict[int, list[Held]] = defaultdict(list)
    waiting: dict[int, list[date]] = defaultdict(list)
    rows = Meeting.objects.filter(student__in=ids).exclude(state="canceled")
    for pk, state, held_on, review, kind, consent, delay, event in rows.values_list(
        "student_id", "state", "held_on", "is_plan_review", "evaluation_type_code", "consent_on", "delay_code",
        "event_key",
    ):  # fmt: skip
        if held_on is not None and state in ("finalized", "held"):
            held[pk].append(Held(held_on, review, kind, consent, delay))
        elif state == "open" and consent is not None and event != "c_to_b":
            waiting[pk].append(consent)
    enrolled: dict[int, list[Enrolled]] = defaultdict(list)
    stays: dict[int, list[Span]] = defaultdict(list)
    for pk, first, last, lea, school, code, exit_code in _newest_first(Enrollment, ids).values_list(
        *_DATED, "lea_code", "school_code", "status_code", "exit_reason_code"
    ):
        enrolled[pk].append(Enrolled(lea, first, last, code, exit_code))
        stays[pk].append(Span(first, last, (lea, school)))
    statuses: dict[int, list[Reported]] = defaultdict(list)
    for pk, first, last, lea, code in _newest_first(SpecialEducationStatus, ids).values_list(
        *_DATED, "lea_code", "status_code"
    ):
        statuses[pk].append(Reported(lea, first, last, code))
    planned: dict[int, list[Reported]] = defaultdict(list)
    plans: dict[int, list[Span]] = defaultdict(list)
    for row in _newest_first(Plan, ids).values(*_DATED, "lea_code", "plan_type_code", *_INDICATORS):
        pk, first, last, kind = (
            row["student_id"],
            row["effective_from"],
            row["effective_to"],
            row["plan_type_code"],
        )
        planned[pk].append(Reported(row["lea_code"], first, last, kind))
        plans[pk].append(Span(first, last, (kind, "" if transition_lacks(row) else "1")))
    births = Student.unscoped.filter(pk__in=ids).values_list("pk", "birth_on")
    return {
        pk: History(
            born,
            held[pk],
            waiting[pk],
            [
                *(
                    Span(one.first, one.last, (one.lea_code, ""))
                    for one in infant_stays(enrolled[pk], statuses[pk], planned[pk])
                ),
                *stays[pk],
            ],
            [Span(one.first, one.last, (one.code,)) for one in statuses[pk]],
            plans[pk],
        )
        for pk, born in births
    }


def _newest_first(model: type[StudentFact], ids: Collection[int]) -> QuerySet[Any, Any]:
    return model.objects.believed().filter(student__in=ids).order_by("-effective_from")


def store_held_late(histories: Mapping[int, History], today: date) -> None:
    """Make the stored rows of these students what their histories say; nothing is written where they agree. The caller
    holds a lock on them."""
    stored = {
        (row.student_id, row.list_key): row for row in HeldLate.objects.filter(student__in=list(histories))
    }
    new, changed = [], []
    for pk, history in histories.items():
        here = history.at(today)
        for late in held_late(history, today) if here else ():
            row = stored.pop((pk, late.list_key), None)
            said = _said(late, here)
            if row is None:
                new.append(HeldLate(student_id=pk, list_key=late.list_key, **said))
            elif any(getattr(row, name) != value for name, value in said.items()):
                for name, value in said.items():
                    setattr(row, name, value)
                changed.append(row)
    if stored:
        HeldLate.objects.filter(pk__in=[row.pk for row in stored.values()]).delete()
    HeldLate.objects.bulk_create(new, batch_size=500)
    HeldLate.objects.bulk_create(
        changed, batch_size=500, update_conflicts=True, unique_fields=["id"], update_fields=_SAID
    )


def _said(late: Late, here: tuple[str, ...] | None) -> dict[str, object]:
    lea_code, school_code = here or ("", "")
    return {
        "lea_code": lea_code,
        "school_code": school_code,
        "started_on": late.started_on,
        "due_on": late.due_on,
        "held_on": late.held_on,
        "delay_code": late.delay_code,
    }


@dataclass(slots=True)
class Trend:
    """Counts of students by LEA, school, list and day."""

    days: list[date]
    counts: Counter[tuple[str, str, str, date]]

    def add(self, history: History) -> None:
        for day in self.days:
            here = history.at(day)
            if here is not None:
                for key in lists_at(history, day):
                    self.counts[(here[0], here[1], key, day)] += 1

    @transaction.atomic
    def store(self) -> None:
        """In place of what was counted before of these days: the past is told by what is believed now."""
        DincCount.objects.filter(on__gte=self.days[0]).delete()
        DincCount.objects.bulk_create(
            (
                DincCount(lea_code=lea, school_code=school, list_key=key, on=day, count=count)
                for (lea, school, key, day), count in sorted(self.counts.items())
            ),
            batch_size=2000,
        )


def new_trend(today: date | None = None) -> Trend:
    return Trend(month_ends(today or clock.today()), Counter())


@dataclass(frozen=True, slots=True)
class Standing:
    """One list as it stands now in the actor's scope: how many, and the earliest missed day."""

    listed: DincList
    count: int
    earliest: date | None


def standings(actor: Actor) -> list[Standing]:
    """Every list; two queries."""
    found: dict[str, tuple[int, date | None]] = {}
    current = within_scope(actor).filter(_is_missed(clock.today())).order_by()
    for name, count, earliest in current.values_list("clock").annotate(Count("pk"), Min("due_on")):
        found[_CURRENT[name]] = (count, earliest)
    late = within_scope(actor, HeldLate).order_by()
    for key, count, earliest in late.values_list("list_key").annotate(Count("pk"), Min("due_on")):
        found[key] = (count, earliest)
    return [Standing(one, *found.get(one.key, (0, None))) for one in DINC.values()]


_CURRENT = {one.clock: one.key for one in DINC.values() if not one.is_held}


def _is_missed(today: date) -> Q:
    """The state's day is past; a transition indicator is missing from the 16th birthday on."""
    judged = [name for name in _CURRENT if name not in UNDATED]
    return Q(clock__in=judged, state_due_on__lt=today) | Q(clock__in=UNDATED, due_on__lte=today)


def members(actor: Actor, listed: DincList, after: int | None = None) -> list[Any]:
    """One page of a list and a row more, the earliest missed day first: ``DueDate`` rows of a current list,
    ``HeldLate`` rows of one held late. ``after`` is the key of the last row seen."""
    if listed.is_held:
        rows = within_scope(actor, HeldLate).filter(list_key=listed.key)
    else:
        rows = within_scope(actor).filter(_is_missed(clock.today()), clock=listed.clock)
    if after is not None:
        rows = rows.filter(place_after(rows.model, after))
    return list(with_manager(rows).order_by("due_on", "pk")[: PAGE_SIZE + 1])


def lacking(student_ids: Collection[int]) -> dict[int, list[Lacking]]:
    """Which transition indicators the plans in force lack; one query. Nobody's plan: every indicator."""
    rows = Plan.objects.as_of(effective=clock.today()).filter(student__in=student_ids)
    known = {row["student_id"]: row for row in rows.values("student_id", *_INDICATORS)}
    return {pk: transition_lacks(known.get(pk, {})) for pk in student_ids}


def trend_of(actor: Actor) -> dict[str, list[tuple[date, int]]]:
    """By list, how many stood on it at the end of each month, of the schools in the actor's scope; one query. Empty for
    who has students of their own: counts are of whole schools."""
    if actor.perspective.scope in (Scope.ASSIGNED, Scope.NAMED):
        return {}
    rows = DincCount.objects.filter(**lea_filter(actor.narrowed), on__gte=month_ends(clock.today())[0])
    if actor.perspective.scope is Scope.SCHOOL:
        rows = rows.filter(school_code__in=actor.school_codes)
    if actor.at_school:
        rows = rows.filter(school_code=actor.at_school)
    found: dict[tuple[str, date], int] = {}
    for key, on, count in rows.values_list("list_key", "on").annotate(Sum("count")):
        found[(key, on)] = count
    if not found:
        return {}
    days = month_ends(max(on for _, on in found))
    return {key: [(day, found.get((key, day), 0)) for day in days] for key in DINC}
