"""What the rules say of a plan on paper, as its lines would stand here from the first day.

It is said in the same round as what is wrong with the form, so that nobody mends one thing only to be told the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from manzanita.arrivals.models import Arrival
from manzanita.domain.access import Actor
from manzanita.domain.changes import CHANGES
from manzanita.domain.dates import years_after
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS
from manzanita.domain.findings import Finding, Severity
from manzanita.exchange.checks import check_lines, lacks_only_ssid
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import meeting_of
from manzanita.procedures.lines import FutureService, LineWriter
from manzanita.procedures.paper_plan import PaperPlan
from manzanita.students.actions import local_sped_id_for
from manzanita.students.queries import facts_of

_PLAN_NAMES = {one.number: one.attribute for one in PLAN_FIELDS}
_SERVICE_NAMES = {one.number: one.attribute for one in SERVICE_FIELDS}


@dataclass(frozen=True, slots=True)
class PaperFinding:
    """One thing that the rules say. ``names`` are the fields of the form that it is about, perhaps none."""

    finding: Finding
    names: tuple[str, ...]

    @property
    def is_fatal(self) -> bool:
        return self.finding.severity is Severity.FATAL


@dataclass(frozen=True, slots=True)
class Old:
    """A day on the paper that lies further back than the law lets a plan stand."""

    name: str
    text: str
    source: str


def paper_findings(actor: Actor, arrival: Arrival, told: PaperPlan) -> list[PaperFinding]:
    """Fatal findings and warnings of the plan and its services, the fatal ones first. Nothing is stored."""
    student, first = arrival.student, arrival.enrolled_on
    student.local_sped_id = student.local_sped_id or local_sped_id_for(student)
    change = CHANGES["adopt"]
    writer = LineWriter(
        actor,
        meeting_of(actor, student, Asked("adopt", on=first)),
        change.event,
        change.outcome,
        facts_of(student),
        source="the plan on paper",
    )
    plan = {one.attribute: told.plan.get(one.attribute, "") for one in PLAN_FIELDS}
    services = [
        FutureService(number, {one.attribute: service.get(one.attribute, "") for one in SERVICE_FIELDS})
        for number, service in enumerate(told.services, 1)
    ]
    lines = list(writer.service_lines(services, first))
    number_of = {draft.key: one.number for draft, one in zip(lines, services, strict=True)}
    drafts = [writer.plan_line(None, plan, first), *lines]
    found = check_lines(student.pk, [(one.key, one.values) for one in drafts])
    said = [
        PaperFinding(one, _names(one, number_of))
        for key in dict.fromkeys(draft.key for draft in drafts)
        for one in found.get(key, ())
        if one.severity in (Severity.FATAL, Severity.WARNING) and not lacks_only_ssid(one)
    ]
    return sorted(said, key=lambda one: not one.is_fatal)


def _names(finding: Finding, number_of: Mapping[str, int]) -> tuple[str, ...]:
    if finding.record == "PLAN":
        return tuple(_PLAN_NAMES[number] for number in finding.fields if number in _PLAN_NAMES)
    number = number_of.get(finding.record_key, 1)
    return tuple(f"service_{number}_{_SERVICE_NAMES[one]}" for one in finding.fields if one in _SERVICE_NAMES)


def too_old(told: PaperPlan, first: date) -> Iterator[Old]:
    """What was overdue already on the first day here."""
    for name, day, years, words, source in (
        ("reviewed_on", told.reviewed_on, 1, "plan review", "EC 56343(d)"),
        ("evaluated_on", told.evaluated_on, 3, "evaluation", "34 CFR 300.303(b)(2)"),
    ):
        if day is not None and years_after(day, years) < first:
            much = "a year" if years == 1 else "three years"
            yield Old(
                name,
                f"The {words} of {day:%m/%d/%Y} was more than {much} old when the student came on "
                f"{first:%m/%d/%Y}: the next one is overdue, or the day is another one.",
                source,
            )
