"""Who owns a field of the record, and how it is changed: the ways with their pages, or why a reader may not go them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from manzanita.archive.models import ArchivedRecord
from manzanita.domain.access import PERMISSIONS, Capability, decide
from manzanita.domain.changes import CHANGES
from manzanita.domain.fields import FieldDeclaration, Ownership
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.record_fields import IDENTIFICATION, NEXT_YEAR, POSTSECONDARY, STATUS
from manzanita.domain.scenarios import EVENTS, PARTICIPATING
from manzanita.meetings.queries import event_label, reasons_not_to_open
from manzanita.procedures.change_reasons import SETTING_FIELDS
from manzanita.procedures.correct import CORRECTABLE
from manzanita.procedures.correct_evaluation import EVALUATION_FIELDS, why_not_offered
from manzanita.procedures.residence import why_not_say
from manzanita.students.amending import closed_in
from manzanita.web.reasons_told import Refused, grouped, ways_on_record, why_way
from manzanita.web.record_layers import newest
from manzanita.web.record_meetings import newest_record
from manzanita.web.step_links import said_left
from manzanita.web.student_file import StudentFile
from manzanita.web.student_status import standing_in

SENTENCES = {
    Ownership.SIS: "It changes with the next file of the SIS; the SIS staff corrects it there.",
    Ownership.MEETING: "The team decides, the family agrees, and it changes when the meeting is finalized.",
    Ownership.OFFICE: "The office changes it, with a reason and from the day that is entered.",
    Ownership.COMPUTED: "Nobody types it: it follows from something else.",
}
CONFIDENCES = {
    "seen": "A public page of the state prints this field.",
    "confirmed": "The state's own workbook has this field.",
    "inferred": "No public page of the state prints this position. It is taken from what stands around it.",
    "provisional": "Sources disagree about this field, or only name it.",
    "unverified": "It is taken from files of others, and no page of the state was seen.",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to change a field: a page, or the reasons why the reader may not go it."""

    label: str
    text: str
    url: str = ""
    reasons: tuple[Reason, ...] = ()


def ownership_of(file: StudentFile, declared: FieldDeclaration, slot: str) -> dict[str, Any]:
    """What the page of a field says of who owns it. ``slot`` is the number of a service or the kind of a meeting."""
    ways = list(_ways(file, declared, slot))
    return {
        "word": str(declared.ownership),
        "sentence": SENTENCES[declared.ownership],
        "rule": declared.rule,
        "help": declared.help,
        "blank_when": declared.blank_when,
        "ways": [one for one in ways if one.url],
        "refused": _refused(file, [one for one in ways if not one.url]),
        "confidence": CONFIDENCES.get(declared.layout_field.confidence, "") if declared.number else "",
        "is_confirmed": not declared.number or declared.layout_field.is_confirmed,
    }


def _refused(file: StudentFile, ways: list[Way]) -> list[Refused]:
    meeting = file.open_meeting
    path = reverse("meeting", args=[meeting.public_id]) if meeting else ""
    mended = ways_on_record(file.actor, file.student, path, ask=file.ask)
    # Where what would be archived is decided.
    mended["nothing-archived"] = mended["own-plan"]
    return grouped(((one.label, one.reasons) for one in ways), mended, why_way(file.student))


def _ways(file: StudentFile, declared: FieldDeclaration, slot: str) -> Iterator[Way]:
    if declared.section == POSTSECONDARY:
        return
    if declared.holder == "residence":
        yield _residence(file)
        return
    if declared.ownership is Ownership.SIS:
        yield Way(
            "Enrollments, and the message to the SIS staff",
            "What the SIS says beside our dates, and the words for its staff.",
            reverse("student_enrollments", args=[file.student.public_id]),
        )
        return
    if declared.ownership is Ownership.MEETING:
        yield _meeting_way(file)
    closed = closed_in(file.facts, file.lea_code)
    if declared.section == NEXT_YEAR or (declared.section == IDENTIFICATION and not declared.rule):
        yield _office(
            file,
            "Batch edit, of one student or many",
            "Looked at first, and taken back together.",
            reverse("batch_new"),
            Capability.ASSIGN_STUDENTS
            if declared.section == NEXT_YEAR and declared.holder != "next_setting"
            else Capability.CORRECT_RECORD,
            closed,
        )
    for key in _changes_of(declared):
        yield _office(
            file,
            CHANGES[key].label,
            f"{CHANGES[key].purpose} With its day and a reason.",
            reverse("change", args=[file.student.public_id, key]),
            Capability.CORRECT_RECORD,
            closed,
        )
    if declared.section == STATUS and not declared.rule:
        yield _office(
            file,
            "Leaving special education",
            "Why and when the student leaves: what the state is told follows.",
            reverse("leaving", args=[file.student.public_id]),
            Capability.CORRECT_RECORD,
            closed,
        )
    yield from _correction(file, declared, slot, closed)


def _changes_of(declared: FieldDeclaration) -> tuple[str, ...]:
    """Keys of the changes without a meeting that change the field."""
    if declared.section == STATUS and not declared.rule:
        return ("status",)
    return ("setting",) if declared in SETTING_FIELDS else ()


def _residence(file: StudentFile) -> Way:
    """Where the SIS says it, the SIS staff does; else the office of the LEA that has the student."""
    reasons = tuple(why_not_say(file.actor, file.facts, file.agencies))
    url = "" if reasons else reverse("residence", args=[file.student.public_id])
    return Way(
        "Say where the student lives",
        "With its day and a reason; taken back where it was wrong.",
        url,
        reasons,
    )


def _office(
    file: StudentFile, label: str, text: str, url: str, capability: Capability, closed: Sequence[Reason]
) -> Way:
    reasons = tuple(_against(file, capability, closed))
    return Way(label, text, "" if reasons else url, reasons)


def _against(file: StudentFile, capability: Capability, closed: Sequence[Reason]) -> Iterator[Reason]:
    decision = decide(file.actor, capability)
    if not decision:
        yield from decision.because
    elif file.lea_code != file.actor.agency_code:
        yield Reason(
            "other-agency",
            f"The record is {file.agency_name(file.lea_code)}'s.",
            Owner.COORDINATOR,
            "Ask the SEDS coordinator there.",
            source=PERMISSIONS,
        )
    else:
        yield from closed


def _meeting_way(file: StudentFile) -> Way:
    """The open meeting, or the event that would change the field."""
    meeting = file.open_meeting
    may_hold = file.actor.may(Capability.HOLD_MEETING)
    if meeting is not None and may_hold:
        label = event_label(meeting)
        return Way(
            f"Continue {label[0].lower()}{label[1:]}",
            "It is open and may change the field: its offer stands under Proposed.",
            reverse("meeting", args=[meeting.public_id]),
        )
    status = file.facts.status_on(file.today)
    takes_part = status is not None and status.status_code == PARTICIPATING
    event = EVENTS["amendment" if takes_part else "b_initial"]
    reasons = reasons_not_to_open(
        file.actor,
        event,
        file.facts,
        file.open_anywhere,
        lea=file.lea_code,
        today=file.today,
        meeting_path=reverse("meeting", args=[meeting.public_id]) if meeting else "",
        said_left=said_left(standing_in(file).left_unsaid, file.student),
    )
    label = f"Open {event.label[0].lower()}{event.label[1:]}"
    text = "Or any other meeting of the team that decides on it."
    url = "" if reasons else reverse("meeting_new", args=[file.student.public_id])
    return Way(label, text, url, tuple(reasons))


def _correction(
    file: StudentFile, declared: FieldDeclaration, slot: str, closed: Sequence[Reason]
) -> Iterator[Way]:
    """The correction of what was archived, with the field in its first place."""
    if not declared.number:
        return
    record = {"22": "SWDS", "23": "PLAN", "24": "MEET", "25": "SERV"}.get(
        declared.number.partition(".")[0], ""
    )
    if declared.number not in CORRECTABLE.get(record, ()):
        return
    row = _archived(file, record, slot)
    label, text = (
        "Correct what was archived",
        "Where it was entered wrongly: with a reason, and the state is told.",
    )
    reasons = tuple(_against(file, Capability.CORRECT_RECORD, closed))
    if row is None and not reasons:
        reasons = (
            Reason(
                "nothing-archived",
                "Nothing is archived of it yet, so there is nothing to correct.",
                Owner.TEAM,
                "It is archived when the meeting is finalized or the change is recorded.",
                source="Corrected is what was archived",
            ),
        )
    if row is not None and not reasons and declared.number in EVALUATION_FIELDS:
        against = why_not_offered(row.values)
        reasons = (against,) if against else ()
    url = f"{reverse('correct', args=[row.pk])}?field={declared.number}" if row and not reasons else ""
    yield Way(label, text, url, reasons)


def _archived(file: StudentFile, record: str, slot: str) -> ArchivedRecord | None:
    """The archived record that has the field now."""
    found: ArchivedRecord | None = None
    if record == "MEET":
        found = newest_record(file.should, slot)
    elif record == "SERV":
        service = next((s for s in file.facts.services_on(file.today) if s.service_no == int(slot)), None)
        plan = newest(file.should, "PLAN")
        of_plan = [row for row in file.should if row.record == "SERV" and plan and row.key_on == plan.key_on]
        if service is not None:
            found = next((r for r in of_plan if r.values["25.11"] == service.service_code), None)
    else:
        found = newest(file.should, record)
    return found
