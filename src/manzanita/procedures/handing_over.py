"""Handing over: somebody leaves or goes on leave, and everything that hangs on them gets another name.

Students and team memberships go to one or several successors, duties to another holder, grants and account end. Open
meetings go with their student: whoever manages the case goes on with them. What stays without a name is listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db import transaction

from manzanita.accounts.duty_actions import assign_duty
from manzanita.accounts.duty_queries import duties_of
from manzanita.accounts.grant_actions import end_grant
from manzanita.accounts.granting import Refused
from manzanita.accounts.models import Duty, User
from manzanita.accounts.people_queries import grants_of, is_over
from manzanita.accounts.person_actions import close_account, why_not_close
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.domain.duties import DUTIES
from manzanita.domain.findings import Owner, Reason
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import open_meetings_opened_by
from manzanita.platform import clock
from manzanita.procedures.assigning import (
    Applied,
    Move,
    Term,
    Wanted,
    apply_assignments,
    preview_assignments,
    why_not_assign,
)
from manzanita.students.caseload import Assignable, Caseload, ToCome, assignable_rows, caseload_of


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that hangs on the person: a student managed (``assignment``) or a membership (``team``). ``begins_on``
    is the later day from which it is planned; ``None``: it is so on the day of the hand-over."""

    row: Assignable
    kind: str
    role: str = ""
    begins_on: date | None = None

    @property
    def key(self) -> str:
        """Name of the field by which the page chooses a successor."""
        return _key(self.kind, self.row, self.begins_on)


def _key(kind: str, row: Assignable, begins_on: date | None) -> str:
    key = f"{kind}-{row.student.public_id}"
    return key if begins_on is None else f"{key}-{begins_on.isoformat()}"


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything that hangs on a person as of a day, and what is planned for later ones. ``elsewhere`` counts students
    that are not the actor's."""

    held: Sequence[Held]
    meetings: Sequence[Meeting]
    duties: Sequence[Duty]
    elsewhere: int

    @property
    def is_nothing(self) -> bool:
        return not (self.held or self.meetings or self.duties)


@dataclass(frozen=True, slots=True)
class HandOver:
    """What is asked. ``successors`` gives per key of :class:`Held` who gets it; ``None`` or missing: it stays.

    With ``term.ends_on`` everything falls back after that day: a leave. ``last_day`` ends the grants after it, and
    ``is_closing`` the account, too.
    """

    term: Term
    successors: Mapping[str, int | None]
    duties_to: User | None = None
    last_day: date | None = None
    is_closing: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HandOverPreview:
    """What would happen; ``by_key`` has the moves by the key of :class:`Held`. ``hanging`` stays with somebody who
    goes: each needs a name."""

    moves: Sequence[Move]
    hanging: Sequence[Held]
    reasons: Sequence[Reason]
    by_key: Mapping[str, Move]


def holdings_of(actor: Actor, user: User, on: date, through: date | None = None) -> Holdings:
    """``through`` is the last day of a leave: what begins after it stays."""
    caseload: Caseload = caseload_of(actor, user.pk, on)
    students = {one.pk: one for one in [*caseload.managed, *(student for student, _ in caseload.team)]}
    rows = {row.student.pk: row for row in assignable_rows(actor, list(students.values()), on)}
    held = [Held(rows[one.pk], "assignment") for one in caseload.managed]
    held += [Held(rows[one.pk], "team", role) for one, role in caseload.team]
    to_come: dict[date, list[ToCome]] = defaultdict(list)
    for one in caseload.to_come:
        if through is None or one.starts_on <= through:
            to_come[one.starts_on].append(one)
    for day, some in sorted(to_come.items()):
        then = list({one.student.pk: one.student for one in some}.values())
        rows = {row.student.pk: row for row in assignable_rows(actor, then, day)}
        held += [Held(rows[one.student.pk], one.kind, one.role, day) for one in some]
    here = [duty for duty in duties_of(user.pk) if duty.agency.code == actor.agency_code]
    return Holdings(held, open_meetings_opened_by(actor, user.pk), here, caseload.elsewhere)


def wanted_of(holdings: Holdings, asked: HandOver, user: User) -> dict[Term, list[Wanted]]:
    """By its days what goes to somebody: what is planned goes from the day on that it is planned for."""
    found: dict[Term, list[Wanted]] = {}
    for held in holdings.held:
        if not asked.successors.get(held.key):
            continue
        term = asked.term if held.begins_on is None else replace(asked.term, starts_on=held.begins_on)
        wanted = Wanted(
            public_id=str(held.row.student.public_id),
            kind=held.kind,
            to_id=asked.successors[held.key],
            seen_id=user.pk,
            role=held.role,
            leaving_id=user.pk,
        )
        found.setdefault(term, []).append(wanted)
    return found


def preview_hand_over(actor: Actor, user: User, asked: HandOver) -> HandOverPreview:
    """What ``asked`` would do, and what stands against it."""
    holdings = holdings_of(actor, user, asked.term.starts_on, asked.term.ends_on)
    moves = {
        _key(move.kind, move.row, None if term == asked.term else term.starts_on): move
        for term, wanted in wanted_of(holdings, asked, user).items()
        for move in preview_assignments(actor, wanted, term)
    }
    moved = {key for key, move in moves.items() if move.refused is None}
    hanging = [held for held in holdings.held if held.key not in moved]
    return HandOverPreview(list(moves.values()), hanging, list(_why_not(actor, user, asked, holdings)), moves)


def _why_not(actor: Actor, user: User, asked: HandOver, holdings: Holdings) -> Sequence[Reason]:
    found = why_not_assign(actor, asked.term)
    today = clock.today()
    if not actor.may(Capability.MANAGE_PEOPLE):
        found.append(
            Reason("may-not-manage", "Hand-overs are for who manages people.", Owner.COORDINATOR, "Ask them.")
        )
    if not asked.reason.strip():
        found.append(Reason("no-reason", "The reason is missing.", Owner.YOU, "Say in a few words why."))
    if asked.last_day is not None and asked.last_day < today:
        found.append(
            Reason(
                "no-last-day",
                "The last day lies before today.",
                Owner.COORDINATOR,
                "Give today or a later day.",
            )
        )
    if asked.term.ends_on is not None and (asked.last_day is not None or asked.is_closing):
        found.append(
            Reason(
                "leave-and-end",
                "Who comes back keeps their perspectives and account.",
                Owner.COORDINATOR,
                "Either give a day on which the students fall back, or end the perspectives.",
            )
        )
    if asked.is_closing and asked.last_day is None:
        found.append(
            Reason(
                "close-when",
                "An account is closed together with its perspectives.",
                Owner.COORDINATOR,
                "Give the last day.",
            )
        )
    elif asked.is_closing:
        found += why_not_close(actor, user)
    goes = asked.last_day is not None
    if goes and asked.duties_to is None and any(_is_left_alone(duty, user) for duty in holdings.duties):
        found.append(
            Reason(
                "duty-left",
                "A duty would have no name any more.",
                Owner.COORDINATOR,
                "Choose who takes the duties over.",
            )
        )
    return found


def _is_left_alone(duty: Duty, user: User) -> bool:
    return duty.holder_id == user.pk and duty.backup_id is None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What was done, a batch for each first day; ``hanging`` still has no successor."""

    applied: Sequence[Applied]
    hanging: Sequence[Held]
    duties: int
    ended_grants: int

    @property
    def done(self) -> list[Move]:
        return [move for one in self.applied for move in one.done]


@transaction.atomic
def hand_over(*, actor: Actor, user: User, asked: HandOver) -> HandedOver:
    """Carry it out, all or nothing. Raises ``Refused``. A second click finds nothing left and changes nothing."""
    preview = preview_hand_over(actor, user, asked)
    told = [*preview.reasons, *(move.refused for move in preview.moves if move.refused is not None)]
    if told:
        raise Refused({one.code: one for one in told}.values())
    holdings = holdings_of(actor, user, asked.term.starts_on, asked.term.ends_on)
    applied = []
    for term, wanted in wanted_of(holdings, asked, user).items():
        from_day = "" if term == asked.term else f", planned from {term.starts_on:%m/%d/%Y}"
        applied.append(
            apply_assignments(
                actor=actor,
                wanted=wanted,
                term=term,
                title=f"Hand-over of {user.name}{from_day}",
                reason=asked.reason,
                is_whole=True,
            )
        )
    duties = _pass_duties(actor, user, asked, holdings.duties)
    ended = 0
    if asked.is_closing:
        ended = _count_grants(actor, user)
        close_account(actor=actor, user=user, reason=asked.reason, on=asked.last_day)
        if asked.last_day is not None and asked.last_day > clock.today():
            _end_grants(actor, user, asked)
    elif asked.last_day is not None:
        ended = _end_grants(actor, user, asked)
    handed = HandedOver(applied, preview.hanging, duties, ended)
    if applied or duties or ended:
        log_change(
            actor=actor,
            action="hand_over",
            subject=user,
            reason=asked.reason.strip(),
            detail={
                "students": len(handed.done),
                "hanging": len(preview.hanging),
                "duties": duties,
                "grants": ended,
            },
        )
    return handed


def _pass_duties(actor: Actor, user: User, asked: HandOver, duties: Sequence[Duty]) -> int:
    """Duties held go to ``duties_to``, else to the backup where the person goes for good; one who stood in is left
    out."""
    passed = 0
    goes = asked.last_day is not None
    for duty in duties:
        if duty.kind not in DUTIES or (asked.duties_to is None and not goes):
            continue
        holder, backup = duty.holder, duty.backup
        if duty.holder_id == user.pk:
            holder = asked.duties_to or duty.backup
            backup = duty.backup if holder != duty.backup else None
        elif goes:
            backup = asked.duties_to if asked.duties_to != duty.holder else None
        if holder is None or (holder.pk, backup.pk if backup else None) == (duty.holder_id, duty.backup_id):
            continue
        assign_duty(actor=actor, kind=duty.kind, holder=holder, backup=backup)
        passed += 1
    return passed


def _count_grants(actor: Actor, user: User) -> int:
    return sum(not is_over(grant, clock.today()) for grant in grants_of(actor, user))


def _end_grants(actor: Actor, user: User, asked: HandOver) -> int:
    ended = 0
    for grant in grants_of(actor, user):
        is_longer = grant.ends_on is None or (asked.last_day is not None and grant.ends_on > asked.last_day)
        if not is_over(grant, clock.today()) and (is_longer or asked.last_day == clock.today()):
            end_grant(actor=actor, grant=grant, ends_on=asked.last_day, reason=asked.reason)
            ended += 1
    return ended
