"""Transfers in the words of their pages: states, ages, whose turn, what the document of a student says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from manzanita.domain.codes import code_set
from manzanita.domain.portable import SECTION_WORDS
from manzanita.domain.rights_kinds import KINDS
from manzanita.domain.scenarios import EVENTS
from manzanita.domain.student_transfers import STATE_WORDS, Ground, Side, State
from manzanita.platform import clock
from manzanita.students.models import Student
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import whose_turn
from manzanita.ui.formats import plural, us_date
from manzanita.web.merge_words import LABELS

STATE_KINDS = {
    State.REQUESTED: "held",
    State.ESCALATED: "warn",
    State.ACCEPTED: "progress",
    State.DECLINED: "declined",
    State.WITHDRAWN: "na",
    State.COMPLETED: "ok",
}
GROUND_WORDS: Mapping[Ground, str] = {
    Ground.SIS: "The SIS of the district that asks shows the student enrolled there.",
    Ground.ATTESTED: "A named person of the district that asks attests the intent to enroll the student.",
    Ground.RELEASED: "The district that has the record has released it.",
    Ground.ACCEPTED: "The district that has the record has accepted the transfer.",
    Ground.NONE: "",
}


def state_mark(transfer: StudentTransfer) -> tuple[str, str]:
    state = State(transfer.state)
    return STATE_KINDS[state], STATE_WORDS[state]


def age_of(transfer: StudentTransfer) -> int:
    """Days since it was asked for, up to its end."""
    last = clock.day_of(transfer.ended_at) if transfer.ended_at else clock.today()
    return (last - clock.day_of(transfer.asked_at)).days


def turn_of(transfer: StudentTransfer, names: Mapping[str, str]) -> str:
    """Who has to act next, by name."""
    if not transfer.is_open:
        return ""
    side = whose_turn(State(transfer.state))
    if side is Side.SELPA:
        return f"SELPA of {names.get(transfer.sending_code, transfer.sending_code)}"
    code = transfer.receiving_code if side is Side.RECEIVER else transfer.sending_code
    return names.get(code, code)


def age_words(transfer: StudentTransfer) -> str:
    days = age_of(transfer)
    return "today" if days == 0 else plural(days, "day")


def sections_of(
    document: Mapping[str, Any], names: Mapping[str, str]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The document as (title, rows), each row as (days, words); newest first."""
    return [
        (words, [(days_of(row), row_words(key, row, names)) for row in _newest_first(document[key])])
        for key, words in SECTION_WORDS.items()
    ]


def _newest_first(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: row.get("from") or row.get("held_on") or "", reverse=True)


def days_of(row: Mapping[str, Any]) -> str:
    if "held_on" in row:
        return _us(row["held_on"])
    return f"{_us(row['from'])} to {_us(row['to'])}" if row["to"] else f"from {_us(row['from'])}"


def _us(day: str) -> str:
    return us_date(date.fromisoformat(day))


def _label(name: str, code: str) -> str:
    return code_set(name).label(code) if code else ""


def row_words(section: str, row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """One row of a document in words."""

    def at(key: str = "lea_code") -> str:
        return names.get(row[key], row[key])

    if section == "ssids":
        parts = [row["ssid"]]
    elif section == "enrollments":
        parts = [at(), names.get(row["school_code"], row["school_code"])]
        parts += [f"grade {row['grade_code']}" if row["grade_code"] else ""]
        parts += [_label("StudentExitCategory", row["exit_reason_code"])]
    elif section == "statuses":
        parts = [_label("SpecialEducationStatus", row["status_code"]), f"reported by {at()}"]
        parts += [_label("NonParticipationReason", row["reason_code"])]
    elif section == "plans":
        parts = [
            _label("EducationPlanType", row["plan_type_code"]),
            _label("Disability", row["disability_1_code"]),
        ]
        parts += [_label("Disability", row["disability_2_code"])]
        parts += [_label("ProgramSetting", row["program_setting_code"])]
        parts += [
            f"{row['general_education_percent']} % general education"
            if row["general_education_percent"]
            else ""
        ]
        parts += [f"reported by {at()}"]
    elif section == "services":
        parts = [_label("Service", row["service_code"])]
        parts += [f"{row['duration_minutes']} minutes" if row["duration_minutes"] else ""]
        parts += [_label("ServiceFrequency", row["frequency_code"])]
        parts += [f"reported by {at()}"]
    elif section == "meetings":
        parts = [_event(row), _label("EligibilityOutcome", row["outcome_code"]), f"held by {at()}"]
        parts += [_label("MeetingDelay", row["delay_code"])]
    elif section == "people":
        parts = [row["name"], row["relation"], row["language"]]
        parts += [
            "confidential: how to reach this person is withheld" if row["confidential_code"] else row["phone"]
        ]
    else:
        kind = KINDS.get(row["kind_code"])
        parts = [f"Person {row['contact_no']}", kind.label if kind else row["kind_code"], row["limitation"]]
    return ", ".join(part for part in parts if part)


def identity_differences(document: Mapping[str, Any], student: Student) -> list[tuple[str, str, str]]:
    """What a document says of the person otherwise than the record, as (what, there, here); a blank there says
    nothing."""
    told = document["student"]
    names = ("first_name", "middle_name", "last_name", "suffix")
    born = told["birth_on"]
    pairs = {
        "name": tuple(
            " ".join(filter(None, one))
            for one in ([told[n] for n in names], [getattr(student, n) for n in names])
        ),
        "birth_on": (_us(born) if born else "", us_date(student.birth_on) if student.birth_on else ""),
        "gender_code": (_label("Gender", told["gender_code"]), _label("Gender", student.gender_code)),
    }
    return [(LABELS[key], there, here) for key, (there, here) in pairs.items() if there and there != here]


def _event(row: Mapping[str, Any]) -> str:
    if row["event_key"] in EVENTS:
        return EVENTS[row["event_key"]].label
    words = {"initial": "Initial evaluation", "reevaluation": "Reevaluation", "pending": "Pending evaluation"}
    if row["event_key"] in words:
        return words[row["event_key"]]
    return "Annual plan review" if row["is_plan_review"] else "Meeting"


def agency_codes_of(document: Mapping[str, Any]) -> set[str]:
    keys = ("lea_code", "school_code", "nps_code", "dsea_code")
    return {row[key] for name in SECTION_WORDS for row in document[name] for key in keys if row.get(key)}
