"""Coordinators and case managers, and whose case each of them manages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from manzanita.synthetic.agencies import CHAPARRAL, Lea
from manzanita.synthetic.names import GIVEN_NAMES
from manzanita.synthetic.students import Student

PEOPLE_COLUMNS = (
    *("kind", "person_id", "role", "first_name", "last_name", "email", "agency", "ssid", "relation"),
    *("language", "phone"),
)
CASELOAD = 25

# Nobody is called so, and none of them is a student's last word.
_SURNAMES = ("Mockup", "Placeholder", "Specimen", "Makebelieve", "Pretend", "Fictional", "Sample", "Dummy")
# Steps through the names so that neighbors on a list do not begin with the same letter.
_STRIDE = 37


class Staff:
    """Gives each student a case manager at the school, making a new one for every 25 students.

    Rows of ``people.csv`` come in the order in which students come: a case manager's row stands before the first
    row that names them, so that nothing has to be kept but the open caseloads.
    """

    def __init__(self) -> None:
        self._made = 0
        # (LEA, school) -> person id and number of students of the case manager who still takes some.
        self._open: dict[tuple[str, str], tuple[str, int]] = {}
        self._demo_manager = ""

    def coordinator_rows(self, leas: Iterable[Lea]) -> Iterator[dict[str, str]]:
        """One coordinator for each LEA."""
        for lea in leas:
            yield self._staff_row("coordinator", lea.code)

    def student_rows(self, student: Student, *, is_demo: bool) -> Iterator[dict[str, str]]:
        """Assignment and rights holders of a student; only rights holders where there is no case."""
        if student.is_participating:
            yield from self._assignment_rows(student, is_demo=is_demo)
        if student.current_enrollment and student.statuses:
            for holder in student.rights_holders:
                yield {
                    "kind": "rights_holder",
                    "first_name": holder.first_name,
                    "last_name": holder.last_name,
                    "ssid": student.ssid,
                    "relation": holder.relation,
                    "language": holder.language,
                    "phone": holder.phone,
                }

    def _assignment_rows(self, student: Student, *, is_demo: bool) -> Iterator[dict[str, str]]:
        enrollment = student.current_enrollment
        if enrollment is None:
            return
        place = (enrollment.lea, enrollment.school)
        if is_demo and enrollment.lea == CHAPARRAL and self._demo_manager:
            person_id = self._demo_manager
            # They count, so that the demo's first case manager has a usual caseload.
            for at, (manager, count) in self._open.items():
                if manager == person_id:
                    self._open[at] = (manager, count + 1)
        else:
            person_id, count = self._open.get(place, ("", CASELOAD))
            if count >= CASELOAD:
                row = self._staff_row("case_manager", enrollment.lea)
                yield row
                person_id, count = row["person_id"], 0
                if not self._demo_manager and enrollment.lea == CHAPARRAL:
                    self._demo_manager = person_id
            self._open[place] = (person_id, count + 1)
        yield {"kind": "assignment", "person_id": person_id, "ssid": student.ssid}

    def _staff_row(self, role: str, agency: str) -> dict[str, str]:
        number = self._made
        self._made += 1
        first = GIVEN_NAMES[number * _STRIDE % len(GIVEN_NAMES)]
        # Each round through the first names shifts the surnames by one, so that pairs repeat as late as can be.
        surname = _SURNAMES[(number % len(GIVEN_NAMES) + number // len(GIVEN_NAMES)) % len(_SURNAMES)]
        repeated = number // (len(GIVEN_NAMES) * len(_SURNAMES))
        suffix = f".{repeated + 1}" if repeated else ""
        return {
            "kind": "staff",
            "person_id": f"P{number + 1:05d}",
            "role": role,
            "first_name": first,
            "last_name": surname,
            "email": f"{first}.{surname}{suffix}@example.org".lower(),
            "agency": agency,
        }
