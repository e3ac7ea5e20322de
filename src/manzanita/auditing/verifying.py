"""The verifier: goes through every chain and names what was altered, removed, put in, or cut off."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef

from manzanita.auditing.anchors import Anchors, read_anchors
from manzanita.auditing.canonical import FORMS, LOGS, mac_of, rows_as_stored
from manzanita.auditing.keys import audit_key, fingerprint
from manzanita.auditing.models import LogSeal, SealCheck, SealHead, Unsealed
from manzanita.auditing.seal_models import FIRST_MAC
from manzanita.platform import clock

ROWS_AT_ONCE = 2000
# After a forged key every row is a problem: the first ones say as much as all of them.
MOST_PROBLEMS_NAMED = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of one chain. ``log`` and ``row_id`` name the row, where there is one."""

    lea_code: str
    log: str
    row_id: int | None
    text: str

    def __str__(self) -> str:
        lea = f"LEA {self.lea_code}" if self.lea_code else "the installation's own chain"
        row = f", {self.log} {self.row_id}" if self.row_id is not None else ""
        return f"{lea}{row}: {self.text}"


class _Seal(NamedTuple):
    """A seal without the cost of a model: there are as many as rows."""

    sequence: int
    log: str
    row_id: int
    form: int
    sealed_at: datetime
    mac: bytes


@dataclass(slots=True)
class Report:
    """What a verification found. ``problems`` stops at ``MOST_PROBLEMS_NAMED``, ``problem_count`` does not."""

    row_count: int = 0
    seconds: float = 0.0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    sealed_by_lea: dict[str, int] = field(default_factory=dict)
    waiting_count: int = 0
    waiting_for: timedelta | None = None

    @property
    def is_sound(self) -> bool:
        return self.problem_count == 0

    def add(self, problem: Problem) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS_NAMED:
            self.problems.append(problem)


def verify(*, anchor_file: Path | None = None, progress: Callable[[int], None] | None = None) -> Report:
    """Check all chains against their rows, their heads and the anchors, and store the outcome.

    ``progress`` is called with the count of rows so far. Sealing and logging may go on meanwhile. Raises
    ``KeyUnusable`` and ``AnchorsUnreadable``.
    """
    started = time.monotonic()
    key = audit_key()
    report = Report()
    # Anchors, heads, then seals: a chain that grows meanwhile is longer than what is said of it, never shorter.
    anchors = read_anchors(anchor_file or Path(settings.AUDIT_ANCHOR_FILE))
    heads = {head.lea_code: head for head in SealHead.objects.all()}
    ends = dict(
        LogSeal.objects.order_by()
        .values("lea_code")
        .annotate(end=Max("sequence"))
        .values_list("lea_code", "end")
    )
    for lea_code in sorted({*heads, *ends, *anchors}):
        _check_chain(
            report,
            key,
            lea_code,
            ends.get(lea_code, 0),
            heads.get(lea_code),
            anchors.get(lea_code, Anchors()),
            progress,
        )
    _check_unsealed(report)
    report.seconds = time.monotonic() - started
    _store(report)
    return report


def _check_chain(
    report: Report,
    key: bytes,
    lea_code: str,
    end: int,
    head: SealHead | None,
    anchors: Anchors,
    progress: Callable[[int], None] | None,
) -> None:
    if anchors.macs and anchors.key != fingerprint(key):
        text = "the last anchor was made with another key: this is not the key of these seals, or not their anchors"
        report.add(Problem(lea_code, "", None, text))
    before, expected, head_mac = FIRST_MAC, 1, FIRST_MAC
    while expected <= end:
        found = LogSeal.objects.filter(lea_code=lea_code, sequence__gte=expected, sequence__lte=end)
        seals = [
            _Seal._make(row) for row in found.order_by("sequence").values_list(*_Seal._fields)[:ROWS_AT_ONCE]
        ]
        if not seals:
            break
        rows = rows_as_stored((seal.log, seal.form, seal.row_id) for seal in seals)
        for seal in seals:
            if seal.sequence != expected:
                text = f"seals {expected} to {seal.sequence - 1} are gone, before this row"
                report.add(Problem(lea_code, seal.log, seal.row_id, text))
            stored = bytes(seal.mac)
            text = _judge(key, lea_code, seal, before, rows)
            if text:
                report.add(Problem(lea_code, seal.log, seal.row_id, text))
            elif seal.sequence in anchors.disputed or anchors.macs.get(seal.sequence, stored) != stored:
                text = f"sealed otherwise when the anchor of sequence {seal.sequence} was written"
                report.add(Problem(lea_code, seal.log, seal.row_id, text))
            before, expected = stored, seal.sequence + 1
            if head is not None and seal.sequence == head.sequence:
                head_mac = stored
        report.row_count += len(seals)
        if progress is not None:
            progress(report.row_count)
    report.sealed_by_lea[lea_code] = expected - 1
    _check_end(report, lea_code, end, head, head_mac, anchors)


def _judge(
    key: bytes, lea_code: str, seal: _Seal, before: bytes, rows: Mapping[tuple[str, int], tuple]
) -> str:
    """What is wrong with a row and its seal, or empty text."""
    if seal.form not in FORMS.get(seal.log, {}):
        return f"its seal names a form that does not exist ({seal.log} {seal.form})"
    row = rows.get((seal.log, seal.row_id))
    mac = mac_of(
        key,
        before=before,
        lea_code=lea_code,
        sequence=seal.sequence,
        log=seal.log,
        row_id=seal.row_id,
        form=seal.form,
        sealed_at=seal.sealed_at,
        row=row,
    )
    if row is None:
        return "missing: the row was removed" + (" before it was sealed" if mac == bytes(seal.mac) else "")
    return (
        ""
        if mac == bytes(seal.mac)
        else "altered: the row, or the seal before or on it, is not what was sealed"
    )


def _check_end(
    report: Report,
    lea_code: str,
    end: int,
    head: SealHead | None,
    head_mac: bytes,
    anchors: Anchors,
) -> None:
    if head is None and end:
        report.add(Problem(lea_code, "", None, "the head of the chain was removed"))
    elif head is not None and head.sequence > end:
        text = f"cut off: the head says {head.sequence} seals, there are {end}"
        report.add(Problem(lea_code, "", None, text))
    elif head is not None and head.sequence and head_mac != bytes(head.mac):
        report.add(Problem(lea_code, "", None, "the head of the chain is not its last seal"))
    if anchors.longest > end:
        text = f"cut off: an anchor says {anchors.longest} seals, there are {end}"
        report.add(Problem(lea_code, "", None, text))
    elif end and not anchors.macs:
        text = "no anchor: a cut end could not be seen. If the file is only new, write one: manzanita audit anchor"
        report.add(Problem(lea_code, "", None, text))


def _check_unsealed(report: Report) -> None:
    """Rows without a seal must wait for one, and what waits must be there."""
    for log, model in LOGS.items():
        sealed = LogSeal.objects.filter(log=log, row_id=OuterRef("pk"))
        waiting = Unsealed.objects.filter(log=log, row_id=OuterRef("pk"))
        # One statement, so that a row that is being sealed just now is seen either waiting or sealed.
        strays = model._base_manager.filter(~Exists(sealed), ~Exists(waiting)).order_by("pk")
        for row_id, lea_code in strays.values_list("pk", "lea_code").iterator():
            text = "inserted: the row has no seal and does not wait for one"
            report.add(Problem(lea_code, log, row_id, text))
        gone = Unsealed.objects.filter(~Exists(model._base_manager.filter(pk=OuterRef("row_id"))), log=log)
        for row_id, lea_code in gone.order_by("pk").values_list("row_id", "lea_code"):
            report.add(
                Problem(lea_code, log, row_id, "missing: the row was removed while it waited for its seal")
            )
    tail = Unsealed.objects.aggregate(count=Count("pk"), oldest=Min("at"))
    report.waiting_count = tail["count"]
    report.waiting_for = _age(tail["oldest"])


def _age(oldest: datetime | None) -> timedelta | None:
    return None if oldest is None else max(clock.now() - oldest, timedelta(0))


def _store(report: Report) -> None:
    SealCheck.objects.create(
        at=clock.now(),
        row_count=report.row_count,
        seconds=report.seconds,
        problem_count=report.problem_count,
        first_problem=str(report.problems[0])[:300] if report.problems else "",
        waiting_count=report.waiting_count,
        waiting_seconds=None if report.waiting_for is None else report.waiting_for.total_seconds(),
    )
