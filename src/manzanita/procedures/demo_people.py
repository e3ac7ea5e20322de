"""People of the demo that no file of a district brings: courts, surrogates, confidential addresses, and whom to ask
at each agency. All of them are fictitious."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date

from manzanita.domain.clocks.ages import majority_on
from manzanita.domain.rights_kinds import OWN_SELF
from manzanita.orgs.directory_actions import COLUMNS, ContactsLoaded, load_agency_contacts
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Contact, Student
from manzanita.students.people_actions import ContactValues, RightsValues
from manzanita.students.queries import students_by_ssid

CAUSE = "demo"
SINCE = date(2025, 7, 1)
ORDERED_ON = date(2025, 5, 12)
CEDAR, JUNCO, CLARKIA, MAGPIE, TANAGER = "9900000005", "9900000006", "9900000009", "9900000010", "9900000011"


def add_demo_people() -> None:
    """Give some of the named demo students, and one adult, the papers that their files do not have."""
    students = students_by_ssid([CEDAR, JUNCO, CLARKIA, MAGPIE, TANAGER])
    order = RightsValues("court_limited", "court_order", "JV-535, demo 06", ORDERED_ON)
    _add(
        students[CEDAR], 1, rights=RightsValues("court_limited", "court_order", "JV-535, demo 05", ORDERED_ON)
    )
    _add(students[CEDAR], 2, rights=RightsValues("not_located", "efforts_to_locate", "Demo 05", ORDERED_ON))
    _add(
        students[CEDAR],
        3,
        ContactValues("Grebe Testcase", "Surrogate parent", "English", phone="707-555-0118"),
        RightsValues("surrogate", "surrogate_appointment", "Demo 05", ORDERED_ON),
    )
    _add(
        students[JUNCO], 1, rights=RightsValues("foster_parent", "court_order", "JV-535, demo 06", ORDERED_ON)
    )
    _add(students[JUNCO], 2, ContactValues("Saltbush Testcase", "Mother", "English"), order)
    _add(
        students[MAGPIE],
        1,
        ContactValues(
            "Verbena Testcase",
            "Mother",
            "Mandarin",
            phone="707-555-0116",
            street="P.O. Box 0000 (substitute)",
            city="Sacramento",
            state_code="CA",
            zip_code="95899",
            confidential_code="safe_at_home",
        ),
    )
    _add(
        students[MAGPIE],
        2,
        ContactValues("Buckthorn Testcase", "Father", "Mandarin"),
        RightsValues("court_limited", "custody_order", "Demo 10", ORDERED_ON),
    )
    _add(
        students[TANAGER],
        1,
        rights=RightsValues("caregiver", "caregiver_affidavit", "Demo 11", ORDERED_ON),
    )
    _add(
        students[CLARKIA],
        1,
        ContactValues(
            "Fern Testcase",
            "Mother",
            "English",
            phone="707-555-0114",
            email="fern.testcase@example.org",
            street="58 Yerba Lane",
            city="Chaparral",
            state_code="CA",
            zip_code="95899",
        ),
    )
    adult = _first_adult()
    if adult is not None:
        conservator = RightsValues("conservator", "conservatorship_letters", "Demo letters", ORDERED_ON)
        _add(adult.pk, 2, ContactValues("Manzanita Testcase", "Conservator", "English"), conservator)


def _add(
    student_id: int, number: int, contact: ContactValues | None = None, rights: RightsValues | None = None
) -> None:
    slot = {"student_id": student_id, "contact_no": number}
    for kind, values in (("contact", contact), ("rights", rights)):
        if values is not None:
            statement = Statement(slot, values.content(), SINCE)
            state_student_facts(kind, [statement], by_id=None, cause=CAUSE)


def _first_adult() -> Student | None:
    """An adult on the first day of these papers, who has an own entry among the contacts."""
    own = Contact.objects.believed().filter(relation__iexact=OWN_SELF).values("student_id")
    students = Student.unscoped.filter(pk__in=own, birth_on__isnull=False).order_by("pk")
    return next((one for one in students if one.birth_on and majority_on(one.birth_on) <= SINCE), None)


def load_demo_directory(staff: Iterable[Mapping[str, str]]) -> ContactsLoaded:
    """Each agency's coordinator of ``people.csv`` is whom to ask there."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, row in enumerate(row for row in staff if row["role"] == "coordinator"):
        name, phone = f"{row['first_name']} {row['last_name']}", f"707-555-{100 + number % 100:04}"
        writer.writerow((row["agency"], "seds_coordinator", name, phone, row["email"], "Weekdays 8 to 4"))
    return load_agency_contacts(actor=None, text=text.getvalue())
