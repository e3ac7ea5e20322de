"""Who is expected after July 1: what the queries list is what the decision says, against ties counted here by hand.

One student, planned for a school of ours or theirs until some day, with up to three enrollments around July 1, 2027 and
perhaps another plan since; on days around June 30, July 1 and Census Day (October 6, 2027). The oracle reads the
generated facts, not the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manzanita.domain.access import Capability, Relationship, Scope, Ties, decide
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.platform import clock
from manzanita.students.actions import Identity, register_students, state_one
from manzanita.students.scope import ties_of, visible_to
from tests.properties.test_scope import OURS, SCHOOLS, THEIRS, actor_for

pytestmark = pytest.mark.django_db

PLANNED_ON = date(2027, 3, 1)
DAYS = [
    *(date(2027, 6, 29), date(2027, 6, 30), date(2027, 7, 1), date(2027, 8, 20)),
    *(date(2027, 10, 6), date(2027, 10, 7), date(2028, 6, 30)),
]
COMING = {"coordinator", "selpa", "school", "district_provider", "case_manager", "office_clerk", "translator"}


@dataclass(frozen=True)
class Row:
    """An enrollment: ``exit_code`` ends it on ``last``."""

    lea: str
    first: date
    last: date | None
    status: str
    exit_code: str


@dataclass(frozen=True)
class Facts:
    agency: str
    school: str
    until: date | None
    since: str
    rows: tuple[Row, ...]


rows = st.sampled_from(
    [
        Row(THEIRS, date(2023, 8, 14), date(2027, 6, 11), "10", "E155"),
        Row(THEIRS, date(2023, 8, 15), date(2027, 6, 11), "10", "E130"),
        Row(THEIRS, date(2023, 8, 16), date(2027, 6, 11), "10", "T160"),
        Row(THEIRS, date(2023, 8, 17), None, "10", ""),
        Row(THEIRS, date(2027, 6, 30), None, "10", ""),
        Row(THEIRS, date(2027, 7, 1), date(2027, 7, 9), "10", "T160"),
        Row(THEIRS, date(2027, 8, 12), date(2027, 8, 12), "10", "N470"),
        Row(THEIRS, date(2027, 8, 13), None, "20", ""),
        Row(THEIRS, date(2027, 9, 1), None, "10", ""),
        Row(OURS, date(2022, 8, 15), date(2024, 6, 7), "10", "E155"),
        Row(OURS, date(2027, 8, 12), date(2027, 8, 12), "10", "N470"),
    ]
)
facts = st.builds(
    Facts,
    agency=st.sampled_from([OURS, OURS, THEIRS]),
    school=st.sampled_from(["", *SCHOOLS]),
    until=st.sampled_from([date(2027, 6, 30), date(2027, 6, 30), date(2027, 6, 29), date(2027, 7, 1), None]),
    since=st.sampled_from(["", "", OURS, THEIRS]),
    rows=st.lists(rows, max_size=2, unique=True).map(tuple),
)


def is_expected(f: Facts, day: date, schools: frozenset[str] | None) -> bool:
    if f.agency != OURS or f.until != date(2027, 6, 30) or f.since:
        return False
    if schools is not None and f.school not in schools:
        return False
    if not date(2027, 7, 1) <= day <= date(2027, 10, 6):
        return False
    for row in f.rows:
        if row.exit_code == "E130":
            return False
        if row.first < date(2027, 7, 1) or row.status == "20":
            continue
        if row.exit_code == "N470" and row.lea == THEIRS:
            continue
        return False
    return True


def store(f: Facts, user_id: int) -> int:
    (student,) = register_students([Identity("Property", "", "Testcase", "", date(2016, 1, 1), "F")])

    def say(kind: str, slot: dict, values: dict, start: date, end: date | None) -> None:
        state_one(
            kind,
            slot={"student_id": student.pk, **slot},
            values=values,
            effective_from=start,
            effective_to=end,
            by_id=None,
            cause="test",
        )

    next_year = {"relationship": "next_year"}
    say("agency", next_year, {"agency_code": f.agency, "school_code": f.school}, PLANNED_ON, f.until)
    if f.since:
        value = {"agency_code": f.since, "school_code": ""}
        say("agency", next_year, value, date(2027, 7, 2), date(2028, 6, 30))
    for row in f.rows:
        values = {
            "school_code": "",
            "nps_code": "",
            "status_code": row.status,
            "grade_code": "04",
            "exit_reason_code": row.exit_code,
            "completion_code": "",
            "residence_code": "",
            "local_student_id": "P1",
        }
        say("enrollment", {"lea_code": row.lea, "started_on": row.first}, values, row.first, row.last)
    say("assignment", {}, {"user_id": user_id}, PLANNED_ON, None)
    return student.pk


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts, st.sampled_from(DAYS))
def test_who_is_expected_is_seen_by_who_sees_those_who_come(django_user_model, f, day):
    from django.db import transaction

    with (
        time_machine.travel(datetime(day.year, day.month, day.day, 12, tzinfo=clock.CALIFORNIA), tick=False),
        transaction.atomic(),
    ):
        user_id = django_user_model.objects.create_user(
            email="property@example.org", name="Property Mockup"
        ).pk
        student = store(f, user_id)
        for key, perspective in PERSPECTIVES.items():
            if perspective.scope in (Scope.NAMED, Scope.NOBODY):
                continue
            actor = actor_for(key, user_id)
            schools = actor.school_codes if perspective.scope is Scope.SCHOOL else None
            ties = ties_of(actor, student)
            by_hand = actor.agency_code == OURS and is_expected(f, day, schools)
            assert (Relationship.EXPECTED in ties.relationships) is by_hand, key
            is_seen = visible_to(actor).filter(pk=student).exists()
            assert bool(decide(actor, Capability.READ_STUDENT, ties)) is is_seen, key
            alone = Ties(frozenset({Relationship.EXPECTED}), is_assigned=True)
            assert bool(decide(actor, Capability.READ_STUDENT, alone)) is (key in COMING), key
            if by_hand and key in COMING:
                assert is_seen, key
            if not by_hand and not f.rows and not f.since and day > (f.until or day):
                assert not is_seen, key
        transaction.set_rollback(True)
