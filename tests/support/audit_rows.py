"""Rows of the logs for proofs and benchmarks, of every kind, through the product's own functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from manzanita.auditing.actions import append, log_change, log_export, log_reads
from manzanita.auditing.kinds import ContentClass
from manzanita.auditing.models import Disclosure

PAGES = ("student.record", "student.meetings", "meeting", "archive")


@dataclass
class Clerk:
    """Somebody who acts, without an account."""

    user_id: int
    agency_code: str
    grant_id: int | None = 1
    perspective_key: str = "coordinator"


def write_row(chance: Random, lea_code: str) -> None:
    """One row of one of the logs: mostly pages, then lists, acts, exports, disclosures."""
    actor = Clerk(chance.randint(1, 9), lea_code)
    student = chance.randint(1, 400)
    sort = chance.choices(("page", "list", "change", "export", "disclosure"), weights=(6, 4, 3, 1, 1))[0]
    if sort == "page":
        log_reads(actor=actor, student_ids=[student], what=chance.choice(PAGES))
    elif sort == "list":
        log_reads(
            actor=actor,
            student_ids=chance.sample(range(1, 400), 50),
            what="student.list",
            filter_codes="list=all",
        )
    elif sort == "change":
        log_change(actor=actor, action="record_change", student_id=student, detail={"fields": ["23.15"]})
    elif sort == "export":
        log_export(
            actor=actor,
            what="student.list",
            student_ids=[student],
            content_class=ContentClass.ROSTER,
            size_bytes=chance.randint(100, 9999),
        )
    else:
        append(
            Disclosure(
                lea_code=lea_code,
                student_id=student,
                kind="disclosed",
                disclosed_on=date(2026, 9, 1) + timedelta(days=chance.randint(0, 60)),
                party="County court",
                authority_code="court",
                interest="Order of the court",
                purpose="Proceedings",
                what="The plan in force",
                by_id=actor.user_id,
            )
        )
