"""Coordinators, case managers and other staff, and whose students are whose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from manzanita.synthetic.agencies import CHAPARRAL, FIRST_SELPA, HERON_CREEK, NONPUBLIC_AGENCIES, Lea
from manzanita.synthetic.names import GIVEN_NAMES
from manzanita.synthetic.students import Student

PEOPLE_COLUMNS = (
    *("kind", "person_id", "role", "first_name", "last_name", "email", "agency", "ssid", "relation"),
    *("language", "phone", "schools", "managed_by"),
)
CASELOAD = 25

# Nobody is called so, and none of them is a student's last word.
_SURNAMES = ("Mockup", "Placeholder", "Specimen", "Makebelieve", "Pretend", "Fictional", "Sample", "Dummy")
# Of each other perspective one person in the first SELPA, under a surname of their own: role, agency, schools.
_THERAPIES = NONPUBLIC_AGENCIES[0][0]
_OTHERS = (
    ("selpa", FIRST_SELPA.code, ""),
    ("school", CHAPARRAL, "9911001 9911005"),
    ("district_provider", CHAPARRAL, ""),
    ("nps_administrator", FIRST_SELPA.nonpublic_schools[0].code, ""),
    ("npa_provider", _THERAPIES, ""),
    ("sis_staff", CHAPARRAL, ""),
    ("office_clerk", CHAPARRAL, ""),
    # Follows who lives in Heron Creek and is taught elsewhere.
    ("residence", HERON_CREEK, ""),
)
_OTHERS_SURNAME = "Understudy"
# The NPA provider works with a few students of each of two districts, each of which has let the person in.
_SERVED_DISTRICTS = (CHAPARRAL, HERON_CREEK)
_SERVED_IN_EACH = 4
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
        # District -> how many of its students the NPA provider has.
        self._served = dict.fromkeys(_SERVED_DISTRICTS, 0)

    def coordinator_rows(self, leas: Iterable[Lea]) -> Iterator[dict[str, str]]:
        """One coordinator for each LEA."""
        for lea in leas:
            yield self._staff_row("coordinator", lea.code)

    def other_rows(self) -> Iterator[dict[str, str]]:
        """One person for each perspective that neither runs a district nor manages a caseload."""
        for number, (role, agency, schools) in enumerate(_OTHERS):
            first = GIVEN_NAMES[-1 - number]
            row = {
                "kind": "staff",
                "person_id": f"S{number + 1:05d}",
                "role": role,
                "first_name": first,
                "last_name": _OTHERS_SURNAME,
                "email": f"{first}.{_OTHERS_SURNAME}@example.org".lower(),
                "agency": agency,
                "schools": schools,
            }
            if role != "npa_provider":
                yield row
                continue
            for kind, district in zip(("staff", "grant"), _SERVED_DISTRICTS, strict=True):
                yield {**row, "kind": kind, "managed_by": district}

    def student_rows(
        self, student: Student, *, is_demo: bool, has_case: bool = True
    ) -> Iterator[dict[str, str]]:
        """Assignment and rights holders of a student; only rights holders where there is no case."""
        if student.is_participating and has_case:
            yield from self._assignment_rows(student, is_demo=is_demo)
            yield from self._team_rows(student)
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

    def _team_rows(self, student: Student) -> Iterator[dict[str, str]]:
        """The NPA provider, where the NPA serves the student."""
        enrollment = student.current_enrollment
        if enrollment is None or not student.plans:
            return
        district = enrollment.lea
        is_served = any(service.npa == _THERAPIES for service in student.plans[-1].services)
        if is_served and self._served.get(district, _SERVED_IN_EACH) < _SERVED_IN_EACH:
            self._served[district] += 1
            number = [role for role, *_ in _OTHERS].index("npa_provider") + 1
            yield {
                "kind": "team",
                "person_id": f"S{number:05d}",
                "ssid": student.ssid,
                "relation": "Therapist",
            }

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
