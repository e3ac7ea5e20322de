"""What the team and the family say in an open meeting: answers by field, services offered, decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.codes import code_set
from manzanita.domain.fields import FIELDS
from manzanita.domain.findings import Owner, Reason
from manzanita.meetings.actions import NotPossible, require_open
from manzanita.meetings.models import Answer, Decision, Meeting
from manzanita.meetings.queries import offer_version
from manzanita.platform import clock

MAX_ANSWER_LENGTH = 4000
MAX_SERVICES = 100
OFFERS = ("keep", "add", "remove")


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else saved the field in between. Nothing was written; ``theirs`` is what stands now."""

    theirs: Answer
    mine: str


@transaction.atomic
def save_answer(
    *, actor: Actor, meeting: Meeting, field_key: str, value: str, seen_revision: int
) -> Answer | Conflict:
    """Store ``value`` as the next revision of a field if nobody else saved it since ``seen_revision``.

    Text that a rule will refuse is stored all the same: what was typed is never lost, the finding stands
    beside it. Saving the value that stands writes nothing. One's own later revision is no conflict: its
    reply may have been lost on the way. Raises ``ValueError`` for an unknown field or a text that no field
    can hold (over ``MAX_ANSWER_LENGTH``, or with NUL), ``NotPossible`` when the meeting is closed.
    """
    _check_field(field_key, value)
    locked = require_open(meeting.pk)
    revisions = Answer.objects.filter(meeting=locked, field_key=field_key).order_by("-revision")
    newest = revisions.first()
    if newest is not None and newest.value == value:
        return newest
    unseen = revisions.filter(revision__gt=seen_revision).exclude(by_id=actor.user_id)
    if newest is not None and unseen.exists():
        return Conflict(newest, value)
    return Answer.objects.create(
        meeting=locked,
        field_key=field_key,
        revision=(newest.revision if newest else 0) + 1,
        value=value,
        by_id=actor.user_id,
        by_name=actor.person_name,
        at=clock.now(),
    )


def _check_field(field_key: str, value: str) -> None:
    if len(value) > MAX_ANSWER_LENGTH:
        raise ValueError(f"{field_key}: longer than {MAX_ANSWER_LENGTH} characters")
    if "\0" in value:
        raise ValueError(f"{field_key}: holds a NUL character")
    subject, _, rest = field_key.partition(".")
    if subject == "service":
        number, _, rest = rest.partition(".")
        if not (number.isascii() and number.isdigit() and int(number) < MAX_SERVICES):
            raise ValueError(f"no such field of a meeting: {field_key}")
        if rest == "offer" and value in OFFERS:
            return
    file_number = {"plan": "23.", "service": "25."}.get(subject)
    if file_number is None or rest not in FIELDS or not rest.startswith(file_number):
        raise ValueError(f"no such field of a meeting: {field_key}")


@transaction.atomic
def add_service(
    *,
    actor: Actor,
    meeting: Meeting,
    service_nos_in_force: set[int],
    service_code: str,
    expected_no: int | None = None,
) -> int:
    """Offer a new service; return its number, which no service of the student has used in this meeting.

    ``expected_no`` is the number that the asker's page would give it. Where that number
    holds an offer of the same service by the same person already, the same click came twice: nothing is added.
    """
    if service_code not in code_set("Service").codes:
        raise ValueError(f"no such service code: {service_code}")
    locked = require_open(meeting.pk)
    offered_already = Answer.objects.filter(
        meeting=locked,
        field_key=f"service.{expected_no}.25.11",
        value=service_code,
        revision=1,
        by_id=actor.user_id,
    )
    if expected_no is not None and offered_already.exists():
        return expected_no
    keys = Answer.objects.filter(meeting=locked, field_key__startswith="service.").values_list(
        "field_key", flat=True
    )
    used = {int(key.split(".")[1]) for key in keys} | service_nos_in_force
    number = max(used, default=0) + 1
    if number >= MAX_SERVICES:
        raise ValueError("a plan holds fewer than a hundred services")
    for key, value in (("offer", "add"), ("25.11", service_code), ("25.12", "100")):
        save_answer(
            actor=actor, meeting=locked, field_key=f"service.{number}.{key}", value=value, seen_revision=0
        )
    return number


@transaction.atomic
def record_decision(
    *, actor: Actor, meeting: Meeting, item_key: str, is_agreed: bool, decided_by: str, decided_on: date
) -> Decision:
    """Record what the rights holder decided on one item. Raises ``NotPossible`` for a future day."""
    locked = require_open(meeting.pk)
    if decided_on > clock.today():
        raise NotPossible(
            [Reason("future-date", "A decision cannot be dated in the future.", Owner.TEAM, "Enter its day.")]
        )
    if locked.held_on is not None and decided_on < locked.held_on:
        raise NotPossible(
            [
                Reason(
                    "decided-before-meeting",
                    f"The meeting was held on {locked.held_on:%m/%d/%Y}, and the answer is dated "
                    f"{decided_on:%m/%d/%Y}, before it.",
                    Owner.TEAM,
                    "Correct the day of the answer, or of the meeting.",
                )
            ]
        )
    decision, _ = Decision.objects.update_or_create(
        meeting=locked,
        item_key=item_key,
        defaults={
            "is_agreed": is_agreed,
            "decided_by": decided_by,
            "decided_on": decided_on,
            "recorded_by_id": actor.user_id,
            "recorded_at": clock.now(),
        },
    )
    log_change(
        actor=actor,
        action="record_decision",
        student_id=locked.student_id,
        subject=decision,
        detail={"item": item_key, "agreed": is_agreed},
    )
    return decision


@dataclass(frozen=True, slots=True)
class FamilyAnswer:
    """What one person decided on one item of the offer, on which day."""

    item_key: str
    is_agreed: bool
    decided_by: str
    decided_on: date


@transaction.atomic
def record_decisions(
    *, actor: Actor, meeting: Meeting, answers: Sequence[FamilyAnswer], seen_offer: int | None = None
) -> list[Decision]:
    """Record several answers, all or none of them. Raises as :func:`record_decision` does.

    ``seen_offer`` is the version of the offer (``queries.offer_version``) that the answers were given to:
    where the team changed the offer since, ``NotPossible``. Nobody consents to what they have not seen.
    """
    locked = require_open(meeting.pk)
    if seen_offer is not None and seen_offer != offer_version(locked):
        raise NotPossible(
            [
                Reason(
                    "offer-moved",
                    "The offer was changed while this page was open; what it says now stands below.",
                    Owner.TEAM,
                    "Read the offer again with the family, and record the answers once more.",
                )
            ]
        )
    return [
        record_decision(
            actor=actor,
            meeting=meeting,
            item_key=answer.item_key,
            is_agreed=answer.is_agreed,
            decided_by=answer.decided_by,
            decided_on=answer.decided_on,
        )
        for answer in answers
    ]
