"""Bringing status, plan and services up to what was decided: the facts beside the lines that tell the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from manzanita.domain import records
from manzanita.domain.access import Actor
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.lines import FutureService, dsea_after
from manzanita.students.actions import state_student_facts
from manzanita.students.queries import StudentFacts


@dataclass(frozen=True, slots=True)
class Stating:
    """States facts of one student for one cause, over the ``facts`` believed so far; all ``at`` one instant where it is
    given."""

    actor: Actor
    student_id: int
    lea_code: str
    facts: StudentFacts
    cause: str
    at: datetime | None = None

    def status(self, swds: Mapping[str, str], start: date) -> None:
        """The status that an SWDS line tells. One that does not participate ends plan and services on its first
        day."""
        entry = swds["22.10"]
        values = {
            "lea_code": self.lea_code,
            "status_code": swds["22.12"],
            "reason_code": swds["22.13"],
            "initial_entry_on": records.parse_state_date(entry) if entry else None,
        }
        self._state("status", [Statement(self._slot, values, start)])
        if swds["22.12"] != PARTICIPATING:
            self.end_plan(start)

    def end_plan(self, start: date) -> None:
        """No plan and no service from ``start`` on."""
        if self.facts.plan_on(start) is not None:
            self._state("plan", [Statement(self._slot, None, start)])
        self._state(
            "service",
            [
                Statement({**self._slot, "service_no": service.service_no}, None, start)
                for service in self.facts.services_on(start)
            ],
        )

    def plan(
        self,
        reason_code: str,
        plan_values: Mapping[str, str],
        services: Sequence[FutureService],
        start: date,
    ) -> None:
        """The plan and its services from ``start`` on; a service that is not among them ends."""
        values = {
            "lea_code": self.lea_code,
            "dsea_code": dsea_after(self.facts.plan_on(clock.today()), self.lea_code)[0],
            "reason_code": reason_code,
            **plan_values,
        }
        self._state("plan", [Statement(self._slot, values, start)])
        coming = {service.number: service for service in services}
        in_force = {service.service_no for service in self.facts.services_on(start)}
        statements = []
        for number in sorted(coming.keys() | in_force):
            content = None
            if number in coming:
                content = {"lea_code": self.lea_code, **coming[number].values}
            statements.append(Statement({**self._slot, "service_no": number}, content, start))
        self._state("service", statements)

    @property
    def _slot(self) -> dict[str, Any]:
        return {"student_id": self.student_id}

    def _state(self, kind: str, statements: Sequence[Statement]) -> None:
        state_student_facts(kind, statements, by_id=self.actor.user_id, cause=self.cause, at=self.at)
