"""What the meeting page shows, ready for its templates: steps, fields beside what is in force, findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from manzanita.domain.access import Actor
from manzanita.domain.codes import CodeSet, code_set
from manzanita.domain.fields import FIELDS, FieldDeclaration
from manzanita.domain.findings import Finding, Severity
from manzanita.domain.scenarios import EVENTS
from manzanita.domain.setting_choices import PROGRAM_SETTING, Choice, grouped
from manzanita.meetings.models import Answer, Meeting
from manzanita.meetings.queries import (
    Proposal,
    ProposedField,
    ProposedService,
    event_label,
    proposal_of,
)
from manzanita.orgs.queries import nonpublic_agencies
from manzanita.platform import clock
from manzanita.procedures.finalize import offer_findings
from manzanita.students.queries import StudentFacts, facts_of

SECTIONS: Mapping[str, str] = {
    "eligibility": "Eligibility",
    "placement": "Placement and setting",
    "transition": "Transition",
    "other": "Other",
}
STEPS: Mapping[str, str] = {**SECTIONS, "services": "Services", "hold": "Hold", "answer": "Family's answer"}
NPA_FIELD = "25.05"


@dataclass(frozen=True, slots=True)
class Offered:
    """One finding of the offer with its place on the page. ``field_key`` is empty where no field mends it."""

    finding: Finding
    step: str
    field_key: str
    service: int | None

    @property
    def severity(self) -> str:
        """Severity in the words of the kit's finding."""
        return {
            Severity.FATAL: "fatal",
            Severity.WARNING: "warn",
            Severity.NOT_EVALUATED: "unevaluated",
            Severity.INFO: "ok",
        }[self.finding.severity]


@dataclass(frozen=True, slots=True)
class FieldView:
    """One control. ``options`` is None for a text control; ``findings`` are those that name the field."""

    key: str
    number: str
    label: str
    help: str
    doubt: str
    blank: str
    value: str
    current: str
    revision: int
    is_changed: bool
    has_force: bool
    options: Sequence[Choice] | Mapping[str, Sequence[Choice]] | None
    findings: Sequence[Finding]
    by_name: str
    at: datetime | None

    @property
    def id(self) -> str:
        return control_id(self.key)


@dataclass(frozen=True, slots=True)
class Desk:
    """One meeting with everything its page reads, gathered once for each request."""

    meeting: Meeting
    facts: StudentFacts
    proposal: Proposal
    offered: Sequence[Offered]

    @property
    def title(self) -> str:
        return event_label(self.meeting)

    def count(self, severity: Severity) -> int:
        return sum(offered.finding.severity == severity for offered in self.offered)

    def at_field(self, key: str) -> list[Finding]:
        """Findings that name this field of the form."""
        number = key.partition(".")[2] if key.startswith("plan.") else key.split(".", 2)[2]
        service = int(key.split(".")[1]) if key.startswith("service.") else None
        return [
            offered.finding
            for offered in self.offered
            if number in offered.finding.fields and offered.service == service
        ]

    def step_url(self, step: str, service: int | None = None, anchor: str = "") -> str:
        return step_url(self.meeting, step, service, anchor)

    def finding_url(self, offered: Offered) -> str:
        anchor = control_id(offered.field_key) if offered.field_key else ""
        return self.step_url(offered.step, offered.service, anchor) if offered.step else ""

    @property
    def next_service_no(self) -> int:
        """The number that a service gets which is added from this page."""
        known = {service.service_no for service in self.facts.services}
        return max(known | {service.number for service in self.proposal.services}, default=0) + 1

    def has_force(self, key: str) -> bool:
        """Whether anything is in force that the field of this key is offered over. An initial offers a first plan."""
        if EVENTS[self.meeting.event_key].is_initial:
            return False
        if not key.startswith("service."):
            return self.facts.plan_on(clock.today()) is not None
        service = self.service(int(key.split(".")[1]))
        return service is not None and service.current is not None

    def service(self, number: int) -> ProposedService | None:
        return next((service for service in self.proposal.services if service.number == number), None)

    @property
    def shown_services(self) -> list[ProposedService]:
        return [service for service in self.proposal.services if not service.is_withdrawn]

    @property
    def withdrawn_services(self) -> list[ProposedService]:
        return [service for service in self.proposal.services if service.is_withdrawn]


def desk_of(actor: Actor, meeting: Meeting) -> Desk:
    """Read one meeting in the actor's scope with its proposal and what the rules say of it."""
    facts = facts_of(meeting.student)
    today = clock.today()
    proposal = proposal_of(meeting, facts.plan_on(today), facts.services_on(today))
    found = offer_findings(actor, meeting, facts, proposal)
    order = [Severity.FATAL, Severity.WARNING, Severity.NOT_EVALUATED, Severity.INFO]
    found.sort(key=lambda finding: (order.index(finding.severity), finding.code))
    return Desk(meeting, facts, proposal, [_placed(finding, proposal) for finding in found])


def step_url(meeting: Meeting, step: str, service: int | None = None, anchor: str = "") -> str:
    """The address of one step of a meeting, of one service in it, or of one control."""
    query = {"step": step} | ({"service": service} if service else {})
    address = reverse("meeting", args=[meeting.public_id])
    return f"{address}?{urlencode(query)}{'#' + anchor if anchor else ''}"


def control_id(key: str) -> str:
    """``plan.23.20`` as an HTML id without dots: ``f-plan-23-20``."""
    return "f-" + key.replace(".", "-")


def _placed(finding: Finding, proposal: Proposal) -> Offered:
    if finding.record == "MEET":
        return Offered(finding, "hold", "", None)
    number = next((number for number in finding.fields if number in FIELDS), "")
    if finding.record == "SERV":
        service = _service_of(finding.record_key, proposal)
        key = f"service.{service}.{number}" if service and number else ""
        return Offered(finding, "services", key, service)
    if number.startswith("23."):
        return Offered(finding, step_of(FIELDS[number]), f"plan.{number}", None)
    # A plan rule about no plan field is about its services (PLAN0679E1).
    return Offered(finding, "services" if finding.record == "PLAN" else "", "", None)


def _service_of(record_key: str, proposal: Proposal) -> int | None:
    wanted = record_key.split("|")[-3:]
    for service in proposal.services:
        if service.offer != "remove" and wanted == [service.value(n) for n in ("25.11", "25.12", "25.13")]:
            return service.number
    return None


def step_of(declaration: FieldDeclaration) -> str:
    """The step of the page that shows a field."""
    titles = {title: key for key, title in SECTIONS.items()}
    return titles.get(declaration.section, "services")


def section_fields(desk: Desk, step: str) -> list[FieldView]:
    """The plan fields of one step, in the state's order."""
    return [
        field_view(desk, field) for field in desk.proposal.plan_fields if step_of(field.declaration) == step
    ]


def service_fields(desk: Desk, service: ProposedService) -> list[FieldView]:
    return [field_view(desk, field) for field in service.fields]


def fields_of(proposal: Proposal) -> Iterator[ProposedField]:
    """Every field of the form that can be answered."""
    yield from proposal.plan_fields
    for service in proposal.services:
        yield from service.fields


def field_view(desk: Desk, field: ProposedField) -> FieldView:
    declaration = field.declaration
    return FieldView(
        key=field.key,
        number=declaration.number,
        label=declaration.label,
        help=declaration.help,
        doubt=doubt_of(declaration.codes, field.proposed),
        blank=f"Blank: {declaration.blank_when}" if declaration.blank_when else "Blank",
        value=field.proposed,
        current=declaration.label_of(field.current),
        revision=field.revision,
        is_changed=field.is_changed,
        has_force=desk.has_force(field.key),
        options=_offered_options(desk, field),
        findings=desk.at_field(field.key),
        by_name=field.answer.by_name if field.answer else "",
        at=field.answer.at if field.answer else None,
    )


def doubt_of(codes: CodeSet | None, value: str) -> str:
    """What is said beside a field whose chosen code no public state source prints; empty text for any other."""
    known = codes.codes.get(value) if codes else None
    return "" if known is None or known.is_confirmed else f"No public state source prints the code {value}."


def _offered_options(
    desk: Desk, field: ProposedField
) -> Sequence[Choice] | Mapping[str, Sequence[Choice]] | None:
    """The codes of a field; of the program setting in two groups, by the student's age and the type of plan."""
    declaration = field.declaration
    options = _options(declaration, field.current, field.proposed)
    if options is None or declaration.number != PROGRAM_SETTING:
        return options
    plan_type = next(
        (one.proposed for one in desk.proposal.plan_fields if one.declaration.number == "23.11"), ""
    )
    return grouped(
        options,
        plan_type=plan_type,
        born=desk.meeting.student.birth_on,
        on=desk.meeting.held_on or clock.today(),
    )


def _options(declaration: FieldDeclaration, *kept: str) -> list[tuple[str, str]] | None:
    """Codes that may be chosen; the value in force and the value offered stay, whatever they are."""
    if declaration.number == NPA_FIELD:
        options = [(agency.npa_id, agency.name) for agency in nonpublic_agencies()]
        unknown = "not in the list of agencies"
    elif declaration.codes is not None:
        options = [(code.code, code.label) for code in declaration.codes.current()]
        unknown = "not in the code set"
    else:
        return None
    known = {code for code, _ in options}
    for value in dict.fromkeys(kept):
        if value and value not in known:
            retired = declaration.codes.codes.get(value) if declaration.codes else None
            options.insert(0, (value, f"{retired.label} (retired)" if retired else unknown))
    return options


def referring_parties() -> list[tuple[str, str]]:
    """Who may have referred a child, as (code, name)."""
    return [(code.code, code.label) for code in code_set("ReferringParty").current()]


def answered_fields(answers: Mapping[str, Answer]) -> list[tuple[str, str, Answer]]:
    """The answers of a closed meeting: name of the field, value in words, answer; in the order of the form."""
    rows = []
    for key, answer in sorted(answers.items()):
        subject, _, number = key.partition(".")
        service, _, number = number.partition(".") if subject == "service" else ("", "", number)
        prefix = f"Service {service}, " if service else ""
        declared = FIELDS.get(number)
        if declared is None:
            rows.append((f"{prefix}offer", answer.value, answer))
        else:
            rows.append((f"{prefix}{declared.label}", declared.label_of(answer.value) or "blank", answer))
    return rows
