"""The status of a record on a day: found anew from facts each time, never kept where it could contradict them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol, TypeVar

from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner
from manzanita.domain.leaving import EXPECTED_BACK
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.statuses.kinds import KINDS, SETTLED_IN_ORDER, Kind, RecordStatus

_DAY = timedelta(days=1)
NOT_ENROLLED = "3"
_COMING = frozenset({Kind.ARRIVING, Kind.RETURNING})


class _Dated(Protocol):
    @property
    def first(self) -> date: ...

    @property
    def last(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One enrollment; ``last`` ``None`` while it goes on, ``exit_code`` why the SIS ended it."""

    lea_code: str
    first: date
    last: date | None = None
    exit_code: str = ""


@dataclass(frozen=True, slots=True)
class StatusFact:
    """SWDS: status 22.12 and reason 22.13, by which LEA, on which days."""

    code: str
    reason_code: str
    lea_code: str
    first: date
    last: date | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """A plan, by whose LEA and on which days; ``is_ifsp``: of an infant or toddler (Part C)."""

    lea_code: str
    first: date
    last: date | None = None
    is_ifsp: bool = False


@dataclass(frozen=True, slots=True)
class OpenMeeting:
    """A meeting of this LEA that is prepared or held and not finalized."""

    is_initial: bool
    since: date


@dataclass(frozen=True, slots=True)
class Left:
    """A leaving from this LEA, recorded or (``is_planned``) still to come."""

    reason_key: str
    on: date
    is_planned: bool = False


@dataclass(frozen=True, slots=True)
class Unsettled:
    """One thing to settle. Whoever keeps arrivals, transfers or rollovers gives theirs to :class:`Known` in this shape;
    ``since`` is the day it began, so that its age is a subtraction; ``url`` is where it is settled. ``record`` says how
    the record stands by it, where more is known than its kind says."""

    kind: Kind
    since: date
    owner: Owner
    text: str = ""
    url: str = ""
    record: RecordStatus | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a student on ``day``, as the LEA ``lea_code`` looks at it."""

    day: date
    lea_code: str
    enrollments: Sequence[Enrolled] = ()
    statuses: Sequence[StatusFact] = ()
    plans: Sequence[InForce] = ()
    meetings: Sequence[OpenMeeting] = ()
    leavings: Sequence[Left] = ()
    unsettled: Sequence[Unsettled] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How the record stands. ``status`` is the SWDS of the day, ``left`` the leaving that counts, ``planned`` one to
    come; ``to_settle`` are all things to settle, the one that names the record first."""

    kind: Kind
    since: date | None
    status: StatusFact | None = None
    left: Left | None = None
    planned: Left | None = None
    to_settle: Sequence[Unsettled] = field(default_factory=tuple)

    @property
    def record(self) -> RecordStatus:
        return KINDS[self.kind]

    @property
    def left_unsaid(self) -> Left | None:
        """The leaving by which the record is inactive, where the state was told nothing of it: the SWDS of the day does
        not say so."""
        return self.left if self.kind is Kind.INACTIVE and not self._is_said else None

    @property
    def _is_said(self) -> bool:
        return self.status is not None and self.status.code != PARTICIPATING


D = TypeVar("D", bound=_Dated)


def _on(facts: Sequence[D], day: date) -> D | None:
    """The newest of the facts that cover ``day``."""
    covering = [one for one in facts if one.first <= day and (one.last is None or day <= one.last)]
    return max(covering, key=lambda one: one.first, default=None)


def standing_on(known: Known) -> Standing:
    """The status of the record on the day, from facts alone."""
    status = _on(known.statuses, known.day)
    left = _left_on(known)
    planned = min((one for one in known.leavings if one.is_planned), key=lambda one: one.on, default=None)
    items = sorted(
        [*_given(known), *_derived(known, status, left)],
        key=lambda one: (SETTLED_IN_ORDER.index(one.kind), one.since),
    )
    if items:
        return Standing(items[0].kind, items[0].since, status, left, planned, tuple(items))
    if left is not None and not _is_back(known, left) and (status is None or status.code == PARTICIPATING):
        return Standing(Kind.INACTIVE, left.on, status, left, planned)
    if status is None:
        return Standing(Kind.NONE, None, None, None, planned)
    if status.code != PARTICIPATING:
        return Standing(Kind.INACTIVE, status.first, status, left, planned)
    elsewhere = _goes_on_elsewhere(known)
    if elsewhere is not None:
        kind = Kind.INFANT if elsewhere.is_ifsp else Kind.INACTIVE
        return Standing(kind, elsewhere.first, status, left, planned)
    return Standing(Kind.ACTIVE, status.first, status, None, planned)


def _given(known: Known) -> list[Unsettled]:
    """What others leave to settle. Whose agreed services are to start has arrived with them: that is one thing."""
    if all(one.kind is not Kind.STARTING for one in known.unsettled):
        return list(known.unsettled)
    return [one for one in known.unsettled if one.kind not in _COMING]


def _left_on(known: Known) -> Left | None:
    """The newest recorded leaving, unless a status or a plan of this LEA began after it."""
    left = max(
        (one for one in known.leavings if not one.is_planned and one.on <= known.day),
        key=lambda one: one.on,
        default=None,
    )
    if left is None:
        return None
    began = [
        one.first
        for facts in (known.statuses, known.plans)
        for one in facts
        if one.lea_code == known.lea_code and left.on < one.first <= known.day
    ]
    return None if began else left


def _goes_on_elsewhere(known: Known) -> InForce | None:
    """The plan of another LEA that is in force for one who is not enrolled here: no more, or of an infant not yet."""
    plan, here = _on(known.plans, known.day), _here(known)
    if here is None and plan is not None and plan.lea_code != known.lea_code:
        return plan
    return None


def _is_back(known: Known, left: Left) -> bool:
    here = _here(known)
    return here is not None and here.first > left.on


def _here(known: Known) -> Enrolled | None:
    return _on([one for one in known.enrollments if one.lea_code == known.lea_code], known.day)


def _derived(known: Known, status: StatusFact | None, left: Left | None) -> Iterator[Unsettled]:
    """What the facts themselves leave to settle, less the kinds that somebody has given already. Who arrives may be
    one who returns: whoever knows the one does not hear of the other."""
    given = {one.kind for one in known.unsettled}
    if given & {*_COMING, Kind.STARTING}:
        given |= _COMING
    for kind, since, text in _kinds(known, status, left):
        if kind not in given:
            yield Unsettled(kind, since, KINDS[kind].owner, text)


def _kinds(known: Known, status: StatusFact | None, left: Left | None) -> Iterator[tuple[Kind, date, str]]:
    """Kind, since when, and what there is to say beyond the sentence of the kind."""
    here, plan = _here(known), _on(known.plans, known.day)
    is_back = left is not None and _is_back(known, left)
    participates = status is not None and status.code == PARTICIPATING
    has_come = here is not None and (left is None or is_back)
    if (
        here is not None
        and has_come
        and participates
        and plan is not None
        and plan.lea_code != known.lea_code
    ):
        theirs = [one for one in known.enrollments if one.lea_code == plan.lea_code]
        # Who has a plan of this LEA since the first day here has arrived: that two LEAs report one is another matter.
        has_own = any(one.lea_code == known.lea_code and one.first >= here.first for one in known.plans)
        if _on(theirs, known.day) is None and not has_own:
            yield Kind.ARRIVING, here.first, ""
    is_three = (
        status is not None and status.code == NOT_ENROLLED and here is not None and here.first > status.first
    )
    if here is not None and (is_three or (is_back and participates)):
        yield Kind.RETURNING, here.first, ""
    if here is None and participates and left is None:
        yield from _gone(known, status, plan)
    if known.meetings:
        since = min(one.since for one in known.meetings)
        if status is not None and status.code in ("2", NOT_ENROLLED):
            yield Kind.FOLLOW_UP, since, ""
        elif (status is None or status.code == "4") and any(one.is_initial for one in known.meetings):
            yield Kind.REFERRAL, since, ""


def _gone(known: Known, status: StatusFact | None, plan: InForce | None) -> Iterator[tuple[Kind, date, str]]:
    """The SIS ended the last enrollment here for good, and the plan of this LEA goes on as if nothing were."""
    own = [one for one in known.enrollments if one.lea_code == known.lea_code and one.first <= known.day]
    newest = max(own, key=lambda one: one.first, default=None)
    if newest is None or newest.last is None or newest.exit_code in EXPECTED_BACK:
        return
    is_ours = status is not None and status.lea_code == known.lea_code
    if (plan is None and is_ours) or (plan is not None and plan.lea_code == known.lea_code):
        exits = code_set("StudentExitCategory")
        how = f" ({exits.label(newest.exit_code)})" if newest.exit_code else ""
        said = f"The SIS ended the enrollment on {newest.last:%m/%d/%Y}{how}, and the plan goes on."
        yield Kind.LEAVING, newest.last + _DAY, said
