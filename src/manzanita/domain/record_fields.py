"""Every field of a student's record, declared once: what the record page shows, whose it is, and what is not shown.

The records that go to the state (SWDS, MEET, PLAN, SERV) and PSTS, which goes there from the SIS; then what only the
product has. A field that no page shows stands in :data:`NOT_SHOWN` with its reason, one of the peer system's sections
that nobody holds here in :data:`NOT_HELD`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS, FieldDeclaration
from manzanita.domain.findings import Owner

# From this age on somebody may complete school, and PSTS tell what became of that student.
POSTSECONDARY_AGE = 16

_TEAM, _CLERK, _SIS, _COORDINATOR = Owner.TEAM, Owner.CLERK, Owner.SIS, Owner.COORDINATOR
STATUS, PLAN, MEETING, POSTSECONDARY = "Status", "Plan", "Meeting", "After school"
DATES, IDENTIFICATION, NEXT_YEAR = "Due dates", "Identification and enrollment", "Next school year"

STATUS_FIELDS: tuple[FieldDeclaration, ...] = (
    FieldDeclaration("22.12", "status_code", "Special education status", STATUS, _COORDINATOR),
    FieldDeclaration(
        "22.13",
        "reason_code",
        "Reason of not participating",
        STATUS,
        _COORDINATOR,
        "",
        "who participates has none",
    ),
    FieldDeclaration("22.11", "effective_from", "Status since", STATUS, _COORDINATOR),
    FieldDeclaration(
        "22.10",
        "initial_entry_on",
        "Initial entry start",
        STATUS,
        _COORDINATOR,
        blank_when="services were never agreed to",
        rule="The day of the first consent to services. It is kept from then on, whatever the status becomes.",
    ),
)

PLAN_HEAD_FIELDS: tuple[FieldDeclaration, ...] = (
    FieldDeclaration(
        "23.12", "effective_from", "Plan effective start", PLAN, _TEAM, also=("25.17",), fact="plan"
    ),
    FieldDeclaration(
        "23.13",
        "reason_code",
        "Reason for the plan record",
        PLAN,
        _TEAM,
        fact="plan",
        rule="By what made the plan: a review, an amendment, an adoption.",
    ),
    FieldDeclaration(
        "23.10",
        "dsea_code",
        "District of special education accountability",
        PLAN,
        _COORDINATOR,
        also=("25.10",),
        fact="plan",
        rule="It stays with the plan. Where the student goes to another district, and the former one was accountable "
        "only for the plan it reported itself, the new district is.",
        names="agency",
    ),
)

MEETING_FIELDS: tuple[FieldDeclaration, ...] = (
    FieldDeclaration("24.15", "held_on", "Held on", MEETING, _TEAM, "", "not held yet"),
    FieldDeclaration(
        "24.17",
        "is_plan_review",
        "Plan review",
        MEETING,
        _TEAM,
        rule="By the kind of meeting: an annual review is one, an amendment is none.",
    ),
    FieldDeclaration(
        "24.14",
        "evaluation_type_code",
        "Type of evaluation",
        MEETING,
        _TEAM,
        blank_when="a meeting without an evaluation",
        rule="By the kind of meeting: initial evaluations are 10, reevaluations 40.",
    ),
    FieldDeclaration(
        "24.16", "outcome_code", "Eligibility", MEETING, _TEAM, "", "a meeting without an evaluation"
    ),
    FieldDeclaration("24.18", "delay_code", "Reason of delay", MEETING, _TEAM, "", "held in time"),
    FieldDeclaration("24.11", "referred_on", "Referred on", MEETING, _TEAM, "", "initial evaluations only"),
    FieldDeclaration(
        "24.12", "referred_by_code", "Referred by", MEETING, _TEAM, "", "initial evaluations only"
    ),
    FieldDeclaration(
        "24.13", "consent_on", "Consent to evaluate", MEETING, _TEAM, "", "initial evaluations only"
    ),
    FieldDeclaration(
        "24.10",
        "pending_on",
        "Pending as of",
        MEETING,
        _TEAM,
        blank_when="the meeting was held",
        rule="Given by reporting an evaluation as pending: the day of consent, or once it is overdue the day of "
        "reporting.",
    ),
)

POSTSECONDARY_FIELDS: tuple[FieldDeclaration, ...] = tuple(
    FieldDeclaration(number, f"psts_{number[3:]}", label, POSTSECONDARY, _SIS, "", blank_when)
    for number, label, blank_when in (
        ("17.07", "Year of the answer", ""),
        ("17.11", "Program taken part in", ""),
        ("17.12", "Postsecondary status", ""),
        ("17.05", "School completed", ""),
        ("17.06", "Nonpublic school completed", "public schools"),
        ("17.13", "Related to career education", "career education only"),
        ("17.14", "Kind of institution", "career education only"),
    )
)

DATE_FIELDS: tuple[FieldDeclaration, ...] = tuple(
    FieldDeclaration("", attribute, label, DATES, _TEAM, fact="clock", rule=rule)
    for attribute, label, rule in (
        (
            "last_plan_review_on",
            "Last plan review",
            "The newest plan review among the meetings. Each meeting, with who recorded it, stands under Meetings.",
        ),
        (
            "plan_review_due_on",
            "Next plan review due",
            "Counted while the student takes part: one year after the newest plan review. It changes when a meeting is "
            "recorded; see Meetings.",
        ),
        (
            "last_evaluation_on",
            "Last evaluation",
            "The newest evaluation among the meetings. Each meeting, with who recorded it, stands under Meetings.",
        ),
        (
            "evaluation_due_on",
            "Next triennial due",
            "Counted while the student takes part: three years after the newest evaluation. It changes when a meeting "
            "is recorded; see Meetings.",
        ),
    )
)


def _of_sis(number: str, attribute: str, label: str, also: str = "", **more: str) -> FieldDeclaration:
    return FieldDeclaration(number, attribute, label, IDENTIFICATION, _SIS, also=tuple(also.split()), **more)


IDENTIFICATION_FIELDS: tuple[FieldDeclaration, ...] = (
    _of_sis("1.08", "ssid", "SSID", "17.08 22.06 23.06 24.06 25.07", fact="ssid"),
    _of_sis("1.09", "local_student_id", "Local student ID", "22.07 23.07 24.07 25.08"),
    FieldDeclaration(
        "22.08",
        "local_sped_id",
        "Local special education ID",
        IDENTIFICATION,
        _COORDINATOR,
        also=("17.09", "23.08", "24.08", "25.16"),
        fact="student",
    ),
    _of_sis("1.04", "lea_code", "Reporting LEA", "17.04 22.04 23.04 24.04 25.04", names="agency"),
    FieldDeclaration(
        "22.09",
        "selpa_code",
        "Reporting SELPA",
        IDENTIFICATION,
        _COORDINATOR,
        also=("17.10", "23.09", "24.09", "25.09"),
        fact="lea",
        rule="The SELPA to which the reporting LEA belongs.",
    ),
    _of_sis("1.12", "last_name", "Last name", "2.13", fact="student"),
    _of_sis("1.10", "first_name", "First name", "2.11", fact="student"),
    _of_sis("1.11", "middle_name", "Middle name", "2.12", fact="student"),
    _of_sis("1.13", "suffix", "Suffix", "2.14", fact="student"),
    _of_sis("1.17", "birth_on", "Born on", "2.18", fact="student"),
    _of_sis("1.18", "gender_code", "Gender", "2.19", fact="student"),
    _of_sis("1.05", "school_code", "School", names="school"),
    _of_sis("1.06", "nps_code", "Nonpublic school", names="agency"),
    _of_sis("1.24", "grade_code", "Grade"),
    _of_sis("1.22", "started_on", "District enrollment"),
    _of_sis("1.25", "effective_to", "Enrollment ended"),
    _of_sis("1.23", "status_code", "Enrollment status"),
    _of_sis("1.26", "exit_reason_code", "Exit reason"),
    _of_sis("1.27", "completion_code", "School completion"),
    _of_sis(
        "1.31",
        "residence_code",
        "District of geographic residence",
        names="agency",
        blank_when="the SIS does not say where the student lives",
    ),
    FieldDeclaration(
        "",
        "agency_code",
        "Lives in the district of",
        IDENTIFICATION,
        _COORDINATOR,
        "The district that may see the record because the student lives there. It follows the SIS (1.31) wherever that "
        "names another district than the one that enrolls; of whom no SIS says it, the office does.",
        "the student lives in the district that enrolls, or nobody said where",
        fact="residence",
        names="agency",
    ),
)

NEXT_YEAR_FIELDS: tuple[FieldDeclaration, ...] = (
    FieldDeclaration("", "agency_code", "Next district", NEXT_YEAR, _CLERK, fact="next", names="agency"),
    FieldDeclaration("", "school_code", "Next school", NEXT_YEAR, _CLERK, fact="next", names="school"),
    FieldDeclaration("", "grade_code", "Next grade", NEXT_YEAR, _CLERK, fact="next_grade"),
    FieldDeclaration(
        "", "program_setting_code", "Next program setting", NEXT_YEAR, _COORDINATOR, fact="next_setting"
    ),
    FieldDeclaration(
        "",
        "general_education_percent",
        "Next general education participation",
        NEXT_YEAR,
        _COORDINATOR,
        fact="next_setting",
    ),
    FieldDeclaration(
        "", "starts_on", "Next program setting from", NEXT_YEAR, _COORDINATOR, fact="next_setting"
    ),
)

# In the order of the page; the services of a plan stand after it.
RECORD_FIELDS: tuple[FieldDeclaration, ...] = (
    *STATUS_FIELDS,
    *PLAN_FIELDS,
    *PLAN_HEAD_FIELDS,
    *SERVICE_FIELDS,
    *MEETING_FIELDS,
    *DATE_FIELDS,
    *POSTSECONDARY_FIELDS,
    *IDENTIFICATION_FIELDS,
    *NEXT_YEAR_FIELDS,
)
DECLARED: Mapping[str, FieldDeclaration] = MappingProxyType({one.key: one for one in RECORD_FIELDS})

_KIND = "Names the kind of line. It is the same in every line and is written with it."
_OPERATION = (
    "Says whether the state adds, replaces or deletes. It is given with each sending and stands with the lines sent, "
    "under State."
)
_LOCAL_RECORD = (
    "The number of the sending, by which an answer finds its line. It stands with the lines sent, at State."
)
_YEAR = "Follows from the day of the record."

NOT_SHOWN: Mapping[str, str] = MappingProxyType(
    {
        **{
            f"{file}.0{position}": reason
            for file in ("17", "22", "23", "24", "25")
            for position, reason in ((1, _KIND), (2, _OPERATION), (3, _LOCAL_RECORD))
        },
        **dict.fromkeys(("22.05", "23.05", "24.05", "25.06"), _YEAR),
        "24.19": "Not filled: no source confirms that MEET has it. Parental involvement is told as 23.34 of PLAN.",
    }
)


@dataclass(frozen=True, slots=True)
class NotHeld:
    """A field of the peer system's sections that this product does not hold, and why."""

    label: str
    reason: str


_FILE_ONLY = "The SIS holds it and sends it to the state itself. It is not taken in from its files."
NOT_HELD: tuple[NotHeld, ...] = (
    NotHeld("School type, school track", _FILE_ONLY),
    NotHeld("School of residence", _FILE_ONLY),
    NotHeld("Ethnicity and races", _FILE_ONLY),
    NotHeld("Native language, English learner type, RFEP date", _FILE_ONLY),
    NotHeld(
        "Extended school year: eligible, enrolled",
        "Not recorded yet: no record of the state asks for it.",
    ),
    NotHeld("Vision, hearing, medication, health", "Not recorded yet: no record of the state asks for it."),
)
