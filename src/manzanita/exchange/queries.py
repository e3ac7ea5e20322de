"""Reading the exchange: the plan, what is held and why, submissions, findings, imports."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache, reduce
from operator import or_

from django.conf import settings
from django.db.models import Case, Count, Exists, IntegerField, Min, OuterRef, Q, QuerySet, Value, When
from django.db.models.fields.json import KT
from django.http import Http404

from manzanita.domain.access import Actor
from manzanita.domain.former_lea import CLOSED
from manzanita.domain.records import ORDER
from manzanita.exchange.holds import ON_ITS_WAY
from manzanita.exchange.models import (
    ImportFile,
    ImportNote,
    ImportRun,
    Operation,
    StateFinding,
    StateRecord,
    Submission,
    SubmissionLine,
)
from manzanita.platform import clock
from manzanita.platform.kept_queries import KeptQuery, Reckoned
from manzanita.platform.models import Job
from manzanita.students.models import Enrollment, IdentityChange, Ssid
from manzanita.students.scope import in_reach, lea_filter, visible_to
from manzanita.students.transfer_facts import SIS_CAUSE


def operations_of(actor: Actor) -> QuerySet[Operation]:
    """Operations of the actor's LEA for students in the actor's scope."""
    return Operation.objects.filter(in_reach(actor), lea_code=actor.agency_code)


def state_peer() -> str:
    """The destination whose book this installation keeps: where it first sent to, else the one of the settings."""
    sent_to = Submission.objects.exclude(state="refused").order_by("id").values_list("destination", flat=True)
    return sent_to.first() or str(settings.STATE_GATEWAY["destination"])


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """Counts of the plan: what may go now by kind, and by record and kind; what is held by reason code with whose job
    that is."""

    by_kind: dict[str, int]
    held: dict[str, int]
    held_owners: dict[str, list[str]]
    student_count: int
    by_record: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def ready_count(self) -> int:
        return sum(self.by_kind.values())

    @property
    def held_count(self) -> int:
        return sum(count for code, count in self.held.items() if code != ON_ITS_WAY)

    @property
    def on_its_way_count(self) -> int:
        return self.held.get(ON_ITS_WAY, 0)


def plan_counts(actor: Actor) -> PlanCounts:
    by_row, students = _plan_counts(actor, clock.today())
    by_kind: Counter[str] = Counter()
    by_record: dict[str, Counter[str]] = {record: Counter() for record in ORDER}
    held: Counter[str] = Counter()
    owners: dict[str, dict[str, None]] = defaultdict(dict)
    for kind, record, hold_code, owner, count in by_row.ask():
        if hold_code:
            held[hold_code] += count
            owners[hold_code][owner] = None
        else:
            by_kind[kind] += count
            by_record[record][kind] += count
    (student_count,) = students.one()
    return PlanCounts(
        {kind: by_kind[kind] for kind in ("add", "replace", "delete")},
        dict(held),
        {code: list(named) for code, named in owners.items()},
        student_count,
        {record: counts for record, counts in by_record.items() if counts},
    )


@lru_cache(maxsize=256)
def _plan_counts(actor: Actor, today: date) -> tuple[KeptQuery, Reckoned]:
    rows = operations_of(actor)
    by_row = rows.values_list("kind", "record", "hold_code", KT("holds__0__owner"))
    may_go = rows.filter(hold_code="")
    return (
        KeptQuery(by_row.annotate(count=Count("id")).order_by(KT("holds__0__owner"))),
        Reckoned(may_go, students=Count("student_id", distinct=True)),
    )


def ready_after(actor: Actor, day: date) -> int:
    """Of what may go now, how many are of a later day."""
    return operations_of(actor).filter(hold_code="", key_on__gt=day).count()


def plan_operations(
    actor: Actor, *, held: str = "", limit: int = 200, after: tuple[int, int] = (0, -1)
) -> list[Operation]:
    """Operations that may be sent, or those held first for the reason ``held``, in sending order.

    ``after`` is the (student, position) of the last one already shown.
    """
    return list(
        operations_of(actor)
        .filter(Q(student_id__gt=after[0]) | Q(student_id=after[0], position__gt=after[1]), hold_code=held)
        .order_by("student_id", "position")[:limit]
    )


def plan_operations_of(actor: Actor, operation_ids: Sequence[int]) -> list[Operation]:
    """These operations, in sending order, as far as they are in the actor's scope."""
    return list(operations_of(actor).filter(pk__in=operation_ids).order_by("student_id", "position"))


def operation_of_actor(actor: Actor, operation_id: int) -> Operation:
    operation = operations_of(actor).filter(pk=operation_id).first()
    if operation is None:
        raise Http404("no such operation in this scope")
    return operation


def older_held(operation: Operation) -> Operation | None:
    """The operation of the same student for which ``operation`` waits: the first one that is held itself."""
    before = Operation.objects.filter(student_id=operation.student_id, position__lt=operation.position)
    blocking = before.exclude(hold_code__in=["", ON_ITS_WAY, CLOSED, "older-waiting"]).exclude(record="SERV")
    return blocking.order_by("position").first()


def operations_of_student(student_id: int) -> QuerySet[Operation]:
    return Operation.objects.filter(student_id=student_id).order_by("position")


def state_records_of(student_id: int) -> QuerySet[StateRecord]:
    return StateRecord.objects.filter(student_id=student_id).order_by("key_on", "record")


def lines_of_student(student_id: int) -> list[SubmissionLine]:
    """Every line ever sent for the student, newest first."""
    return list(
        SubmissionLine.objects.select_related("submission")
        .filter(student_id=student_id)
        .order_by("-id")[:200]
    )


def sent_archives(archive_ids: Collection[int]) -> set[int]:
    """Those of these archives of which a line went to the state and was not rejected. The caller names archives that
    may be read."""
    rows = SubmissionLine.objects.filter(archive_id__in=list(archive_ids)).exclude(outcome="rejected")
    return set(rows.values_list("archive_id", flat=True))


def open_findings_of(student_id: int) -> QuerySet[StateFinding]:
    return StateFinding.objects.filter(student_id=student_id, closed_at=None).order_by("opened_at")


# What the state says of a line, the heaviest first: a fatal one keeps it out.
WEIGHTS = ("fatal", "warning", "info", "not_evaluated")
_WEIGHT = Case(
    *(When(severity=one, then=place) for place, one in enumerate(WEIGHTS)),
    default=len(WEIGHTS),
    output_field=IntegerField(),
)


def open_findings(
    actor: Actor, *, severity: str = "", after: StateFinding | None = None, limit: int = 500
) -> list[StateFinding]:
    """Open findings for students in the actor's scope, what hurts first (``WEIGHTS``) and the newest first within it,
    after one already shown."""
    found = StateFinding.objects.filter(
        closed_at=None,
        student_id__in=visible_to(actor).order_by().values("pk"),
        **lea_filter(actor.narrowed),
    ).annotate(weight=_WEIGHT)
    if severity:
        found = found.filter(severity=severity)
    if after is not None:
        weight = WEIGHTS.index(after.severity)
        older = Q(opened_at__lt=after.opened_at) | Q(opened_at=after.opened_at, pk__lt=after.pk)
        found = found.filter(Q(weight__gt=weight) | Q(older, weight=weight))
    return list(found.order_by("weight", "-opened_at", "-pk")[:limit])


def finding_of_actor(actor: Actor, finding_id: int) -> StateFinding:
    finding = StateFinding.objects.filter(
        pk=finding_id, student_id__in=visible_to(actor).order_by().values("pk"), **lea_filter(actor)
    ).first()
    if finding is None:
        raise Http404("no such finding in this scope")
    return finding


def import_runs(actor: Actor, *, before: int | None = None, limit: int = 20) -> list[ImportRun]:
    """Imports of the actor's LEA, newest first, from the one made before the run ``before`` on."""
    found = ImportRun.objects.filter(lea_code=actor.agency_code)
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.order_by("-id")[:limit])


def get_import_run(actor: Actor, public_id: uuid.UUID) -> ImportRun:
    run = ImportRun.objects.filter(lea_code=actor.agency_code, public_id=public_id).first()
    if run is None:
        raise Http404("no such import at this LEA")
    return run


def import_runs_by_key(keys: Collection[int]) -> dict[int, ImportRun]:
    """Imports of any LEA by key, for saying where a fact came from; who may open one is ``get_import_run``'s."""
    return ImportRun.objects.in_bulk(keys)


def import_files(run: ImportRun) -> list[ImportFile]:
    return list(ImportFile.objects.filter(run=run).order_by("pk"))


def files_of_runs(runs: Sequence[ImportRun]) -> dict[int, list[ImportFile]]:
    """The files of some runs by run, in the order given, in one query."""
    found: dict[int, list[ImportFile]] = {run.pk: [] for run in runs}
    for file in ImportFile.objects.filter(run__in=runs).order_by("pk"):
        found[file.run_id].append(file)
    return found


def jobs_over(job_ids: Collection[int | None]) -> set[int | None]:
    """Of the jobs of some runs, those that have ended; a run without a job has nobody at work either."""
    running = Job.objects.filter(pk__in=[pk for pk in job_ids if pk]).exclude(state__in=["done", "failed"])
    return set(job_ids) - set(running.values_list("pk", flat=True))


def imports_under_way(lea_code: str, sha256s: Iterable[str]) -> list[ImportRun]:
    """Runs of the LEA that wait or run and have a file of one of these contents, oldest first."""
    with_file = ImportFile.objects.filter(run=OuterRef("pk"), sha256__in=list(sha256s))
    under_way = ImportRun.objects.filter(
        Exists(with_file), lea_code=lea_code, state__in=["waiting", "running"]
    )
    return list(under_way.order_by("pk"))


def import_notes(
    files: Iterable[ImportFile], *, effect: str = "", after: ImportNote | None = None, limit: int = 100
) -> list[ImportNote]:
    """Notes of some files, what is to be done first, then by file and line; after one already shown."""
    found = ImportNote.objects.filter(file__in=[file.pk for file in files]).annotate(need=_NEED)
    if effect:
        found = found.filter(effect=effect)
    if after is not None:
        need = note_need(after)
        found = found.filter(
            Q(need__gt=need)
            | Q(need=need, file_id__gt=after.file_id)
            | Q(need=need, file_id=after.file_id, line__gt=after.line)
            | Q(need=need, file_id=after.file_id, line=after.line, pk__gt=after.pk)
        )
    return list(found.order_by("need", "file_id", "line", "pk")[:limit])


# Of notes: a line that is out, a field that is, what wants a look, and last what asks nothing of anybody.
NOTHING_TO_DO = 3
_NEEDS = {"refused": 0, "emptied": 1, "kept": 2, "elsewhere": NOTHING_TO_DO}
_NEED = Case(
    When(effect="kept", severity="info", then=Value(NOTHING_TO_DO)),
    *(When(effect=effect, then=Value(need)) for effect, need in _NEEDS.items()),
    output_field=IntegerField(),
)


def note_need(note: ImportNote) -> int:
    """How much a note wants somebody, 0 the most; ``NOTHING_TO_DO`` of one that asks nothing."""
    return NOTHING_TO_DO if (note.effect, note.severity) == ("kept", "info") else _NEEDS[note.effect]


def refused_lines(notes: Iterable[ImportNote]) -> set[tuple[int, int]]:
    """Of the lines that these notes are of, those that were refused, as (file, line); one query."""
    lines = {(note.file_id, note.line) for note in notes if note.line and note.effect != "refused"}
    if not lines:
        return set()
    rows = ImportNote.objects.filter(
        effect="refused", file_id__in={file for file, _ in lines}, line__in={line for _, line in lines}
    )
    return set(rows.values_list("file_id", "line")) & lines


def import_note_counts(files: Iterable[ImportFile]) -> dict[str, int]:
    """How many notes some files have, by effect; one query."""
    rows = ImportNote.objects.filter(file__in=[file.pk for file in files]).order_by()
    return dict(rows.values_list("effect").annotate(count=Count("id")))


@dataclass(frozen=True, slots=True)
class StripCell:
    """One record type of the state strip: counts and newest dates of what should be and is; what differs as it is
    ready to send, on its way, or held."""

    record: str
    status: str
    should_count: int
    should_on: date | None
    does_count: int
    does_on: date | None
    ready: Sequence[Operation]
    on_its_way: Sequence[Operation]
    held: Sequence[Operation]


def state_strip(
    operations: Sequence[Operation], at_state: Sequence[StateRecord], should: Sequence[tuple[str, date]]
) -> list[StripCell]:
    """The strip of one student: ``status`` is equal, different, held or none."""
    cells = []
    for record in ORDER:
        own = [operation for operation in operations if operation.record == record]
        held = [operation for operation in own if operation.hold_code not in ("", ON_ITS_WAY)]
        holding = [held.key_on for held in at_state if held.record == record]
        wanted = [on for kind, on in should if kind == record]
        status = "held" if held else "different" if own else "equal" if wanted or holding else "none"
        cells.append(
            StripCell(
                record=record,
                status=status,
                should_count=len(wanted),
                should_on=max(wanted, default=None),
                does_count=len(holding),
                does_on=max(holding, default=None),
                ready=[operation for operation in own if not operation.hold_code],
                on_its_way=[operation for operation in own if operation.hold_code == ON_ITS_WAY],
                held=held,
            )
        )
    return cells


def last_reply_at(actor: Actor) -> datetime | None:
    newest = Submission.objects.filter(lea_code=actor.agency_code, answered_at__isnull=False).order_by(
        "-answered_at"
    )
    return newest.values_list("answered_at", flat=True).first()


def status_by_student(actor: Actor, student_ids: Iterable[int]) -> dict[int, str]:
    """equal, different, held or none (the state holds nothing and need not) for each student of a list, as
    far as LEAs report the student whose records the actor reads; two queries."""
    ids = list(student_ids)
    at_state = StateRecord.objects.filter(student_id__in=ids, **lea_filter(actor))
    with_records = set(at_state.values_list("student_id", flat=True).distinct())
    status = {student_id: "equal" if student_id in with_records else "none" for student_id in ids}
    operations = Operation.objects.filter(student_id__in=ids, **lea_filter(actor))
    for student_id, hold in operations.values_list("student_id", "hold_code"):
        if hold not in ("", ON_ITS_WAY):
            status[student_id] = "held"
        elif status[student_id] != "held":
            status[student_id] = "different"
    return status


def has_operation(actor: Actor, *, held: bool) -> Exists:
    """Condition on students: an operation is held, or is different without being held, of an LEA whose records the
    actor reads."""
    operations = Operation.objects.filter(student_id=OuterRef("pk"), **lea_filter(actor.narrowed))
    free = Q(hold_code__in=["", ON_ITS_WAY])
    return Exists(operations.filter(~free if held else free))


def changed_by_import(actor: Actor, run_key: int) -> Q:
    """Condition on students: an import of the actor's LEA brought something new of them."""
    if not ImportRun.objects.filter(pk=run_key, kind="sis", lea_code=actor.agency_code).exists():
        return Q(pk__in=[])
    brought = {"cause": f"{SIS_CAUSE}{run_key}"}
    keys = [
        model.objects.filter(**brought).values("student_id") for model in (Enrollment, Ssid, IdentityChange)
    ]
    return reduce(or_, (Q(pk__in=one) for one in keys))


def has_open_finding(actor: Actor) -> Exists:
    """Condition on students: a finding is open of an LEA whose records the actor reads."""
    return Exists(
        StateFinding.objects.filter(student_id=OuterRef("pk"), closed_at=None, **lea_filter(actor.narrowed))
    )


@dataclass(frozen=True, slots=True)
class FindingCount:
    """Open findings of one severity: how many, since when, and whose they are (owner to count)."""

    count: int
    oldest_at: datetime
    owners: dict[str, int]


def finding_counts(actor: Actor) -> dict[str, FindingCount]:
    """Open findings in the actor's scope by severity, in one query."""
    found: dict[str, FindingCount] = {}
    for severity, owner, count, oldest in _finding_counts(actor, clock.today()).ask():
        known = found.get(severity, FindingCount(0, oldest, {}))
        found[severity] = FindingCount(
            known.count + count, min(known.oldest_at, oldest), {**known.owners, owner: count}
        )
    return found


@lru_cache(maxsize=256)
def _finding_counts(actor: Actor, today: date) -> KeptQuery:
    within = visible_to(actor).order_by().values("pk")
    rows = StateFinding.objects.filter(closed_at=None, student_id__in=within, **lea_filter(actor.narrowed))
    counts = rows.values_list("severity", "owner").annotate(count=Count("id"), oldest=Min("opened_at"))
    return KeptQuery(counts.order_by("-count", "owner"))
