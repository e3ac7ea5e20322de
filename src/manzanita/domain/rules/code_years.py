"""The rule about codes that the submitted academic year does not know.

Our copy of the code sets has the years of few codes; of the others this rule says nothing. A code that is
retired altogether is GERR0002's.
"""

from __future__ import annotations

import polars as pl

from manzanita.domain.codes import Code, code_set, packaged_code_sets
from manzanita.domain.findings import Owner, Severity
from manzanita.domain.layouts import RECORDS, Field, layout
from manzanita.domain.layouts import field as layout_field
from manzanita.domain.rules.declaration import FieldRule
from manzanita.domain.rules.examples import senr
from manzanita.domain.rules.values import ACADEMIC_YEARS, label, shown

OUTSIDE_ITS_YEARS = "GERR0007"
_YEAR = r"^[0-9]{4}-[0-9]{4}$"
_DELETE = "D"


def _dated(field: Field) -> list[Code]:
    if field.code_set is None:
        return []
    return [code for code in code_set(field.code_set).current() if code.first_year or code.last_year]


def _outside(record: str, field: Field) -> pl.Expr | None:
    year_number = next((number for number in layout(record).numbers if number in ACADEMIC_YEARS), None)
    dated = _dated(field)
    if year_number is None or not dated:
        return None
    year = pl.col(year_number)
    outside = pl.any_horizontal(
        (pl.col(field.number) == code.code)
        & (
            (pl.lit(bool(code.first_year)) & (year < code.first_year))
            | (pl.lit(bool(code.last_year)) & (year > code.last_year))
        )
        for code in dated
    )
    # Of a year that is none MZ-YEAR speaks.
    is_kept = pl.col(layout(record).fields[1].number) != _DELETE
    return is_kept & year.str.contains(_YEAR) & outside


def _known() -> str:
    """Which codes the rule can judge, and why no others, as our copy of the code sets has it."""
    codes = [(of_set, code) for of_set in packaged_code_sets().values() for code in of_set.current()]
    dated = [
        f"{of_set.name} {code.code} ({_bounds(code)})"
        for of_set, code in codes
        if code.first_year or code.last_year
    ]
    return (
        "Before a send we find this only of codes whose years a public page prints, of any field: "
        f"{', '.join(dated)}. Of the other {len(codes) - len(dated)} codes in use we find nothing, and the state may "
        "still reject one. Where the state's workbook for the year is loaded, a code that it lacks is GERR0002's."
    )


def _bounds(code: Code) -> str:
    bounds = [f"from {code.first_year}"] if code.first_year else []
    return " ".join([*bounds, *([f"through {code.last_year}"] if code.last_year else [])])


def has_known_years(number: str, value: str) -> bool:
    """Whether a public page prints since when or how long the code of this field is in use."""
    return any(code.code == value for code in _dated(layout_field(number)))


def _message(field: Field, value: str) -> str:
    bounds = _bounds(code_set(field.code_set or "").codes[value])
    return f"{label(field)}: code {shown(value)} is used {bounds}, and the academic year of this line is another."


def rules() -> list[FieldRule]:
    return [
        FieldRule(
            code=OUTSIDE_ITS_YEARS,
            title="Code outside its years",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=RECORDS,
            fields=(),
            meaning=f"A code is in use on at least one day of the academic year that the line names. {_known()}",
            fix="Choose the code that was in use in that year, or correct the academic year of the line.",
            owner=Owner.COORDINATOR,
            source="https://documentation.staging.calpads.org/Troubleshooting/PLAN/GERR0007/",
            confidence="seen",
            wrong=_outside,
            message=_message,
            passes=[
                {"SENR": [senr({"1.24": "TK", "1.07": "2023-2024"})]},
                {"SENR": [senr({"1.24": "TK", "1.07": "2026-2027"})]},
                {"SENR": [senr({"1.24": "KN", "1.07": "2022-2023"})]},
                {"SENR": [senr({"1.24": "TK", "1.07": ""})]},
                {"SENR": [senr({"1.24": "", "1.07": "2022-2023"})]},
                {"SENR": [senr({"1.24": "TK", "1.07": "2022"})]},
            ],
            fails=[
                {"SENR": [senr({"1.24": "TK", "1.07": "2022-2023"})]},
                {"SENR": [senr({"1.24": "TK", "1.07": "2014-2015"})]},
            ],
        ),
    ]
