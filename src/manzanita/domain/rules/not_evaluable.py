"""Rules of the state that nothing at hand can decide, each with the input it would need.

They stand in the catalog, so that a rejection by the state is explained, and ``manzanita validate`` names them:
not evaluable is not the same as passing.
"""

from __future__ import annotations

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.declaration import RuleInfo

SELPA_TABLE = "the state's table of SELPAs and their LEAs"
SCHOOL_TABLE = "the state's table of schools and their LEAs"
CERTIFIED_COUNTS = (
    "the previous reporting year's certified counts, and the thresholds, which no public page prints"
)
_ERROR_LIST = "schooldataleadership psts category"
_TAG = "schooldataleadership.org tag CALPADS"


def rules() -> list[RuleInfo]:
    return [_swds0443(), *_of_plans(), *_of_psts(), *_certification()]


def _swds0443() -> RuleInfo:
    return RuleInfo(
        code="SWDS0443",
        title="SELPA is not that of the LEA",
        kind="input",
        phase="input",
        severity=Severity.FATAL,
        records=("SWDS",),
        fields=("22.04", "22.05", "22.09", "22.11"),
        meaning="The reporting SELPA exists and the reporting LEA belongs to it on the day the status starts, or in "
        "the academic year. That it has four digits is checked here by MZ-DIGITS; the rest needs the state's table.",
        fix="Choose the SELPA that the LEA belongs to on the day of the status.",
        owner=Owner.COORDINATOR,
        source="https://documentation.staging.calpads.org/Troubleshooting/SWDS/SWDS0443/",
        confidence="seen",
        is_implemented=False,
        missing_input=SELPA_TABLE,
    )


def _of_plans() -> list[RuleInfo]:
    return [
        RuleInfo(
            code="PLAN0729F1",
            title="Accountable district of a court or community school student",
            kind="discrepancy",
            phase="fall1",
            severity=Severity.FATAL,
            records=("PLAN", "SENR"),
            fields=("1.04", "1.22", "1.23", "1.25", "22.11", "22.12", "23.10", "23.11", "23.12"),
            meaning="For a student who participates and is enrolled in a juvenile court school or a county community "
            "school, the district of special education accountability is the county office of education.",
            fix="Enter the code of the county office as the district of special education accountability.",
            owner=Owner.COORDINATOR,
            source="https://documentation.calpads.org/Troubleshooting/Fall1/PLAN0729F1",
            confidence="seen",
            is_implemented=False,
            first_year="2025-2026",
            missing_input="a list of the juvenile court schools and county community schools",
        ),
        RuleInfo(
            code="SERV0447",
            title="Nonpublic agency not known to the state",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("SERV",),
            fields=("25.05",),
            meaning="The nonpublic agency of a service stands in the state's register of nonpublic agencies.",
            fix="Look the agency up in the state's register and correct its number on the service.",
            owner=Owner.COORDINATOR,
            source="https://documentation.staging.calpads.org/Troubleshooting/SERV/SERV0447/",
            confidence="seen",
            is_implemented=False,
            missing_input="the state's register of nonpublic agencies (NPA)",
        ),
    ]


def _psts(
    code: str,
    title: str,
    fields: tuple[str, ...],
    meaning: str,
    fix: str,
    missing_input: str,
    *,
    owner: Owner = Owner.COORDINATOR,
    severity: Severity = Severity.WARNING,
    source: str = _ERROR_LIST,
    confidence: str = "seen",
) -> RuleInfo:
    """A rule about PSTS; where no page prints a severity, it warns."""
    return RuleInfo(
        code=code,
        title=title,
        kind="input",
        phase="input",
        severity=severity,
        records=("PSTS",),
        fields=fields,
        meaning=meaning,
        fix=fix,
        owner=owner,
        source=source,
        confidence=confidence,
        is_implemented=False,
        missing_input=missing_input,
    )


def _of_psts() -> list[RuleInfo]:
    return [
        _psts(
            "PSTS0002",
            "School is not one of the LEA",
            ("17.04", "17.05"),
            "The school of attendance exists and belongs to the reporting LEA. That it has seven digits is checked "
            "here by MZ-DIGITS.",
            "Correct the school, or report the record from the LEA that the school belongs to.",
            SCHOOL_TABLE,
        ),
        _psts(
            "PSTS0007",
            "SSID unknown to the state",
            ("17.08",),
            "The state knows the SSID. That it has ten digits is checked here by MZ-DIGITS.",
            "Look the student's SSID up in the state's system and correct it in the SIS.",
            "the state's list of SSIDs",
            owner=Owner.SIS,
        ),
        _psts(
            "PSTS0181",
            "Nothing to delete",
            ("17.02",),
            "A line that deletes names a record that the state holds.",
            "Leave the line out, or correct the key of the record that is to be deleted.",
            "the records that the state holds when the file is posted",
        ),
        _psts(
            "PSTS0479",
            "No exit from special education",
            ("17.11",),
            "A record of participation type 30 needed a special education record with an exit date. That is the "
            "wording from before 2023-24: the record it names is gone and no record of today has such a date. "
            "Whether the state still runs this rule is not known.",
            "Check the student's status record and the exit in the enrollment.",
            "the rule's wording since 2023-24, when the SPED file ended",
            confidence="retired",
        ),
        _psts(
            "PSTS0483",
            "Role of the submitter",
            ("17.11",),
            "Whoever submits records of participation type 10 or 20 holds the state's role PSTS Edit.",
            "Have somebody with that role submit the file, or ask the LEA's CALPADS administrator for the role.",
            "the roles of the account that submits the file, which the state's system holds",
            owner=Owner.COORDINATOR,
            severity=Severity.FATAL,
            source="https://documentation.calpads.org/Troubleshooting/PSTS/PSTS0483",
        ),
        _psts(
            "PSTS0486",
            "SELPA is not that of the LEA",
            ("17.04", "17.10"),
            "The reporting LEA belongs to the reporting SELPA.",
            "Choose the SELPA that the LEA belongs to.",
            SELPA_TABLE,
        ),
    ]


def _count_check(code: str, title: str, meaning: str, missing_input: str) -> RuleInfo:
    return RuleInfo(
        code=code,
        title=title,
        kind="certification",
        phase="fall1",
        severity=Severity.WARNING,
        records=("SENR", "SWDS"),
        fields=(),
        meaning=meaning,
        fix="Look through the counts before certifying; where they are right, the warning stays and is no error.",
        owner=Owner.COORDINATOR,
        source=_TAG,
        confidence="inferred",
        is_implemented=False,
        missing_input=missing_input,
    )


def _certification() -> list[RuleInfo]:
    against_last_year = (
        "A count is far from that of last year. Which count, and how far, no public page says."
    )
    return [
        _count_check("CERT009", "Count far from last year", against_last_year, CERTIFIED_COUNTS),
        _count_check("CERT010", "Count far from last year", against_last_year, CERTIFIED_COUNTS),
        _count_check(
            "CERT013",
            "Many students with disabilities in one school",
            "More than 25 percent of the students of a school are in special education.",
            "the enrollments of every student of the school, also of those without a disability, and the school size "
            "from which the state counts",
        ),
    ]
