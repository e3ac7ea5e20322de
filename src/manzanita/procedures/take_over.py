"""Taking over what the state already holds: its extracts become facts, finalized meetings and archives.

A district does not start empty. What CALPADS holds on the first day is, until somebody corrects it, both what
the state says and what we say; from then on the two are reconciled. Records carry only a start, so their ends
are derived: a plan ends the day before the next one, or the day before a status that is not participating.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import itemgetter

from django.db import transaction

from manzanita.archive.actions import ArchiveDraft, RecordDraft, write_archives
from manzanita.archive.queries import archived_keys
from manzanita.domain import records
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS
from manzanita.domain.layouts.files import RecordFile, rows_of
from manzanita.domain.records import parse_state_date
from manzanita.exchange.outbox import reconcile_students
from manzanita.exchange.state_book import Learned, learn_state_lines
from manzanita.meetings.actions import refresh_clocks, take_over_meetings
from manzanita.meetings.models import Meeting
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.platform.reach import whole_installation
from manzanita.students.actions import TAKEN_OVER, Identity, state_student_facts, update_identities
from manzanita.students.queries import students_by_ssid

STUDENTS_AT_ONCE = 400
_DAY = timedelta(days=1)
_PARTICIPATING = "1"

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Counts of one take-over. ``unknown`` lines belong to an SSID that no enrollment here has named yet."""

    by_record: Mapping[str, int]
    unknown: Mapping[str, int]
    student_count: int


@whole_installation("a state's extract names students by SSID, wherever they are enrolled")
def take_over_extracts(
    files: Iterable[RecordFile],
    *,
    by_id: int | None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> TakenOver:
    """Take over the state's extracts (SWDS, MEET, PLAN, SERV). Taking the same files over again adds nothing.

    Lines of students that no enrollment names are counted and left: the SIS files come first. Each group of
    students is one transaction. Raises ``ValueError`` for a file that is not an extract of those records.
    """
    by_ssid: dict[str, list[tuple[str, Row]]] = defaultdict(list)
    for file in files:
        if not file.is_extract or file.record not in records.ORDER:
            raise ValueError(f"{file.file} is not a state extract of {', '.join(records.ORDER)}")
        for row in rows_of(file):
            values = records.complete(file.record, row)
            by_ssid[values[records.SSID_FIELD[file.record]]].append((file.record, values))
    ids = students_by_ssid(by_ssid)
    counts: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for ssid in by_ssid.keys() - ids.keys():
        unknown.update(record for record, _ in by_ssid[ssid])
    known = sorted((ids[ssid], by_ssid[ssid]) for ssid in by_ssid.keys() & ids.keys())
    done = 0
    for group in _groups(known, STUDENTS_AT_ONCE):
        counts.update(_take_over_group(dict(group), by_id=by_id, at=clock.now()))
        done += len(group)
        on_progress(done, len(known))
    return TakenOver(dict(counts), dict(unknown), len(known))


def _groups(items: Sequence[tuple[int, list]], size: int) -> Iterator[Sequence[tuple[int, list]]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


@transaction.atomic
def _take_over_group(
    lines: Mapping[int, list[tuple[str, Row]]], *, by_id: int | None, at: datetime
) -> Counter[str]:
    archived = archived_keys(lines)
    learn_state_lines(
        [Learned(record, values, pk) for pk, of_student in lines.items() for record, values in of_student],
        at=at,
    )
    fresh = {
        pk: [line for line in of_student if records.record_key(*line) not in archived.get(pk, ())]
        for pk, of_student in lines.items()
    }
    fresh = {pk: of_student for pk, of_student in fresh.items() if of_student}
    statements: dict[str, list[Statement]] = defaultdict(list)
    identities: dict[int, Identity] = {}
    meetings: list[Meeting] = []
    drafts: list[ArchiveDraft] = []
    for pk, of_student in fresh.items():
        by_record: dict[str, list[Row]] = defaultdict(list)
        for record, values in of_student:
            by_record[record].append(values)
        statements["status"] += _status_statements(pk, by_record["SWDS"])
        stops = [
            parse_state_date(row["22.11"]) for row in by_record["SWDS"] if row["22.12"] != _PARTICIPATING
        ]
        statements["plan"] += _plan_statements(pk, by_record["PLAN"], stops)
        statements["service"] += _service_statements(pk, by_record["SERV"], by_record["PLAN"], stops)
        meetings += [_meeting(pk, row, at) for row in by_record["MEET"]]
        drafts += _archive_drafts(pk, of_student)
        if by_record["SWDS"]:
            newest = max(by_record["SWDS"], key=itemgetter("22.11"))
            identities[pk] = Identity(local_sped_id=newest["22.08"])
    update_identities(identities, by_id=by_id, cause=TAKEN_OVER)
    for kind, stated in statements.items():
        state_student_facts(kind, stated, by_id=by_id, cause=TAKEN_OVER, at=at)
    take_over_meetings(meetings)
    write_archives(drafts, by_id=by_id, at=at)
    refresh_clocks(list(lines))
    reconcile_students(lines)
    return Counter(record for of_student in fresh.values() for record, _ in of_student)


def _by_start(rows: Iterable[Row], number: str) -> dict[date, Row]:
    """Rows by start date, ascending; of two on one day (a transfer) the later line stands."""
    return {parse_state_date(row[number]): row for row in sorted(rows, key=itemgetter(number))}


def _end(start: date, next_start: date | None, stops: Iterable[date]) -> date | None:
    """The day before the next start or stop after ``start``; ``None`` while neither has come."""
    later = [day for day in (next_start, *stops) if day is not None and day > start]
    return min(later) - _DAY if later else None


def _next_starts(starts: Sequence[date]) -> list[date | None]:
    return [*starts[1:], None] if starts else []


def _status_statements(pk: int, rows: list[Row]) -> list[Statement]:
    by_start = _by_start(rows, "22.11")
    starts = list(by_start)
    return [
        Statement(
            {"student_id": pk},
            {
                "lea_code": row["22.04"],
                "status_code": row["22.12"],
                "reason_code": row["22.13"],
                "initial_entry_on": parse_state_date(row["22.10"]) if row["22.10"] else None,
            },
            start,
            _end(start, following, ()),
        )
        for (start, row), following in zip(by_start.items(), _next_starts(starts), strict=True)
    ]


def _plan_statements(pk: int, rows: list[Row], stops: list[date]) -> list[Statement]:
    by_start = _by_start(rows, "23.12")
    return [
        Statement(
            {"student_id": pk},
            {
                "lea_code": row["23.04"],
                "dsea_code": row["23.10"],
                "reason_code": row["23.13"],
                **{declared.attribute: row[declared.number] for declared in PLAN_FIELDS},
            },
            start,
            _end(start, following, stops),
        )
        for (start, row), following in zip(by_start.items(), _next_starts(list(by_start)), strict=True)
    ]


def _service_statements(pk: int, rows: list[Row], plans: list[Row], stops: list[date]) -> list[Statement]:
    """Each set of services holds until the next plan or set. A service that comes again keeps its number."""
    sets: dict[date, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=itemgetter("25.17", "25.11", "25.12", "25.13")):
        sets[parse_state_date(row["25.17"])].append(row)
    starts = sorted({*sets, *_by_start(plans, "23.12")})
    ends = {
        start: _end(start, following, stops)
        for start, following in zip(starts, _next_starts(starts), strict=True)
    }
    numbers: dict[str, list[int]] = defaultdict(list)
    highest = 0
    statements = []
    for start in sorted(sets):
        used: Counter[str] = Counter()
        for row in sets[start]:
            code = row["25.11"]
            if used[code] == len(numbers[code]):
                highest += 1
                numbers[code].append(highest)
            number = numbers[code][used[code]]
            used[code] += 1
            values = {declared.attribute: row[declared.number] for declared in SERVICE_FIELDS}
            statements.append(
                Statement(
                    {"student_id": pk, "service_no": number},
                    {"lea_code": row["25.04"], **values},
                    start,
                    ends[start],
                )
            )
    return statements


def _meeting(pk: int, row: Row, at: datetime) -> Meeting:
    held_on = parse_state_date(row["24.15"]) if row["24.15"] else None
    return Meeting(
        student_id=pk,
        event_key=event_key_of(row),
        state="finalized",
        lea_code=row["24.04"],
        held_on=held_on,
        referred_on=parse_state_date(row["24.11"]) if row["24.11"] else None,
        referred_by_code=row["24.12"],
        consent_on=parse_state_date(row["24.13"]) if row["24.13"] else None,
        pending_on=parse_state_date(row["24.10"]) if row["24.10"] and held_on is None else None,
        delay_code=row["24.18"],
        evaluation_type_code=row["24.14"],
        is_plan_review=row["24.17"] == "Y",
        outcome_code=row["24.16"],
        source="extract",
        opened_at=at,
        finalized_at=at,
    )


def event_key_of(row: Row) -> str:
    """What a meeting was, as far as its MEET line says it."""
    if not row["24.15"]:
        return "pending"
    if row["24.14"] in ("10", "15"):
        return "initial"
    if row["24.14"] == "40":
        return "triennial" if row["24.17"] == "Y" else "reevaluation"
    return "annual" if row["24.17"] == "Y" else "meeting"


def _archive_drafts(pk: int, lines: list[tuple[str, Row]]) -> list[ArchiveDraft]:
    """One archive for each day on which an LEA reported something of the student."""
    events: dict[tuple[date, str], list[RecordDraft]] = defaultdict(list)
    for record, values in sorted(lines, key=lambda line: records.ORDER.index(line[0])):
        stated = {number: text for number, text in values.items() if text}
        day = records.key_on(record, values)
        events[day, values[records.LEA_FIELD[record]]].append(
            RecordDraft(record, values, dict.fromkeys(stated, "the state's extract"))
        )
    return [
        ArchiveDraft(
            student_id=pk,
            lea_code=lea_code,
            event_on=day,
            cause="take_over",
            cause_id=None,
            title="Taken over from the state's extract",
            records=drafts,
            context={},
        )
        for (day, lea_code), drafts in sorted(events.items(), key=itemgetter(0))
    ]
