"""Lists of students: a page of one in its order, however long it is; how many are in it; the facts that it shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, F
from django.db.models.expressions import RawSQL

from manzanita.domain.access import Actor
from manzanita.domain.narrowing import Order
from manzanita.platform import clock
from manzanita.platform.together import read_together
from manzanita.students.by_name import NAME_ORDER, by_name
from manzanita.students.by_rows import keys_listed, keys_of, sole_ties
from manzanita.students.models import (
    CaseAssignment,
    Enrollment,
    Plan,
    ScopedQuerySet,
    Ssid,
    Student,
)
from manzanita.students.ordering import keys_in_order, public_id_of, sql_of
from manzanita.students.queries import taking_part
from manzanita.students.shown import NEWEST, marks_left, read_by

PAGE_SIZE = 50
COUNT_CAP = 1000
Cut = Callable[[ScopedQuerySet], ScopedQuerySet]
# A list of no more students is put in order whole; a page of a longer one is found by walking in its order.
ORDERED_WHOLE = 6000
BY_NAME = Order()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list shows a student: at the newest enrollment. ``is_current`` is false of who has left, where that is
    told."""

    ssid: str
    enrollment: Enrollment | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class ListRow:
    """One line of a student list."""

    student: Student
    ssid: str
    enrollment: Enrollment | None
    plan: Plan | None
    case_manager_id: int | None
    is_current: bool
    takes_part: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a keyset list. ``after`` is the token of the next page; ``count`` stops at ``COUNT_CAP``."""

    rows: list[ListRow]
    after: str
    count: int

    @property
    def count_text(self) -> str:
        return f"more than {COUNT_CAP:,}" if self.count > COUNT_CAP else str(self.count)


def capped_count(students: ScopedQuerySet) -> int:
    """How many there are, counted no further than one more than ``COUNT_CAP``."""
    return min(len(_some_keys(students)[0]), COUNT_CAP + 1)


def few_keys(students: ScopedQuerySet) -> list[int] | None:
    """Database keys of all of them, where there are no more than ``COUNT_CAP``; else ``None``."""
    keys, is_all = _some_keys(students)
    return sorted(keys) if is_all and len(keys) <= COUNT_CAP else None


def capped_counts(students: ScopedQuerySet, cuts: Sequence[Cut]) -> list[int]:
    """``capped_count`` of what each cut leaves of ``students``; one query, which finds the students once."""
    students._require_scope()
    # Joined, not asked by IN: the database does not see that each stands among them once, and would sort them out anew.
    same = f'"listed"."id" = "{Student._meta.db_table}"."id"'
    some = Student.objects.scoped().extra(tables=["listed"], where=[same])
    try:
        sql, given = sql_of(keys_listed(students))
    except EmptyResultSet:
        return [0] * len(cuts)
    counts, params = [], list(given)
    for cut in cuts:
        try:
            left, asked = sql_of(cut(some).order_by().values_list("pk", flat=True)[: COUNT_CAP + 1])
        except EmptyResultSet:
            counts.append("0")
            continue
        counts.append(f'(SELECT COUNT(*) FROM ({left}) AS "left")')
        params += asked
    with connection.cursor() as cursor:
        cursor.execute(f'WITH "listed" ("id") AS MATERIALIZED ({sql}) SELECT {", ".join(counts)}', params)
        return list(cursor.fetchone())


def _some_keys(students: ScopedQuerySet) -> tuple[set[int], bool]:
    """Keys of some of them, more than ``COUNT_CAP`` where there are as many; and whether these are all."""
    ties = sole_ties(students)
    if ties:
        # A tie says that there is a student; nobody needs to be looked up. Many have two ties, to attend and to be
        # reported. To get each student once, the database would have to read every tie.
        most = ORDERED_WHOLE * min(len(ties), 2)
        rows = keys_of(ties)[: most + 1]
        found = set(rows)
        if len(rows) <= most or len(found) > COUNT_CAP:
            return found, len(rows) <= most and len(found) <= ORDERED_WHOLE
    found = set(students.order_by().values_list("pk", flat=True)[: COUNT_CAP + 1])
    return found, len(found) <= COUNT_CAP


def _with_keys(keys: Iterable[int]) -> ScopedQuerySet:
    """The students of these keys. On PostgreSQL they are one parameter: thousands would take longer than the query."""
    students = Student.objects.scoped()
    if connection.vendor != "postgresql":
        return students.filter(pk__in=keys)
    name = f'"{Student._meta.db_table}"."id"'
    return students.filter(RawSQL(f"{name} = ANY(%s)", [sorted(keys)], output_field=BooleanField()))


# The order of names as no index has it: the database would walk through everybody in the order of an index to find a
# few thousand, because it does not know how far apart they are. That takes longer than to put them in order.
_ORDER_OF_ALL = (F(NAME_ORDER[0]).asc(nulls_first=True), *NAME_ORDER[1:])


def list_students(
    students: ScopedQuerySet,
    actor: Actor,
    *,
    after: str = "",
    order: Order = BY_NAME,
    keys: Collection[int] | None = None,
) -> Page:
    """One page of ``students``, by name or in another order; ``keys`` are those of all of them, where the caller has
    them already.

    The next page starts after the row whose token is ``after``: of an order by name a row-value comparison, so that
    page 900 costs what page 1 costs. Raises ``Http404`` for a token that is none.
    """
    if order.key == "name":
        some, is_all = _some_keys(students) if keys is None else (keys, len(keys) <= ORDERED_WHOLE)
        count = len(some)
        chosen = _page_by_name(_with_keys(some) if is_all else students, order, after, is_all=is_all)
    else:
        found, count = _page_in_order(students, actor, order, after)
        chosen = _students_of(found)
    token = str(chosen[PAGE_SIZE - 1].public_id) if len(chosen) > PAGE_SIZE else ""
    return Page(list_rows(chosen[:PAGE_SIZE], actor), token, min(count, COUNT_CAP + 1))


def looked_up(students: ScopedQuerySet) -> ScopedQuerySet:
    """The same students, of no more than ``ORDERED_WHOLE`` by their keys, which are read first: to find a name among
    them PostgreSQL would otherwise read everybody's."""
    ties = sole_ties(students)
    if not ties or connection.vendor != "postgresql":
        return students
    most = ORDERED_WHOLE * min(len(ties), 2)
    keys = list(keys_of(ties)[: most + 1])
    return _with_keys(set(keys)) if len(keys) <= most else students


def first_by_name(students: ScopedQuerySet, most: int) -> list[Student]:
    """The first ``most`` of the pages of ``students`` by name; one query."""
    return list(students.order_by(*_ORDER_OF_ALL)[:most])


def all_in_order(students: ScopedQuerySet, actor: Actor, order: Order) -> list[int]:
    """Database keys of all ``students`` as the pages have them."""
    if order.key != "name":
        return keys_in_order(students, actor, order)[0]
    return list(_turned(by_name(students), order).values_list("pk", flat=True))


def _page_by_name(students: ScopedQuerySet, order: Order, after: str, *, is_all: bool) -> list[Student]:
    named = students.order_by(*_ORDER_OF_ALL) if is_all else by_name(students.walked())
    wanted = _turned(named, order)
    if after:
        wanted = wanted.filter(_row_after(after, order))
    return list(wanted[: PAGE_SIZE + 1])


def _page_in_order(students: ScopedQuerySet, actor: Actor, order: Order, after: str) -> tuple[list[int], int]:
    """Keys, and how many students there are. To find a page everybody is asked for, and counted on the way; only of
    ties it is cheap to know first how many there are."""
    is_long = False
    if sole_ties(students) is not None:
        keys, is_all = _some_keys(students)
        students, is_long = (_with_keys(keys), False) if is_all else (students, True)
    return keys_in_order(students, actor, order, after=after, limit=PAGE_SIZE + 1, is_long=is_long)


def _turned(named: ScopedQuerySet, order: Order) -> ScopedQuerySet:
    return named.reverse() if order.is_descending else named


def _students_of(keys: Sequence[int]) -> list[Student]:
    """The students of these keys of a list, in the order of the keys."""
    found = {one.pk: one for one in _with_keys(keys)}
    return [found[pk] for pk in keys if pk in found]


def _row_after(token: str, order: Order) -> RawSQL:
    public_id = public_id_of(token)
    table = Student._meta.db_table
    left = ", ".join(f'"{table}"."{column}"' for column in NAME_ORDER)
    inner = ", ".join(f'"last"."{column}"' for column in NAME_ORDER)
    value = Student._meta.get_field("public_id").get_db_prep_value(public_id, connection)
    sign = "<" if order.is_descending else ">"
    return RawSQL(
        f'({left}) {sign} (SELECT {inner} FROM "{table}" AS "last" WHERE "last"."public_id" = %s)',
        [value],
        output_field=BooleanField(),
    )


def _shown_plan(plan: Plan | None, actor: Actor, is_current: bool) -> Plan | None:
    """Of a student who has left, only a plan that the own LEA reported."""
    if plan is None or is_current or actor.record_leas is None or plan.lea_code in actor.record_leas:
        return plan
    return None


def list_rows(students: Sequence[Student], actor: Actor) -> list[ListRow]:
    """The facts a list shows, four queries for any number of students."""
    today = clock.today()
    ids = [student.pk for student in students]
    places = places_of(ids, actor)
    in_force = Plan.objects.as_of(effective=today).filter(student__in=ids)
    statuses = taking_part(today).filter(student__in=ids)
    read_together(in_force, statuses)
    plans = {p.student_id: p for p in in_force}
    participating = {status.student_id for status in statuses}
    managers = {
        a.student_id: a.user_id for a in CaseAssignment.objects.as_of(effective=today).filter(student__in=ids)
    }
    rows = []
    for student in students:
        place = places[student.pk]
        rows.append(
            ListRow(
                student=student,
                ssid=place.ssid,
                enrollment=place.enrollment,
                plan=_shown_plan(plans.get(student.pk), actor, place.is_current),
                case_manager_id=managers.get(student.pk) if place.is_current else None,
                is_current=place.is_current,
                takes_part=student.pk in participating,
            )
        )
    return rows


def places_of(student_ids: Sequence[int], actor: Actor) -> dict[int, Place]:
    """By key of the student, two queries for any number of them."""
    today = clock.today()
    ssids = {
        s.student_id: s.ssid for s in Ssid.objects.as_of(effective=today).filter(student__in=student_ids)
    }
    enrollments: dict[int, list[Enrollment]] = defaultdict(list)
    for enrollment in read_by(actor, Enrollment.objects.believed().filter(student__in=student_ids)):
        enrollments[enrollment.student_id].append(enrollment)
    places = {}
    for pk in student_ids:
        newest = max(enrollments[pk], key=attrgetter(*NEWEST), default=None)
        has_left = newest is not None and newest.effective_to is not None and newest.effective_to < today
        places[pk] = Place(ssids.get(pk, ""), newest, not (has_left and marks_left(actor)))
    return places
