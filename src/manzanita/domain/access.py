"""Who may see and do what, as data: perspectives, their scope and their capabilities.

A signed-in person always acts through one grant, which names one perspective at one agency. Queries derive
their scope from the :class:`Actor`; nothing reads a student without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Scope(StrEnum):
    """Which students a perspective reaches."""

    ASSIGNED = "assigned"
    AGENCY = "agency"


class Capability(StrEnum):
    """What a perspective may do with the students it reaches."""

    READ_STUDENT = "read_student"
    HOLD_MEETING = "hold_meeting"
    FINALIZE_MEETING = "finalize_meeting"
    CORRECT_RECORD = "correct_record"
    IMPORT_FILES = "import_files"
    SEND_TO_STATE = "send_to_state"
    READ_AUDIT = "read_audit"


CAPABILITY_WORDS = MappingProxyType(
    {
        Capability.READ_STUDENT: "read student records",
        Capability.HOLD_MEETING: "open and hold meetings",
        Capability.FINALIZE_MEETING: "finalize meetings",
        Capability.CORRECT_RECORD: "correct archived records",
        Capability.IMPORT_FILES: "take files in",
        Capability.SEND_TO_STATE: "see the state plan and send it",
        Capability.READ_AUDIT: "see who has read and disclosed records",
    }
)


@dataclass(frozen=True, slots=True)
class Perspective:
    """A described role: whom it is for, which students it reaches, what it may do with them."""

    key: str
    label: str
    for_whom: str
    scope: Scope
    capabilities: frozenset[Capability]
    students_label: str


PERSPECTIVES = MappingProxyType(
    {
        perspective.key: perspective
        for perspective in (
            Perspective(
                key="coordinator",
                label="SEDS coordinator",
                for_whom="The person who keeps a district's special education records true at the state",
                scope=Scope.AGENCY,
                capabilities=frozenset(Capability),
                students_label="Current students",
            ),
            Perspective(
                key="case_manager",
                label="Case manager",
                for_whom="The teacher or specialist who runs the meetings of assigned students",
                scope=Scope.ASSIGNED,
                capabilities=frozenset(
                    {Capability.READ_STUDENT, Capability.HOLD_MEETING, Capability.FINALIZE_MEETING}
                ),
                students_label="My students",
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking, through which grant. Ids are database keys; codes are CDS codes."""

    user_id: int
    grant_id: int
    person_name: str
    perspective: Perspective
    agency_code: str
    agency_name: str
    selpa_code: str
    designation_label: str = "Special education"

    @property
    def perspective_key(self) -> str:
        return self.perspective.key

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.person_name.split()[:2]).upper()

    @property
    def students_label(self) -> str:
        return self.perspective.students_label

    def may(self, capability: Capability) -> bool:
        return capability in self.perspective.capabilities
