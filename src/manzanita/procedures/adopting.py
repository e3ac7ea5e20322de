"""Adopting plans of arriving students, one or many: looked at first, done one by one, taken back until something was
sent.

What a student's adoption is stands in ``procedures.changes``; here it is decided who may be adopted together, and each
student is done whole or not at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from manzanita.archive.actions import RecordDraft
from manzanita.arrivals.actions import note_archive, open_batch, settle_arrival
from manzanita.arrivals.evidence import evidence_of
from manzanita.arrivals.models import AdoptionBatch, AdoptionItem, Arrival
from manzanita.domain.access import Actor
from manzanita.domain.arrivals import NO_LOOK, Evidence, Kind, kind_of, why_not_safe
from manzanita.domain.findings import LOOK_AGAIN, Owner, Reason
from manzanita.domain.rules import owner_of
from manzanita.domain.statuses.steps import lack
from manzanita.exchange.checks import check_many, must_be_mended
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.procedures.adoption_undo import FACT_KINDS, believed_from, undo_adoption
from manzanita.procedures.change_reasons import Asked, blockers_of
from manzanita.procedures.changes import drafts_of, record_change
from manzanita.procedures.many import Many
from manzanita.students.actions import local_sped_id_for
from manzanita.students.many import close_item
from manzanita.students.models import Student
from manzanita.students.queries import line_facts_of
from manzanita.students.scope import visible_to


@dataclass(frozen=True, slots=True)
class Offer:
    """One arrival of a preview: the lines that the state would be told in their order, or why it is not adopted with
    the others."""

    arrival: Arrival
    evidence: Evidence
    drafts: Sequence[RecordDraft]
    reasons: Sequence[Reason]

    @property
    def is_safe(self) -> bool:
        return not self.reasons

    @property
    def records(self) -> str:
        """``PLAN, 2 SERV``."""
        counts: dict[str, int] = {}
        for draft in self.drafts:
            counts[draft.record] = counts.get(draft.record, 0) + 1
        return ", ".join(name if count == 1 else f"{count} {name}" for name, count in counts.items())


def preview_adoptions(actor: Actor, arrivals: Sequence[Arrival]) -> list[Offer]:
    """What adopting these together would do, by what is known now. A bounded number of queries."""
    today = clock.today()
    found = evidence_of(actor.agency_code, [one.student_id for one in arrivals], today)
    facts = line_facts_of([one.student for one in arrivals])
    offers = []
    for arrival in arrivals:
        one = found.get(arrival.student_id)
        if one is None:
            evidence = Evidence.from_document(arrival.evidence)
            offers.append(Offer(arrival, evidence, (), [_gone()]))
            continue
        reasons = _why_not_together(one.evidence, today)
        student = arrival.student
        student.local_sped_id = student.local_sped_id or local_sped_id_for(student)
        asked = Asked("adopt", one.evidence.enrolled_on)
        drafts: Sequence[RecordDraft] = ()
        if not reasons:
            reasons = list(blockers_of(actor, asked, facts[student.pk]))
        if not reasons:
            drafts = drafts_of(actor, student, asked, facts[student.pk])
        offers.append(Offer(arrival, one.evidence, drafts, reasons))
    return _judged(offers)


def _why_not_together(evidence: Evidence, today: date) -> list[Reason]:
    kind = kind_of(evidence)
    if kind is None:
        return [_taken_up()]
    reasons = why_not_safe(evidence, today)
    return reasons if reasons or kind is Kind.ARRIVING else [_look_alone()]


def _judged(offers: Sequence[Offer]) -> list[Offer]:
    """The same, left out where the state would refuse a line."""
    lines = {
        one.arrival.student_id: [(draft.key, draft.values) for draft in one.drafts]
        for one in offers
        if one.drafts
    }
    said = check_many(lines) if lines else {}
    judged = []
    for one in offers:
        of_lines = said.get(one.arrival.student_id, {})
        refused = next(
            (finding for found in of_lines.values() for finding in found if must_be_mended(finding)), None
        )
        if refused is not None:
            why = Reason(
                "arrival-rejected",
                f"The state would reject the plan as it arrives: {refused.code}, {refused.message}",
                owner_of(refused.code, refused.fields),
                "Correct the field at the former district, or hold a meeting.",
                source=refused.code,
            )
            one = Offer(one.arrival, one.evidence, one.drafts, [why])
        judged.append(one)
    return judged


def start_adoption(
    *, actor: Actor, arrivals: Sequence[Arrival], public_id: uuid.UUID, reason: str
) -> tuple[AdoptionBatch, bool]:
    """Have the plans of these arrivals adopted by a job; and whether that was started now. The same form sent twice
    is one batch. Raises ``NotPossible`` without a reason, without the right to, and where nobody is chosen."""
    days = {one.pk: one.enrolled_on for one in arrivals}
    return ADOPTIONS.start(
        actor=actor,
        chosen=arrivals,
        missing=_no_reason(reason),
        public_id=public_id,
        opened=lambda: open_batch(actor=actor, public_id=public_id, reason=reason, items=days),
    )


@transaction.atomic
def adopt_alone(
    *, actor: Actor, arrival: Arrival, on: date, plan_known_on: date | None, public_id: uuid.UUID, reason: str
) -> AdoptionItem:
    """Adopt the plan of one arrival at once, after a person has looked at it. Raises ``NotPossible`` with everything
    that stands against it; then nothing was done. Sent twice it is done once."""
    reasons = [*ADOPTIONS.why_not(actor), *_no_reason(reason)]
    if reasons:
        raise NotPossible(reasons)
    batch, is_new = open_batch(
        actor=actor,
        public_id=public_id,
        reason=reason,
        items={arrival.pk: on},
        is_alone=True,
        plan_known_on=plan_known_on,
    )
    item = batch.items.filter(arrival=arrival).first()
    if item is None:
        raise NotPossible([_settled_meanwhile()])
    if is_new:
        close_item(item, ADOPTIONS.done, **_adopt(actor, batch, item))
        ADOPTIONS.end(batch)
    return item


def _no_reason(reason: str) -> list[Reason]:
    if reason.strip():
        return []
    return [
        Reason("no-reason", "The adoption needs its reason.", Owner.YOU, "Say in a sentence how you know.")
    ]


def _adopt(actor: Actor, batch: AdoptionBatch, item: AdoptionItem) -> dict[str, Any]:
    """One student; raises ``NotPossible`` with what stands against it. What taking it back needs."""
    Student.unscoped.select_for_update().get(pk=item.student_id)
    arrival = Arrival.objects.select_for_update().get(pk=item.arrival_id)
    student = visible_to(actor).filter(pk=item.student_id).first()
    if arrival.settled_at is not None or student is None:
        raise NotPossible([_settled_meanwhile()])
    if not batch.is_alone:
        found = evidence_of(actor.agency_code, [item.student_id], clock.today()).get(item.student_id)
        reasons = [_gone()] if found is None else _why_not_together(found.evidence, clock.today())
        if reasons:
            raise NotPossible(reasons)
    before = {kind: believed_from(kind, item.student_id, item.adopt_on) for kind in FACT_KINDS}
    asked = Asked("adopt", item.adopt_on, batch.reason, plan_known_on=item.plan_known_on)
    # Before the change, so that the radar need not look at it for the sake of this arrival.
    settle_arrival(actor=actor, arrival=arrival, how="adopted", reason=batch.reason)
    archive = record_change(actor=actor, student=student, asked=asked)
    note_archive(arrival.pk, archive.pk)
    keys = {kind: [row.pk for row in rows] for kind, rows in before.items()}
    return {"before": keys, "archive_id": archive.pk}


def _gone() -> Reason:
    return Reason(
        "arrival-gone",
        "The SIS has taken the enrollment back.",
        Owner.SIS,
        "Nothing to do, unless the student is here all the same.",
        source="GERR0005: a status needs an enrollment",
    )


def _taken_up() -> Reason:
    return Reason(
        "arrival-taken-up",
        "A plan or a status of this district stands already.",
        Owner.COORDINATOR,
        "Nothing to do.",
        source="SPED Data Guide, plan adoption",
    )


def _look_alone() -> Reason:
    return Reason(
        "arrival-alone",
        "It is not an arrival with a plan of another district.",
        Owner.COORDINATOR,
        "Open it, and answer the four questions.",
        source=NO_LOOK,
    )


def why_settled(arrival: Arrival) -> Reason:
    """Of an arrival that is settled: what was adopted is taken back first, anything else is opened again."""
    is_adopted = arrival.settled_how == "adopted"
    return lack("arrival-open", frozenset() if is_adopted else frozenset({"enrolled", "plan-foreign"}))


def _settled_meanwhile() -> Reason:
    return Reason(
        "arrival-settled",
        "Somebody has settled this arrival in the meantime, or it is not in your reach any more.",
        Owner.COORDINATOR,
        "Look at the record: nothing may be left to do.",
        source=LOOK_AGAIN,
    )


ADOPTIONS = Many(
    batches=AdoptionBatch,
    job="arrivals.adopt",
    undo_job="arrivals.undo",
    done="adopted",
    doing="Adopting plans",
    deed="adopt plans",
    undone_as="undo_adoption",
    archive_of="archive_id",
    do_one=_adopt,
    undo_one=undo_adoption,
    undoes_one_at_once=True,
)
