"""What speaks for a second look before somebody gets a case for the next school year; none of it stands against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from manzanita.accounts.people_queries import managed_grants
from manzanita.accounts.queries import in_force, user_names
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.scenarios import EVENTS
from manzanita.leaving.models import Leaving
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.meetings.referrals import waiting_referrals
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.procedures.next_grades import moving_to, places_now
from manzanita.students.models import CaseAssignment, Plan
from manzanita.ui.formats import us_date

_INITIAL = [event.key for event in EVENTS.values() if event.is_initial]
_LOOK = "Look once more: it is changed all the same."


def next_manager_doubts(actor: Actor, wanted: Mapping[int, str]) -> dict[int, Reason]:
    """By student: a leaving is planned, there is only a referral, or the school of next year is none at which the
    person works. ``wanted`` are people's keys by student."""
    meant = {pk: int(value) for pk, value in wanted.items() if value}
    # In this order of weight: a student who leaves needs no word about a school.
    return _elsewhere(actor, meant) | _without_plan(actor, meant) | _leaving(actor, meant)


def _leaving(actor: Actor, meant: Mapping[int, int]) -> dict[int, Reason]:
    rows = Leaving.objects.filter(student_id__in=meant, lea_code__in=actor.agency_codes, state="planned")
    return {
        one.student_id: Reason(
            "leaving-planned",
            f"It is planned that the student leaves on {us_date(one.leaves_on)}: {one.reason.words}.",
            Owner.CLERK,
            _LOOK,
            source="Who leaves has no next year here",
        )
        for one in rows
    }


def _without_plan(actor: Actor, meant: Mapping[int, int]) -> dict[int, Reason]:
    planned = Plan.objects.as_of(effective=clock.today()).filter(student_id__in=meant)
    without = set(meant) - set(planned.values_list("student_id", flat=True))
    if not without:
        return {}
    meetings = Meeting.objects.filter(
        student_id__in=without, state__in=OPEN_STATES, event_key__in=_INITIAL
    ).values_list("student_id", flat=True)
    referred = {
        *waiting_referrals().filter(student_id__in=without).values_list("student_id", flat=True),
        *meetings,
    }
    return {
        pk: Reason(
            "referral-only" if pk in referred else "no-plan-yet",
            "A referral only: no plan is in force, and whether one comes is not decided."
            if pk in referred
            else "No plan is in force.",
            Owner.TEAM,
            _LOOK,
            source="A case is that of a plan",
        )
        for pk in without
    }


def _elsewhere(actor: Actor, meant: Mapping[int, int]) -> dict[int, Reason]:
    works = _schools_of(actor, set(meant.values()))
    planned, now = moving_to(meant), places_now(meant)
    found = {}
    for pk, person in meant.items():
        school = planned[pk] if pk in planned else now.get(pk, ("", ""))[0]
        if school and works.get(person) and school not in works[person]:
            found[pk] = (school, person)
    names = user_names({person for _, person in found.values()})
    called = school_names(
        {school for school, _ in found.values()}.union(*(works[one] for _, one in found.values()))
    )
    return {
        pk: Reason(
            "other-school-next-year",
            (
                f"Next year at {called.get(school, school)}, as planned; "
                if pk in planned
                else f"At {called.get(school, school)} now, and no other school is planned; "
            )
            + f"{names.get(person, 'the person')} works at "
            + f"{_listed([called.get(one, one) for one in works[person]])} today.",
            Owner.CLERK,
            _LOOK,
            source="Schools of the case manager's perspective, or of the caseload of today",
        )
        for pk, (school, person) in found.items()
    }


def _schools_of(actor: Actor, people: Collection[int]) -> dict[int, set[str]]:
    """Where each works: the schools that the perspective names, else those that the caseload attends."""
    today = clock.today()
    named: dict[int, set[str]] = defaultdict(set)
    grants = managed_grants(actor).filter(in_force(today), user_id__in=people)
    for person, school in grants.values_list("user_id", "schools__school__code"):
        if school:
            named[person].add(school)
    rest = [one for one in people if one not in named]
    cases = CaseAssignment.objects.as_of(effective=today).filter(user_id__in=rest)
    case_of = dict(cases.values_list("student_id", "user_id"))
    for pk, (school, _) in places_now(case_of).items():
        if school:
            named[case_of[pk]].add(school)
    return named


def _listed(names: Collection[str]) -> str:
    first = sorted(names)
    if len(first) > 3:
        return f"{', '.join(first[:2])} and {len(first) - 2} other schools"
    return " and ".join([", ".join(first[:-1]), first[-1]]) if len(first) > 1 else first[0]
