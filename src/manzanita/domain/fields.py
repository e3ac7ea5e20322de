"""What a field of a record is declared as: its name in the product, the state's number, who owns it, help; and the
fields of plan and services, which the meeting's form, the archive and the state lines read as well.

Type, length, code set and confidence come from the state's layout of the same number. The rest of the record's fields
is declared in :mod:`manzanita.domain.record_fields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain import layouts
from manzanita.domain.codes import CodeSet, code_set
from manzanita.domain.findings import Owner


class Ownership(StrEnum):
    """Who may change a field, in one word: ownership takes the place of a lock on the whole record."""

    SIS = "SIS"
    MEETING = "Meeting"
    OFFICE = "Office"
    COMPUTED = "Computed"


_OWNERSHIPS = {Owner.SIS: Ownership.SIS, Owner.TEAM: Ownership.MEETING}
# What holds the current value of a field, by the record of its number.
_HOLDERS = {
    "1": "enrollment",
    "17": "postsecondary",
    "22": "status",
    "23": "plan",
    "24": "meeting",
    "25": "service",
}


@dataclass(frozen=True, slots=True)
class FieldDeclaration:
    """One field. ``attribute`` is the column of the current fact; ``blank_when`` says why it may be empty.

    ``number`` is blank for a field that the state does not have; ``also`` are the numbers of the same value in other
    records. ``fact`` is what holds it, where that is not what the record of its number is held in. ``rule`` says of a
    computed one from what it follows. ``names`` are the names its values need (``agency``, ``school``).
    """

    number: str
    attribute: str
    label: str
    section: str
    owner: Owner
    help: str = ""
    blank_when: str = ""
    also: tuple[str, ...] = ()
    fact: str = ""
    rule: str = ""
    names: str = ""

    @property
    def holder(self) -> str:
        return self.fact or _HOLDERS[self.number.partition(".")[0]]

    @property
    def key(self) -> str:
        """``plan.disability_1_code``: what the field is called in addresses."""
        return f"{self.holder}.{self.attribute}"

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every number under which the state has it."""
        return (*((self.number,) if self.number else ()), *self.also)

    @property
    def ownership(self) -> Ownership:
        return Ownership.COMPUTED if self.rule else _OWNERSHIPS.get(self.owner, Ownership.OFFICE)

    @property
    def layout_field(self) -> layouts.Field:
        return layouts.field(self.number)

    @property
    def codes(self) -> CodeSet | None:
        name = self.layout_field.code_set
        return code_set(name) if name else None

    def label_of(self, value: str) -> str:
        """``290 Specific learning disability`` for a code, the value itself for anything else."""
        return self.codes.label(value) if self.codes and value else value


_TEAM, _COORDINATOR = Owner.TEAM, Owner.COORDINATOR
_ELIGIBILITY, _SETTING, _TRANSITION, _OTHER = "Eligibility", "Placement and setting", "Transition", "Other"
# As a page shows them; the state's order of the fields mixes the last one in.
PLAN_SECTIONS = (_ELIGIBILITY, _SETTING, _TRANSITION, _OTHER)

# The content of a PLAN that a meeting may change, in the state's order.
PLAN_FIELDS: tuple[FieldDeclaration, ...] = (
    FieldDeclaration("23.11", "plan_type_code", "Plan type", _ELIGIBILITY, _TEAM),
    FieldDeclaration("23.14", "primary_residence_code", "Primary residence", _OTHER, _COORDINATOR),
    FieldDeclaration("23.15", "disability_1_code", "Primary disability", _ELIGIBILITY, _TEAM),
    FieldDeclaration(
        "23.16",
        "degree_of_support_1_code",
        "Degree of support",
        _ELIGIBILITY,
        _TEAM,
        "Needed for disabilities 210, 260, 270, 280, 290, 300, 310, 320 and 330.",
        "only some disabilities need it",
    ),
    FieldDeclaration(
        "23.17", "disability_2_code", "Disability 2", _ELIGIBILITY, _TEAM, "", "one disability only"
    ),
    FieldDeclaration(
        "23.18",
        "degree_of_support_2_code",
        "Degree of support, disability 2",
        _ELIGIBILITY,
        _TEAM,
        "",
        "only some disabilities need it",
    ),
    FieldDeclaration(
        "23.19", "is_regional_center_code", "Regional center services", _OTHER, _COORDINATOR, "", "IFSP only"
    ),
    FieldDeclaration("23.20", "program_setting_code", "Program setting", _SETTING, _TEAM),
    FieldDeclaration(
        "23.21",
        "preschool_location_code",
        "Preschool service location",
        _SETTING,
        _TEAM,
        "",
        "age 3 to 5, setting 201",
    ),
    FieldDeclaration(
        "23.22",
        "is_ten_hours_code",
        "Ten or more weekly hours",
        _SETTING,
        _TEAM,
        "",
        "age 3 to 5, setting 201",
    ),
    FieldDeclaration(
        "23.23",
        "general_education_percent",
        "General education participation",
        _SETTING,
        _TEAM,
        "Share of the school day in the regular class, 0 to 100.",
        "school-age settings only",
    ),
    FieldDeclaration("23.24", "program_type_code", "Program type", _SETTING, _TEAM, "", "not given"),
    FieldDeclaration(
        "23.25", "has_postsecondary_goals_code", "Postsecondary goals", _TRANSITION, _TEAM, "", "from 16"
    ),
    FieldDeclaration(
        "23.26", "is_goals_updated_code", "Goals updated annually", _TRANSITION, _TEAM, "", "from 16"
    ),
    FieldDeclaration(
        "23.27", "has_assessment_code", "Transition assessment", _TRANSITION, _TEAM, "", "from 16"
    ),
    FieldDeclaration(
        "23.28", "has_transition_services_code", "Transition services", _TRANSITION, _TEAM, "", "from 16"
    ),
    FieldDeclaration(
        "23.29", "has_supportive_services_code", "Supportive services", _TRANSITION, _TEAM, "", "from 16"
    ),
    FieldDeclaration(
        "23.30", "has_transition_goals_code", "Transition services goals", _TRANSITION, _TEAM, "", "from 16"
    ),
    FieldDeclaration(
        "23.31", "is_student_participating_code", "Student participation", _TRANSITION, _TEAM, "", "from 16"
    ),
    FieldDeclaration(
        "23.32", "agency_representative_code", "Agency representative", _TRANSITION, _TEAM, "", "from 16"
    ),
    FieldDeclaration("23.33", "has_transportation_code", "Special transportation", _OTHER, Owner.COORDINATOR),
    FieldDeclaration(
        "23.34", "parental_involvement_code", "Parental involvement", _OTHER, _TEAM, "", "not recorded"
    ),
    FieldDeclaration(
        "23.35", "has_c_to_b_plan_code", "Part C to B transition plan", _OTHER, _TEAM, "", "IFSP only"
    ),
)

TRANSITION_FIELDS = tuple(one for one in PLAN_FIELDS if one.section == _TRANSITION)

SERVICE_FIELDS: tuple[FieldDeclaration, ...] = (
    FieldDeclaration("25.11", "service_code", "Service", "Services", _TEAM),
    FieldDeclaration("25.12", "provider_code", "Provider type", "Services", _TEAM),
    FieldDeclaration("25.05", "npa_id", "Nonpublic agency", "Services", _TEAM, "", "provider 400 only"),
    FieldDeclaration("25.13", "location_code", "Location", "Services", _TEAM),
    FieldDeclaration("25.14", "frequency_code", "Frequency", "Services", _TEAM, "", "not given"),
    FieldDeclaration(
        "25.15",
        "duration_minutes",
        "Minutes",
        "Services",
        _TEAM,
        "Of each time, by the frequency.",
        "not given",
    ),
)

FIELDS: Mapping[str, FieldDeclaration] = MappingProxyType(
    {declaration.number: declaration for declaration in (*PLAN_FIELDS, *SERVICE_FIELDS)}
)


def short_name(number: str) -> str:
    """The product's label of a state field, or the state's own name where the product has none."""
    declaration = FIELDS.get(number)
    return declaration.label if declaration else layouts.field(number).name
