"""What the rules say of lines while somebody types them: only the rules run that read what has been typed.

What was judged last is kept in this process, for the few pages that are being typed on. The student's records are read
from the database each time and compared with it, so it cannot be out of date, whoever changed them, and nobody is told
of a record that their own request has not read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence

from manzanita.domain.findings import Finding
from manzanita.domain.rules.declaration import Setting
from manzanita.domain.validation.live import LiveRecords, Rows
from manzanita.exchange.checks import by_line, rows_with
from manzanita.platform import clock
from manzanita.students.queries import StudentFacts

# Pages kept by one process, the last ones used; about half a megabyte each.
PAGES_KEPT = 32


class _Pages:
    """Judged records by page. Whoever uses one takes it out, so that no two threads ever share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, LiveRecords] = OrderedDict()

    def take(self, page: str) -> LiveRecords | None:
        with self._lock:
            return self._kept.pop(page, None)

    def put(self, page: str, records: LiveRecords) -> None:
        with self._lock:
            self._kept[page] = records
            self._kept.move_to_end(page)
            while len(self._kept) > PAGES_KEPT:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)


_pages = _Pages()


def check_typed(
    page: str,
    student_id: int,
    lines: Sequence[tuple[str, Mapping[str, str]]],
    *,
    about: Collection[str],
    without: Collection[str] = (),
    known: StudentFacts | None = None,
) -> dict[str, list[Finding]]:
    """As :func:`manzanita.exchange.checks.check_lines`, of the lines whose record types are in ``about``.

    ``page`` names what is being typed, such as a meeting; ``known`` is what the same request has read of the student.
    """
    if not lines:
        return {}
    rows = rows_with(student_id, lines, without=without, known=known)
    return by_line(_judge(page, rows, Setting(clock.today(), clock.academic_year()), about), lines)


def _judge(page: str, rows: Rows, setting: Setting, about: Collection[str]) -> list[Finding]:
    kept = _pages.take(page)
    if kept is None or not kept.serves(rows, setting, about):
        kept = LiveRecords(rows, as_of=setting.as_of, year=setting.year, about=about)
    else:
        kept.update(rows)
    # Not where an error left it half judged.
    _pages.put(page, kept)
    return kept.findings()
