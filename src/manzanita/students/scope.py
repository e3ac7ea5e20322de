"""Which students an actor reaches: the one place where scope becomes a query.

Every condition here is that of ``domain.access.reached``, put as SQL; a property test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache, reduce
from operator import or_
from types import MappingProxyType
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    DateField,
    Exists,
    Expression,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.lookups import In, IsNull

from manzanita.accounts.queries import named_students
from manzanita.domain.access import Actor, Capability, Relationship, Scope, Ties, View
from manzanita.domain.student_transfers import Ground
from manzanita.domain.years import year_start
from manzanita.platform import clock
from manzanita.platform.reach import through_transfer
from manzanita.students.expected import expected_places
from manzanita.students.former_reach import expected_back, left_in_open_year
from manzanita.students.infants import infant_plans
from manzanita.students.models import (
    AgencyRelation,
    CaseAssignment,
    Enrollment,
    Plan,
    ScopedQuerySet,
    Service,
    SpecialEducationStatus,
    Student,
    TeamMember,
)
from manzanita.students.transfer_facts import enrolled_by_sis
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import open_transfers_of, preview_ground

Relation = Callable[[Actor, date], list[QuerySet]]


def since_last_year(today: date) -> date:
    """July 1 of the previous academic year: how far back one looks for whom the SIS has ended and nobody has since."""
    return date(year_start(today).year - 1, 7, 1)


def _enrolled(actor: Actor) -> QuerySet:
    """Believed enrollments at the actor's agencies; for a school scope, at its schools."""
    return _enrolled_at(actor, Enrollment.objects.believed())


def _enrolled_at(actor: Actor, rows: QuerySet) -> QuerySet:
    rows = rows.filter(lea_code__in=actor.agency_codes)
    return (
        rows.filter(school_code__in=actor.school_codes) if actor.perspective.scope is Scope.SCHOOL else rows
    )


# Told by enrollments, one look for all of them: each look more is planned and judged anew, by policies too.
ENROLLED = frozenset({Relationship.ATTENDING, Relationship.NEXT_YEAR, Relationship.FORMER})


def _enrolled_by(actor: Actor, relationships: frozenset[Relationship], today: date) -> QuerySet:
    """Enrollments that tie a student to the actor by one of ``relationships``, of ``ENROLLED``."""
    lasts = Q(effective_to__isnull=True) | Q(effective_to__gte=today)
    in_reach = left_in_open_year(today)
    lately = Q(effective_to__lt=today) & in_reach
    if relationships == ENROLLED:
        # No enrollment ends before it begins, so that these three are all but those that ended long ago.
        return _enrolled(actor).filter(Q(effective_to__isnull=True) | in_reach)
    days = {
        Relationship.ATTENDING: lasts & Q(effective_from__lte=today),
        Relationship.NEXT_YEAR: Q(effective_from__gt=today),
        Relationship.FORMER: lately,
    }
    return _enrolled(actor).filter(reduce(or_, (days[one] for one in days if one in relationships)))


def _expected_back(actor: Actor, today: date) -> list[QuerySet]:
    """At the actor's agencies, of whom ``_enrolled_by`` may already have nothing any more."""
    rows = expected_back(today)
    return [] if rows is None else [_enrolled_at(actor, rows)]


def _attending(actor: Actor, today: date) -> QuerySet:
    return _enrolled_by(actor, frozenset({Relationship.ATTENDING}), today)


def _infants(actor: Actor, today: date) -> list[QuerySet]:
    """None is at a school."""
    if actor.perspective.scope is Scope.SCHOOL:
        return []
    return [infant_plans(today).filter(lea_code__in=actor.agency_codes)]


def _accountability(actor: Actor, today: date) -> list[QuerySet]:
    """Plans that another LEA reports and that name the actor's as DSEA. A plan of one's own says nothing of the kind:
    it stays in force for a while after the student has left."""
    plans = Plan.objects.as_of(effective=today).filter(dsea_code__in=actor.agency_codes)
    return [plans.exclude(lea_code__in=actor.agency_codes)]


def _reporting(actor: Actor, today: date) -> list[QuerySet]:
    return [SpecialEducationStatus.objects.as_of(effective=today).filter(lea_code__in=actor.agency_codes)]


def _served(actor: Actor, today: date) -> list[QuerySet]:
    return [
        Service.objects.as_of(effective=today).filter(npa_id=actor.npa_id).exclude(npa_id=""),
        Enrollment.objects.as_of(effective=today).filter(nps_code__in=actor.agency_codes),
    ]


def _expected(actor: Actor, today: date) -> list[QuerySet]:
    places = expected_places(today)
    return [] if places is None else [_placed_at(actor, places)]


def expected_at(actor: Actor) -> QuerySet:
    """Places at the actor's agencies that wait for a student (``students.expected``): for a school scope, at its
    schools."""
    places = expected_places(clock.today())
    if places is None or Relationship.EXPECTED not in actor.perspective.relationships:
        return AgencyRelation.objects.none()
    return _placed_at(actor, places)


# Told by rows of their own.
STATED = frozenset({Relationship.RESIDENCE, Relationship.LOCATION, Relationship.NEXT_YEAR})


def _stated(actor: Actor, relationships: frozenset[Relationship], today: date) -> QuerySet:
    stated = AgencyRelation.objects.as_of(effective=today)
    return _placed_at(actor, stated.filter(relationship__in=sorted(relationships)))


def _placed_at(actor: Actor, rows: QuerySet) -> QuerySet:
    """Of relations those to the actor's agencies; for a school scope, to its schools."""
    rows = rows.filter(agency_code__in=actor.agency_codes)
    return (
        rows.filter(school_code__in=actor.school_codes) if actor.perspective.scope is Scope.SCHOOL else rows
    )


RELATIONS: Mapping[Relationship, Relation] = MappingProxyType(
    {
        Relationship.INFANT: _infants,
        Relationship.ACCOUNTABILITY: _accountability,
        Relationship.REPORTING: _reporting,
        Relationship.EXPECTED: _expected,
        Relationship.SERVICE_AGENCY: _served,
        # Besides those of ``ENROLLED``, from the day after the window closed to Census Day.
        Relationship.FORMER: _expected_back,
    }
)
# Whoever an agency has today.
PRESENT = frozenset({Relationship.ATTENDING, Relationship.INFANT})
# Ties that do not say that a student is still here: see ``with_last_day``.
PASSING = frozenset({Relationship.FORMER, Relationship.REPORTING})
# What each view shows of what the perspective reaches.
_SHOWN: Mapping[View, frozenset[Relationship]] = MappingProxyType(
    {
        View.CURRENT: PRESENT,
        View.INCOMING: frozenset({Relationship.NEXT_YEAR, Relationship.EXPECTED}),
        View.LEAVING: frozenset({Relationship.FORMER}),
        View.DSEA_OR_ATTENDING: PRESENT | {Relationship.ACCOUNTABILITY},
        View.ALL: frozenset(Relationship),
    }
)


def visible_to(actor: Actor) -> ScopedQuerySet:
    """Students whom the actor may open: within reach by any relationship of the perspective, whatever the view."""
    if not actor.may(Capability.READ_STUDENT):
        return Student.objects.scoped().none()
    return _also_within(actor, _within(actor, actor.perspective.relationships))


def keys_in_reach(actor: Actor) -> QuerySet:
    """Database keys of ``visible_to``, gathered where that is a whole agency: for rows of everybody, of which few are
    of the actor's students."""
    return _gathered(actor).order_by().values("pk")


def _gathered(actor: Actor) -> ScopedQuerySet:
    """``visible_to`` for who goes through all of them: gathered where that is a whole agency, not judged one by one."""
    if not _goes_by_rows(actor):
        return visible_to(actor)
    return _also_within(actor, _listed(_rows(actor, actor.perspective.relationships, clock.today())))


def _goes_by_rows(actor: Actor) -> bool:
    """Are those whom the actor reaches all whom a row ties to the agencies, and nothing else is asked of them?"""
    by_row = actor.perspective.scope not in (Scope.ASSIGNED, Scope.NAMED, Scope.NOBODY)
    return by_row and actor.may(Capability.READ_STUDENT)


def _also_within(actor: Actor, students: ScopedQuerySet) -> ScopedQuerySet:
    """Of ``students``, in a view as somebody else, those whom the helper reaches as well."""
    if actor.within is None:
        return students
    return students.filter(pk__in=visible_to(actor.within).order_by().values("pk"))


def listed_for(actor: Actor) -> ScopedQuerySet:
    """Students whom the actor's lists, counts, searches and exports show: of those within reach, the chosen view
    and school, or district."""
    if not actor.may(Capability.READ_STUDENT):
        return Student.objects.scoped().none()
    perspective = actor.perspective
    if perspective.scope in (Scope.ASSIGNED, Scope.NAMED):
        return visible_to(actor)
    today, asks = clock.today(), actor.narrowed
    rows = _rows(asks, perspective.relationships & _SHOWN[actor.view], today)
    if actor.view is View.LEAVING and Relationship.ATTENDING in perspective.relationships:
        # Still here, but with a last day that is already known.
        rows.append(_attending(asks, today).filter(effective_to__isnull=False))
    students = _listed(rows)
    if actor.view is View.LEAVING and (here := perspective.relationships & PRESENT):
        # The SIS ends each year, also of who comes back: whoever is here without a last day is not leaving.
        students = students.exclude(Tied(_staying(asks, here, today)))
    if actor.at_school:
        students = students.filter(Tied([_attending(actor, today).filter(school_code=actor.at_school)]))
    return _also_within(actor, students)


def _staying(actor: Actor, here: frozenset[Relationship], today: date) -> list[QuerySet]:
    """Of the rows that tie a student to the actor by ``here``, those without an end."""
    rows = _infants(actor, today) if Relationship.INFANT in here else []
    return [*rows, _attending(actor, today).filter(effective_to__isnull=True)]


def present_for(actor: Actor) -> ScopedQuerySet:
    """Of the students whom the lists show, those of whom the actor sees what is true now: the others have left, and
    what came after their last day is the next LEA's (``with_last_day``)."""
    students = listed_for(actor)
    perspective = actor.perspective
    shown = perspective.relationships
    if perspective.scope is not Scope.ASSIGNED:
        shown = shown & _SHOWN[actor.view]
    if perspective.scope in (Scope.NAMED, Scope.NOBODY) or not (shown & PASSING):
        return students
    stays = _rows(actor, perspective.relationships - PASSING, clock.today())
    return students.filter(Tied(stays)) if stays else students.none()


def lists_all(actor: Actor) -> bool:
    """Do the lists show everybody within reach?"""
    is_whole = actor.view is View.ALL or actor.perspective.scope in (Scope.ASSIGNED, Scope.NAMED)
    return is_whole and not actor.at_place


def outside_view(actor: Actor, *, is_whole: bool = False) -> ScopedQuerySet:
    """Students within reach whom the lists do not show in the chosen view: nobody is hidden without a word.

    ``is_whole``: for who counts them, and looks for none of them."""
    if lists_all(actor):
        return Student.objects.scoped().none()
    within = _gathered(actor) if is_whole else visible_to(actor)
    return within.exclude(pk__in=listed_for(actor).order_by().values("pk"))


def _within(actor: Actor, relationships: frozenset[Relationship]) -> ScopedQuerySet:
    # Another one each time: whoever reads it keeps what was read with it.
    return _composed(actor, relationships, clock.today()).all()


@lru_cache(maxsize=256)
def _composed(actor: Actor, relationships: frozenset[Relationship], today: date) -> ScopedQuerySet:
    """Kept, as putting it together takes as long as several other queries of a page. It is never read itself."""
    scope = actor.perspective.scope
    if scope is Scope.NAMED:
        return Student.objects.scoped().filter(pk__in=named_students(actor))
    if scope is Scope.NOBODY:
        return Student.objects.scoped().none()
    students = _having(_rows(actor, relationships, today))
    if scope is Scope.ASSIGNED:
        students = students.filter(pk__in=assigned_to(actor.user_id, today))
    return students


def _rows(actor: Actor, relationships: frozenset[Relationship], today: date) -> list[QuerySet]:
    """Rows of which any ties a student to the actor by one of ``relationships``."""
    found = [rows for one in RELATIONS if one in relationships for rows in RELATIONS[one](actor, today)]
    for kinds, rows_of in ((ENROLLED, _enrolled_by), (STATED, _stated)):
        if relationships & kinds:
            found.append(rows_of(actor, relationships & kinds, today))
    return found


def _having(rows: list[QuerySet]) -> ScopedQuerySet:
    students = Student.objects.scoped()
    return students.filter(_related(rows)) if rows else students.none()


def _related(rows: list[QuerySet]) -> Q:
    """The student has a row in one of ``rows``. For one student, or few: each is looked up."""
    return reduce(or_, (Q(Exists(one.filter(student=OuterRef("pk")))) for one in rows))


def _listed(rows: list[QuerySet]) -> ScopedQuerySet:
    """The students who have a row in one of ``rows``, for lists."""
    students = Student.objects.scoped()
    return students.filter(Tied(rows)) if rows else students.none()


class Tied(Expression):
    """The student has a row in one of ``rows``. Two ways to find that out, and a list knows which one suits it.

    Usually the keys of all such rows are gathered, and their students looked up. Of very many
    (``ScopedQuerySet.walked``) a page is had at once by going through everybody in the order of the list, and looking
    for rows of each until the page is full. The database would not choose that by itself: it does not see that whom
    no agency's row names is passed over before anything is looked for.
    """

    conditional = True

    def __init__(self, rows: list[QuerySet]) -> None:
        super().__init__(output_field=BooleanField())
        self.rows = rows
        self.gathered: Any = In(F("pk"), each_key_of(rows).query)

    def get_source_expressions(self) -> list[Any]:
        return [self.gathered]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        (self.gathered,) = expressions

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        query, chosen = compiler.query, self.gathered
        if getattr(query, "is_walked", False):
            # Put together only here: a list that is not walked would pay for it in vain.
            chosen = query.build_where(reduce(or_, (Q(_row_of_student(one)) for one in self.rows)))
        sql, params = compiler.compile(chosen)
        return f"({sql})", params


def _row_of_student(rows: QuerySet) -> IsNull:
    """A scalar sub-select, because PostgreSQL would turn EXISTS into one look at the rows of everybody."""
    own = rows.filter(student=OuterRef("pk")).order_by().values("student_id")
    return IsNull(Subquery(own[:1]), False)


def sole_ties(students: ScopedQuerySet) -> list[QuerySet] | None:
    """The rows that tie these students to the actor, where nothing else is asked of the students; else ``None``."""
    where = students.query.where
    asked = [getattr(one, "lhs", None) for one in where.children]
    return asked[0].rows if len(asked) == 1 and isinstance(asked[0], Tied) and not where.negated else None


def keys_of(rows: list[QuerySet]) -> QuerySet:
    """Database keys of the students of ``rows``, as often as there are rows."""
    first, *rest = (one.order_by().values_list("student_id", flat=True) for one in rows)
    return first.union(*rest, all=True) if rest else first


def each_key_of(rows: list[QuerySet]) -> QuerySet:
    """Database keys of the students of ``rows``, each once: that also keeps PostgreSQL from asking row by row."""
    first, *rest = (one.order_by().values("student_id") for one in rows)
    return first.union(*rest) if rest else first.distinct()


def keys_listed(students: ScopedQuerySet) -> QuerySet:
    """Database keys of a list, each once: a tie says that there is a student, and nobody needs to be looked up."""
    ties = sole_ties(students)
    return each_key_of(ties) if ties else students.order_by().values("pk")


def assigned_to(user_id: int, today: date) -> QuerySet:
    """Database keys of the students whose case the person manages, or on whose team the person is."""
    managed = CaseAssignment.objects.as_of(effective=today).filter(user_id=user_id).values("student_id")
    team = TeamMember.objects.as_of(effective=today).filter(user_id=user_id).values("student_id")
    return managed.union(team, all=True)


def assigned_users(student_id: int, today: date) -> set[int]:
    """Keys of the people who manage the student's case, or are on the team."""
    rows = (CaseAssignment.objects.as_of(effective=today), TeamMember.objects.as_of(effective=today))
    return {pk for one in rows for pk in one.filter(student=student_id).values_list("user_id", flat=True)}


def current_for(actor: Actor) -> ScopedQuerySet:
    """Students within reach whom the actor's agencies have today (``current_at_agency``)."""
    here = actor.perspective.relationships & PRESENT
    if Relationship.ATTENDING in here and _goes_by_rows(actor):
        # Whoever is here is within reach.
        return _also_within(actor, _listed(_rows(actor, here, clock.today())))
    return current_at_agency(visible_to(actor), actor)


def current_at_agency(students: ScopedQuerySet, actor: Actor) -> ScopedQuerySet:
    """Of ``students``, those whom the actor's agencies have today: enrolled, or an infant. A perspective that does
    not go by attendance has no others."""
    if Relationship.ATTENDING not in actor.perspective.relationships:
        return students
    return students.filter(Tied(_rows(actor, actor.perspective.relationships & PRESENT, clock.today())))


def ties_of(actor: Actor, student_id: int) -> Ties:
    """How a student stands to the actor: what ``domain.access.decide`` weighs. Asks no scope, shows nothing."""
    today = clock.today()
    of_student = {"student_id": student_id}
    held = frozenset(
        one
        for one in Relationship
        if any(rows.filter(**of_student).exists() for rows in _rows(actor, frozenset({one}), today))
    )
    return Ties(
        relationships=held,
        is_assigned=CaseAssignment.objects.as_of(effective=today)
        .filter(user_id=actor.user_id, **of_student)
        .exists()
        or TeamMember.objects.as_of(effective=today).filter(user_id=actor.user_id, **of_student).exists(),
        is_named=named_students(actor).filter(**of_student).exists(),
        through=with_last_day(Student.objects.scoped(), actor).get(pk=student_id).seen_through,
    )


def with_last_day(students: ScopedQuerySet, actor: Actor) -> ScopedQuerySet:
    """``students`` with ``seen_through``: the last day of one who is here no longer, ``None`` while a present tie of
    the perspective lasts. Reporting alone is none: it ends when the next LEA reports, days or months after."""
    today = clock.today()
    if actor.perspective.scope in (Scope.NAMED, Scope.NOBODY):
        return students.annotate(seen_through=Value(None, output_field=DateField()))
    ended = (
        _ended(actor, today)
        .filter(student=OuterRef("pk"))
        .order_by()
        .values("student")
        .annotate(last=Max("effective_to"))
        .values("last")
    )
    stays = _rows(actor, actor.perspective.relationships - PASSING, today)
    whens = [When(_related(stays), then=Value(None))] if stays else []
    return students.annotate(seen_through=Case(*whens, default=Subquery(ended), output_field=DateField()))


def _ended(actor: Actor, today: date) -> QuerySet:
    return _enrolled(actor).filter(effective_to__lt=today)


def here_for(actor: Actor) -> ScopedQuerySet:
    """Students within reach whose ``seen_through`` (``with_last_day``) is ``None``: what holds today is told of them.

    Of a whole agency they are gathered: whom a tie that lasts reaches, and of those whom it only reports, whoever was
    never enrolled there or has not left. Judged one by one, 25,000 students took a second and more.
    """
    if not _goes_by_rows(actor):
        return with_last_day(visible_to(actor), actor).filter(seen_through__isnull=True)
    today = clock.today()
    rows = _rows(actor, actor.perspective.relationships - PASSING, today)
    if Relationship.REPORTING in actor.perspective.relationships:
        left = Exists(_ended(actor, today).order_by().filter(student=OuterRef("student")))
        rows += [one.filter(~left) for one in _reporting(actor, today)]
    return _also_within(actor, _listed(rows))


def asked_for(actor: Actor) -> ScopedQuerySet:
    """Students whom other agencies ask the actor's for in an open transfer: who answers has to know who it is, also of
    one who left long ago. For the name on that transfer's page, and nothing else."""
    asked = open_transfers_of(actor).filter(sending_code__in=actor.agency_codes)
    return Student.objects.scoped().filter(pk__in=list(asked.values_list("student_id", flat=True)))


@contextmanager
def previewed(actor: Actor, transfer: StudentTransfer) -> Iterator[Student | None]:
    """Within this the student of a transfer is there to be read by the agency that asks, while a ground holds
    (``domain.student_transfers.Ground``); ``None`` where none does. No list, search or count ever holds the student by
    this: it ends with the transfer, and with the block."""
    shows = enrolled_by_sis(transfer.student_id, transfer.receiving_code) is not None
    fresh = StudentTransfer.objects.get(pk=transfer.pk)
    if preview_ground(actor, fresh, sis_shows=shows) is Ground.NONE:
        yield None
        return
    with through_transfer(fresh.pk):
        yield Student.objects.scoped().get(pk=fresh.student_id)


def in_reach(actor: Actor) -> Exists:
    """Condition on rows with a ``student_id``: the student is within reach. It is asked by the student's key, row by
    row: rows of one LEA, or a page of them, are few beside all students."""
    return Exists(visible_to(actor).order_by().filter(pk=OuterRef("student_id")))


def lea_filter(actor: Actor) -> dict[str, Any]:
    """Cuts rows with a ``lea_code`` (meetings, archives, findings ...) to the LEAs whose records the actor reads."""
    return {} if actor.record_leas is None else {"lea_code__in": actor.record_leas}
