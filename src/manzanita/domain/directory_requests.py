"""Requests to change the directory of schools and agencies: what may be asked, what stands against it, and how a
district's agreement with a nonpublic school stands on a day.

Nothing is overwritten: a school that closed or changed its code keeps its row with a last day, so that what was
recorded under it can still be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain.dates import years_after
from manzanita.domain.findings import Owner, Reason


class Kind(StrEnum):
    """What a request asks for."""

    NEW = "new"
    CLOSED = "closed"
    CODE = "code"
    NAME = "name"


class Place(StrEnum):
    """What it is about: keys of the kinds of agency, and a school of a district."""

    SCHOOL = "school"
    NPS = "nps"
    NPA = "npa"
    PRIVATE_SCHOOL = "private_school"


class State(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


KIND_WORDS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.NEW: "New in the directory",
        Kind.CLOSED: "Closed",
        Kind.CODE: "Code changed",
        Kind.NAME: "Name changed",
    }
)
PLACE_WORDS: Mapping[Place, str] = MappingProxyType(
    {
        Place.SCHOOL: "School of the district",
        Place.NPS: "Nonpublic school (NPS)",
        Place.NPA: "Nonpublic agency (NPA)",
        Place.PRIVATE_SCHOOL: "Private school",
    }
)
# What the day of a request is.
DAY_WORDS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.NEW: "First day",
        Kind.CLOSED: "Last day",
        Kind.CODE: "First day of the new code",
        Kind.NAME: "First day of the new name",
    }
)
CONTRACTED = frozenset({Place.NPS, Place.NPA})
AGREEMENT_SOURCE = "EC 56366; 5 CCR 3062: an agreement of at most one year"
# Codes that the state gives to schools which have none of their own.
GROUP_CODES = frozenset({"0000001", "0000002"})
ENDS_SOON = timedelta(days=60)
_LATEST = 1
_CODE = re.compile(r"[0-9]{7}")
_NPA_ID = re.compile(r"[0-9A-Z]{3,7}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the directory. ``lea_code`` is the district of a school, blank for agencies; the days are those on which
    it begins and ends, where they are known, and ``successor`` the code under which it goes on."""

    code: str
    name: str
    place: str
    lea_code: str = ""
    first: date | None = None
    last: date | None = None
    successor: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request by the district ``lea_code``. ``target_code`` is the code that is there already (blank for a new one),
    ``code`` and ``name`` what it gets; ``on`` is what ``DAY_WORDS`` says."""

    kind: Kind
    place: Place
    lea_code: str
    target_code: str = ""
    code: str = ""
    name: str = ""
    on: date | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the directory has for a request: its target, whatever has the new code, and whether the same is asked for
    by a request that waits."""

    today: date
    target: Entry | None = None
    taken: Entry | None = None
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """A district's agreement (master contract) with a nonpublic school or agency."""

    first: date
    last: date
    number: str = ""


class AgreementState(StrEnum):
    NONE = "none"
    TO_COME = "to_come"
    IN_FORCE = "in_force"
    ENDS_SOON = "ends_soon"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class AgreementSaid:
    """How the agreements of a district with one school stand on a day; ``kind`` is a status shape."""

    state: AgreementState
    kind: str
    words: str

    @property
    def holds(self) -> bool:
        return self.state in (AgreementState.IN_FORCE, AgreementState.ENDS_SOON)


def agreement_on(agreements: Sequence[Agreement], day: date) -> AgreementSaid:
    """The agreement that covers ``day``; else the next one; else the last one that ended."""
    covering = [one for one in agreements if one.first <= day <= one.last]
    if covering:
        last = max(one.last for one in covering)
        if last - day <= ENDS_SOON and not any(
            one.first <= last + timedelta(days=1) <= one.last for one in agreements
        ):
            return AgreementSaid(AgreementState.ENDS_SOON, "warn", f"Agreement ends {_us(last)}")
        return AgreementSaid(AgreementState.IN_FORCE, "ok", f"Agreement to {_us(last)}")
    to_come = [one.first for one in agreements if one.first > day]
    if to_come:
        return AgreementSaid(AgreementState.TO_COME, "warn", f"Agreement only from {_us(min(to_come))}")
    if agreements:
        return AgreementSaid(
            AgreementState.ENDED, "fatal", f"Agreement ended {_us(max(one.last for one in agreements))}"
        )
    return AgreementSaid(AgreementState.NONE, "fatal", "No agreement recorded")


def reasons_against_agreement(first: date | None, last: date | None) -> list[Reason]:
    """Against recording an agreement with these days."""
    if first is None or last is None:
        return [_reason("agreement-days", "An agreement has a first and a last day.", "Enter both.")]
    if last < first:
        return [_reason("agreement-days", "The agreement ends before it begins.", "Correct a day.")]
    if last >= years_after(first, 1):
        return [
            _reason(
                "agreement-long",
                "An agreement runs for at most one year.",
                "Enter each year's agreement by itself.",
                source=AGREEMENT_SOURCE,
            )
        ]
    return []


def reasons_not_to_ask(asked: Asked, known: Known) -> list[Reason]:
    """Everything that stands against a request; empty: it may be asked."""
    return list(_against(asked, known))


def reasons_not_to_approve(
    asked: Asked, known: Known, agreement: AgreementSaid, *, is_own: bool
) -> list[Reason]:
    """Everything that stands against approving it. ``agreement`` is that of the district on the request's day;
    ``is_own``: the same person asked for it."""
    found = list(_against(asked, known))
    if is_own:
        found.append(
            _reason(
                "own-request",
                "You asked for this yourself.",
                "A colleague at the SELPA decides.",
                Owner.SELPA,
            )
        )
    if asked.kind is Kind.NEW and asked.place in CONTRACTED and not agreement.holds:
        found.append(
            _reason(
                "no-agreement",
                f"The district has no agreement that holds on {_us(asked.on)}: {_lower(agreement.words)}.",
                "The district records its agreement; then this can be approved.",
                Owner.COORDINATOR,
                link="agreements",
                source=AGREEMENT_SOURCE,
            )
        )
    return found


def _against(asked: Asked, known: Known) -> Iterator[Reason]:
    if asked.kind is not Kind.NEW:
        yield from _against_target(asked, known)
    if asked.kind in (Kind.NEW, Kind.CODE):
        yield from _against_code(asked, known)
    if asked.kind in (Kind.NEW, Kind.NAME) and not asked.name:
        yield _reason("no-name", "The name is missing.", "Enter it as the state's directory has it.")
    if asked.on is None:
        yield _reason("no-day", f"{DAY_WORDS[asked.kind]}: there is none.", "Enter the day.")
    elif asked.on > years_after(known.today, _LATEST):
        yield _reason("late-day", "The day is more than a year away.", "Ask again when it is nearer.")
    if not asked.evidence:
        yield _reason(
            "no-evidence",
            "Nothing says how you know.",
            "Name the source: the state's school directory, its list of certified nonpublic schools, or a board's "
            "decision.",
        )
    if known.is_asked:
        yield _reason("asked-already", "The same is asked for already, and waits.", "See the open requests.")


def _against_target(asked: Asked, known: Known) -> Iterator[Reason]:
    target = known.target
    if target is None or target.place != asked.place:
        yield _reason(
            "no-target",
            f"No {PLACE_WORDS[asked.place][0].lower()}{PLACE_WORDS[asked.place][1:]} has the code "
            f"{asked.target_code or '(empty)'}.",
            "Choose one of the directory.",
        )
        return
    if target.place == Place.SCHOOL and target.lea_code != asked.lea_code:
        yield _reason("not-yours", "The school is another district's.", "Its own district asks for it.")
    if target.last is not None:
        yield _reason(
            "ended",
            f"{target.name} has ended in the directory already, on {_us(target.last)}.",
            "Ask for the school that came after it.",
        )
    if target.first is not None and asked.on is not None and asked.on < target.first:
        yield _reason(
            "before-first",
            f"{target.name} begins in the directory on {_us(target.first)}.",
            "Enter that day or a later one.",
        )
    if asked.kind is Kind.NAME and asked.name and asked.name == target.name:
        yield _reason("same-name", "That is its name already.", "Enter the new one.")


def _against_code(asked: Asked, known: Known) -> Iterator[Reason]:
    wanted = _NPA_ID if asked.place is Place.NPA else _CODE
    if not wanted.fullmatch(asked.code) or asked.code in GROUP_CODES:
        form = (
            "up to seven digits and capital letters"
            if asked.place is Place.NPA
            else "seven digits of its own"
        )
        yield _reason("wrong-code", f"The code is {form}.", "Copy it from the state's directory.")
    elif known.taken is not None:
        yield _reason(
            "code-taken",
            f"{known.taken.name} has the code {asked.code}.",
            "Correct the code; or ask that its name be changed.",
        )


def same_request(asked: Asked, others: Iterable[Asked]) -> bool:
    """Whether one of ``others`` asks for the same place and kind of change."""
    about = (asked.kind, asked.place, asked.target_code or asked.code)
    return any((one.kind, one.place, one.target_code or one.code) == about for one in others)


def _reason(
    code: str, text: str, way_out: str, owner: Owner = Owner.COORDINATOR, *, link: str = "", source: str = ""
) -> Reason:
    return Reason(code, text, owner, way_out, link=link, source=source)


def _us(day: date | None) -> str:
    return f"{day:%m/%d/%Y}" if day else "no day"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
