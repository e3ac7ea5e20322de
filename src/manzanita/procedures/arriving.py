"""The arrival radar: who has come to an LEA, asked after each import of what it touched, each night, and by a
button."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import Arrival, LookMark
from manzanita.domain.dates import years_after
from manzanita.domain.stays import SECONDARY
from manzanita.domain.years import year_start
from manzanita.platform import clock
from manzanita.platform.jobs import JobRun, enqueue_job
from manzanita.platform.models import Job, JobState
from manzanita.platform.reach import whole_installation
from manzanita.students.models import DuplicatePair, Enrollment, Plan, SpecialEducationStatus

LOOK_JOB = "arrivals.look"
NIGHTLY_LOOK_JOB = "arrivals.look-nightly"
STUDENTS_AT_ONCE = 400
Progress = Callable[[int, int], None]

_everywhere = whole_installation(
    "what is known of who arrives was recorded by the LEA that the student comes from"
)


class Steps(Protocol):
    """How a long work is done: ``platform.jobs.JobRun``, or in this thread (``import_sis``)."""

    def step(self) -> AbstractContextManager[None]: ...
    def progress(self, done: int, total: int | None = None, text: str = "") -> None: ...


@_everywhere
def look_at_marked(steps: Steps, lea_code: str = "") -> Counter[str]:
    """Look at whom imports have touched at the LEA (or at any), and forget the marks; a worker that takes over goes on
    with those that are left."""
    counts: Counter[str] = Counter()
    marked = LookMark.objects.filter(lea_code=lea_code) if lea_code else LookMark.objects.all()
    while marks := list(marked.order_by("lea_code", "pk")[:STUDENTS_AT_ONCE]):
        with steps.step():
            by_lea: dict[str, list[LookMark]] = defaultdict(list)
            for mark in marks:
                by_lea[mark.lea_code].append(mark)
            for lea, of_lea in by_lea.items():
                counts += look_at(lea, [mark.student_id for mark in of_lea], found_by=of_lea[0].cause)
            LookMark.objects.filter(pk__in=[mark.pk for mark in marks]).delete()
    return counts


@_everywhere
def look_everywhere(
    lea_code: str, *, found_by: str, progress: Progress = lambda done, total: None
) -> Counter[str]:
    """Look at everybody who may be an arrival at the LEA, and at those that stand open."""
    counts: Counter[str] = Counter()
    ids = sorted({*_candidates(lea_code), *_open(lea_code)})
    for start in range(0, len(ids), STUDENTS_AT_ONCE):
        with transaction.atomic():
            counts += look_at(lea_code, ids[start : start + STUDENTS_AT_ONCE], found_by=found_by)
        progress(min(start + STUDENTS_AT_ONCE, len(ids)), len(ids))
    return counts


def _candidates(lea_code: str) -> Iterator[int]:
    """Students who came in this school year or are to come, in special education or like somebody who is, and take
    part here on no plan of the LEA."""
    today = clock.today()
    first_day = first_day_looked_at(today)
    own = {"student": OuterRef("student")}
    enrolled = (
        Enrollment.objects.believed()
        .filter(
            Q(effective_to__isnull=True) | Q(effective_to__gte=today),
            lea_code=lea_code,
            started_on__gte=first_day,
        )
        .exclude(status_code=SECONDARY)
    )
    known = Q(Exists(SpecialEducationStatus.objects.believed().filter(**own))) | Q(
        Exists(Plan.objects.believed().filter(**own))
    )
    pairs = DuplicatePair.objects.filter(settled_at__isnull=True)
    near = Q(Exists(pairs.filter(**own))) | Q(Exists(pairs.filter(other=OuterRef("student"))))
    ours = Plan.objects.as_of(effective=today).filter(lea_code=lea_code, **own)
    # Whose own plan stands has come back only if there was another district in between.
    elsewhere = (
        Enrollment.objects.believed()
        .filter(Q(effective_to__isnull=True) | Q(effective_to__gte=years_after(first_day, -1)), **own)
        .exclude(lea_code=lea_code)
    )
    rows = enrolled.filter(known | near).filter(~Q(Exists(ours)) | Q(Exists(elsewhere)))
    return rows.order_by().values_list("student_id", flat=True).distinct().iterator()


def _open(lea_code: str) -> list[int]:
    rows = Arrival.objects.filter(lea_code=lea_code, settled_at__isnull=True)
    return list(rows.values_list("student_id", flat=True))


def first_day_looked_at(today: date) -> date:
    """July 1 of the school year: who came before is no arrival any more, unless an open row says so."""
    return year_start(today)


def enqueue_look(lea_code: str, *, by_id: int) -> bool:
    """Have an LEA looked at; ``False`` where that waits or runs already."""
    with transaction.atomic():
        under_way = Job.objects.filter(
            kind=LOOK_JOB, args__lea_code=lea_code, state__in=[JobState.WAITING, JobState.RUNNING]
        )
        if under_way.exists():
            return False
        enqueue_job(kind=LOOK_JOB, args={"lea_code": lea_code}, by_id=by_id)
    return True


def do_look(run: JobRun) -> dict[str, int]:
    """Look at one LEA, as somebody asked."""
    counts = look_everywhere(
        run.args["lea_code"],
        found_by="looked by hand",
        progress=lambda done, total: run.progress(done, total, "Looking at enrollments"),
    )
    return dict(counts)


@_everywhere
def do_nightly_look(run: JobRun) -> dict[str, int]:
    """Look at every LEA that has students: days begin, extracts arrive, duplicates are found."""
    counts = look_at_marked(run)
    leas = sorted(Enrollment.objects.believed().order_by().values_list("lea_code", flat=True).distinct())
    for done, lea_code in enumerate(leas):
        run.progress(done, len(leas), "Looking at enrollments")
        counts += look_everywhere(lea_code, found_by="the night")
    return dict(counts)
