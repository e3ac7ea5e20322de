"""Loading ``people.csv``: staff with their grants, who manages whose case or is on the team, and who decides for a
student."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import transaction

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import User
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.domain.rights_kinds import kind_of_relation
from manzanita.orgs.queries import agency_by_code, schools_by_code
from manzanita.platform.facts import Statement
from manzanita.platform.reach import whole_installation
from manzanita.students.actions import state_student_facts
from manzanita.students.people_actions import ContactValues, RightsValues
from manzanita.students.queries import students_by_ssid

CAUSE = "people-file"
STATEMENTS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class PeopleLoaded:
    """Counts of one load. ``unknown`` rows name an SSID that no enrollment has named."""

    staff: int
    assignments: int
    contacts: int
    unknown: int


@whole_installation("the file names the students of every district")
def load_people(path: Path, *, as_of: date, passwords: dict[str, str]) -> PeopleLoaded:
    """Load staff, assignments and rights holders; loading the same file again changes nothing, and completes a load
    that was cut off: staff are one transaction, then each group of statements is one, because a transaction of
    20,000 students holds more locks than PostgreSQL has room for.

    A row ``grant`` gives somebody of a row before a further perspective; ``schools`` are codes with blanks between,
    ``managed_by`` the district that lets somebody of an NPA in. Rows ``team`` name members of a student's team.

    Staff whose perspective this version does not have are left out. ``passwords`` maps e-mail to a password;
    who is not in it cannot sign in until a password is set. Raises ``ValueError`` naming the line of an
    assignment to a person who is not in the file.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(enumerate(csv.DictReader(file), start=2))
    staff = [row for _, row in rows if row["kind"] in ("staff", "grant") and row["role"] in PERSPECTIVES]
    known = {row["person_id"] for row in staff}
    for line, row in rows:
        if row["kind"] in ("assignment", "team") and row["person_id"] not in known:
            who = "case manager" if row["kind"] == "assignment" else "person"
            raise ValueError(f"{path.name}, line {line}: no {who} {row['person_id']} in this file")
    users = _load_staff(staff, as_of, passwords)
    students = students_by_ssid({row["ssid"] for _, row in rows if row["ssid"]})
    statements: dict[str, list[Statement]] = defaultdict(list)
    contact_numbers: Counter[int] = Counter()
    unknown = 0
    for _, row in rows:
        if row["kind"] not in ("assignment", "team", "rights_holder"):
            continue
        student_id = students.get(row["ssid"])
        if student_id is None:
            unknown += 1
        elif row["kind"] == "assignment":
            statements["assignment"].append(
                Statement(
                    {"student_id": student_id},
                    {"user_id": users[row["person_id"]].pk},
                    date(as_of.year - 1, 7, 1),
                )
            )
        elif row["kind"] == "team":
            statements["team"].append(
                Statement(
                    {"student_id": student_id, "user_id": users[row["person_id"]].pk},
                    {"role": row["relation"]},
                    date(as_of.year - 1, 7, 1),
                )
            )
        else:
            contact_numbers[student_id] += 1
            slot = {"student_id": student_id, "contact_no": contact_numbers[student_id]}
            since = date(as_of.year - 1, 7, 1)
            contact = ContactValues(
                name=f"{row['first_name']} {row['last_name']}",
                relation=row["relation"],
                language=row["language"],
                phone=row["phone"],
            )
            statements["contact"].append(Statement(slot, contact.content(), since))
            # An adult student's right follows from the birthday; of the others no file shows a paper.
            if kind := kind_of_relation(row["relation"]):
                statements["rights"].append(Statement(slot, RightsValues(kind).content(), since))
    for kind, stated in statements.items():
        for start in range(0, len(stated), STATEMENTS_AT_ONCE):
            state_student_facts(kind, stated[start : start + STATEMENTS_AT_ONCE], by_id=None, cause=CAUSE)
    return PeopleLoaded(len(users), len(statements["assignment"]), len(statements["contact"]), unknown)


@transaction.atomic
def _load_staff(staff: list[dict[str, str]], as_of: date, passwords: dict[str, str]) -> dict[str, User]:
    """Accounts and grants of ``staff``; users by person id of the file."""
    users: dict[str, User] = {}
    for row in staff:
        user = add_person(
            email=row["email"],
            name=f"{row['first_name']} {row['last_name']}",
            password=passwords.get(row["email"]),
        )
        users[row["person_id"]] = user
        grant_perspective(
            user=user,
            perspective_key=row["role"],
            agency=agency_by_code(row["agency"]),
            starts_on=date(as_of.year - 1, 7, 1),
            by=None,
            reason="people file",
            schools=schools_by_code((row.get("schools") or "").split()),
            managed_by_code=row.get("managed_by") or "",
        )
    return users
