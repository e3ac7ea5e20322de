"""Findings of our rules, made as they come about: an archive is written, and the rules judge the student."""

from __future__ import annotations

from manzanita.archive.models import Archive
from manzanita.findings.models import RuleFinding
from manzanita.procedures.check_findings import check_students
from tests.support import world as w
from tests.support.exchange import archive

LATE = "MZ-MEET-LATE"
INFANT_FIELDS = "MZ-PLAN-INFANT-FIELDS"


def late_rows(**changes: str) -> list[tuple[str, dict[str, str]]]:
    """The review of Alder, due November 14 and held on November 20, 2026, without a word why it was late."""
    values = {"24.05": "2026-2027", "24.18": "", **changes}
    return [("MEET", w.meet("alder", "20261120", **values))]


def late_meeting(world: w.World) -> tuple[Archive, RuleFinding]:
    """The archive of that review, and the warning about it: the only finding of the small world."""
    stored = archive(world.students["alder"], late_rows())
    judged(world)
    return stored, RuleFinding.objects.get(rule_code=LATE)


def no_disability(world: w.World) -> RuleFinding:
    """A plan of Towhee without a disability, and the fatal finding about it."""
    archive(world.students["towhee"], [("PLAN", w.plan("towhee", "20261123", **{"23.15": ""}))])
    judged(world)
    return RuleFinding.objects.get(rule_code="GERR0001")


def infant_answer(world: w.World, name: str) -> RuleFinding:
    """A plan of November 23, 2026 that still answers what is asked of an IFSP only: a rule mends that."""
    values = {"23.05": "2026-2027", "23.35": "Y"}
    archive(world.students[name], [("PLAN", w.plan(name, "20261123", **values))])
    judged(world)
    return RuleFinding.objects.get(rule_code=INFANT_FIELDS, student_id=world.students[name].pk)


def corrected(world: w.World, stored: Archive, **changes: str) -> Archive:
    """A correction that takes the place of the archive; the rules judge it."""
    newer = archive(world.students["alder"], late_rows(**changes), cause="correction", supersedes=stored)
    judged(world)
    return newer


def judged(world: w.World) -> None:
    check_students([student.pk for student in world.students.values()])
