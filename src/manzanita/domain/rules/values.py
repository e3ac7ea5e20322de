"""Our own rules about single values, and the hint that tells what most often spoils one on its way to a file.

Ids of agencies and students have a fixed number of digits, an academic year is two years that follow one another,
and a text holds no character that nobody typed. Blanks around a name are no damage: they are taken off.
"""

from __future__ import annotations

import re

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.layouts import RECORDS, Field, layout
from manzanita.domain.rules.declaration import FieldRule
from manzanita.domain.rules.examples import meet, plan, psts, senr, serv, sinf, swds

SSIDS = ("1.08", "2.09", "17.08", "22.06", "23.06", "24.06", "25.07")
_REPORTING_LEAS = ("1.04", "2.06", "17.04", "22.04", "23.04", "24.04", "25.04")
_OTHER_AGENCIES = ("1.05", "2.07", "17.05", "23.10")
_SELPAS = ("17.10", "22.09", "23.09", "24.09", "25.09")
DIGITS = {
    **dict.fromkeys(SSIDS, 10),
    **dict.fromkeys((*_REPORTING_LEAS, *_OTHER_AGENCIES), 7),
} | dict.fromkeys(_SELPAS, 4)
# PSTS0485 asks the form of this SELPA, in the state's name.
_ASKED_BY_THE_STATE = ("17.10",)
ACADEMIC_YEARS = ("1.07", "2.08", "17.07", "22.05", "23.05", "24.05", "25.06")

_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E[+-]?\d+", re.IGNORECASE)
_QUOTED = r"""^\s*("[^"]*"|“[^”]*”)\s*$"""
# A tab, a blank that does not break, marks without width, the sign for a lost character, and UTF-8 read as Latin-1.
_STRAY = "[\t\u00a0\u00ad\u200b\u200e\u200f\u2028\u2029\u202a-\u202f\u2060\ufeff\ufffd]|[\u00c2\u00c3][\u00a0-\u00bf]"
_STRAY_NAMES = {
    "\t": "a tab",
    "\u00a0": "a blank that does not break (U+00A0)",
    "\ufffd": "the sign for a lost character (U+FFFD): the text was converted wrongly",
}


def shown(value: str) -> str:
    return f'"{value[:40]}…"' if len(value) > 40 else f'"{value}"'


def label(field: Field) -> str:
    return f"{field.number} {field.name}"


def hint(value: str) -> str:
    """What most likely happened to a wrong value, as a sentence after others, or empty text."""
    if re.match(_QUOTED, value):
        return " It stands in quote marks: export without them."
    if value != value.strip():
        return " There are blanks around it: export without padding."
    if _SHORTENED.fullmatch(value):
        return (
            " A spreadsheet has shortened it and digits are lost: export again, and do not save the file from a "
            "spreadsheet."
        )
    return ""


def _not_deleting(record: str, field: Field, wrong: pl.Expr) -> pl.Expr:
    return wrong if field.is_key else wrong & (pl.col(layout(record).fields[1].number) != "D")


def _digits(record: str, field: Field) -> pl.Expr | None:
    digits = DIGITS.get(field.number)
    if digits is None or field.number in _ASKED_BY_THE_STATE:
        return None
    column = pl.col(field.number)
    wrong = (column != "") & ~column.str.contains(f"^[0-9]{{{digits}}}$")
    return _not_deleting(record, field, wrong)


def _digits_severity(field: Field) -> Severity | None:
    return None if field.number in (*SSIDS, *_REPORTING_LEAS) else Severity.WARNING


def _digits_message(field: Field, value: str) -> str:
    digits = DIGITS[field.number]
    text = f"{label(field)}: {shown(value)} is not {digits} digits."
    is_short = value.isascii() and value.isdigit() and len(value) < digits
    zeros = " If zeros at the front are lost, a spreadsheet took them: export again as text."
    return text + (zeros if is_short else hint(value))


def _year(record: str, field: Field) -> pl.Expr | None:
    if field.number not in ACADEMIC_YEARS:
        return None
    column = pl.col(field.number)
    first, second = (column.str.slice(start, 4).cast(pl.Int32, strict=False) for start in (0, 5))
    is_year = column.str.contains(r"^[0-9]{4}-[0-9]{4}$") & (second == first + 1).fill_null(False)
    return _not_deleting(record, field, (column != "") & ~is_year)


def _year_message(field: Field, value: str) -> str:
    text = f"{label(field)}: {shown(value)} is not an academic year, two years that follow one another (2026-2027)."
    return text + hint(value)


def _stray(record: str, field: Field) -> pl.Expr | None:
    if field.type != "character" or field.code_set or field.number in (*DIGITS, *ACADEMIC_YEARS):
        return None
    if field in layout(record).fields[:2]:
        return None
    column = pl.col(field.number)
    return _not_deleting(record, field, column.str.contains(f"{_STRAY}|{_QUOTED}"))


def _stray_message(field: Field, value: str) -> str:
    found = re.search(_STRAY, value)
    if found is None:
        return f"{label(field)}: {shown(value)} stands in quote marks, which count as part of the value."
    if len(found[0]) > 1:
        what = f"{shown(found[0])}, a letter that was converted to UTF-8 twice"
    else:
        what = _STRAY_NAMES.get(found[0], f"an invisible mark (U+{ord(found[0]):04X})")
    return f"{label(field)}: {shown(value)} holds {what}."


def rules() -> list[FieldRule]:
    return [
        FieldRule(
            code="MZ-DIGITS",
            title="Not the number of digits of an id",
            kind="local",
            phase="input",
            severity=Severity.FATAL,
            records=RECORDS,
            fields=tuple(number for number in DIGITS if number not in _ASKED_BY_THE_STATE),
            meaning="An SSID has ten digits, a district or school seven, a SELPA four. A line whose SSID or reporting "
            "LEA is none names no student or no LEA. The other ids are warnings.",
            fix="Correct the id where the file comes from and export again as text, without a spreadsheet on the way.",
            owner=Owner.SIS,
            source="local: lengths and examples of ids on the state's pages",
            confidence="inferred",
            wrong=_digits,
            message=_digits_message,
            empties=True,
            field_severity=_digits_severity,
            passes=[{"SWDS": [swds()]}, {"PSTS": [psts()]}, {"SENR": [senr({"1.08": ""})]}],
            fails=[
                {"SENR": [senr({"1.08": "9.9E+09"})]},
                {"PLAN": [plan({"23.10": "10017"})]},
                {"SERV": [serv({"25.09": "99O1"})]},
            ],
        ),
        FieldRule(
            code="MZ-YEAR",
            title="Not an academic year",
            kind="local",
            phase="input",
            severity=Severity.FATAL,
            records=RECORDS,
            fields=ACADEMIC_YEARS,
            meaning="An academic year is written as two years that follow one another, with a hyphen: 2026-2027.",
            fix="Correct the year where the file comes from and export again.",
            owner=Owner.SIS,
            source="local: format of the Academic Year ID (CCYY-CCYY)",
            confidence="inferred",
            wrong=_year,
            message=_year_message,
            empties=True,
            passes=[{"PLAN": [plan({"23.05": "2025-2026"})]}],
            fails=[{"PLAN": [plan({"23.05": "2026-2028"})]}, {"MEET": [meet({"24.05": "2026"})]}],
        ),
        FieldRule(
            code="MZ-TEXT",
            title="Stray characters in a text",
            kind="local",
            phase="input",
            severity=Severity.WARNING,
            records=RECORDS,
            fields=(),
            meaning="A text stands in quote marks, or holds a tab, an invisible mark, or the traces of a wrong "
            "conversion. It is kept as it is; blanks around a text are no damage.",
            fix="Correct the text where it was entered, or mend the export where many texts look like this.",
            owner=Owner.SIS,
            source="local: characters that nobody types",
            confidence="inferred",
            wrong=_stray,
            message=_stray_message,
            passes=[{"SENR": [senr({"1.10": 'Wren "Robin"', "1.12": "Muñoz "})]}],
            fails=[
                {"SENR": [senr({"1.10": '"Wren"'})]},
                {"SENR": [senr({"1.12": "MuÃ±oz"})]},
                {"SINF": [sinf({"2.11": "Wren\u00a0Ann"})]},
                {"SINF": [sinf({"2.11": "Wr\ufffdn"})]},
            ],
        ),
    ]
