"""The Record tab: every field of plan and services with its layers, and the dates that hang on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.urls import reverse

from manzanita.archive.models import ArchivedRecord
from manzanita.domain.codes import code_set
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS, FieldDeclaration
from manzanita.domain.findings import Owner
from manzanita.domain.records import parse_state_date
from manzanita.meetings.queries import Proposal, ProposedService, proposal_of
from manzanita.students.models import Service
from manzanita.ui.formats import us_date
from manzanita.web.student_file import StudentFile

Group = dict[str, Any]

# Where the history of a row that is no field of plan or service is kept; see ``web.field_history``.
HISTORIES = {
    "Plan effective start": "plan.effective_from",
    "Last plan review": "clock.last_plan_review_on",
    "Next plan review due": "clock.plan_review_due_on",
    "Last evaluation": "clock.last_evaluation_on",
    "Next triennial due": "clock.evaluation_due_on",
    "Initial entry start": "status.initial_entry_on",
    "District enrollment": "enrollment.started_on",
    "SSID": "ssid.ssid",
    "Local student ID": "enrollment.local_student_id",
    "Local special education ID": "clock.local_sped_id",
    "Reporting LEA": "enrollment.lea_code",
    "School": "enrollment.school_code",
    "Grade": "enrollment.grade_code",
    "District of special education accountability": "plan.dsea_code",
}


def groups_of(file: StudentFile) -> list[Group]:
    """Groups of rows for the layers table: eligibility and so on, one for each service, dates, identification.

    A layer that says the same as the current value is ``None``. Without a plan only dates and identification.
    """
    proposal = None
    services = file.facts.services_on(file.today)
    if file.open_meeting is not None:
        proposal = proposal_of(file.open_meeting, file.plan, services, read=(file.answers, file.decisions))
    groups = []
    if file.plan is not None or proposal is not None:
        groups += _plan_groups(file, proposal)
        groups += _service_groups(file, services, proposal)
    groups += [_dates(file), _identification(file)]
    for group in groups:
        for row in group["rows"]:
            key = row.pop("key", "") or HISTORIES[row["field"]]
            row["history"] = reverse("field_history", args=[file.student.public_id, key])
    return groups


def newest_archived(file: StudentFile, record: str) -> ArchivedRecord | None:
    """The standing archived record of one kind with the newest key date."""
    return max((r for r in file.should if r.record == record), key=lambda r: r.key_on, default=None)


def _missing(file: StudentFile, record: str) -> set[str]:
    """Blank fields that an open finding names."""
    return {
        number
        for finding in file.findings
        if finding.record == record
        for number, value in finding.values.items()
        if value == ""
    }


def _row(
    declared: FieldDeclaration,
    slot: str,
    current: str,
    pending: str | None,
    archived: str | None,
    missing: bool,
) -> Group:
    return {
        "key": f"{slot}.{declared.attribute}",
        "field": declared.label,
        "number": declared.number,
        "current": declared.label_of(current),
        "pending": None if pending in (None, current) else declared.label_of(pending or ""),
        "archived": None if archived in (None, current) else declared.label_of(archived or ""),
        "owner": str(declared.owner),
        "missing": missing,
    }


def _plan_groups(file: StudentFile, proposal: Proposal | None) -> list[Group]:
    pending = {f.declaration.number: f.proposed for f in proposal.plan_fields} if proposal else {}
    archived = newest_archived(file, "PLAN")
    missing = _missing(file, "PLAN")
    sections: dict[str, list[Group]] = {}
    for declared in PLAN_FIELDS:
        current = getattr(file.plan, declared.attribute, "") or ""
        sections.setdefault(declared.section, []).append(
            _row(
                declared,
                "plan",
                current,
                pending.get(declared.number),
                archived.values[declared.number] if archived else None,
                declared.number in missing,
            )
        )
    return [{"title": section, "rows": rows} for section, rows in sections.items()]


def _service_groups(file: StudentFile, services: Sequence[Service], proposal: Proposal | None) -> list[Group]:
    offers: Mapping[int, ProposedService] = {s.number: s for s in proposal.services} if proposal else {}
    newest = max((r.key_on for r in file.should if r.record == "SERV"), default=None)
    archived = [r for r in file.should if r.record == "SERV" and r.key_on == newest]
    missing = _missing(file, "SERV")
    words = {"add": "offered in the open meeting", "remove": "ends by the offer"}
    groups = []
    by_number = {service.service_no: service for service in services}
    for number in sorted({*by_number, *offers}):
        service, offer = by_number.get(number), offers.get(number)
        code = service.service_code if service else offer.value("25.11") if offer else ""
        match = next((r for r in archived if service and r.values["25.11"] == code), None)
        pending = {f.declaration.number: f.proposed for f in offer.fields} if offer else {}
        note = words.get(offer.offer, "") if offer else ""
        if match is not None:
            archived.remove(match)
        rows = [
            _row(
                declared,
                f"service-{number}",
                getattr(service, declared.attribute, "") or "",
                pending.get(declared.number),
                match.values[declared.number] if match else None,
                declared.number in missing and not getattr(service, declared.attribute, ""),
            )
            for declared in SERVICE_FIELDS
        ]
        title = f"Service {code_set('Service').label(code)}"
        groups.append({"title": f"{title}, {note}" if note else title, "rows": rows})
    return groups


def _plain(
    field: str,
    number: str,
    current: date | str | None,
    owner: str,
    pending: date | None = None,
    archived: date | None = None,
) -> Group:
    shown = us_date(current) if isinstance(current, date) else current
    return {
        "field": field,
        "number": number,
        "current": shown or "",
        "pending": us_date(pending) if pending and pending != current else None,
        "archived": us_date(archived) if archived and archived != current else None,
        "owner": owner,
    }


def _dates(file: StudentFile) -> Group:
    student, meeting = file.student, file.open_meeting
    held = meeting.held_on if meeting else None
    plan_row, swds_row = newest_archived(file, "PLAN"), newest_archived(file, "SWDS")
    status = file.facts.status_on(file.today)
    initial = swds_row.values["22.10"] if swds_row else ""
    team, sis = str(Owner.TEAM), str(Owner.SIS)
    return {
        "title": "Dates",
        "rows": [
            _plain(
                "Plan effective start",
                "23.12",
                file.plan.effective_from if file.plan else None,
                "Meeting",
                archived=plan_row.key_on if plan_row else None,
            ),
            _plain(
                "Last plan review",
                "24.15, review Y",
                student.last_plan_review_on,
                "Meeting",
                pending=held if meeting and meeting.is_plan_review else None,
            ),
            _plain("Next plan review due", "clock", student.plan_review_due_on, team),
            _plain(
                "Last evaluation",
                "24.15, type 40",
                student.last_evaluation_on,
                "Meeting",
                pending=held if meeting and meeting.evaluation_type_code == "40" else None,
            ),
            _plain("Next triennial due", "clock", student.evaluation_due_on, team),
            _plain(
                "Initial entry start",
                "22.10",
                status.initial_entry_on if status else None,
                "Fixed once set",
                archived=parse_state_date(initial) if initial else None,
            ),
            _plain(
                "District enrollment", "1.22", file.enrollment.started_on if file.enrollment else None, sis
            ),
        ],
    }


def _identification(file: StudentFile) -> Group:
    enrollment, plan = file.enrollment, file.plan
    sis, clerk = str(Owner.SIS), str(Owner.CLERK)
    rows = [
        _plain("SSID", "1.08", file.facts.ssid, sis),
        _plain("Local student ID", "1.09", enrollment.local_student_id if enrollment else "", sis),
        _plain("Local special education ID", "22.08", file.student.local_sped_id, clerk),
        _plain("Reporting LEA", "1.04", file.agency(enrollment.lea_code) if enrollment else "", sis),
        _plain("School", "1.05", file.school_of(enrollment) if enrollment else "", sis),
        _plain("Grade", "1.24", enrollment.grade_code if enrollment else "", sis),
        _plain(
            "District of special education accountability",
            "23.10",
            file.agency(plan.dsea_code) if plan and plan.dsea_code else "",
            clerk,
        ),
    ]
    return {"id": "identification", "title": "Identification and enrollment", "rows": rows}
