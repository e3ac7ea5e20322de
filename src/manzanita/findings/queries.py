"""Reading findings of our rules: whose they are, how many, and what has become of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import TruncDate
from django.http import Http404

from manzanita.domain.access import Actor
from manzanita.findings.models import ChangedStudent, FindingEvent, RuleFinding
from manzanita.platform import clock
from manzanita.platform.kept_queries import Reckoned
from manzanita.students.caseload import managers_of
from manzanita.students.models import Student, TeamMember
from manzanita.students.scope import lea_filter, visible_to

PAGE_SIZE = 50
WEEKS = 8
RECENT = timedelta(days=30)
# A page counts no further than this; of more it says so.
COUNTED = 10_000
# Severities that ask somebody to do something.
TO_SETTLE = ("fatal", "warning")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of findings asks for; blank is any. ``severity`` blank: fatal ones and warnings, which are to settle;
    ``any``: all. ``assignee``: a key, ``nobody``, or ``asked`` (of the reader, who has not answered)."""

    state: str = "open"
    rule: str = ""
    severity: str = ""
    school: str = ""
    owner: str = ""
    assignee: str = ""


def findings_of(actor: Actor) -> QuerySet[RuleFinding]:
    """Findings of students within the actor's reach, at LEAs whose records the actor reads."""
    return RuleFinding.objects.filter(
        student_id__in=visible_to(actor).order_by().values("pk"), **lea_filter(actor)
    )


def listed_findings(actor: Actor) -> QuerySet[RuleFinding]:
    """Those of the school or district to which the actor has narrowed the lists; in whatever view, as a record has to
    be right also of a student who has left."""
    found = findings_of(actor).filter(**lea_filter(actor.narrowed))
    return found.filter(school_code=actor.at_school) if actor.at_school else found


def wanted_findings(actor: Actor, wanted: Wanted) -> QuerySet[RuleFinding]:
    found = listed_findings(actor).filter(state=wanted.state)
    if not wanted.severity:
        found = found.filter(severity__in=TO_SETTLE)
    for name, value in (
        ("rule_code", wanted.rule),
        ("severity", wanted.severity.replace("any", "")),
        ("school_code", wanted.school),
        ("owner", wanted.owner),
    ):
        if value:
            found = found.filter(**{name: value})
    if wanted.assignee == "nobody":
        return found.filter(assignee_id=None)
    if wanted.assignee == "asked":
        return found.filter(asked_of_id=actor.user_id, answered_at=None)
    return found.filter(assignee_id=int(wanted.assignee)) if wanted.assignee else found


def list_findings(actor: Actor, wanted: Wanted, *, after: RuleFinding | None = None) -> list[RuleFinding]:
    """One page and one more, fatal ones first, then the longest open; those closed or dismissed, the newest first."""
    found = wanted_findings(actor, wanted)
    if wanted.state == "open":
        return _fatal_first(found, after)
    column = f"{wanted.state}_at"
    if after is not None:
        at = getattr(after, column)
        found = found.filter(Q(**{f"{column}__lt": at}) | Q(**{column: at}, pk__lt=after.pk))
    return list(found.order_by(f"-{column}", "-pk")[: PAGE_SIZE + 1])


def _fatal_first(found: QuerySet[RuleFinding], after: RuleFinding | None) -> list[RuleFinding]:
    """Two lists end to end, each in the order of an index: one order by weight would sort all that is open."""
    page: list[RuleFinding] = []
    for is_fatal in (True, False):
        part = found.filter(severity="fatal") if is_fatal else found.exclude(severity="fatal")
        if after is not None and (after.severity == "fatal") == is_fatal:
            part = part.filter(
                Q(opened_at__gt=after.opened_at) | Q(opened_at=after.opened_at, pk__gt=after.pk)
            )
        elif after is not None and is_fatal:
            continue
        page += part.order_by("opened_at", "pk")[: PAGE_SIZE + 1 - len(page)]
        if len(page) > PAGE_SIZE:
            break
    return page


def finding_of(actor: Actor, finding_id: int) -> RuleFinding:
    """The finding with this key in the actor's scope, or 404."""
    finding = findings_of(actor).filter(pk=finding_id).first()
    if finding is None:
        raise Http404("no such finding in this scope")
    return finding


def next_open(actor: Actor, one: RuleFinding) -> RuleFinding | None:
    """The open finding that follows ``one`` in the list of what is to settle, from its end on the first; or nothing."""
    found = wanted_findings(actor, Wanted()).exclude(pk=one.pk)
    return next(iter([*_fatal_first(found, one), *_fatal_first(found, None)]), None)


def is_to_be_judged(student_id: int) -> bool:
    """Whether the rules have yet to judge a student whom the caller may see, since something changed."""
    return ChangedStudent.objects.filter(student_id=student_id).exists()


def capped_count(actor: Actor, wanted: Wanted) -> int:
    """How many there are, counted no further than one past :data:`COUNTED`."""
    return wanted_findings(actor, wanted).order_by().values("pk")[: COUNTED + 1].count()


def events_of(finding: RuleFinding) -> list[FindingEvent]:
    """What happened to one finding, the newest first."""
    return list(finding.events.order_by("-pk")[:100])


def open_rule_findings_of(student_id: int) -> QuerySet[RuleFinding]:
    """Open findings of a student whom the caller may see, at every LEA."""
    return RuleFinding.objects.filter(student_id=student_id, state="open")


def gravest_first(found: Iterable[RuleFinding]) -> list[RuleFinding]:
    """Fatal ones first, then by age."""
    order = ["fatal", "warning", "info", "not_evaluated"]
    return sorted(found, key=lambda one: (order.index(one.severity), one.opened_at, one.pk))


@dataclass(frozen=True, slots=True)
class ToSettle:
    """Open fatal findings and warnings in the actor's scope: how many, of how many students, since when, and who waits
    for the reader."""

    fatal: int
    warnings: int
    students: int
    oldest_at: datetime | None
    mine: int
    asked: int

    @property
    def count(self) -> int:
        return self.fatal + self.warnings


def to_settle(actor: Actor) -> ToSettle:
    """One query."""
    return ToSettle(*_to_settle(actor, clock.today()).one())


@lru_cache(maxsize=256)
def _to_settle(actor: Actor, today: date) -> Reckoned:
    return Reckoned(
        listed_findings(actor).filter(state="open", severity__in=TO_SETTLE),
        fatal=Count("pk", filter=Q(severity="fatal")),
        warnings=Count("pk", filter=Q(severity="warning")),
        students=Count("student_id", distinct=True),
        oldest_at=Min("opened_at"),
        mine=Count("pk", filter=Q(assignee_id=actor.user_id)),
        asked=Count("pk", filter=Q(asked_of_id=actor.user_id, answered_at=None)),
    )


@dataclass(frozen=True, slots=True)
class RuleCount:
    """One rule in the actor's scope: open now, opened (or returned) and closed in the last 30 days, dismissed now; and
    how many were open at the end of each of the last weeks, the oldest first, today last."""

    code: str
    open: int
    dismissed: int
    opened: int
    closed: int
    weeks: Sequence[int]


def rule_counts(actor: Actor, code: str = "") -> list[RuleCount]:
    """Every rule with a finding that is or lately was there, the most open first; two queries."""
    found = listed_findings(actor)
    if code:
        found = found.filter(rule_code=code)
    now: dict[str, Counter[str]] = defaultdict(Counter)
    for row in found.exclude(state="closed").values("rule_code", "state").annotate(count=Count("pk")):
        now[row["rule_code"]][row["state"]] = row["count"]
    today = clock.today()
    first = today - timedelta(weeks=WEEKS)
    days: dict[str, Counter[tuple[date, str]]] = defaultdict(Counter)
    events = FindingEvent.objects.filter(
        at__gte=clock.end_of(first), kind__in=_STEPS, finding__in=found.order_by().values("pk")
    )
    for row in (
        events.values("finding__rule_code", "kind", day=TruncDate("at", tzinfo=clock.CALIFORNIA))
        .annotate(count=Count("pk"))
        .order_by()
    ):
        days[row["finding__rule_code"]][row["day"], row["kind"]] += row["count"]
    rows = [_rule_count(one, now[one], days[one], today) for one in {*now, *days}]
    return sorted(rows, key=lambda one: (-one.open, -one.opened, one.code))


# How much each event changes the number of open findings.
_STEPS = {"opened": 1, "returned": 1, "closed": -1, "dismissed": -1}


def _rule_count(code: str, now: Counter[str], days: Counter[tuple[date, str]], today: date) -> RuleCount:
    weeks = [
        now["open"] - sum(_STEPS[kind] * count for (day, kind), count in days.items() if day > end)
        for end in (today - timedelta(weeks=back) for back in range(WEEKS, -1, -1))
    ]
    lately = today - RECENT
    opened = sum(
        count for (day, kind), count in days.items() if day > lately and kind in ("opened", "returned")
    )
    closed = sum(count for (day, kind), count in days.items() if day > lately and kind == "closed")
    return RuleCount(code, now["open"], now["dismissed"], opened, closed, [max(0, one) for one in weeks])


def who_knows(student_id: int) -> dict[int, str]:
    """The student's case manager, then the team: key to role in words; two queries."""
    today = clock.today()
    found = dict.fromkeys(managers_of([student_id], today).values(), "case manager")
    team = TeamMember.objects.as_of(effective=today).filter(student_id=student_id).order_by("user_id")
    for user_id, role in team.values_list("user_id", "role"):
        found.setdefault(user_id, role.lower() or "on the team")
    return found


def assignees_of(actor: Actor, state: str) -> list[int]:
    """Keys of the people to whom findings in this state are given."""
    found = listed_findings(actor).filter(state=state, assignee_id__isnull=False).order_by()
    return list(found.values_list("assignee_id", flat=True).distinct())


def schools_with_findings(actor: Actor, state: str) -> list[str]:
    """Codes of the schools that have a finding in this state."""
    found = listed_findings(actor).filter(state=state).exclude(school_code="").order_by()
    return sorted(found.values_list("school_code", flat=True).distinct())


def changed_marks(limit: int) -> list[ChangedStudent]:
    """Students whom the rules have not judged since they changed, the longest waiting first."""
    return list(ChangedStudent.objects.order_by("at", "student_id")[:limit])


def waiting_count(actor: Actor) -> int:
    """How many students in the actor's reach the rules have yet to judge since they changed."""
    return ChangedStudent.objects.filter(student_id__in=visible_to(actor).order_by().values("pk")).count()


def lock_students(ids: Sequence[int]) -> None:
    """Until the transaction ends nobody else reconciles or judges these students."""
    list(Student.unscoped.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
