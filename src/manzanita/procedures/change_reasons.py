"""What the office may enter of a change without a meeting, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.changes import ADOPTED
from manzanita.domain.fields import PLAN_FIELDS, Ownership
from manzanita.domain.findings import HAPPENED, Owner, Reason
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.setting_grounds import SETTING, Changing, ground_reason
from manzanita.domain.statuses.steps import lack, why_not
from manzanita.domain.turning_five import InGrade, school_age_from
from manzanita.platform import clock
from manzanita.students.queries import StudentFacts

# Where and how the plan is carried out: placement and setting, and what is the office's own of the plan.
SETTING_FIELDS = tuple(
    declared
    for declared in PLAN_FIELDS
    if declared.section == "Placement and setting" or declared.ownership is Ownership.OFFICE
)
# Of these, what the team decides: it changes on a ground only.
TEAM_SETTINGS = tuple(one for one in SETTING_FIELDS if one.ownership is Ownership.MEETING)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the office enters. ``settings`` is by field number, only for a program setting, as is ``ground``, the key of
    ``domain.setting_grounds`` on which what the team decides changes; the four from the type of evaluation on are only
    for a meeting. ``plan_known_on`` is a day on which the plan to adopt was in force, where
    none is in force on the day of the adoption; ``consented_on`` the first consent to services (22.10) of a start that
    was agreed for later."""

    key: str
    on: date | None
    reason: str = ""
    status_code: str = ""
    reason_code: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    ground: str = ""
    evaluation_type_code: str = ""
    is_plan_review: bool = False
    eligibility_code: str = ""
    delay_code: str = ""
    plan_known_on: date | None = None
    consented_on: date | None = None


def blockers_of(actor: Actor, asked: Asked, facts: StudentFacts, *, is_here: bool = True) -> Iterator[Reason]:
    """What stands against a change in what is known already; what the rules say of its lines is not asked here.
    ``is_here``: no leaving stands that the status does not tell."""
    if not actor.may(Capability.CORRECT_RECORD):
        yield Reason(
            "no-capability",
            "Your perspective does not change records without a meeting.",
            Owner.COORDINATOR,
            "Ask the SEDS coordinator.",
            source=PERMISSIONS,
        )
    if asked.on is None:
        yield Reason("no-date", "The change has no day.", Owner.YOU, "Enter the day from which it counts.")
        return
    if asked.on > clock.today():
        yield Reason(
            "future-date",
            f"{asked.on:%m/%d/%Y} is in the future, and the state takes what has happened.",
            Owner.COORDINATOR,
            "Enter the day on which it happened, or come back then.",
            source=HAPPENED,
        )
    yield from {
        "status": _status_blockers,
        "adopt": partial(_plan_blockers, actor.agency_code, is_here),
        "setting": partial(_plan_blockers, actor.agency_code, is_here),
        "meeting": _meeting_blockers,
    }.get(asked.key, lambda *_: iter(()))(asked, facts, asked.on)


def later_status(facts: StudentFacts, on: date) -> Iterator[Reason]:
    """Against a status from ``on``, where one is known that starts that day or later."""
    later = [status.effective_from for status in facts.statuses if status.effective_from >= on]
    if later:
        yield Reason(
            "later-status",
            f"A status that starts on {min(later):%m/%d/%Y} is known already.",
            Owner.COORDINATOR,
            "Correct that record, or enter a later day.",
            source="SWDS0618: a status stands until the next one starts",
        )


def _status_blockers(asked: Asked, facts: StudentFacts, on: date) -> Iterator[Reason]:
    if not asked.status_code:
        yield Reason("no-status", "No status is chosen.", Owner.YOU, "Choose the status that counts now.")
        return
    standing = facts.status_on(on)
    if standing is not None and (standing.status_code, standing.reason_code) == (
        asked.status_code,
        asked.reason_code,
    ):
        yield Reason(
            "same-status",
            f"This status stands already, since {standing.effective_from:%m/%d/%Y}; it is not sent again.",
            Owner.COORDINATOR,
            "Choose another status or reason.",
            source="SWDS0618",
        )
    yield from later_status(facts, on)
    if asked.status_code == PARTICIPATING and facts.plan_on(on) is None:
        # A plan that is in force later than that day is adopted from its own.
        yield lack("plan-known", frozenset({"here", "plan-arrived"}) if facts.plans else frozenset())
    if asked.status_code != PARTICIPATING and not asked.reason_code:
        yield Reason(
            "no-status-reason",
            "A status without participation says why.",
            Owner.YOU,
            "Choose the reason, field 22.13.",
            source="SWDS 22.13",
        )


def plan_holds(
    facts: StudentFacts, lea_code: str, on: date, plan_known_on: date | None = None, *, is_here: bool = True
) -> frozenset[str]:
    """What holds on a day of its plan, or of the one of ``plan_known_on``, of the conditions of
    ``domain.statuses.steps``."""
    plan, enrolled = facts.plan_on(plan_known_on or on), facts.enrollment_on(on, lea_code)
    holds = {"here"} if is_here else set()
    if plan is None:
        return frozenset(holds | {"plan-foreign"})
    arrived = {"plan-arrived", "plan-foreign"}
    holds.add("plan-known")
    if plan.lea_code != lea_code:
        return frozenset(holds | arrived)
    holds |= {"plan-own"} | ({"adopted"} if plan.reason_code == ADOPTED else set())
    is_older = enrolled is not None and plan.effective_from < enrolled.effective_from
    return frozenset(holds | arrived if is_older else holds)


def _plan_blockers(
    lea_code: str, is_here: bool, asked: Asked, facts: StudentFacts, on: date
) -> Iterator[Reason]:
    if not is_here:
        yield lack("here")
        return
    plan = facts.plan_on(asked.plan_known_on or on)
    if plan is None:
        yield Reason(
            "no-plan",
            f"No plan is known that was in force on {on:%m/%d/%Y}.",
            Owner.COORDINATOR,
            "Read the state's extract of the student's former district, or open a meeting.",
            source="SPED Data Guide, plan adoption",
        )
        return
    later = [known.effective_from for known in facts.plans if known.effective_from >= on]
    if later:
        yield Reason(
            "plan-starts-that-day",
            f"A plan that starts on {min(later):%m/%d/%Y} is known already, and the state keeps one plan a day.",
            Owner.COORDINATOR,
            "Correct that record, or enter a later day.",
            source="CALPADS key of PLAN: LEA, SSID, start date",
        )
        return
    out_of_order = why_not(asked.key, plan_holds(facts, lea_code, on, asked.plan_known_on))
    if out_of_order is not None:
        yield out_of_order
    if asked.key == "setting":
        yield from _setting_blockers(lea_code, asked, facts, on)


def _setting_blockers(lea_code: str, asked: Asked, facts: StudentFacts, on: date) -> Iterator[Reason]:
    changed = changed_settings(asked, facts, on)
    if not changed:
        yield Reason(
            "nothing-changed",
            "Nothing differs from the plan in force.",
            Owner.COORDINATOR,
            "Change the field that is no longer so.",
        )
    labels = [one.label for one in TEAM_SETTINGS if one.attribute in changed]
    if labels:
        against = ground_reason(asked.ground, changing(lea_code, asked, facts, on), ", ".join(labels))
        yield from (against,) if against else ()


def changing(lea_code: str, asked: Asked, facts: StudentFacts, on: date) -> Changing:
    """What is known of the plan in force and of the setting that is to change."""
    plan, born = facts.plan_on(on), facts.student.birth_on
    own = [one for one in facts.enrollments if one.lea_code == lea_code]
    grades = [InGrade(one.grade_code, one.started_on, one.effective_to) for one in own]
    since = plan.effective_from if plan else on
    schools = {
        (one.school_code, one.nps_code)
        for one in own
        if one.effective_from <= on and (one.effective_to is None or one.effective_to >= since)
    }
    was = plan.program_setting_code if plan else ""
    return Changing(
        on=on,
        was=was,
        becomes=asked.settings.get(SETTING, was).strip(),
        plan_type_code=plan.plan_type_code if plan else "",
        plan_reason_code=plan.reason_code if plan else "",
        school_age_from=school_age_from(born, grades) if born else None,
        is_other_school=len(schools) > 1,
    )


def changed_settings(asked: Asked, facts: StudentFacts, on: date) -> dict[str, str]:
    """The settings that differ, by attribute."""
    plan = facts.plan_on(on)
    return {
        declared.attribute: asked.settings[declared.number].strip()
        for declared in SETTING_FIELDS
        if declared.number in asked.settings
        and asked.settings[declared.number].strip() != (getattr(plan, declared.attribute, "") or "")
    }


def _meeting_blockers(asked: Asked, facts: StudentFacts, on: date) -> Iterator[Reason]:
    if not asked.is_plan_review and not asked.evaluation_type_code:
        yield Reason(
            "no-purpose",
            "The state takes plan reviews and evaluations, and this meeting was neither.",
            Owner.COORDINATOR,
            "Say which it was.",
        )
