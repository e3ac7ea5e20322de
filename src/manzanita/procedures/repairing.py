"""Mending at once what one rule objects to, where the rule is certain of the right value.

A preview says of each record what it would become, or why it is left out. Carrying out corrects what the person has
seen, each student whole or not at all, through the same procedure as a single correction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from manzanita.archive.models import ArchivedRecord
from manzanita.archive.queries import standing_records
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.judging import Judged, Rows, judge
from manzanita.domain.rules import catalog
from manzanita.domain.rules.declaration import Repair, Rule
from manzanita.domain.validation.saying import record_key_of
from manzanita.exchange.believed import believed_rows
from manzanita.exchange.checks import must_be_mended
from manzanita.exchange.plan import standing_record
from manzanita.exchange.reporting import locked_periods
from manzanita.exchange.ssids import Ssids, ssids_of
from manzanita.findings.models import RuleFinding
from manzanita.findings.queries import listed_findings, lock_students
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.platform import clock
from manzanita.procedures.correct import correct_record

# As many as are looked at for one preview, and as many as are mended with one click, within a few seconds.
LOOKED_AT = 100
AT_ONCE = 20
_OF_MEETINGS = ("PLAN", "SERV")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One finding: field → (was, becomes), or why it is left out."""

    finding: RuleFinding
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    why_not: Reason | None = None


@dataclass(frozen=True, slots=True)
class RepairPreview:
    """``offered`` can be mended now; ``waiting`` are certain too, and their turn is the next; ``left_out`` say why;
    ``more`` findings have not been looked at."""

    rule: Rule
    repair: Repair
    offered: Sequence[Proposal]
    waiting: int
    left_out: Sequence[Proposal]
    more: int


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many records were mended, how many findings were closed meanwhile, and which were left out, with why."""

    count: int
    closed: int
    left_out: Sequence[Proposal]


def rule_with_repair(code: str) -> tuple[Rule, Repair] | None:
    rule = catalog().get(code)
    return (rule, rule.repair) if isinstance(rule, Rule) and rule.repair is not None else None


def preview_repair(actor: Actor, code: str) -> RepairPreview:
    """What mending the open findings of ``code`` would do, the longest open first. Raises ``ValueError`` where the rule
    offers no repair. A bounded number of queries, however many findings there are."""
    found = rule_with_repair(code)
    if found is None:
        raise ValueError(f"{code} offers no repair")
    rule, repair = found
    listed = listed_findings(actor).filter(rule_code=code, state="open")
    findings = list(listed.order_by("opened_at", "pk")[: LOOKED_AT + 1])
    more = listed.count() - LOOKED_AT if len(findings) > LOOKED_AT else 0
    proposals = _judged(rule, _proposals(actor, repair, findings[:LOOKED_AT]))
    certain = [one for one in proposals if one.why_not is None]
    return RepairPreview(
        rule,
        repair,
        offered=certain[:AT_ONCE],
        waiting=len(certain) - len(certain[:AT_ONCE]),
        left_out=[one for one in proposals if one.why_not is not None],
        more=more,
    )


def _proposals(actor: Actor, repair: Repair, findings: Sequence[RuleFinding]) -> list[Proposal]:
    ids = {one.student_id for one in findings}
    standing, ssids = standing_records(ids), ssids_of(ids)
    under_way = set(
        Meeting.objects.filter(student_id__in=ids, state__in=OPEN_STATES).values_list("student_id", flat=True)
    )
    locks = locked_periods()
    proposals = []
    for finding in findings:
        own = ssids.get(finding.student_id, Ssids())
        row = next(
            (
                one
                for one in standing.get(finding.student_id, ())
                if finding.record_key in (one.record_key, own.key(one.record_key))
            ),
            None,
        )
        lock = locks.get(finding.lea_code)
        if row is None or row.lea_code != actor.agency_code:
            proposals.append(Proposal(finding, why_not=_not_ours()))
        elif finding.record in _OF_MEETINGS and finding.student_id in under_way:
            proposals.append(Proposal(finding, why_not=_under_way()))
        elif lock is not None and row.key_on > lock.counts_until:
            proposals.append(Proposal(finding, why_not=_locked(lock.label)))
        elif any(row.values.get(number, value) != value for number, value in finding.values.items()):
            proposals.append(Proposal(finding, why_not=_changed_since()))
        else:
            changes = _changes(repair, row)
            proposals.append(Proposal(finding, changes, None if changes else _uncertain()))
    return proposals


def _changes(repair: Repair, row: ArchivedRecord) -> dict[str, tuple[str, str]]:
    return {
        number: (row.values.get(number, ""), becomes)
        for number, becomes in repair.values(row.values).items()
        if row.values.get(number, "") != becomes
    }


def _judged(rule: Rule, proposals: Sequence[Proposal]) -> list[Proposal]:
    """The same, left out where the rules object to what the record would become."""
    ids = {one.finding.student_id for one in proposals if one.why_not is None}
    people = {pk: _mended(rows, proposals, pk) for pk, rows in believed_rows(ids).items()} if ids else {}
    said = judge(people, as_of=clock.today(), year=clock.academic_year())
    return [
        one if one.why_not is not None else _unless_refused(rule, one, said.get(one.finding.student_id, ()))
        for one in proposals
    ]


def _mended(rows: Rows, proposals: Sequence[Proposal], student_id: int) -> dict[str, list[dict[str, str]]]:
    becomes: dict[str, dict[str, str]] = defaultdict(dict)
    for one in proposals:
        if one.finding.student_id == student_id:
            becomes[one.finding.record_key] |= {number: new for number, (_, new) in one.changes.items()}
    return {
        record: [{**row, **becomes.get(record_key_of(record, row), {})} for row in of_record]
        for record, of_record in rows.items()
    }


def _unless_refused(rule: Rule, one: Proposal, said: Collection[Judged]) -> Proposal:
    of_record = [judged.finding for judged in said if judged.finding.record_key == one.finding.record_key]
    if any(finding.code == rule.code for finding in of_record):
        return Proposal(one.finding, one.changes, _uncertain())
    refused = next((finding for finding in of_record if must_be_mended(finding)), None)
    return one if refused is None else Proposal(one.finding, one.changes, _refused(refused.code))


def repair_findings(*, actor: Actor, code: str, seen: Mapping[int, str], reason: str) -> Repaired:
    """Mend the findings in ``seen`` (key → the digest of inputs on the page), each student whole or not at all.

    What has changed since, or is mended already, is left out: a second click does nothing. Raises ``NotPossible``
    without a reason or with more than ``AT_ONCE``, ``ValueError`` where the rule offers no repair.
    """
    found = rule_with_repair(code)
    if found is None:
        raise ValueError(f"{code} offers no repair")
    if not reason.strip() or len(seen) > AT_ONCE:
        raise NotPossible([_too_many() if reason.strip() else _no_reason()])
    rule, repair = found
    findings = list(listed_findings(actor).filter(rule_code=code, state="open", pk__in=list(seen)))
    proposals = [
        one if one.finding.inputs == seen[one.finding.pk] else Proposal(one.finding, why_not=_changed_since())
        for one in _judged(rule, _proposals(actor, repair, findings))
    ]
    left_out = [one for one in proposals if one.why_not is not None]
    by_student: dict[int, list[Proposal]] = defaultdict(list)
    for one in proposals:
        if one.why_not is None:
            by_student[one.finding.student_id].append(one)
    count = 0
    for _, of_student in sorted(by_student.items()):
        try:
            count += _repair_student(actor, rule, repair, of_student, reason.strip())
        except NotPossible as refused:
            left_out += [Proposal(one.finding, one.changes, refused.reasons[0]) for one in of_student]
    return Repaired(count, len(seen) - len(findings), left_out)


@transaction.atomic
def _repair_student(
    actor: Actor, rule: Rule, repair: Repair, proposals: Sequence[Proposal], reason: str
) -> int:
    student_id = proposals[0].finding.student_id
    lock_students([student_id])
    for one in proposals:
        # As it stands now: the correction before may have written the archive of this record anew.
        row = standing_record(student_id, one.finding.record_key)
        changes = _changes(repair, row) if row is not None else {}
        if row is None or not changes:
            raise NotPossible([_changed_since()])
        new = {number: becomes for number, (_, becomes) in changes.items()}
        archive = correct_record(actor=actor, row=row, changes=new, reason=reason)
        log_change(
            actor=actor,
            action="repair_finding",
            student_id=student_id,
            subject=archive,
            reason=reason,
            detail={"rule": rule.code, "finding": one.finding.pk, "fields": sorted(changes)},
        )
    return len(proposals)


def _not_ours() -> Reason:
    return Reason(
        "not-ours",
        "The record was not archived by this LEA, so it is not corrected here.",
        Owner.COORDINATOR,
        "Ask the LEA that reports it.",
    )


def _under_way() -> Reason:
    return Reason(
        "meeting-under-way",
        "A meeting of the student is under way; its offer builds on this plan.",
        Owner.TEAM,
        "Finalize or cancel the meeting, or change the value in its offer.",
    )


def _locked(label: str) -> Reason:
    return Reason(
        "period-locked",
        f"The district sends only what counts in {label} now; a correction of this record would wait.",
        Owner.COORDINATOR,
        "Lift the lock on the State page, or correct the record by itself.",
    )


def _uncertain() -> Reason:
    return Reason(
        "not-certain",
        "Here the right value does not follow from the others.",
        Owner.COORDINATOR,
        "Open the finding and correct the record by itself.",
    )


def _refused(code: str) -> Reason:
    return Reason(
        "rejected-then",
        f"The state would reject the record for another reason ({code}).",
        Owner.COORDINATOR,
        "Open the finding and correct the record by itself.",
        source=code,
    )


def _changed_since() -> Reason:
    return Reason(
        "values-changed",
        "The record has changed since the rules judged it, or since you opened the page; perhaps it is mended already.",
        Owner.COORDINATOR,
        "Look at the preview again in a minute.",
    )


def _too_many() -> Reason:
    return Reason(
        "too-many",
        f"More than {AT_ONCE} records are not mended with one click.",
        Owner.COORDINATOR,
        "Mend those on the page, then the next ones.",
    )


def _no_reason() -> Reason:
    return Reason(
        "no-reason",
        "A correction of what was archived needs its reason.",
        Owner.YOU,
        "Say in a sentence why the values are wrong.",
    )
