"""What changed since somebody last looked, read from what is recorded anyway: acts, versions of facts that SIS files
brought, answers of the state, what rules opened and closed, arrivals. There is no log of news.

A change is one line: an act about one student; what one SIS file says anew of a student's enrollment at one LEA, or of
the SSID; one line's answer; one finding that opened or closed; one arrival.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.utils.dateparse import parse_datetime

from manzanita.arrivals.models import Arrival
from manzanita.auditing.models import ChangeEvent, NewsMark
from manzanita.domain.access import Actor
from manzanita.exchange.models import SubmissionLine
from manzanita.findings.models import FindingEvent
from manzanita.findings.queries import TO_SETTLE
from manzanita.platform import clock
from manzanita.platform.together import read_together
from manzanita.procedures.first_load import FirstLoad
from manzanita.students.models import (
    Enrollment,
    IdentityChange,
    Merge,
    Plan,
    Service,
    SpecialEducationStatus,
    Ssid,
)
from manzanita.students.scope import listed_for, present_for
from manzanita.students.transfer_facts import SIS_CAUSE

PAGE_SIZE = 25
# Where a change comes from: key and words, in the order of the page.
ORIGINS = {
    "sis": "SIS files",
    "state": "The state",
    "people": "Teachers and staff",
    "districts": "Other districts",
    "upkeep": "Rules and upkeep",
}
# Acts that are looks, or notes of looks: the disclosures and who saw whom have pages of their own.
NOT_NEWS = ("read_who_saw", "exact-search", "record_disclosure")
# What somebody planned and a job of the night did under that person's grant: news to that person, too.
CARRIED_OUT = ("record_leaving",)
# Of who has never said that anything is seen: so many days are new.
FIRST_DAYS = 7
# So long after an own act it is told that somebody else has changed the record since.
OWN_DAYS = 30
# What rules do to a finding by themselves; what people do to it is an act.
_FOUND = ("opened", "returned", "closed")


@dataclass(frozen=True, slots=True)
class Window:
    """Changes after ``since`` until ``until``, of one of ``ORIGINS`` or all. ``is_own`` brings the asker's own acts;
    what came of ``loads`` is left out, as each of them is told in one line."""

    since: datetime
    until: datetime
    origin: str = ""
    is_own: bool = False
    loads: Sequence[FirstLoad] = ()

    @property
    def load_causes(self) -> frozenset[str]:
        return frozenset(one.cause for one in self.loads)


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows of one table that are changes. ``once`` are columns of which each set of values is one change; empty where
    each row is one."""

    rows: QuerySet[Any, Any]
    student: str
    at: str
    lea: str
    once: tuple[str, ...] = ()


def _between(field: str, since: Any, until: datetime | None) -> Q:
    after = Q(**{f"{field}__gt": since})
    return after if until is None else after & Q(**{f"{field}__lte": until})


def _sources(
    actor: Actor,
    since: Any,
    until: datetime | None,
    origin: str = "",
    *,
    is_own: bool = False,
    loads: Sequence[FirstLoad] = (),
) -> Iterator[_Source]:
    """``since`` may be an expression; without ``until`` there is no end."""
    causes = [one.cause for one in loads]
    records = {} if actor.record_leas is None else {"lea_code__in": actor.record_leas}
    if origin in ("", "sis"):
        for model, lea in ((Enrollment, "lea_code"), (Ssid, ""), (IdentityChange, "")):
            rows = model.objects.filter(_between("recorded_at", since, until), cause__startswith=SIS_CAUSE)
            rows = rows.filter(~Exists(_moved_then())).exclude(cause__in=causes)
            yield _Source(rows, "student_id", "recorded_at", lea, ("cause",))
    if origin in ("", "state"):
        answered = SubmissionLine.objects.filter(
            _between("answered_at", since, until), outcome__in=["posted", "rejected"]
        ).filter(**{f"submission__{name}": value for name, value in records.items()})
        yield _Source(answered, "student_id", "answered_at", "submission__lea_code")
    if origin in ("", "people", "districts", "upkeep"):
        yield _Source(_acts(actor, since, until, origin, is_own=is_own), "student_id", "at", "lea_code")
    if origin in ("", "upkeep"):
        found = FindingEvent.objects.filter(
            _between("at", since, until), kind__in=_FOUND, by_id=None, finding__severity__in=TO_SETTLE
        ).filter(**{f"finding__{name}": value for name, value in records.items()})
        found = found.exclude(_of_loads(loads, "at", "finding__lea_code"), kind="opened")
        yield _Source(found, "finding__student_id", "at", "finding__lea_code")
        come = Arrival.objects.filter(_between("found_at", since, until), found_by_id=None, **records)
        come = come.exclude(_of_loads(loads, "found_at", "lea_code"))
        yield _Source(come, "student_id", "found_at", "lea_code")


def _of_window(actor: Actor, window: Window) -> Iterator[_Source]:
    return _sources(
        actor, window.since, window.until, window.origin, is_own=window.is_own, loads=window.loads
    )


def _of_loads(loads: Sequence[FirstLoad], at: str, lea: str) -> Q:
    """What was found of a first load while it settled; of no load nothing."""
    found = Q(pk__in=[])
    for one in loads:
        found |= _between(at, one.began, one.until) & Q(**{lea: one.lea_code})
    return found


def _moved_then() -> QuerySet[Merge, Merge]:
    """Of a version that no file brought: two records were put together at that instant, or became two again."""
    of_either = Q(student=OuterRef("student_id")) | Q(other=OuterRef("student_id"))
    then = Q(made_at=OuterRef("recorded_at")) | Q(undone_at=OuterRef("recorded_at"))
    return Merge.objects.filter(of_either, then)


def _own_codes(actor: Actor) -> list[str]:
    return sorted({actor.agency_code, *actor.agency_codes})


def _acts(
    actor: Actor, since: Any, until: datetime | None, origin: str, *, is_own: bool
) -> QuerySet[Any, Any]:
    acts = ChangeEvent.objects.filter(_between("at", since, until), student_id__isnull=False)
    acts = acts.exclude(action__in=NOT_NEWS)
    carried_out = Q(action__in=CARRIED_OUT, request_id__startswith="job-")
    by_night = Q(actor_user_id__isnull=True) | carried_out
    if origin == "upkeep":
        return acts.filter(by_night)
    if origin:
        is_ours = Q(lea_code__in=_own_codes(actor))
        acts = acts.filter(~by_night, is_ours if origin == "people" else ~is_ours)
    return acts if is_own else acts.filter(by_night | ~Q(actor_user_id=actor.user_id))


def _own_acts(actor: Actor) -> QuerySet[Any, Any]:
    """What the actor did by hand."""
    own = ChangeEvent.objects.filter(actor_user_id=actor.user_id).exclude(action__in=NOT_NEWS)
    return own.exclude(action__in=CARRIED_OUT, request_id__startswith="job-")


@dataclass(frozen=True, slots=True)
class Found:
    """One page of students, whose change is the newest first, each with how many changes it has; ``newest`` is the
    instant of the newest change of all pages."""

    students: list[tuple[int, int]]
    student_count: int
    change_count: int
    newest: datetime | None


def changed_students(actor: Actor, window: Window, *, page: int = 1) -> Found:
    """Students of the actor's lists who have changes in the window; one query, whatever the window.

    Of a student who has left only what the actor's own agencies did or were told.
    """
    try:
        sql, params = _statement(actor, window)
    except EmptyResultSet:
        return Found([], 0, 0, None)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} LIMIT %s OFFSET %s", [*params, PAGE_SIZE, (page - 1) * PAGE_SIZE])
        rows = cursor.fetchall()
    if not rows:
        return Found([], 0, 0, None)
    _, _, _, students, changes, newest = rows[0]
    return Found([(row[0], row[2]) for row in rows], students, int(changes), _instant(newest))


def _statement(actor: Actor, window: Window) -> tuple[str, list[Any]]:
    parts: list[str] = []
    params: list[Any] = []
    for source in _of_window(actor, window):
        try:
            sql, given = _compiled(_columns(source))
        except EmptyResultSet:
            continue
        # An SSID is the state's, and who a student is nobody's, not an LEA's.
        parts.append(sql if source.lea else f"SELECT once.*, '' FROM ({sql}) AS once")
        params += given
    if not parts:
        raise EmptyResultSet
    within, given = _within(actor)
    return (
        f"WITH changed(student_id, at, lea_code) AS ({' UNION ALL '.join(parts)})"
        " SELECT student_id, MAX(at) AS newest, COUNT(*) AS changes, COUNT(*) OVER () AS students,"
        " SUM(COUNT(*)) OVER () AS all_changes, MAX(MAX(at)) OVER () AS newest_of_all"
        f" FROM changed WHERE {within} GROUP BY student_id ORDER BY newest DESC, student_id DESC",
        [*params, *given],
    )


def _columns(source: _Source) -> QuerySet[Any, Any]:
    """Student, instant and, where there is one, LEA of each change."""
    lea = [source.lea] if source.lea else []
    rows = source.rows.order_by()
    if source.once:
        rows = rows.values(source.student, *lea, *source.once).annotate(newest=Max(source.at))
        columns = [source.student, "newest", *lea]
    else:
        columns = [source.student, source.at, *lea]
    return rows.values_list(*columns)


def _within(actor: Actor) -> tuple[str, list[Any]]:
    listed, params = _compiled(listed_for(actor).order_by().values("pk"))
    try:
        present, of_present = _compiled(present_for(actor).order_by().values("pk"))
    except EmptyResultSet:
        present, of_present = "NULL", []
    if (present, of_present) == (listed, params):
        return f"student_id IN ({listed})", params
    own = _own_codes(actor)
    marks = ", ".join(["%s"] * len(own))
    return (
        f"(student_id IN ({present}) OR (lea_code IN ({marks}) AND student_id IN ({listed})))",
        [*of_present, *own, *params],
    )


def _compiled(rows: QuerySet[Any, Any]) -> tuple[str, list[Any]]:
    sql, params = rows.query.get_compiler(connection=connection).as_sql()
    return sql, list(params)


def _instant(raw: Any) -> datetime | None:
    """SQLite gives what it reckoned as text."""
    found = parse_datetime(raw) if isinstance(raw, str) else raw
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


@dataclass(frozen=True, slots=True)
class Rows:
    """What stands behind the changes of some students, as it is recorded. Versions of facts are those that began or
    ended in the window, whoever stated them."""

    acts: list[ChangeEvent]
    versions: list[Any]
    identities: list[IdentityChange]
    answers: list[Answer]
    findings: list[FoundOrGone]
    arrivals: list[Arrival]
    present: set[int]
    # When records of whom were put together, or became two again: what was believed is believed anew then, by no file.
    moved: frozenset[tuple[int, datetime | None]]
    # When the asker did something about them, in order.
    own: Mapping[int, list[datetime]]

    def own_before(self, student_id: int, at: datetime) -> datetime | None:
        """When the asker did something about the student last before ``at``."""
        return max((one for one in self.own.get(student_id, ()) if one < at), default=None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the state said to one line."""

    student_id: int
    at: datetime
    outcome: str
    kind: str
    record: str
    errors: list[dict[str, Any]]
    lea_code: str


@dataclass(frozen=True, slots=True)
class FoundOrGone:
    """A rule opened a finding, or closed it. ``at`` is when, ``pk`` the finding."""

    student_id: int
    at: datetime
    kind: str
    pk: int
    rule_code: str
    severity: str
    record: str
    message: str
    lea_code: str


_ANSWER = ("student_id", "answered_at", "outcome", "kind", "record", "errors", "submission__lea_code")
_FINDING = (
    "finding__student_id",
    "at",
    "kind",
    "finding_id",
    "finding__rule_code",
    "finding__severity",
    "finding__record",
    "finding__message",
    "finding__lea_code",
)
_FACTS = (Enrollment, Ssid, SpecialEducationStatus, Plan, Service)


def rows_of(actor: Actor, window: Window, student_ids: Collection[int]) -> Rows:
    """The changes of these students; two queries for any number. The caller has found them by
    :func:`changed_students`."""
    ids = list(student_ids)
    by_model: dict[type, QuerySet[Any, Any]] = {
        source.rows.model: source.rows.filter(**{f"{source.student}__in": ids}).order_by(source.at, "pk")
        for source in _of_window(actor, window)
    }
    acts = by_model.get(ChangeEvent, ChangeEvent.objects.none())
    answers = by_model.get(SubmissionLine, SubmissionLine.objects.none()).values_list(*_ANSWER)
    findings = by_model.get(FindingEvent, FindingEvent.objects.none()).values_list(*_FINDING)
    arrivals = by_model.get(Arrival, Arrival.objects.none())
    identities = by_model.get(IdentityChange, IdentityChange.objects.none())
    touched = _between("recorded_at", window.since, window.until) | _between(
        "superseded_at", window.since, window.until
    )
    versions = [model.objects.filter(touched, student_id__in=ids).order_by("pk") for model in _FACTS]
    mine = _own_acts(actor).filter(student_id__in=ids, at__gt=window.since - timedelta(days=OWN_DAYS))
    mine = mine.values_list("student_id", "at")
    either = Q(student__in=ids) | Q(other__in=ids)
    then = _between("made_at", window.since, window.until) | _between("undone_at", window.since, window.until)
    merges = Merge.objects.filter(either, then).values_list("student_id", "other_id", "made_at", "undone_at")
    read_together(acts, answers, findings, arrivals, identities, mine, merges, *versions)
    own: dict[int, list[datetime]] = defaultdict(list)
    for student_id, at in mine:
        own[student_id].append(at)
    return Rows(
        acts=list(acts),
        versions=[row for rows in versions for row in rows],
        identities=list(identities),
        answers=[Answer(*row) for row in answers],
        findings=[FoundOrGone(*row) for row in findings],
        arrivals=list(arrivals),
        moved=frozenset((pk, at) for *both, made, undone in merges for pk in both for at in (made, undone)),
        present=set(present_for(actor).filter(pk__in=ids).order_by().values_list("pk", flat=True)),
        own=own,
    )


def is_by_night(act: ChangeEvent) -> bool:
    """Whether no person did it at that moment."""
    return act.actor_user_id is None or (act.action in CARRIED_OUT and act.request_id.startswith("job-"))


def is_told(actor: Actor, rows: Rows, student_id: int, lea_code: str) -> bool:
    """Of a student who has left only what is of one's own agencies."""
    return student_id in rows.present or lea_code in _own_codes(actor)


# The mark


def _marks(actor: Actor) -> QuerySet[NewsMark, NewsMark]:
    return NewsMark.objects.filter(
        user_id=actor.user_id, perspective_key=actor.perspective_key, agency_code=actor.agency_code
    )


def mark_of(actor: Actor) -> NewsMark | None:
    """How far the person has looked as this perspective at this agency."""
    return _marks(actor).first()


@transaction.atomic
def mark_seen(*, actor: Actor, through: datetime, first_since: datetime | None = None) -> NewsMark:
    """Move the mark to ``through``. It never moves back: of two windows the one that saw more counts, and the mark
    before stays known; of a first one ``first_since`` takes its place, from which on the changes were listed. An
    instant that is still to come counts as now."""
    through = min(through, clock.now())
    mark, is_new = NewsMark.objects.select_for_update().get_or_create(
        user_id=actor.user_id,
        perspective_key=actor.perspective_key,
        agency_code=actor.agency_code,
        defaults={"seen_through": through, "marked_at": clock.now(), "before_through": first_since},
    )
    if not is_new and through > mark.seen_through:
        mark.before_through, mark.before_at = mark.seen_through, mark.marked_at
        mark.seen_through, mark.marked_at = through, clock.now()
        mark.save()
    return mark


@dataclass(frozen=True, slots=True)
class AfterOwn:
    """What somebody else did about a student after the asker's own last act there."""

    by_id: int
    action: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unseen:
    """The reads behind "3 changes since you last looked" on a student's page, and behind what somebody else did after
    the actor's own last act there, for who reads more in the same query."""

    mark: QuerySet[Any, Any]
    changes: Sequence[QuerySet[Any, Any]]
    others: QuerySet[Any, Any]

    @property
    def querysets(self) -> list[QuerySet[Any, Any]]:
        return [self.mark, *self.changes, self.others]

    @property
    def count(self) -> int:
        return sum(len(rows) for rows in self.changes)

    @property
    def looked_at(self) -> datetime | None:
        """When the person last said that the changes are seen; ``None``: never."""
        return next((at for at, _ in self.mark), None)

    @property
    def after_own(self) -> AfterOwn | None:
        """The newest one, until it is marked as seen, or the actor acts again."""
        since = next((through for _, through in self.mark), clock.now() - timedelta(days=FIRST_DAYS))
        return next((AfterOwn(*row) for row in self.others if row[2] > since), None)


def unseen_of(actor: Actor, student_id: int) -> Unseen:
    """Changes of one student, of whom the actor sees the present, since the actor's mark."""
    since = Subquery(_marks(actor).values("seen_through")[:1])
    changes = []
    for source in _sources(actor, since, None):
        rows = source.rows.filter(**{source.student: student_id}).order_by()
        lea = [source.lea] if source.lea else []
        changes.append(
            rows.values_list(*lea, *source.once).distinct() if source.once else rows.values_list("pk")
        )
    own = _own_acts(actor).filter(student_id=student_id).order_by("-at", "-pk").values("at")[:1]
    others = _acts(actor, Subquery(own), None, "", is_own=False)
    others = others.filter(student_id=student_id, actor_user_id__isnull=False).order_by("-at", "-pk")
    return Unseen(
        _marks(actor).values_list("marked_at", "seen_through"),
        changes,
        others.values_list("actor_user_id", "action", "at")[:1],
    )
