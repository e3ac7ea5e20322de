"""The state's lines that a meeting leads to, each value with its origin in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from manzanita.archive.actions import RecordDraft
from manzanita.domain import records
from manzanita.domain.access import Actor
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS
from manzanita.domain.records import state_date
from manzanita.domain.scenarios import Event, Outcome, StatusDue
from manzanita.domain.years import academic_year_of
from manzanita.meetings.models import Meeting
from manzanita.platform import clock
from manzanita.students.models import Plan
from manzanita.students.queries import StudentFacts

# Text of a field with where it came from.
_Values = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FutureService:
    """A service of the plan to come; ``values`` by attribute of ``SERVICE_FIELDS``."""

    number: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LineWriter:
    """Writes the lines of one meeting over the facts in force today. A change without a meeting (``source``) has
    one that is not stored."""

    actor: Actor
    meeting: Meeting
    event: Event
    outcome: Outcome
    facts: StudentFacts
    source: str = "this meeting"

    def status_line(self, status: StatusDue, starts_on: date, *, consented_on: date | None) -> RecordDraft:
        """SWDS of ``status`` from ``starts_on``; ``consented_on`` is the first consent to services."""
        by_outcome = f"the outcome: {self.outcome.label.lower()}"
        return _draft(
            "SWDS",
            {
                "22.01": ("SWDS", "the record type"),
                "22.04": (self.meeting.lea_code, f"the district of {self.source}"),
                "22.05": (academic_year_of(starts_on), "the academic year of the status's start"),
                **self._person("22.06", "22.07", "22.08"),
                "22.09": (self.actor.selpa_code, "the SELPA of the district"),
                "22.10": (state_date(consented_on), "the first consent to services"),
                "22.11": (state_date(starts_on), status.starts.value),
                "22.12": (status.code, by_outcome),
                "22.13": (status.reason_code, by_outcome),
            },
        )

    def meeting_line(self, held_on: date) -> RecordDraft:
        """MEET for a meeting held on ``held_on``."""
        by_event = f"the event: {self.event.label.lower()}"
        return _draft(
            "MEET",
            {
                "24.01": ("MEET", "the record type"),
                "24.04": (self.meeting.lea_code, f"the district of {self.source}"),
                "24.05": (academic_year_of(held_on), "the academic year of the meeting date"),
                **self._person("24.06", "24.07", "24.08"),
                "24.09": (self.actor.selpa_code, "the SELPA of the district"),
                "24.11": (state_date(self.meeting.referred_on), "the referral, given when it was opened"),
                "24.12": (self.meeting.referred_by_code, "the referral, given when it was opened"),
                "24.13": (state_date(self.meeting.consent_on), "the consent to evaluate"),
                "24.14": (self.meeting.evaluation_type_code, by_event),
                "24.15": (state_date(held_on), "the day the meeting was held"),
                "24.16": (self.outcome.eligibility_code, f"the outcome: {self.outcome.label.lower()}"),
                "24.17": ("Y" if self.meeting.is_plan_review else "N", by_event),
                "24.18": (self.meeting.delay_code, "the reason of delay, given when the meeting was held"),
            },
        )

    def pending_line(self, as_of: date, delay_code: str) -> RecordDraft:
        """MEET of an initial evaluation that is pending as of a day."""
        by_event = f"the event: {self.event.label.lower()}"
        return _draft(
            "MEET",
            {
                "24.01": ("MEET", "the record type"),
                "24.04": (self.meeting.lea_code, f"the district of {self.source}"),
                "24.05": (academic_year_of(as_of), "the academic year of the pending date"),
                **self._person("24.06", "24.07", "24.08"),
                "24.09": (self.actor.selpa_code, "the SELPA of the district"),
                "24.10": (
                    state_date(as_of),
                    "the day of reporting: it is overdue" if delay_code else "the consent to evaluate",
                ),
                "24.11": (state_date(self.meeting.referred_on), "the referral, given when it was opened"),
                "24.12": (self.meeting.referred_by_code, "the referral, given when it was opened"),
                "24.13": (state_date(self.meeting.consent_on), "the consent to evaluate"),
                "24.14": (self.meeting.evaluation_type_code, by_event),
                "24.17": ("N", "no plan was reviewed yet"),
                "24.18": (delay_code, "the reason of delay, given when it was reported"),
            },
        )

    def plan_line(self, plan: Plan | None, plan_values: Mapping[str, str], starts_on: date) -> RecordDraft:
        """PLAN of ``plan_values`` (by attribute) from ``starts_on``, after ``plan``."""
        values: _Values = {
            "23.01": ("PLAN", "the record type"),
            "23.04": (self.meeting.lea_code, f"the district of {self.source}"),
            "23.05": (academic_year_of(starts_on), "the academic year of the plan's start"),
            **self._person("23.06", "23.07", "23.08"),
            "23.09": (self.actor.selpa_code, "the SELPA of the district"),
            "23.10": dsea_after(plan, self.meeting.lea_code),
            "23.12": (state_date(starts_on), self.outcome.plan_starts.value),
            "23.13": (plan_reason(self.event, self.outcome), f"the event: {self.event.label.lower()}"),
        }
        for declared in PLAN_FIELDS:
            text = plan_values[declared.attribute]
            was = getattr(plan, declared.attribute, "") if plan and not self.event.is_initial else ""
            values[declared.number] = (
                text,
                "the plan in force, unchanged" if text == was else self.source,
            )
        return _draft("PLAN", values)

    def service_lines(self, services: Sequence[FutureService], starts_on: date) -> Iterator[RecordDraft]:
        """One SERV for each service of the plan that starts on ``starts_on``."""
        standing = () if self.event.is_initial else self.facts.services_on(clock.today())
        in_force = {service.service_no: service for service in standing}
        for service in services:
            values: _Values = {
                "25.01": ("SERV", "the record type"),
                "25.04": (self.meeting.lea_code, "the district of this meeting"),
                "25.06": (academic_year_of(starts_on), "the academic year of the plan's start"),
                **self._person("25.07", "25.08", "25.16"),
                "25.09": (self.actor.selpa_code, "the SELPA of the district"),
                "25.17": (state_date(starts_on), "the start of the plan"),
            }
            before = in_force.get(service.number)
            for declared in SERVICE_FIELDS:
                text = service.values[declared.attribute]
                is_same = before is not None and text == getattr(before, declared.attribute)
                origin = "the service in force, unchanged" if is_same else self.source
                values[declared.number] = (text, origin)
            yield _draft("SERV", values)

    def _person(self, ssid: str, local_id: str, sped_id: str) -> _Values:
        enrollment = self.facts.enrollment_on(clock.today(), self.meeting.lea_code)
        return {
            ssid: (self.facts.ssid, "the student's SSID"),
            local_id: (enrollment.local_student_id if enrollment else "", "the enrollment (SIS)"),
            sped_id: (self.meeting.student.local_sped_id, "the student"),
        }


def dsea_after(plan: Plan | None, lea_code: str) -> tuple[str, str]:
    """PLAN 23.10 after ``plan`` in a meeting of ``lea_code``, with its origin.

    A district that was accountable for the plan it reported itself is so no longer once the student has come here.
    """
    if plan is None or not plan.dsea_code or plan.dsea_code == plan.lea_code != lea_code:
        return lea_code, "the district of this meeting"
    return plan.dsea_code, "the plan in force"


def plan_reason(event: Event, outcome: Outcome) -> str:
    """PLAN 23.13: by the outcome where it says so, else by the event."""
    return outcome.plan_reason_code or event.plan_reason_code


def _draft(record: str, values: _Values) -> RecordDraft:
    return RecordDraft(
        record,
        records.complete(record, {number: text for number, (text, _) in values.items()}),
        {number: origin for number, (text, origin) in values.items() if text},
    )
