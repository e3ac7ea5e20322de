"""Giving state monitors access to named students, and changing and ending it. Each act is logged with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from django.db import transaction

from manzanita.accounts.access_refusals import NotGiven, refusal
from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.guest_queries import MONITOR, is_over, may_give, overlapping_monitor_grant
from manzanita.accounts.models import Grant, GrantStudent, User
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Reason
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.queries import agency_by_code
from manzanita.platform import clock


def reasons_not_to_give_monitor(
    *,
    actor: Actor,
    email: str,
    name: str,
    starts_on: date | None,
    ends_on: date | None,
    reason: str,
    student_ids: Sequence[int],
) -> list[Reason]:
    """Everything that stands against this access for a state monitor, each with its way out."""
    found = []
    if not may_give(actor, MONITOR):
        found.append(
            refusal(
                "not-the-giver",
                "Access for a state monitor is given by the district whose students they are.",
                "The SEDS coordinator of the district gives it.",
            )
        )
    if not name.strip() or "@" not in email.strip(" @"):
        found.append(
            refusal(
                "who", "It is not said who the monitor is.", "Enter the name and the e-mail of the monitor."
            )
        )
    if not reason.strip():
        found.append(
            refusal(
                "no-reason",
                "The reason is missing.",
                "Enter the number of the state's letter, or what the review is for.",
            )
        )
    if not student_ids:
        found.append(refusal("no-student", "No student is named.", "Find students by name, or paste SSIDs."))
    found += _period_refusals(email, actor.agency_code, starts_on, ends_on)
    return found


def _period_refusals(
    email: str, agency_code: str, starts_on: date | None, ends_on: date | None
) -> list[Reason]:
    longest = PERSPECTIVES[MONITOR].longest_days or 0
    if starts_on is None or ends_on is None:
        return [refusal("no-period", "The period is missing, or a day of it is no date.", "Enter both days.")]
    if ends_on < max(starts_on, clock.today()):
        return [
            refusal(
                "period-over",
                "The last day is before the first, or has passed.",
                "Enter a last day from today on that is not before the first.",
            )
        ]
    if ends_on > starts_on + timedelta(days=longest):
        latest = starts_on + timedelta(days=longest)
        return [
            refusal(
                "period-too-long",
                f"A state monitor has access for {longest} days at most: until {latest:%m/%d/%Y}.",
                "Enter an earlier last day, and give access again when the review goes on.",
            )
        ]
    other = overlapping_monitor_grant(email.strip(), agency_code, starts_on, ends_on)
    if other is not None:
        # One access at a time, so that each look belongs to exactly one.
        return [
            refusal(
                "has-access",
                f"{other.user.name} already has access here from {other.starts_on:%m/%d/%Y} to "
                f"{other.ends_on:%m/%d/%Y}.",
                "Add the students there, or end it first.",
            )
        ]
    return []


@transaction.atomic
def give_monitor_access(
    *,
    actor: Actor,
    email: str,
    name: str,
    starts_on: date | None,
    ends_on: date | None,
    reason: str,
    student_ids: Sequence[int],
) -> Grant:
    """Let a state monitor read these students for a period. The caller has cut the students to the actor's scope.

    An account with that e-mail keeps its name. Raises ``NotGiven``.
    """
    refusals = reasons_not_to_give_monitor(
        actor=actor,
        email=email,
        name=name,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason,
        student_ids=student_ids,
    )
    if refusals or starts_on is None:
        raise NotGiven(refusals)
    grant = grant_perspective(
        user=add_person(email=email.strip(), name=name.strip(), password=None),
        perspective_key=MONITOR,
        agency=agency_by_code(actor.agency_code),
        starts_on=starts_on,
        ends_on=ends_on,
        by=User.objects.get(pk=actor.user_id),
        reason=reason.strip()[:200],
        student_ids=student_ids,
    )
    detail = {"students": list(student_ids), "ends_on": f"{ends_on}"}
    log_change(actor=actor, action="give_monitor_access", subject=grant, reason=reason, detail=detail)
    return grant


@transaction.atomic
def name_students(*, actor: Actor, grant: Grant, student_ids: Iterable[int]) -> int:
    """Add students to an access for named students; returns how many were not named before. Raises ``NotGiven``."""
    _require_standing(actor, grant)
    known = set(GrantStudent.objects.filter(grant=grant).values_list("student_id", flat=True))
    new = [pk for pk in dict.fromkeys(student_ids) if pk not in known]
    GrantStudent.objects.bulk_create(
        [GrantStudent(grant=grant, student_id=pk) for pk in new], ignore_conflicts=True
    )
    for pk in new:
        log_change(actor=actor, action="name_student", student_id=pk, subject=grant)
    return len(new)


@transaction.atomic
def unname_student(*, actor: Actor, grant: Grant, student_id: int) -> bool:
    """Take one student out of an access for named students. The last one stays: end the access instead."""
    _require_standing(actor, grant)
    rows = GrantStudent.objects.filter(grant=grant)
    if not rows.exclude(student_id=student_id).exists():
        raise NotGiven(
            [refusal("last-student", "This is the only student of this access.", "End the access instead.")]
        )
    removed, _ = rows.filter(student_id=student_id).delete()
    if removed:
        log_change(actor=actor, action="unname_student", student_id=student_id, subject=grant)
    return bool(removed)


def _require_standing(actor: Actor, grant: Grant) -> None:
    if not may_give(actor, grant.perspective_key):
        raise NotGiven(
            [
                refusal(
                    "not-the-giver",
                    "Only the district that gave this access changes it.",
                    "The SEDS coordinator of the district does it.",
                )
            ]
        )
    if is_over(grant):
        raise NotGiven([refusal("access-over", "This access has ended.", "Give access again.")])


@transaction.atomic
def end_access(*, actor: Actor, grant: Grant) -> bool:
    """End a grant at this moment, whatever its last day; ``False`` when it was over. The next click shows nothing."""
    if is_over(grant):
        return False
    _require_standing(actor, grant)
    Grant.objects.filter(pk=grant.pk).update(ends_at=clock.now())
    log_change(actor=actor, action="end_access", subject=grant)
    return True
