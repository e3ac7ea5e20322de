"""Students who arrive in a district: what is known of each, what that makes of the arrival, and what there is to do.

Everything here judges an :class:`Evidence`, which is gathered from the records of this installation and from what the
state holds. Nothing is decided for anybody: the four questions are answered beforehand, each with where the answer
comes from, and a person may answer otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from manzanita.domain.codes import code_set
from manzanita.domain.findings import HAPPENED, Owner, Reason

PARTICIPATING, NOT_ELIGIBLE = "1", "4"
# SWDS 22.13 of a family that declined the first offer: there was never a plan.
DECLINED_EVERY_PLAN = "11"
_ELIGIBLE = ("1", "2", "3")
_IFSP, _IFSP_UNTIL_YEARS = "150", 3
# A plan that ended longer ago than this is no plan to go on with.
LONGEST_LAPSED = timedelta(days=365)


class Kind(StrEnum):
    """What an arrival is. Who is unknown to special education is none."""

    ARRIVING = "arriving"
    RETURNING = "returning"
    UNSERVED = "unserved"
    LOOK = "look"


KIND_WORDS: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        Kind.ARRIVING: ("Arriving with a plan", "A plan of another district is in force."),
        Kind.RETURNING: ("Returning to us", "The student was in special education here before."),
        Kind.UNSERVED: ("Eligible, without a plan", "The student is eligible and does not take part."),
        Kind.LOOK: ("To check", "What is known does not fit together, or may be of another student."),
    }
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a student who has a stay at a district, without a name.

    ``enrolled_on`` is the first day of the stay, ``last_day`` its last where that is known. Status, plan and
    ``former_lea`` are those believed on the first day; ``lapsed_on`` is the last day of the newest plan that ended
    before it. ``agreed_on`` is the day of this district's own meeting that agreed on a later start, where the student
    waits for it. ``state_status_code`` and ``state_plan_on`` are the newest the state holds. ``near`` counts students
    who may be the same one. ``codes`` of LEAs are empty where there is none.
    """

    enrolled_on: date
    last_day: date | None = None
    has_ssid: bool = True
    birth_on: date | None = None
    participates_here: bool = False
    was_served_here: bool = False
    former_lea: str = ""
    is_former_known: bool = True
    is_same_selpa: bool = False
    still_enrolled_at: str = ""
    status_code: str = ""
    status_reason_code: str = ""
    status_lea: str = ""
    status_since: date | None = None
    changes_later_on: date | None = None
    plan_lea: str = ""
    is_plan_ours: bool = False
    plan_since: date | None = None
    plan_type_code: str = ""
    service_count: int = 0
    later_plan_on: date | None = None
    lapsed_on: date | None = None
    agreed_on: date | None = None
    review_due_on: date | None = None
    open_meeting_at: str = ""
    state_status_code: str = ""
    state_status_since: date | None = None
    state_plan_on: date | None = None
    near: int = 0
    near_ids: tuple[int, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON values; what is empty is left out."""
        found = {}
        for name, value in asdict(self).items():
            if value not in (None, "", (), 0, False):
                found[name] = value.isoformat() if isinstance(value, date) else value
        return found | {"has_ssid": self.has_ssid, "is_former_known": self.is_former_known}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Evidence:
        """The evidence that :meth:`document` told. Raises ``KeyError`` without a first day."""
        given: dict[str, Any] = {}
        for one in fields(cls):
            if one.name in document:
                value = document[one.name]
                if "date" in str(one.type) and value:
                    value = date.fromisoformat(value)
                given[one.name] = tuple(value) if one.name == "near_ids" else value
        if "enrolled_on" not in given:
            raise KeyError("enrolled_on")
        return cls(**given)

    @property
    def is_of_another_state(self) -> bool:
        """Plan and status are those of a district without a code in this state, which was told nothing of them."""
        return self.has_plan and not self.plan_lea and not self.status_lea

    @property
    def has_plan(self) -> bool:
        return self.plan_since is not None

    @property
    def is_known(self) -> bool:
        """Does anything say special education?"""
        return bool(
            self.status_code in _ELIGIBLE
            or self.has_plan
            or self.state_status_code in _ELIGIBLE
            or (not self.status_code and self.state_plan_on is not None)
        )


def kind_of(evidence: Evidence) -> Kind | None:
    """What the arrival is; ``None`` where there is none: the student takes part here already, or nothing says special
    education."""
    if evidence.participates_here:
        return None
    if not evidence.is_known:
        return Kind.LOOK if evidence.near else None
    if any(True for check in CONTRADICTIONS if check.fails(evidence)):
        return Kind.LOOK
    if evidence.was_served_here:
        return Kind.RETURNING
    if evidence.status_code == PARTICIPATING:
        return Kind.ARRIVING
    return Kind.UNSERVED


# The policy behind each check that no rule of the state makes; ``CHECKS`` are what it means.
NO_LOOK = "Plans are adopted together where all evidence agrees and nobody has to be called"


def transfer_clock(evidence: Evidence) -> str:
    """Which clock of a transfer runs (a key of ``domain.clocks``); empty text where there is no plan to go on: the
    student is eligible at the most, and does not take part."""
    if not evidence.has_plan and evidence.status_code not in ("", PARTICIPATING):
        return ""
    if evidence.has_plan and not evidence.plan_lea:
        return "transfer-out-of-state"
    return "transfer-same-selpa" if evidence.is_same_selpa or evidence.is_plan_ours else "transfer-30"


# How long the record may stand, by the clock.
MAY_STAND: Mapping[str, str] = MappingProxyType(
    {
        "": "Until the family has said whether the student takes part here.",
        "transfer-30": "30 days to the review; and not over a Census Day: until adopted, no district counts the "
        "student.",
        "transfer-same-selpa": "Not over a Census Day: until adopted, no district counts the student. Inside the SELPA "
        "no review is due after 30 days.",
        "transfer-out-of-state": "Not over a Census Day: until adopted, no district counts the student. For a plan of "
        "another state no day is set.",
    }
)


@dataclass(frozen=True, slots=True)
class Check:
    """``holds`` says what is so of a safe one; where ``fails``, ``text`` says what is not, whose job it is and the
    way out."""

    key: str
    holds: str
    fails: Callable[[Evidence], bool]
    text: Callable[[Evidence], str]
    owner: Owner
    way_out: str
    source: str = NO_LOOK

    def reason(self, evidence: Evidence) -> Reason:
        return Reason(
            f"arrival-{self.key}", self.text(evidence), self.owner, self.way_out, source=self.source
        )


def status_words(code: str) -> str:
    """The SWDS status with its label, as everywhere."""
    return code_set("SpecialEducationStatus").label(code)


def us_day(day: date | None) -> str:
    return f"{day:%m/%d/%Y}" if day else "an unknown day"


def state_differs(evidence: Evidence) -> bool:
    said = evidence.state_status_code
    return bool(said and evidence.status_code and said != evidence.status_code)


_CALL = "Ask the former district. Whom to call there stands beside the student, or how to find out."
CONTRADICTIONS = (
    Check(
        "no-plan-known",
        "A student who takes part has a plan",
        lambda e: e.status_code == PARTICIPATING and not e.has_plan,
        lambda e: (
            f"By status {status_words(e.status_code)} since {us_day(e.status_since)} the student takes part, and no "
            "plan is known for the first day here."
        ),
        Owner.COORDINATOR,
        "Read the state's extract of the former district, or ask there for the plan.",
    ),
    Check(
        "plan-without-status",
        "A plan belongs to a status",
        lambda e: e.has_plan and e.status_code in ("", NOT_ELIGIBLE),
        lambda e: (
            f"A plan of {us_day(e.plan_since)} is known, and the status is "
            f"{'not eligible' if e.status_code else 'not known'}."
        ),
        Owner.COORDINATOR,
        _CALL,
    ),
    Check(
        "state-differs",
        "The state holds the status that we believe",
        state_differs,
        lambda e: (
            f"We believe status {status_words(e.status_code)}, and the state holds {status_words(e.state_status_code)} "
            f"since {us_day(e.state_status_since)}."
        ),
        Owner.COORDINATOR,
        "Find out at the former district which is right, before anything is adopted.",
    ),
    Check(
        "state-only",
        "What the state holds stands among our facts",
        lambda e: not e.status_code and not e.has_plan and bool(e.state_status_code or e.state_plan_on),
        lambda e: "Only the state's records speak of special education; nothing of them is taken over here.",
        Owner.COORDINATOR,
        "Take the state's extract over, or ask the former district for the plan.",
    ),
    Check(
        "changes-later",
        "The status has not changed since the first day",
        lambda e: e.changes_later_on is not None,
        lambda e: f"Another status starts on {us_day(e.changes_later_on)}, after the first day here.",
        Owner.COORDINATOR,
        "Look at the record: the status that counts now is the later one.",
    ),
    Check(
        "near",
        "Nobody else may be the same student",
        lambda e: bool(e.near),
        lambda e: "Another record may be of the same student.",
        Owner.COORDINATOR,
        "Look at both records, and say whether they are two people.",
    ),
)

_MORE_CHECKS = (
    Check(
        "kind",
        "The student has not been in special education here before",
        lambda e: e.was_served_here,
        lambda e: (
            "The student was in special education here before; what stood then may stand beside the plan."
        ),
        Owner.COORDINATOR,
        "Look at the record, and adopt the plan by itself.",
    ),
    Check(
        "not-participating",
        "The student took part up to the first day here",
        lambda e: e.status_code != PARTICIPATING,
        lambda e: (
            f"The status is {status_words(e.status_code) if e.status_code else 'not known'}: whether the student takes "
            "part here, the family and the "
            "team say."
        ),
        Owner.TEAM,
        "Ask the family, then answer the third question.",
    ),
    Check(
        "no-plan",
        "A plan is in force on the first day here",
        lambda e: not e.has_plan,
        lambda e: "No plan is in force on the first day here.",
        Owner.COORDINATOR,
        _CALL,
    ),
    Check(
        "no-services",
        "The plan has services",
        lambda e: e.has_plan and not e.service_count,
        lambda e: f"The plan of {us_day(e.plan_since)} has no service, and the state asks for one.",
        Owner.COORDINATOR,
        _CALL,
    ),
    Check(
        "no-ssid",
        "The student has an SSID",
        lambda e: not e.has_ssid,
        lambda e: "The student has no SSID yet, so that it is not certain who this is.",
        Owner.SIS,
        "The SIS requests the SSID; it arrives with the next file.",
    ),
    Check(
        "still-enrolled",
        "The enrollment in the former district has ended",
        lambda e: bool(e.still_enrolled_at),
        lambda e: f"The student is still enrolled at {e.still_enrolled_at} on the first day here.",
        Owner.SIS,
        "Ask there for the exit, and for a transfer of the record; until then two districts count the student.",
    ),
    Check(
        "review-overdue",
        "The plan review is not overdue",
        lambda e: e.review_due_on is not None and e.review_due_on < e.enrolled_on,
        lambda e: (
            f"The plan review was due on {us_day(e.review_due_on)}, before the first day here: a newer may be on paper."
        ),
        Owner.COORDINATOR,
        _CALL,
    ),
    Check(
        "open-meeting",
        "No meeting is open at the former district",
        lambda e: bool(e.open_meeting_at),
        lambda e: f"A meeting is open at {e.open_meeting_at}; what it decides is not in the plan yet.",
        Owner.COORDINATOR,
        _CALL,
    ),
    Check(
        "later-plan",
        "No newer plan is known",
        lambda e: e.later_plan_on is not None,
        lambda e: f"A plan that starts on {us_day(e.later_plan_on)} is known already.",
        Owner.COORDINATOR,
        "Look at the record.",
    ),
    Check(
        "infant-plan",
        "The kind of plan fits the age",
        lambda e: (
            e.plan_type_code == _IFSP
            and e.birth_on is not None
            and e.enrolled_on.year
            - e.birth_on.year
            - ((e.enrolled_on.month, e.enrolled_on.day) < (e.birth_on.month, e.birth_on.day))
            >= _IFSP_UNTIL_YEARS
        ),
        lambda e: "The plan is an IFSP, and the child is three years old.",
        Owner.TEAM,
        "The Part C to B meeting comes first.",
    ),
    Check(
        "left",
        "The student is still here",
        lambda e: e.last_day is not None,
        lambda e: f"The enrollment here ends on {us_day(e.last_day)}.",
        Owner.COORDINATOR,
        "Decide by itself whether the days here are reported.",
    ),
)
CHECKS: tuple[Check, ...] = (*CONTRADICTIONS, *_MORE_CHECKS)
NOT_YET = Check(
    "not-yet",
    "The enrollment has begun",
    lambda e: False,
    lambda e: f"The enrollment starts on {us_day(e.enrolled_on)}, and the state takes what has happened.",
    Owner.COORDINATOR,
    "It becomes ready on that day by itself.",
    HAPPENED,
)


def why_not_safe(evidence: Evidence, today: date) -> list[Reason]:
    """Everything that keeps an arrival from being adopted together with others; nothing where it is safe."""
    reasons = [check.reason(evidence) for check in CHECKS if check.fails(evidence)]
    if evidence.enrolled_on > today:
        reasons.insert(0, NOT_YET.reason(evidence))
    return reasons
