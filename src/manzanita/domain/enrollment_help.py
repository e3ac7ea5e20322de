"""What does not fit between the enrollments of the SIS, our records and the state's: whose job it is, and what to
do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.domain.findings import Owner, Reason
from manzanita.domain.leaving import REASONS, sis_reason
from manzanita.domain.stays import NO_SHOW, PRIMARY, SECONDARY, Enrolled, Held

_PARTICIPATING = "1"
# GERR0005 asks nothing of a status that starts in these months.
_SUMMER_MONTHS = (6, 7, 8)
_NEAR = timedelta(days=45)
_ADOPTION = "SPED Data Guide, plan adoption"


@dataclass(frozen=True, slots=True)
class Dated:
    """A SWDS or PLAN of the district by its day; ``where`` says whose book it stands in."""

    record: str
    on: date
    status_code: str
    where: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one student, as a district asks. ``plans`` have the LEA that reports them as value, ``names``
    are of agencies by code, ``left`` is the leaving that counts (key of its reason, day)."""

    lea_code: str
    today: date
    enrollments: Sequence[Enrolled]
    statuses: Sequence[Held]
    plans: Sequence[Held]
    dated: Sequence[Dated]
    has_ssid: bool
    local_id: str
    names: dict[str, str]
    left: tuple[str, date] | None = None

    @property
    def here(self) -> list[Enrolled]:
        return [one for one in self.enrollments if one.lea_code == self.lea_code]

    def name(self, code: str) -> str:
        return self.names.get(code, code)


def what_is_wrong(known: Known) -> list[Reason]:
    """Everything that does not fit, the state's refusals first; empty where all dates agree."""
    return [
        *_outside(known),
        *_two_primary(known),
        *_ended(known),
        *_left_open(known),
        *_never_came(known),
        *_not_taken_up(known),
        *_secondary_only(known),
        *_exits(known),
        *_ids(known),
    ]


def _us(day: date) -> str:
    return f"{day:%m/%d/%Y}"


def _covers(one: Enrolled | Held, day: date) -> bool:
    return one.first <= day and (one.last is None or day <= one.last)


def _outside(known: Known) -> Iterator[Reason]:
    """PLAN, and SWDS 1, lie inside an enrollment of the district that counts."""
    counting = [one for one in known.here if one.counts]
    told: dict[tuple[str, date], list[str]] = {}
    for one in known.dated:
        if one.record == "SWDS" and (one.status_code != _PARTICIPATING or one.on.month in _SUMMER_MONTHS):
            continue
        if not any(_covers(enrolled, one.on) for enrolled in counting):
            told.setdefault((one.record, one.on), []).append(one.where)
    for (record, on), where in sorted(told.items(), key=lambda item: (item[0][1], item[0][0])):
        later = [one for one in counting if on < one.first <= on + _NEAR]
        text = f"The {record} of {_us(on)} ({' and '.join(dict.fromkeys(where))}) lies in no enrollment here."
        if later:
            text += f" The next enrollment starts on {_us(later[0].first)}."
            way = f"Is {_us(later[0].first)} the first day? If so, the record has the wrong day; if not, the SIS."
        else:
            way = "Check the first and last day of the enrollment; the state refuses the record otherwise."
        yield Reason("outside-enrollment", text, Owner.SIS, way, source="GERR0005")


def _two_primary(known: Known) -> Iterator[Reason]:
    primary = sorted(
        (one for one in known.enrollments if one.counts and one.status_code == PRIMARY),
        key=lambda one: (one.first, one.lea_code),
    )
    for number, one in enumerate(primary):
        for other in primary[number + 1 :]:
            if one.last is not None and other.first > one.last:
                continue
            pair = {one.lea_code, other.lea_code}
            if known.lea_code not in pair:
                continue
            both = " and ".join(known.name(code) for code in (one.lea_code, other.lea_code))
            where = both if len(pair) == 2 else known.name(one.lea_code)
            yield Reason(
                "two-primary",
                f"Two primary enrollments on the same days from {_us(other.first)}: {where}.",
                Owner.SIS,
                "Ask which of the two is right; the other one is ended the day before, or made secondary.",
                source="SENR 1.23: one primary enrollment at a time",
            )


def _ended(known: Known) -> Iterator[Reason]:
    if not _takes_part(known) or any(one.counts and _covers(one, known.today) for one in known.here):
        return
    ends = [one.last for one in known.here if one.counts and one.last is not None and one.last < known.today]
    if ends and not any(one.counts and one.first > known.today for one in known.here):
        yield Reason(
            "ended-takes-part",
            f"The enrollment ended on {_us(max(ends))}, and by our records the student still takes part here.",
            Owner.COORDINATOR,
            "Say why the student left; where the exit is wrong, the SIS opens the enrollment again.",
            source="GERR0005: a status needs an enrollment",
        )


def _left_open(known: Known) -> Iterator[Reason]:
    """A leaving is recorded, and the enrollment that was left goes on."""
    if known.left is None:
        return
    key, left_on = known.left
    goes_on = any(one.first <= left_on and _covers(one, known.today) for one in known.here)
    reason = sis_reason(REASONS[key], left_on, is_enrolled=goes_on, today=known.today)
    if reason is not None:
        yield reason


def _takes_part(known: Known) -> bool:
    """On a plan of the district, today."""
    is_active = any(one.value == _PARTICIPATING and _covers(one, known.today) for one in known.statuses)
    return is_active and any(one.value == known.lea_code and _covers(one, known.today) for one in known.plans)


def _never_came(known: Known) -> Iterator[Reason]:
    for one in known.here:
        plans = [plan for plan in known.plans if plan.value == known.lea_code and plan.first >= one.first]
        if one.exit_code == NO_SHOW and plans:
            yield Reason(
                "adopted-never-came",
                f"The student never came (exit {NO_SHOW}), and a plan is in force here from {_us(plans[0].first)}.",
                Owner.COORDINATOR,
                "Record “Adopted, but never came”.",
                source=_ADOPTION,
            )


def _not_taken_up(known: Known) -> Iterator[Reason]:
    here = [one for one in known.here if one.counts and _covers(one, known.today)]
    others = [one for one in known.plans if one.value != known.lea_code and _covers(one, known.today)]
    if here and others:
        yield Reason(
            "not-taken-up",
            f"The plan in force is that of {known.name(others[0].value)}; this district has not taken it up.",
            Owner.COORDINATOR,
            "Settle the arrival: adopt the plan, or say why not.",
            source=_ADOPTION,
        )


def _secondary_only(known: Known) -> Iterator[Reason]:
    covering = [one for one in known.here if _covers(one, known.today) and one.exit_code != NO_SHOW]
    if covering and all(one.status_code == SECONDARY for one in covering) and _takes_part(known):
        yield Reason(
            "secondary-only",
            "The only enrollment here is a secondary one, which does not count for special education.",
            Owner.SIS,
            "Find out where the student is enrolled first; the SIS corrects the status (1.23).",
            source="SENR 1.23, enrollment status",
        )


def _exits(known: Known) -> Iterator[Reason]:
    for one in known.here:
        if one.last is not None and one.last < known.today and not one.exit_code:
            yield Reason(
                "no-exit-reason",
                f"The enrollment of {_us(one.first)} ended on {_us(one.last)} without an exit reason.",
                Owner.SIS,
                "Enter the exit reason (1.26).",
                source="SENR 1.26, exit reason",
            )


def _ids(known: Known) -> Iterator[Reason]:
    if not known.has_ssid:
        yield Reason(
            "no-ssid",
            "The student has no SSID.",
            Owner.SIS,
            "Request it from the state; nothing is sent before.",
            source="CALPADS, SSID enrollment",
        )
    if known.here and not known.local_id:
        yield Reason(
            "no-local-id",
            "The enrollment has no local student ID.",
            Owner.SIS,
            "Enter it (1.09), so that the files know the student again.",
            source="SENR 1.09, local student ID",
        )


def sis_message(lea_name: str, local_id: str, reasons: Iterable[Reason]) -> str:
    """A message to the SIS staff about what is theirs, ready to be sent; empty where nothing is. It names the student
    by the local student ID alone: mail is no place for a name."""
    theirs = [one for one in reasons if one.owner is Owner.SIS]
    if not theirs:
        return ""
    lines = [
        f"Enrollment to check, {lea_name}, local student ID {local_id or '(none in the file)'}",
        "",
        *(f"- {one.text} {one.way_out}" for one in theirs),
        "",
        "Please answer under this ID; the student's name does not belong in mail.",
    ]
    return "\n".join(lines)
