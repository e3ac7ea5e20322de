"""What the generator knows of one student, before anything is a line of a file.

Everything is in order of time. A plan carries its services: they start and are reported with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from manzanita.synthetic.agencies import FIRST_SELPA
from manzanita.synthetic.names import SURNAME

FIRST_SSID = 9_900_000_000


@dataclass(frozen=True, slots=True)
class Enrollment:
    """One SENR line: a school year, or the part of it, at one school. ``residence`` is the home district."""

    lea: str
    school: str
    start: date
    grade: str
    end: date | None = None
    exit_reason: str = ""
    completion: str = ""
    status: str = "10"
    nps: str = ""
    residence: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """One SWDS line. ``initial_entry`` is the day services were first agreed to, ``None`` before that."""

    lea: str
    on: date
    code: str
    reason: str = ""
    initial_entry: date | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """One MEET line of a meeting that was held."""

    lea: str
    on: date
    evaluation: str = ""
    outcome: str = ""
    is_review: bool = True
    delay: str = ""
    referred_on: date | None = None
    referred_by: str = ""
    consent_on: date | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One SERV line, without the plan it belongs to. ``minutes`` is for each time of ``frequency``."""

    code: str
    minutes: int
    provider: str = "100"
    location: str = "510"
    frequency: str = "20"
    npa: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One PLAN line and its SERV lines. ``values`` holds what the team decides, by state number."""

    lea: str
    dsea: str
    on: date
    reason: str
    values: Mapping[str, str]
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One PSTS line: what became of a student who left ``school`` in the school year before ``year``."""

    lea: str
    school: str
    nps: str
    year: int
    program: str
    status: str
    institution: str = ""


@dataclass(frozen=True, slots=True)
class RightsHolder:
    """A person who holds educational rights, with the language to write to them in."""

    first_name: str
    relation: str
    language: str = "English"
    phone: str = "555-0100"
    last_name: str = SURNAME


@dataclass(slots=True)
class Student:
    """One student with all of the history that the files tell. ``index`` counts from one."""

    index: int
    first_name: str
    middle_name: str
    birth: date
    gender: str
    is_hispanic: bool
    race: str
    address: str
    selpa_code: str = FIRST_SELPA.code
    enrollments: list[Enrollment] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    rights_holders: list[RightsHolder] = field(default_factory=list)

    @property
    def ssid(self) -> str:
        return str(FIRST_SSID + self.index)

    @property
    def sped_id(self) -> str:
        """The id that this system gives, the same at every LEA of the SELPA."""
        return f"SE-{self.index:07d}"

    def local_id(self, lea: str) -> str:
        """The id that the student information system of ``lea`` gives."""
        return f"{lea[-2:]}{self.index:07d}"

    @property
    def current_enrollment(self) -> Enrollment | None:
        """The one that has no end."""
        return next((enrollment for enrollment in self.enrollments if enrollment.end is None), None)

    @property
    def is_participating(self) -> bool:
        """Enrolled today, with the newest status 1."""
        return bool(
            self.current_enrollment and self.statuses and max(self.statuses, key=lambda s: s.on).code == "1"
        )
