"""Writing findings: marking who has changed, opening and closing what the rules say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from manzanita.domain.findings import Finding, Severity
from manzanita.domain.judging import reads_other_fields
from manzanita.findings.models import ChangedStudent, FindingEvent, RuleFinding
from manzanita.platform import clock

MESSAGE_LENGTH = 600
READS_OTHER_FIELDS = "The rule reads other fields since a new version; the values may be those of before."
_AT_ONCE = 500
# What a rule may say anew of a finding that it has already opened.
_SAID = ("severity", "phase", "kind", "owner", "values", "inputs", "message", "school_code", "group")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a rule says of a student today. ``owner`` is whose job it is, ``school_code`` may be blank."""

    identity: str
    inputs: str
    finding: Finding
    owner: str
    lea_code: str
    school_code: str


def mark_changed(student_ids: Iterable[int]) -> None:
    """The rules are to judge these students anew. For the transaction that changed them; one query."""
    now = clock.now()
    ChangedStudent.objects.bulk_create(
        [ChangedStudent(student_id=pk, at=now) for pk in sorted(set(student_ids))],
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["student_id"],
        update_fields=["at"],
    )


def unmark(marks: Collection[ChangedStudent]) -> None:
    """The rules have judged these; a mark that was set again meanwhile stays."""
    newest = max((mark.at for mark in marks), default=None)
    if newest is not None:
        ChangedStudent.objects.filter(pk__in=[mark.pk for mark in marks], at__lte=newest).delete()


@dataclass(slots=True)
class Stored:
    """How many findings were opened, opened again, left as they were, and closed."""

    opened: int = 0
    returned: int = 0
    kept: int = 0
    closed: int = 0

    def __add__(self, other: Stored) -> Stored:
        return Stored(
            self.opened + other.opened,
            self.returned + other.returned,
            self.kept + other.kept,
            self.closed + other.closed,
        )


@transaction.atomic
def store_findings(said: Mapping[int, Sequence[Said]]) -> Stored:
    """Make the findings of the students ``said`` names what the rules say of each; an empty list closes all.

    The caller holds a lock on the students. A bounded number of queries, whatever is said.
    """
    now, counts = clock.now(), Stored()
    # Locked, so that nobody's dismissal is overwritten by what was read before it.
    held = RuleFinding.objects.select_for_update().filter(student_id__in=list(said)).order_by("pk")
    known = {one.identity: one for one in held}
    new: list[RuleFinding] = []
    changed: list[RuleFinding] = []
    seen: list[int] = []
    events: list[FindingEvent] = []
    said_now = {one.identity for of_student in said.values() for one in of_student}
    for student_id, of_student in said.items():
        for one in of_student:
            old = known.get(one.identity)
            if old is None:
                new.append(_opened(student_id, one, now))
                continue
            seen.append(old.pk)
            event = _say_again(old, one, now)
            if event is not None:
                events.append(event)
                counts.opened += event.kind == "opened"
                counts.returned += event.kind == "returned"
            if event is not None or _has_changed(old, one):
                _take(old, one)
                changed.append(old)
    gone = [one for one in known.values() if one.state != "closed" and one.identity not in said_now]
    RuleFinding.objects.bulk_create(new, batch_size=_AT_ONCE)
    RuleFinding.objects.bulk_update(changed, [*_SAID, "state", "opened_at", "closed_at"], batch_size=_AT_ONCE)
    RuleFinding.objects.filter(pk__in=seen).update(last_seen_at=now)
    RuleFinding.objects.filter(pk__in=[one.pk for one in gone]).update(state="closed", closed_at=now)
    events += [FindingEvent(finding=one, kind="opened", at=now) for one in new]
    events += [
        FindingEvent(finding=one, kind="lapsed" if one.state == "dismissed" else "closed", at=now)
        for one in gone
    ]
    FindingEvent.objects.bulk_create(events, batch_size=_AT_ONCE)
    counts.opened += len(new)
    counts.closed = len(gone)
    counts.kept = len(seen) - (counts.opened - len(new)) - counts.returned
    return counts


def _opened(student_id: int, one: Said, now: datetime) -> RuleFinding:
    finding = RuleFinding(
        identity=one.identity,
        rule_code=one.finding.code,
        student_id=student_id,
        lea_code=one.lea_code,
        record=one.finding.record or "",
        record_key=one.finding.record_key,
        fields=list(one.finding.fields),
        first_seen_at=now,
        opened_at=now,
        last_seen_at=now,
    )
    _take(finding, one)
    return finding


def _say_again(old: RuleFinding, one: Said, now: datetime) -> FindingEvent | None:
    """Bring the state of a known finding up to what the rule says; an event where it changes."""
    if old.state == "open":
        return None
    # The dismissal was of exactly these values, so it holds for them whenever they come back.
    is_dismissed = _can_be_dismissed(one) and old.dismissed_inputs == one.inputs
    if old.state == "dismissed":
        if is_dismissed:
            return None
        old.state, old.opened_at = "open", now
        is_other_rule = reads_other_fields(one.inputs, old.dismissed_inputs)
        return FindingEvent(
            finding=old, kind="returned", at=now, text=READS_OTHER_FIELDS if is_other_rule else ""
        )
    old.closed_at, old.opened_at = None, now
    old.state = "dismissed" if is_dismissed else "open"
    return FindingEvent(finding=old, kind="resumed" if is_dismissed else "opened", at=now)


def _can_be_dismissed(one: Said) -> bool:
    return one.finding.severity is Severity.WARNING


def _has_changed(old: RuleFinding, one: Said) -> bool:
    return any(getattr(old, name) != value for name, value in _values(one).items())


def _take(old: RuleFinding, one: Said) -> None:
    for name, value in _values(one).items():
        setattr(old, name, value)


def _values(one: Said) -> dict[str, object]:
    finding = one.finding
    return {
        "severity": str(finding.severity),
        "phase": finding.phase,
        "kind": finding.kind,
        "owner": one.owner,
        "values": dict(finding.values),
        "inputs": one.inputs,
        "message": finding.message[:MESSAGE_LENGTH],
        "school_code": one.school_code,
        "group": finding.group or "",
    }
