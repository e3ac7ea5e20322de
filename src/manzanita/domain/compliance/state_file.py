"""The state's lists 16.21, 16.25 and 16.26 as it exports them: read whole, or refused with row, column and fix.

No public page prints the columns of the exported file. Columns are therefore found by their heads, of which only the
SSID and the monitoring category are needed, and a group is known by the words of the category that public pages print.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from manzanita.domain.compliance.groups import Group, Measure

REPORTS: Mapping[str, tuple[Measure, ...]] = MappingProxyType(
    {
        "16.21": (Measure.PLAN_REVIEW, Measure.REEVALUATION),
        "16.25": (Measure.INITIAL,),
        "16.26": (Measure.C_TO_B,),
    }
)
MOST_PROBLEMS = 20
MOST_ROWS = 200_000
_SSID = re.compile(r"[0-9]{10}")
_HEADS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ssid": ("ssid", "statewidestudentid", "studentssid", "statewidestudentidentifier"),
        "category": ("monitoringcategory", "category", "monitoringcategories"),
        "delay": ("meetingdelaycode", "delaycode", "meetingdelay", "meetingdelayreason"),
        "last": (
            "specialeducationmeetingdate",
            "mostrecentmeetingdate",
            "lastmeetingdate",
            "meetingdate",
            "mostrecentplanreviewdate",
            "lastplanreviewdate",
        ),
        "compliance": ("noncompliant", "compliant", "compliance", "compliancestatus"),
        "lea": ("leacode", "reportinglea", "enrollmentleacode"),
        "school": ("schoolcode", "schoolofattendance", "enrollmentschoolcode"),
    }
)
_NAMES = {"ssid": "SSID", "category": "Monitoring Category"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file. ``row`` is one-based as a spreadsheet counts; 0 is the file as a whole."""

    row: int
    column: str
    text: str
    fix: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (f"row {self.row}" if self.row else "", self.column) if part)
        return f"{where}: {self.text} {self.fix}" if where else f"{self.text} {self.fix}"


class NotAReport(ValueError):
    """The file is not taken: all that is wrong with it, the first twenty at most."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(one) for one in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class StateRow:
    """One student in one measure, as the state lists it; ``category`` in the state's own words."""

    row: int
    ssid: str
    measure: Measure
    group: Group
    category: str
    delay_code: str = ""
    last_on: date | None = None
    school_code: str = ""


def parse_report(data: bytes, report: str) -> list[StateRow]:
    """The rows of an exported report. Raises :class:`NotAReport`; then nothing of the file is to be used.

    Lines above the heads (title, agency, day) are passed over, and so are empty lines.
    """
    lines = _lines(data)
    head_at, columns, names = _find_head(lines)
    problems: list[Problem] = []
    rows: list[StateRow] = []
    seen: dict[tuple[str, Measure], int] = {}
    for number, cells in lines[head_at + 1 :]:
        if not any(cell.strip() for cell in cells):
            continue
        found = list(_rows_of(number, cells, columns, names, report, problems))
        for one in found:
            known = seen.setdefault((one.ssid, one.measure), number)
            if known != number:
                problems.append(
                    Problem(
                        number,
                        names["ssid"],
                        f"row {known} lists the same student for the same meeting.",
                        "Export the report anew for one day, without joining files.",
                    )
                )
        rows += found
        if len(problems) >= MOST_PROBLEMS:
            break
    if not rows and not problems:
        problems.append(
            Problem(0, "", "The file has heads and no student.", "Export the report with its student rows.")
        )
    if problems:
        raise NotAReport(problems[:MOST_PROBLEMS])
    return rows


def _lines(data: bytes) -> list[tuple[int, list[str]]]:
    if not data.strip():
        raise NotAReport(
            [Problem(0, "", "The file is empty.", "Export the report as CSV and choose that file.")]
        )
    if data[:2] == b"PK" or data[:4] == b"%PDF":
        raise NotAReport(
            [Problem(0, "", "This is no CSV file.", "In CALPADS export the report in the format CSV.")]
        )
    try:
        text = data.decode("utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    if "\0" in text:
        raise NotAReport(
            [Problem(0, "", "This is no text file.", "In CALPADS export the report in the format CSV.")]
        )
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for cells in reader:
            lines.append((before + 1, cells))
            before = reader.line_num
            if len(lines) > MOST_ROWS:
                raise NotAReport(
                    [
                        Problem(
                            0,
                            "",
                            f"The file has more than {MOST_ROWS:,} rows.",
                            "Export one agency at a time.",
                        )
                    ]
                )
    except csv.Error:
        raise NotAReport(
            [
                Problem(
                    before + 1,
                    "",
                    "A quotation mark is opened and not closed.",
                    "Export the report anew; do not save it from a word processor.",
                )
            ]
        ) from None
    return lines


def _find_head(
    lines: Sequence[tuple[int, list[str]]],
) -> tuple[int, dict[str, int], dict[str, str]]:
    for at, (_, cells) in enumerate(lines[:50]):
        keys = [re.sub("[^a-z0-9]", "", cell.lower()) for cell in cells]
        columns = {
            name: next((keys.index(alias) for alias in aliases if alias in keys), -1)
            for name, aliases in _HEADS.items()
        }
        if columns["ssid"] < 0:
            continue
        if columns["category"] < 0:
            shown = ", ".join(cell.strip() for cell in cells if cell.strip())[:200]
            raise NotAReport(
                [
                    Problem(
                        lines[at][0],
                        "Monitoring Category",
                        f"No column of that name. The file has: {shown}.",
                        "Export the student list of the report, with all columns.",
                    )
                ]
            )
        held = {name: index for name, index in columns.items() if index >= 0}
        return at, held, {name: cells[index].strip() for name, index in held.items()}
    raise NotAReport(
        [
            Problem(
                0,
                "SSID",
                "None of the first 50 rows has a column of that name.",
                "Export the student list of the report as CSV, with its heads.",
            )
        ]
    )


def _rows_of(
    number: int,
    cells: Sequence[str],
    columns: Mapping[str, int],
    names: Mapping[str, str],
    report: str,
    problems: list[Problem],
) -> Iterator[StateRow]:
    def cell(name: str) -> str:
        index = columns.get(name, -1)
        return cells[index].strip() if 0 <= index < len(cells) else ""

    ssid, category = cell("ssid").strip("'="), cell("category")
    if not ssid and not category:
        # A line of totals, or the foot of the page.
        return
    if not _SSID.fullmatch(ssid.strip('"')):
        fix = "An SSID has ten digits. A spreadsheet may have shortened it: upload the file as the state gave it."
        problems.append(Problem(number, names["ssid"], f"{_short(ssid)} is no SSID.", fix))
        return
    groups = groups_of(report, category)
    if not groups:
        known = "; ".join(_EXPECTED[report])
        other = next((key for key in REPORTS if key != report and groups_of(key, category)), "")
        fix = (
            f"It is one of report {other}: choose that report in the form."
            if other
            else f"Known are: {known}. If the state has a new one, tell the maintainers."
        )
        problems.append(
            Problem(number, names["category"], f"{_short(category)} is no category of report {report}.", fix)
        )
        return
    day = _day(cell("last"))
    if cell("last") and day is None:
        fix = "Dates are written 9/14/2026 or 2026-09-14."
        problems.append(Problem(number, names["last"], f"{_short(cell('last'))} is no date.", fix))
        return
    delay = re.match(r"\d{2}", cell("delay"))
    for measure, group in groups:
        yield StateRow(
            number,
            ssid.strip('"'),
            measure,
            group,
            category,
            delay.group() if delay else "",
            day,
            cell("school")[-7:] if cell("school").isdecimal() else "",
        )


_EXPECTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "16.21": (
            "Overdue Plan Review, Pending Record",
            "Overdue Plan Review, No Pending Record",
            "Overdue Reevaluation, …",
            "Plan Review Held Late",
            "Reevaluation Held Late",
            "On Time",
        ),
        "16.25": (
            "Overdue, Exceeded 60-days",
            "Evaluation Held Late, Exceeded 60-days",
            "Pending Evaluation, 60-days Not Yet Exceeded",
            "Timely Evaluation within 60-days",
        ),
        "16.26": ("Overdue", "Held after 3rd Birthday", "Held On-time", "Not yet held, not yet 3 years old"),
    }
)


def groups_of(report: str, category: str) -> list[tuple[Measure, Group]]:
    """What the words of a monitoring category mean; nothing where the report has no such category."""
    words = " ".join(re.sub("[^a-z0-9]", " ", category.lower()).split())
    measures = REPORTS[report]
    if report == "16.21":
        group = _first(
            words, (("overdue", Group.OVERDUE), ("late", Group.HELD_LATE), ("on time", Group.ON_TIME))
        )
        named = [
            measure
            for measure, told in zip(measures, ("plan review", "evaluation"), strict=True)
            if told in words
        ]
        # “On time” alone speaks of both meetings.
        chosen = named or (list(measures) if group is Group.ON_TIME else [])
        return [] if group is None or "60" in words else [(measure, group) for measure in chosen]
    if report == "16.25":
        if "60" not in words:
            return []
        group = _first(
            words,
            (
                ("overdue", Group.OVERDUE),
                ("late", Group.HELD_LATE),
                ("pending", Group.PENDING),
                ("timely", Group.ON_TIME),
                ("on time", Group.ON_TIME),
            ),
        )
    else:
        if "60" in words or "plan review" in words or "reevaluation" in words:
            return []
        group = _first(
            words,
            (
                ("overdue", Group.OVERDUE),
                ("not yet", Group.NOT_YET),
                ("after", Group.HELD_LATE),
                ("late", Group.HELD_LATE),
                ("on time", Group.ON_TIME),
                ("ontime", Group.ON_TIME),
            ),
        )
    return [] if group is None else [(measures[0], group)]


def _first(words: str, meanings: Sequence[tuple[str, Group]]) -> Group | None:
    return next((group for told, group in meanings if told in words), None)


def _day(text: str) -> date | None:
    day = text.split(" ")[0]
    for form in ("%m/%d/%Y", "%Y-%m-%d", "%Y%m%d"):
        try:
            return datetime.strptime(day, form).date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            continue
    return None


def _short(text: str) -> str:
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”" if text else "A blank"
