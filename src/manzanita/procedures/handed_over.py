"""Transfers by which a district handed a record over, for whoever records there that the student leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import handed_over_by


@dataclass(frozen=True, slots=True)
class HandedOver:
    """One such transfer and the name of the district that has the record by it."""

    transfer: StudentTransfer
    to: str

    @property
    def last_day(self) -> date:
        """The last day here as far as the transfer knows: before the first one there."""
        return self.transfer.enroll_on - timedelta(days=1)

    @property
    def note(self) -> str:
        """How the office knows, for the leaving."""
        on = clock.day_of(self.transfer.decided_at) if self.transfer.decided_at else self.transfer.enroll_on
        enrolls = f"who enrolls there on {self.transfer.enroll_on:%m/%d/%Y}"
        return f"{self.to} asked for the student, {enrolls}; the transfer was accepted on {on:%m/%d/%Y}."


def handed_over(lea_code: str, since: Mapping[int, date | None]) -> dict[int, HandedOver]:
    """By student, the newest transfer that the LEA accepted since the day given for that student (``None``: whenever):
    who came back after it is not handed over any more. Two queries at most, one where there is none."""
    found = {
        pk: one
        for pk, one in handed_over_by(lea_code, since).items()
        if (first := since[pk]) is None or one.enroll_on > first
    }
    names = agency_names({one.receiving_code for one in found.values()}) if found else {}
    return {
        pk: HandedOver(one, names.get(one.receiving_code, one.receiving_code)) for pk, one in found.items()
    }
