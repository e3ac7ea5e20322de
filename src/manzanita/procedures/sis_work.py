"""What is to be corrected in the SIS of an agency: lines set aside for whom they name, lines refused, findings,
enrollments that go on after a leaving.

For who takes files in, reading student records or not: every row names the student by local ID and SSID alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner
from manzanita.domain.rules import rule_info
from manzanita.domain.same_person import RULE
from manzanita.domain.sis_work import is_told, told_values
from manzanita.exchange.models import ImportNote, ImportRun, StateFinding
from manzanita.findings.models import RuleFinding
from manzanita.findings.queries import TO_SETTLE
from manzanita.leaving.queries import open_at_sis_of
from manzanita.platform import clock
from manzanita.platform.together import read_together
from manzanita.students.models import Enrollment, IdentityConflict, Ssid
from manzanita.students.scope import visible_to

MOST_SHOWN = 200
_WEIGHT = {"fatal": 0, "warning": 1}


@dataclass(frozen=True, slots=True)
class Work:
    """One thing to correct. ``code`` is the rule's, blank where none asks. ``values`` are by field number, ``None``
    where the value is not told; ``says`` is what is wrong, ``of_rule``
    what is said of the rule itself, ``fix`` what to do.
    ``student_id`` is 0 where the line names nobody who is known."""

    kind: str
    code: str
    severity: str
    student_id: int
    local_id: str
    ssid: str
    values: Mapping[str, str | None]
    says: str
    fix: str
    since: datetime
    of_rule: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """``conflicts`` wait for a decision or for the SIS; ``work`` is the rest, the heaviest and oldest first;
    ``is_more``: there is more than is shown."""

    conflicts: Sequence[IdentityConflict]
    work: Sequence[Work]
    newest: ImportRun | None
    is_more: bool

    @property
    def student_ids(self) -> list[int]:
        ids = [one.student_id for one in (*self.conflicts, *self.work) if one.student_id]
        return list(dict.fromkeys(ids))


def open_conflicts(actor: Actor) -> QuerySet[IdentityConflict]:
    """Lines of the actor's agency that are set aside still, the longest first."""
    found = IdentityConflict.objects.filter(lea_code=actor.agency_code, ended_at__isnull=True)
    return found.order_by("found_at", "pk")


def settled_by(actor: Actor, conflicts: Iterable[IdentityConflict]) -> set[int]:
    """Of the students whom these lines name, those of whom the actor may say whether they are meant. One query."""
    named = {one.student_id for one in conflicts}
    if not named or not actor.may(Capability.ENTER_STUDENT):
        return set()
    return set(visible_to(actor).filter(pk__in=named).order_by().values_list("pk", flat=True))


def _findings(actor: Actor) -> tuple[QuerySet[RuleFinding], QuerySet[StateFinding]]:
    theirs = {"lea_code": actor.agency_code, "owner": str(Owner.SIS), "severity__in": TO_SETTLE}
    return (
        RuleFinding.objects.filter(state="open", **theirs).order_by("opened_at", "pk"),
        StateFinding.objects.filter(closed_at__isnull=True, **theirs).order_by("opened_at", "pk"),
    )


def _refused(newest: ImportRun | None) -> QuerySet[ImportNote]:
    """Lines of the newest import that are out for another reason than whom they name."""
    if newest is None:
        return ImportNote.objects.none()
    notes = ImportNote.objects.filter(file__run=newest, effect="refused", owner=str(Owner.SIS))
    return notes.exclude(code=RULE).order_by("file_id", "line", "pk")


def sis_work(actor: Actor) -> Found:
    """What the SIS of the actor's agency has to mend; eight queries for any number."""
    newest = newest_import(actor)
    left = open_at_sis_of(actor.agency_code, clock.today())
    asked: tuple[QuerySet[Any, Any], ...] = (open_conflicts(actor), _refused(newest), *_findings(actor), left)
    read: list[list[Any]] = [list(rows[: MOST_SHOWN + 1]) for rows in asked]
    is_more = max(map(len, read)) > MOST_SHOWN
    conflicts, refused, ours, states, left_open = (rows[:MOST_SHOWN] for rows in read)
    findings: list[RuleFinding | StateFinding] = [*ours, *states]
    ids = {one.student_id for one in (*findings, *left_open)}
    local = numbers_of(actor.agency_code, ids)
    work = [_of_finding(one, local.get(one.student_id, ("", ""))) for one in findings]
    work += [_of_leaving(one, local.get(one.student_id, ("", ""))) for one in left_open]
    work += [_of_note(one, newest) for one in refused if newest is not None]
    work.sort(key=lambda one: (_WEIGHT.get(one.severity, 2), one.since))
    return Found(conflicts, work, newest, is_more)


def sis_work_count(actor: Actor) -> tuple[int, datetime | None, str]:
    """How many things are to be corrected in the SIS, all of them, since when the oldest is open, and the heaviest
    weight; a line that is not loaded is fatal. Six queries."""
    newest = newest_import(actor)
    refused = _refused(newest).count()
    aside = open_conflicts(actor).order_by().aggregate(count=Count("pk"), first=Min("found_at"))
    fatal = Count("pk", filter=Q(severity="fatal"))
    found = [
        rows.order_by().aggregate(count=Count("pk"), first=Min("opened_at"), fatal=fatal)
        for rows in _findings(actor)
    ]
    left = open_at_sis_of(actor.agency_code, clock.today()).order_by()
    gone = left.aggregate(count=Count("pk"), first=Min("leaves_on"))
    since = [one["first"] for one in (aside, *found) if one["first"] is not None]
    if newest is not None and refused:
        since.append(newest.created_at)
    if gone["first"] is not None:
        since.append(_begin_of(gone["first"]))
    is_fatal = refused or aside["count"] or any(one["fatal"] for one in found)
    count = refused + sum(one["count"] for one in (aside, *found, gone))
    return count, min(since, default=None), "fatal" if is_fatal else "warning"


def undecided_count(actor: Actor) -> tuple[int, datetime | None]:
    """How many lines wait for somebody to say whom they mean, and since when the oldest does. One query."""
    rows = open_conflicts(actor).filter(decision="").order_by()
    told = rows.aggregate(count=Count("pk"), first=Min("found_at"))
    return told["count"], told["first"]


def newest_import(actor: Actor) -> ImportRun | None:
    """The newest import of SIS files of the actor's agency that is done."""
    return (
        ImportRun.objects.filter(lea_code=actor.agency_code, kind="sis", state="done").order_by("-pk").first()
    )


def numbers_of(lea_code: str, ids: set[int]) -> dict[int, tuple[str, str]]:
    """Local ID of the newest enrollment at the LEA, and SSID, by student."""
    enrolled = (
        Enrollment.objects.believed().filter(lea_code=lea_code, student_id__in=ids).order_by("started_on")
    )
    ssids = Ssid.objects.believed().filter(student_id__in=ids).order_by("effective_from")
    rows = enrolled.values_list("student_id", "local_student_id"), ssids.values_list("student_id", "ssid")
    read_together(*rows)
    local, known = dict(rows[0]), dict(rows[1])
    return {pk: (local.get(pk, ""), known.get(pk, "")) for pk in ids}


def _of_finding(one: RuleFinding | StateFinding, ids: tuple[str, str]) -> Work:
    rule = rule_info(one.rule_code)
    says, of_rule = rule.split_caveat(one.message) if rule is not None else (one.message, "")
    if not is_told(says, one.values):
        # It names what is of special education, or might: the rule says what is wrong instead.
        says = rule.title if rule is not None else _NOT_TOLD
    return Work(
        kind="The state" if isinstance(one, StateFinding) else "Our rules",
        code=one.rule_code,
        severity=one.severity,
        student_id=one.student_id,
        local_id=ids[0],
        ssid=ids[1],
        values=told_values(one.fields, one.values),
        says=says,
        of_rule=of_rule,
        fix=(rule.sis_fix or rule.fix) if rule is not None else "",
        since=one.opened_at,
    )


_NOT_TOLD = "What is wrong names special education: ask the SEDS coordinator."


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


def _of_leaving(one: Any, ids: tuple[str, str]) -> Work:
    """Of a leaving the day is told, and what the SIS does, not the reason."""
    return Work(
        kind="Left",
        code="",
        severity="warning",
        student_id=one.student_id,
        local_id=ids[0],
        ssid=ids[1],
        values={"1.22": f"{one.enrolled_on:%Y%m%d}"},
        says=f"By our records the student left on {one.leaves_on.isoformat()}, and in the SIS the enrollment goes on.",
        fix=f"{one.reason.sis} The next SIS file with that line ends this.",
        since=_begin_of(one.leaves_on),
    )


def _of_note(note: ImportNote, newest: ImportRun) -> Work:
    return Work(
        kind=f"Line {note.line} not loaded" if note.line else "File not loaded",
        code=note.code,
        severity=note.severity,
        student_id=0,
        local_id="",
        ssid="",
        values=dict.fromkeys(note.fields),
        says=note.message,
        fix=note.fix,
        since=newest.created_at,
    )
