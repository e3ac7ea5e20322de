"""What of our archives is to be reported, and what has become of each record: all of it, unless a person said
otherwise (:class:`ReportStatus`) or another archive stands in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import standing_of, uncorrected_records
from manzanita.domain.access import Actor
from manzanita.domain.reporting_periods import ReportingPeriod, period_of
from manzanita.exchange.holds import ON_ITS_WAY
from manzanita.exchange.models import Operation, PeriodLock, ReportStatus
from manzanita.exchange.ssids import Ssids, ssids_of
from manzanita.platform import clock
from manzanita.students.scope import visible_to

_ONLY: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "SWDS": ("SWDS",),
    "MEET": ("MEET",),
    "PLAN": ("PLAN", "SERV"),
}


def in_force() -> QuerySet[ReportStatus]:
    """Report statuses that count today."""
    return ReportStatus.objects.filter(Q(expires_on=None) | Q(expires_on__gt=clock.today()), ended_at=None)


def statuses_in_force(student_ids: Iterable[int], *, known_on: date | None = None) -> QuerySet[ReportStatus]:
    """Of these students; with ``known_on``, those that counted at the end of that day."""
    counting = in_force()
    if known_on is not None:
        end = clock.end_of(known_on)
        counting = ReportStatus.objects.filter(
            Q(expires_on=None) | Q(expires_on__gt=known_on),
            Q(ended_at=None) | Q(ended_at__gt=end),
            set_at__lte=end,
        )
    return counting.filter(student_id__in=list(student_ids))


def status_of(archive: Archive) -> ReportStatus | None:
    return in_force().filter(archive=archive).first()


def is_reported(status: ReportStatus | None, record: str) -> bool:
    """Whether a record of an archive with this status is to be reported."""
    return status is None or record in _ONLY[status.choice]


def reported_records(
    student_ids: Iterable[int], lea_code: str | None = None
) -> dict[int, list[ArchivedRecord]]:
    """Per student, what the state should hold: standing records less what is not to be reported."""
    ids = list(student_ids)
    return reported_of(statuses_in_force(ids), uncorrected_records(ids, lea_code))


def reported_of(
    statuses: Iterable[ReportStatus], rows: Iterable[ArchivedRecord]
) -> dict[int, list[ArchivedRecord]]:
    """Of uncorrected ``rows`` in the order of recording, per student those that the state should hold, given the
    ``statuses`` in force."""
    by_archive = {status.archive_id: status for status in statuses}
    return standing_of(rows, lambda row: not is_reported(by_archive.get(row.archive_id), row.record))


def left_out() -> Q:
    """Condition on archived records: a report status leaves it out."""
    found = Q(pk__in=())
    for choice, kept in _ONLY.items():
        archives = in_force().filter(choice=choice).values("archive")
        found |= Q(archive__in=archives) & ~Q(record__in=kept)
    return found


def locked_periods() -> dict[str, ReportingPeriod]:
    """By LEA, the reporting period to which it limits what it sends; one query. A lock ends with its period."""
    today = clock.today()
    found = {
        lock.lea_code: period_of(lock.year, lock.period_key)
        for lock in PeriodLock.objects.filter(ended_at=None)
    }
    return {lea: period for lea, period in found.items() if today <= period.closes_on}


@dataclass(frozen=True, slots=True)
class RecordState:
    """What has become of one archived record. ``kind``: will-send, held, sent, posted, superseded,
    do-not-report, left-out. ``text`` says why, ``operation_id`` is the difference where there is one."""

    kind: str
    text: str
    owner: str = ""
    operation_id: int | None = None


def record_states(
    archive: Archive, rows: Sequence[ArchivedRecord], *, status: ReportStatus | None, is_superseded: bool
) -> dict[str, RecordState]:
    """The state of each record (``rows``) of an archive with its report status, by key. A later archive, the
    status, the outbox and what the state holds speak in this order."""
    if is_superseded:
        return {
            row.record_key: RecordState("superseded", "A correction stands in its place.") for row in rows
        }
    stands = {row.pk for row in reported_records([archive.student_id]).get(archive.student_id, [])}
    operations = {one.record_key: one for one in Operation.objects.filter(student_id=archive.student_id)}
    # An archive made before the SSID came has none; its operation has.
    ssids = ssids_of([archive.student_id]).get(archive.student_id, Ssids())
    found = {}
    for row in rows:
        key = ssids.key(row.record_key)
        operation = operations.get(key)
        if status is not None and not is_reported(status, row.record):
            found[row.record_key] = _not_reported(status, operation)
        elif row.pk not in stands:
            found[row.record_key] = RecordState("superseded", "A later archive holds this record.")
        elif operation is None:
            found[row.record_key] = RecordState("posted", "The state holds exactly this.")
        else:
            found[row.record_key] = _on_the_way(operation)
    return found


def _not_reported(status: ReportStatus, operation: Operation | None) -> RecordState:
    kind = "do-not-report" if status.choice == "none" else "left-out"
    if operation is not None and operation.kind == "delete":
        return RecordState(kind, "The state is told to delete it.", operation_id=operation.pk)
    return RecordState(kind, f"{status.get_choice_display()}: the state is told nothing of it.")


def _on_the_way(operation: Operation) -> RecordState:
    if operation.hold_code == ON_ITS_WAY:
        return RecordState("sent", operation.holds[0]["text"], operation.holds[0]["owner"], operation.pk)
    if operation.holds:
        reason = operation.holds[0]
        return RecordState(
            "held", f"{reason['text']} {reason['way_out']}".strip(), reason["owner"], operation.pk
        )
    return RecordState("will-send", "It goes with the next send.", operation_id=operation.pk)


def statuses_of_lea(actor: Actor, *, ended: bool = False, limit: int = 200) -> Sequence[ReportStatus]:
    """Archives of the actor's LEA and scope that are not reported whole, newest first; or those that were."""
    found = ReportStatus.objects.select_related("archive").defer("archive__document")
    found = found.filter(lea_code=actor.agency_code, student_id__in=visible_to(actor).order_by().values("pk"))
    standing = in_force().values("pk")
    found = found.exclude(pk__in=standing) if ended else found.filter(pk__in=standing)
    return list(found.order_by("-id")[:limit])


def lock_of(lea_code: str) -> PeriodLock | None:
    return PeriodLock.objects.filter(lea_code=lea_code, ended_at=None).first()


def locked_count(actor: Actor) -> int:
    """How many operations of the actor's LEA and scope the lock holds back, whatever else holds them."""
    held = Operation.objects.filter(
        lea_code=actor.agency_code, student_id__in=visible_to(actor).order_by().values("pk")
    ).exclude(hold_code__in=["", ON_ITS_WAY])
    return sum(
        any(reason["code"] == "period-locked" for reason in holds)
        for holds in held.values_list("holds", flat=True)
    )
