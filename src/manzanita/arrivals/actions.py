"""Every write of arrivals: what the radar finds, what a person settles, the records asked for, and adoptions."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from manzanita.arrivals.evidence import Found, evidence_of
from manzanita.arrivals.models import AdoptionBatch, AdoptionItem, Arrival, LookMark, RecordsAsked
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.arrivals import Evidence, Kind, kind_of, why_not_safe
from manzanita.platform import clock
from manzanita.students.many import made_batch
from manzanita.students.models import Student

# An arrival that the radar itself has settled opens again where its cause is gone; what a person settled does not.
BY_ITSELF = ("taken-up", "gone", "known-otherwise", "merged")


def mark_to_look(lea_code_of: Iterable[tuple[int, str]], cause: str) -> None:
    """The radar is to look at these (student, LEA). For the transaction that changed their enrollments; one query."""
    marks = [LookMark(student_id=pk, lea_code=lea, cause=cause[:80]) for pk, lea in sorted(set(lea_code_of))]
    LookMark.objects.bulk_create(marks, batch_size=500, ignore_conflicts=True)


@transaction.atomic
def look_at(lea_code: str, student_ids: Collection[int], *, found_by: str) -> Counter[str]:
    """Bring the arrivals of these students at the LEA up to what is known now; counts of ``new``, ``changed``,
    ``reopened`` and ``settled`` ones. Looking again changes nothing. A bounded number of queries."""
    ids = sorted(set(student_ids))
    # Two who look at once, at the import and by the button, do so one after the other.
    list(Student.unscoped.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
    found = evidence_of(lea_code, ids, clock.today())
    known: dict[int, list[Arrival]] = {}
    for arrival in Arrival.objects.filter(lea_code=lea_code, student_id__in=ids).order_by(
        "enrolled_on", "pk"
    ):
        known.setdefault(arrival.student_id, []).append(arrival)
    counts: Counter[str] = Counter()
    new: list[Arrival] = []
    changed: list[Arrival] = []
    for pk in ids:
        outcome, arrival = _looked(pk, lea_code, found.get(pk), known.get(pk, []), found_by)
        if outcome == "new" and arrival is not None:
            new.append(arrival)
        elif arrival is not None:
            changed.append(arrival)
        if outcome:
            counts[outcome] += 1
        changed += _left_behind(known.get(pk, []), arrival, found.get(pk), counts)
    Arrival.objects.bulk_create(new, batch_size=500)
    columns = (
        *("kind", "is_safe", "evidence", "enrolled_on", "looked_at"),
        *("settled_at", "settled_how", "settled_by_id", "settled_reason"),
    )
    Arrival.objects.bulk_update(changed, columns, batch_size=200)
    return counts


def _looked(
    student_id: int, lea_code: str, found: Found | None, known: list[Arrival], found_by: str
) -> tuple[str, Arrival | None]:
    """What became of the arrival of the newest stay: an outcome and the row to write, if any."""
    now = clock.now()
    arrival = _of_stay(known, found)
    if found is None:
        return "", None
    kind = kind_of(found.evidence)
    if arrival is None:
        if kind is None:
            return "", None
        made = Arrival(
            student_id=student_id,
            lea_code=lea_code,
            enrolled_on=found.stay.first,
            found_by=found_by[:80],
            found_at=now,
        )
        _take(made, kind, found.evidence, now)
        return "new", made
    if arrival.settled_at is not None:
        if kind is None or arrival.settled_how not in BY_ITSELF:
            return "", None
        arrival.settled_at, arrival.settled_how, arrival.settled_reason = None, "", ""
        _take(arrival, kind, found.evidence, now)
        return "reopened", arrival
    if kind is None and found.evidence.participates_here:
        return "settled", _by_itself(arrival, "taken-up", "A plan or a status of this district stands.", now)
    if kind is None and arrival.found_by_id is None:
        return "settled", _by_itself(
            arrival, "known-otherwise", "Nothing says special education any more.", now
        )
    # Somebody said that the student arrived: that stays open though nothing is known yet.
    before = (arrival.kind, arrival.is_safe, arrival.evidence, arrival.enrolled_on)
    _take(arrival, kind or Kind.LOOK, found.evidence, now)
    arrival.enrolled_on = found.stay.first
    if before == (arrival.kind, arrival.is_safe, arrival.evidence, arrival.enrolled_on):
        return "", None
    return "changed", arrival


def _of_stay(known: Sequence[Arrival], found: Found | None) -> Arrival | None:
    """The arrival of the stay: its first day may have been corrected by the SIS since."""
    if found is None:
        return None
    same = [one for one in known if found.ended_before is None or one.enrolled_on > found.ended_before]
    exact = [one for one in same if one.enrolled_on == found.stay.first]
    return (exact or same or [None])[-1]


def _left_behind(
    known: Sequence[Arrival], kept: Arrival | None, found: Found | None, counts: Counter[str]
) -> list[Arrival]:
    """Open arrivals of stays that are not there any more, settled."""
    current = _of_stay(known, found)
    gone = []
    for arrival in known:
        if arrival.settled_at is None and arrival is not kept and arrival is not current:
            counts["settled"] += 1
            words = "The SIS took the enrollment back, or ended it as one who never came."
            gone.append(_by_itself(arrival, "gone", words, clock.now()))
    return gone


def _by_itself(arrival: Arrival, how: str, reason: str, now: datetime) -> Arrival:
    arrival.settled_at, arrival.settled_how, arrival.settled_by_id = now, how, None
    arrival.settled_reason, arrival.looked_at = reason, now
    return arrival


@transaction.atomic(savepoint=False)
def settle_as_merged(*, other_id: int, moved: Collection[int], since: datetime) -> int:
    """The arrivals of a record that was put into another one, ``moved`` among them: what the look settled by itself
    ``since`` then, and what is open on the empty record, ended by that. Returns how many."""
    ended = Q(pk__in=moved, settled_how__in=BY_ITSELF, settled_at__gte=since)
    left = Q(student_id=other_id, settled_at__isnull=True)
    return Arrival.objects.filter(ended | left).update(
        settled_at=clock.now(),
        settled_how="merged",
        settled_by_id=None,
        settled_reason="The record was put together with another one of the same student, which goes on.",
    )


def _take(arrival: Arrival, kind: Kind, evidence: Evidence, now: datetime) -> None:
    arrival.kind = kind.value
    arrival.evidence = evidence.document()
    arrival.is_safe = kind is Kind.ARRIVING and not why_not_safe(evidence, clock.today())
    arrival.looked_at = now


@transaction.atomic
def say_arrived(*, actor: Actor, student: Student) -> Arrival | None:
    """Somebody says that a student has come; ``None`` where the student has no enrollment at the actor's LEA.

    An open arrival of the stay is given back; one that was settled opens again, as somebody has more to say.
    """
    Student.unscoped.select_for_update().get(pk=student.pk)
    found = evidence_of(actor.agency_code, [student.pk], clock.today()).get(student.pk)
    if found is None:
        return None
    known = list(
        Arrival.objects.filter(student=student, lea_code=actor.agency_code).order_by("enrolled_on", "pk")
    )
    arrival, now = _of_stay(known, found), clock.now()
    if arrival is not None and arrival.settled_at is None:
        return arrival
    if arrival is None:
        arrival = Arrival(
            student=student,
            lea_code=actor.agency_code,
            enrolled_on=found.stay.first,
            found_by="by hand",
            found_by_id=actor.user_id,
            found_at=now,
        )
    arrival.settled_at, arrival.settled_how, arrival.settled_by_id = None, "", None
    arrival.settled_reason, arrival.archive_id = "", None
    arrival.found_by_id = actor.user_id
    _take(arrival, kind_of(found.evidence) or Kind.LOOK, found.evidence, now)
    arrival.save()
    log_change(actor=actor, action="say_arrived", student_id=student.pk, subject=arrival)
    return arrival


@transaction.atomic
def save_answers(*, actor: Actor, arrival: Arrival, answers: Mapping[str, str]) -> None:
    """Keep what a person knows better than the records. The same again writes nothing."""
    locked = Arrival.objects.select_for_update().get(pk=arrival.pk)
    if locked.settled_at is not None or locked.answers == dict(answers):
        return
    locked.answers, locked.answered_by_id, locked.answered_at = dict(answers), actor.user_id, clock.now()
    locked.save(update_fields=["answers", "answered_by_id", "answered_at"])
    log_change(
        actor=actor,
        action="answer_arrival",
        student_id=locked.student_id,
        subject=locked,
        detail={"answered": sorted(answers)},
    )


@transaction.atomic
def settle_arrival(
    *, actor: Actor, arrival: Arrival, how: str, reason: str, archive_id: int | None = None
) -> bool:
    """Settle an arrival by a person's word; ``False`` where it is settled already."""
    locked = Arrival.objects.select_for_update().get(pk=arrival.pk)
    # What the radar has just settled for the very change that this is about, the person has settled.
    if locked.settled_at is not None and locked.settled_how not in BY_ITSELF:
        return False
    locked.settled_at, locked.settled_how, locked.settled_by_id = clock.now(), how, actor.user_id
    locked.settled_reason, locked.archive_id = reason.strip()[:300], archive_id
    locked.save(update_fields=["settled_at", "settled_how", "settled_by_id", "settled_reason", "archive_id"])
    log_change(
        actor=actor,
        action="settle_arrival",
        student_id=locked.student_id,
        subject=locked,
        reason=locked.settled_reason,
        detail={"how": how},
    )
    return True


def look_where_open(student_id: int, lea_code: str) -> None:
    """A plan or a status was stated: an open arrival of the student there may have been taken up by it. One query where
    there is none."""
    if Arrival.objects.filter(student_id=student_id, lea_code=lea_code, settled_at__isnull=True).exists():
        look_at(lea_code, [student_id], found_by="a change of the record")


def look_where_known(student_id: int, lea_code: str) -> None:
    """What was stated is taken back: an arrival that it took up may be open again. One query where there is none."""
    if Arrival.objects.filter(student_id=student_id, lea_code=lea_code).exists():
        look_at(lea_code, [student_id], found_by="a change taken back")


def note_archive(arrival_id: int, archive_id: int) -> None:
    """What was recorded when the arrival was settled."""
    Arrival.objects.filter(pk=arrival_id).update(archive_id=archive_id)


def reopen_arrival(arrival_id: int) -> None:
    """What settled it was taken back."""
    Arrival.objects.filter(pk=arrival_id).update(
        settled_at=None, settled_how="", settled_by_id=None, settled_reason="", archive_id=None
    )


@transaction.atomic
def ask_for_records(
    *,
    actor: Actor,
    arrival: Arrival,
    agency_code: str,
    agency_name: str,
    contact_name: str,
    asked_on: date,
    follow_up_on: date,
    note: str = "",
) -> RecordsAsked:
    """Note that the records were asked for. The same request of the same day is noted once."""
    Arrival.objects.select_for_update().get(pk=arrival.pk)
    same = RecordsAsked.objects.filter(
        arrival=arrival, agency_code=agency_code, agency_name=agency_name, asked_on=asked_on
    ).first()
    if same is not None:
        return same
    asked = RecordsAsked.objects.create(
        arrival=arrival,
        student_id=arrival.student_id,
        lea_code=arrival.lea_code,
        agency_code=agency_code,
        agency_name=agency_name[:120],
        contact_name=contact_name[:120],
        asked_on=asked_on,
        follow_up_on=follow_up_on,
        note=note[:300],
        asked_by_id=actor.user_id,
        asked_at=clock.now(),
    )
    log_change(
        actor=actor,
        action="ask_for_records",
        student_id=arrival.student_id,
        subject=asked,
        detail={"agency": agency_code},
    )
    return asked


@transaction.atomic
def receive_records(*, actor: Actor, asked: RecordsAsked, received_on: date) -> bool:
    """Note that the records came; ``False`` where that was noted already."""
    changed = RecordsAsked.objects.filter(pk=asked.pk, received_on__isnull=True).update(
        received_on=received_on, received_by_id=actor.user_id
    )
    if changed:
        log_change(actor=actor, action="receive_records", student_id=asked.student_id, subject=asked)
    return bool(changed)


@transaction.atomic
def open_batch(
    *,
    actor: Actor,
    public_id: uuid.UUID,
    reason: str,
    items: Mapping[int, date],
    is_alone: bool = False,
    plan_known_on: date | None = None,
) -> tuple[AdoptionBatch, bool]:
    """A batch of arrivals (key → first day here) that wait to be adopted, and whether it was made now.

    Whoever is settled, or waits in another batch, is left out: of two people at once the first has it.
    """
    # One at a time for an LEA: the second finds the first one's rows.
    arrivals = list(
        Arrival.objects.select_for_update()
        .filter(pk__in=list(items), lea_code=actor.agency_code)
        .order_by("pk")
    )
    made = AdoptionBatch.objects.filter(public_id=public_id).first()
    if made is not None:
        return made, False
    waiting = set(
        AdoptionItem.objects.filter(arrival__in=arrivals, state="waiting").values_list(
            "arrival_id", flat=True
        )
    )
    batch = made_batch(
        AdoptionBatch, actor=actor, public_id=public_id, reason=reason.strip()[:300], is_alone=is_alone
    )
    AdoptionItem.objects.bulk_create(
        [
            AdoptionItem(
                batch=batch,
                arrival=one,
                student_id=one.student_id,
                adopt_on=items[one.pk],
                plan_known_on=plan_known_on,
            )
            for one in arrivals
            if one.settled_at is None and one.pk not in waiting
        ],
        batch_size=500,
    )
    log_change(
        actor=actor, action="adopt_plans", subject=batch, reason=batch.reason, detail={"of": len(items)}
    )
    return batch, True
