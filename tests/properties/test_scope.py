"""Scope: what the queries list is what the decision says, against ties counted here by hand.

One student with random facts of two districts, a nonpublic school and agency; every perspective; today is November 23,
2026. The oracle below reads the generated facts themselves, not the database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manzanita.deadlines.situations import situations_of
from manzanita.domain.access import Actor, Capability, Relationship, Scope, Ties, View, decide
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.students.actions import Identity, register_students, state_one
from manzanita.students.by_rows import keys_of, sole_ties
from manzanita.students.scope import (
    current_at_agency,
    current_for,
    here_for,
    keys_in_reach,
    listed_for,
    ties_of,
    visible_to,
    with_last_day,
)
from tests.support.state_files import NOON, TODAY

OURS, THEIRS, NPA = "9910017", "9910025", "9999001"
SCHOOLS = ("9990001", "9990002")
DAY = timedelta(days=1)
# Perspectives whose lists may be long: of a district, of a school, of a nonpublic school.
WALKED = ("coordinator", "site_provider", "nps_administrator")
# Who left in an academic year whose End-of-Year window has closed (July 31, 2026) is nobody's any more.
LONG_AGO = date(2026, 6, 30)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.fixture
def at_noon():
    import time_machine

    with time_machine.travel(NOON, tick=False):
        yield


@dataclass(frozen=True)
class Facts:
    """Days are offsets from today; ``None`` as an end is open. ``senr`` is what the enrollment is: primary (10),
    secondary (20), of one who never came, or blank for none at all."""

    lea: str
    school: str
    nps: str
    first: int
    last: int | None
    senr: str
    dsea: str
    plan_lea: str
    plan_type: str
    status_lea: str
    status: str
    residence: str
    location: str
    next_year: str
    npa: str
    is_managed: bool
    is_on_team: bool


offsets = st.sampled_from([-800, -600, -2, -1, 0, 1, 2, 40])
facts = st.builds(
    Facts,
    lea=st.sampled_from([OURS, THEIRS]),
    school=st.sampled_from(SCHOOLS),
    nps=st.sampled_from(["", NPA]),
    first=offsets,
    last=st.one_of(
        st.none(), offsets, st.just((LONG_AGO - TODAY).days), st.just((LONG_AGO - TODAY).days + 1)
    ),
    senr=st.sampled_from(["10", "20", "N470", ""]),
    dsea=st.sampled_from(["", OURS, THEIRS]),
    plan_lea=st.sampled_from([OURS, THEIRS]),
    plan_type=st.sampled_from(["", "100", "150"]),
    status_lea=st.sampled_from(["", OURS, THEIRS]),
    status=st.sampled_from(["1", "2"]),
    residence=st.sampled_from(["", OURS, THEIRS]),
    location=st.sampled_from(["", OURS, THEIRS]),
    next_year=st.sampled_from(["", OURS, THEIRS]),
    npa=st.sampled_from(["", NPA]),
    is_managed=st.booleans(),
    is_on_team=st.booleans(),
).filter(lambda f: f.last is None or f.last >= f.first)


def ties_by_hand(f: Facts, agency: str, schools: frozenset[str] | None) -> Ties:
    found = set()
    is_open = f.last is None
    if f.senr and f.lea == agency and (schools is None or f.school in schools):
        if f.first <= 0 and (is_open or f.last >= 0):
            found.add(Relationship.ATTENDING)
        if f.first > 0:
            found.add(Relationship.NEXT_YEAR)
        if not is_open and f.last < 0 and TODAY + f.last * DAY > LONG_AGO:
            found.add(Relationship.FORMER)
    has_begun = f.senr == "10" and f.first <= 0
    is_theirs = f.plan_lea == agency and f.status_lea == agency
    if f.plan_type == "150" and f.status == "1" and is_theirs and not has_begun and schools is None:
        found.add(Relationship.INFANT)
    if f.plan_type and f.dsea == agency and f.plan_lea != agency:
        found.add(Relationship.ACCOUNTABILITY)
    if f.status_lea == agency:
        found.add(Relationship.REPORTING)
    if f.residence == agency and schools is None:
        found.add(Relationship.RESIDENCE)
    if f.location == agency and schools is None:
        found.add(Relationship.LOCATION)
    if f.next_year == agency and schools is None:
        found.add(Relationship.NEXT_YEAR)
    if agency == NPA and (
        f.npa == NPA or (f.senr and f.nps == NPA and f.first <= 0 and (is_open or f.last >= 0))
    ):
        found.add(Relationship.SERVICE_AGENCY)
    return Ties(frozenset(found), f.is_managed or f.is_on_team, False)


def store(f: Facts, user_id: int) -> int:
    (student,) = register_students([Identity("Property", "", "Testcase", "", date(2016, 1, 1), "F")])
    slot = {"student_id": student.pk}
    since = TODAY - timedelta(days=400)

    def say(kind: str, more: dict, values: dict, start: date = since, end: date | None = None) -> None:
        state_one(
            kind,
            slot={**slot, **more},
            values=values,
            effective_from=start,
            effective_to=end,
            by_id=None,
            cause="test",
        )

    start = TODAY + f.first * DAY
    enrollment = {
        "school_code": f.school,
        "nps_code": f.nps,
        "status_code": "20" if f.senr == "20" else "10",
        "grade_code": "04",
        "exit_reason_code": "N470" if f.senr == "N470" else "",
        "completion_code": "",
        "residence_code": "",
        "local_student_id": "P1",
    }
    end = None if f.last is None else TODAY + f.last * DAY
    if f.senr:
        say("enrollment", {"lea_code": f.lea, "started_on": start}, enrollment, start, end)
    if f.plan_type:
        from manzanita.students.models import Plan

        plan = dict.fromkeys(Plan.content, "") | {
            "lea_code": f.plan_lea,
            "dsea_code": f.dsea,
            "reason_code": "10",
            "plan_type_code": f.plan_type,
        }
        say("plan", {}, plan)
    if f.status_lea:
        status = {"lea_code": f.status_lea, "status_code": f.status, "reason_code": ""}
        status |= {"initial_entry_on": None}
        say("status", {}, status)
    for relationship in ("residence", "location", "next_year"):
        if code := getattr(f, relationship):
            say("agency", {"relationship": relationship}, {"agency_code": code, "school_code": ""})
    if f.npa:
        from manzanita.students.models import Service

        service = dict.fromkeys(Service.content, "") | {
            "lea_code": THEIRS,
            "service_code": "415",
            "npa_id": NPA,
        }
        say("service", {"service_no": 1}, service)
    if f.is_managed:
        say("assignment", {}, {"user_id": user_id})
    if f.is_on_team:
        say("team", {"user_id": user_id}, {"role": "Speech"})
    return student.pk


def actor_for(key: str, user_id: int, view: View = View.ALL) -> Actor:
    perspective = PERSPECTIVES[key]
    agency = NPA if perspective.agency_kinds & {"npa", "nps"} else OURS
    return Actor(
        user_id=user_id,
        grant_id=1,
        person_name="Juniper Mockup",
        perspective=perspective,
        agency_code=agency,
        agency_name="Here",
        selpa_code="9901",
        grant_ids=(1,),
        capabilities=perspective.capabilities,
        agency_codes=(agency,),
        npa_id=agency if agency == NPA else "",
        school_codes=frozenset({SCHOOLS[0]}),
        view=view,
    )


@pytest.fixture
def user_id(django_user_model) -> int:
    return django_user_model.objects.create_user(email="property@example.org", name="Property Mockup").pk


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts)
def test_lists_and_decision_agree_with_ties_counted_by_hand(user_id, f):
    from django.db import transaction

    with transaction.atomic():
        student = store(f, user_id)
        now = situations_of([student])[student]
        assert sole_ties(listed_for(actor_for("coordinator", user_id)))
        for key, perspective in PERSPECTIVES.items():
            actor = actor_for(key, user_id)
            schools = actor.school_codes if perspective.scope is Scope.SCHOOL else None
            by_hand = ties_by_hand(f, actor.agency_code, schools)
            is_seen = Capability.READ_STUDENT in perspective.capabilities and _expected(perspective, by_hand)
            counted = replace(ties_of(actor, student), through=None)
            assert counted == by_hand, key
            if key in WALKED[:1]:
                # What the database says of infants is what the clocks count by.
                is_infant = now.is_infant_stay and now.lea_code == OURS
                assert (Relationship.INFANT in counted.relationships) is is_infant
                assert not (is_infant and now.enrolled_on)
            assert visible_to(actor).filter(pk=student).exists() is is_seen, key
            # The same, asked for many at once.
            assert keys_in_reach(actor).filter(pk=student).exists() is is_seen, key
            here = current_at_agency(visible_to(actor), actor).filter(pk=student).exists()
            assert current_for(actor).filter(pk=student).exists() is here, key
            # Asked of each student, as the page of one does.
            lasts = with_last_day(visible_to(actor), actor).filter(pk=student, seen_through=None).exists()
            assert here_for(actor).filter(pk=student).exists() is lasts, key
            assert bool(decide(actor, Capability.READ_STUDENT, by_hand)) is is_seen, key
            for view in View:
                listed = listed_for(replace(actor, view=view))
                is_listed = listed.filter(pk=student).exists()
                assert is_seen or not is_listed, (key, view)
                if key in WALKED:
                    # Found the other way, and by the ties alone.
                    assert listed.walked().filter(pk=student).exists() is is_listed, (key, view)
                    ties = sole_ties(listed)
                    assert ties is None or (student in keys_of(ties)) is is_listed, (key, view)
        transaction.set_rollback(True)


NOTHING = Facts(
    lea=OURS,
    school=SCHOOLS[0],
    nps="",
    first=-400,
    last=None,
    senr="",
    dsea="",
    plan_lea=OURS,
    plan_type="",
    status_lea="",
    status="1",
    residence="",
    location="",
    next_year="",
    npa="",
    is_managed=False,
    is_on_team=False,
)
LEFT = {"senr": "10", "last": -1}
# Whom a coordinator here still has, by what ties the student: the tie alone, and beside an enrollment here that ended.
STILL_HERE = {
    "nothing": ({}, False),
    "enrolled": ({"senr": "10"}, True),
    "enrolled, last day today": ({"senr": "10", "last": 0}, True),
    "enrolled, last day yesterday": (LEFT, False),
    "comes tomorrow": ({"senr": "10", "first": 1}, True),
    "reported": ({"status_lea": OURS}, True),
    "reported, left yesterday": ({"status_lea": OURS} | LEFT, False),
    "reported, left long ago": ({"status_lea": OURS, "senr": "10", "first": -800, "last": -600}, False),
    "reported, left another district": ({"status_lea": OURS, "lea": THEIRS} | LEFT, True),
    "reported by another, left yesterday": ({"status_lea": THEIRS} | LEFT, False),
    "lives here": ({"residence": OURS}, True),
    "lives here, left yesterday": ({"residence": OURS} | LEFT, True),
    "next year": ({"next_year": OURS} | LEFT, True),
    "accountable": ({"plan_type": "100", "plan_lea": THEIRS, "dsea": OURS} | LEFT, True),
    "infant": ({"plan_type": "150", "status_lea": OURS}, True),
}


@pytest.mark.parametrize("tie", STILL_HERE)
def test_whom_a_coordinator_still_has_by_each_tie(user_id, tie):
    given, is_here = STILL_HERE[tie]
    student = store(replace(NOTHING, **given), user_id)
    assert here_for(actor_for("coordinator", user_id)).filter(pk=student).exists() is is_here


def test_in_a_view_as_somebody_else_they_are_here_for_both(user_id):
    reported = store(replace(NOTHING, status_lea=OURS), user_id)
    elsewhere = replace(
        actor_for("coordinator", user_id), agency_code=THEIRS, agency_codes=(THEIRS,), agency_name="There"
    )
    actor = actor_for("coordinator", user_id)
    assert not here_for(replace(actor, within=elsewhere)).filter(pk=reported).exists()
    assert here_for(replace(actor, within=actor)).filter(pk=reported).exists()


def _expected(perspective, ties: Ties) -> bool:
    if perspective.scope in (Scope.NOBODY, Scope.NAMED):
        return False
    is_related = any(one in ties.relationships for one in perspective.relationships)
    return is_related and (ties.is_assigned or perspective.scope is not Scope.ASSIGNED)
