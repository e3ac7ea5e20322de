"""Rules about single values: length, date, type, presence, code, transaction type.

The state's own format checks are not known for SIS files: there only lengths, dates and the five code sets
are checked, and the layout says so by naming no requirement, no number and no other code set. A line that
deletes is checked only in its key. A value that is too long is not also looked up in its code set.
"""

from __future__ import annotations

import polars as pl

from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner, Severity
from manzanita.domain.layouts import RECORDS, SIS_RECORDS, Field, layout
from manzanita.domain.layouts.files import length_limit
from manzanita.domain.rules.declaration import FieldRule
from manzanita.domain.rules.examples import plan, senr, serv, swds
from manzanita.domain.rules.values import DIGITS, hint, label, shown

TRANSACTION_TYPES = ("", "A", "D", "R")
_DELETE = "D"
_OF_THE_STATE = tuple(record for record in RECORDS if record not in SIS_RECORDS)
_FIRST_CREDIBLE_YEAR = 1900
_DIGITS_ONLY = r"^[0-9]+$"
_SOURCE = "CALPADS error list, general format and record rules"


def _transaction_number(record: str) -> str:
    return layout(record).fields[1].number


def _checked(record: str, field: Field) -> pl.Expr | None:
    """True where the content of ``field`` is checked; ``None`` where it always is (a key)."""
    if field.is_key or field.number == _transaction_number(record):
        return None
    return pl.col(_transaction_number(record)) != _DELETE


def _where_checked(record: str, field: Field, wrong: pl.Expr) -> pl.Expr:
    checked = _checked(record, field)
    return wrong if checked is None else wrong & checked


def _too_long(field: Field) -> pl.Expr:
    return pl.col(field.number).str.len_chars() > length_limit(field)


def _length(record: str, field: Field) -> pl.Expr | None:
    # Of a date and an id the length is part of what they are: one finding says it all.
    if field.type == "date" or field.number in DIGITS:
        return None
    is_number = pl.col(field.number).str.contains(_DIGITS_ONLY) if field.type == "number" else pl.lit(True)
    return _where_checked(record, field, _too_long(field) & is_number)


def _date(record: str, field: Field) -> pl.Expr | None:
    if field.type != "date":
        return None
    column = pl.col(field.number)
    written = column.str.contains(r"^[0-9]{8}$")
    exists = column.str.to_date("%Y%m%d", strict=False).dt.year() >= _FIRST_CREDIBLE_YEAR
    return _where_checked(record, field, (column != "") & ~(written & exists.fill_null(False)))


def _number(record: str, field: Field) -> pl.Expr | None:
    if field.type != "number":
        return None
    column = pl.col(field.number)
    return _where_checked(record, field, (column != "") & ~column.str.contains(_DIGITS_ONLY))


def _missing(record: str, field: Field) -> pl.Expr | None:
    if not field.is_required:
        return None
    return _where_checked(record, field, pl.col(field.number).str.strip_chars() == "")


def _unknown_code(record: str, field: Field) -> pl.Expr | None:
    if field.code_set is None:
        return None
    known = [code.code for code in code_set(field.code_set).current()]
    column = pl.col(field.number)
    return _where_checked(record, field, ~column.is_in(["", *known]) & ~_too_long(field))


def _transaction(record: str, field: Field) -> pl.Expr | None:
    if record not in _OF_THE_STATE or field.number != _transaction_number(record):
        return None
    return ~pl.col(field.number).is_in(list(TRANSACTION_TYPES)) & ~_too_long(field)


def _code_severity(field: Field) -> Severity | None:
    if field.code_set and not code_set(field.code_set).is_complete:
        return Severity.WARNING
    return None


def _length_message(field: Field, value: str) -> str:
    text = f"{label(field)} has {len(value)} characters and takes at most {length_limit(field)}."
    return text + hint(value)


def _date_message(field: Field, value: str) -> str:
    if len(value) == 8 and value.isascii() and value.isdigit():
        return f"{label(field)}: {shown(value)} is not a day of the calendar."
    return f"{label(field)}: {shown(value)} is not a date written as year, month, day (20260915)." + hint(
        value
    )


def _number_message(field: Field, value: str) -> str:
    text = f"{label(field)}: {shown(value)} is not a number in digits only: no sign, point, or unit."
    return text + hint(value)


def _missing_message(field: Field, _value: str) -> str:
    return f"{label(field)} is required and is empty."


def _code_message(field: Field, value: str) -> str:
    codes = code_set(field.code_set or "")
    if value in codes.codes:
        return f"{label(field)}: code {shown(value)} is retired in the code set {codes.name}."
    meant = _code_meant(field, value)
    mend = f" Write it as {shown(meant)}." if meant else hint(value)
    if codes.is_complete:
        return f"{label(field)}: {shown(value)} is not a code of {codes.name}.{mend}"
    kept = "" if meant else " Our list may be short, so the value is kept."
    return f"{label(field)}: {shown(value)} is not among the codes of {codes.name} that we know.{mend}{kept}"


def _code_meant(field: Field, value: str) -> str:
    """The code that was written in other letters, with blanks, or without the zeros at its front."""
    bare = value.strip()
    known = [code.code for code in code_set(field.code_set or "").current()]
    by_letters = {code.upper(): code for code in known}
    by_number = {code.lstrip("0"): code for code in known if code.isdigit() and code.startswith("0")}
    return by_letters.get(bare.upper(), "") or (by_number.get(bare, "") if bare.isdigit() else "")


def _transaction_message(field: Field, value: str) -> str:
    return f"{label(field)}: {shown(value)} is not blank, A, D or R." + hint(value)


def rules() -> list[FieldRule]:
    """The field rules, in the order in which a value is judged."""
    return [
        FieldRule(
            code="FRMT0001",
            title="Value too long",
            kind="format",
            phase="input",
            severity=Severity.FATAL,
            records=RECORDS,
            fields=(),
            meaning="A value has more characters than the state's file has room for. Fields of SIS files whose "
            "length no source prints end at 255.",
            fix="Shorten the value where it was entered, then export or send again.",
            owner=Owner.COORDINATOR,
            source=_SOURCE,
            confidence="seen",
            wrong=_length,
            message=_length_message,
            empties=True,
            passes=[{"PLAN": [plan()]}, {"SENR": [senr({"1.10": "P" * 255})]}],
            fails=[{"PLAN": [plan({"23.08": "SE-0000000000001"})]}, {"SENR": [senr({"1.10": "P" * 256})]}],
        ),
        FieldRule(
            code="FRMT0002",
            title="Not a date",
            kind="format",
            phase="input",
            severity=Severity.FATAL,
            records=RECORDS,
            fields=(),
            meaning="A date is written as eight digits, year, month, day, and the day exists. Years before 1900 "
            "count as typing errors.",
            fix="Enter the date again as year, month, day: 20260915 for 15 September 2026.",
            owner=Owner.COORDINATOR,
            source=_SOURCE,
            confidence="seen",
            wrong=_date,
            message=_date_message,
            empties=True,
            passes=[{"SWDS": [swds({"22.10": "20240229"})]}, {"SENR": [senr({"1.25": ""})]}],
            fails=[
                {"SWDS": [swds({"22.10": "20230229"})]},
                {"SWDS": [swds({"22.10": "09/15/26"})]},
                {"SENR": [senr({"1.17": "2016-04-01"})]},
            ],
        ),
        FieldRule(
            code="FRMT0004",
            title="Not a number",
            kind="format",
            phase="input",
            severity=Severity.FATAL,
            records=_OF_THE_STATE,
            fields=("23.23", "25.15"),
            meaning="A field that counts something holds digits only.",
            fix="Enter a whole number without a sign, point, or unit.",
            owner=Owner.COORDINATOR,
            source=_SOURCE,
            confidence="seen",
            wrong=_number,
            message=_number_message,
            empties=True,
            passes=[{"PLAN": [plan({"23.23": "80"})]}, {"PLAN": [plan({"23.23": ""})]}],
            fails=[{"PLAN": [plan({"23.23": "80%"})]}, {"SERV": [serv({"25.15": "-30"})]}],
        ),
        FieldRule(
            code="GERR0001",
            title="Required field is empty",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=_OF_THE_STATE,
            fields=(),
            meaning="A field that every record of this type carries is empty. Fields required only under a "
            "condition have rules of their own.",
            fix="Enter the value on the student's record or meeting, then send the record again.",
            owner=Owner.COORDINATOR,
            source=_SOURCE,
            confidence="seen",
            wrong=_missing,
            message=_missing_message,
            passes=[{"PLAN": [plan()]}, {"SWDS": [swds({"22.02": "D", "22.12": "", "22.09": ""})]}],
            fails=[{"PLAN": [plan({"23.15": ""})]}, {"SWDS": [swds({"22.12": " "})]}],
        ),
        FieldRule(
            code="GERR0002",
            title="Unknown code",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=RECORDS,
            fields=(),
            meaning="A coded value is not in its code set. Where our copy of the set is not complete this is a "
            "warning and the value is kept. A retired code counts as unknown.",
            fix="Choose a code from the list. If the state does use this code, ask for the code set to be updated.",
            owner=Owner.COORDINATOR,
            source=_SOURCE,
            confidence="seen",
            wrong=_unknown_code,
            message=_code_message,
            empties=True,
            field_severity=_code_severity,
            passes=[{"PLAN": [plan({"23.15": "290"})]}, {"PLAN": [plan({"23.17": ""})]}],
            fails=[
                {"PLAN": [plan({"23.15": "999"})]},
                {"PLAN": [plan({"23.11": "300"})]},
                {"SENR": [senr({"1.24": "ZZ"})]},
            ],
        ),
        FieldRule(
            code="GERR0008",
            title="Unknown transaction type",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=_OF_THE_STATE,
            fields=("17.02", "22.02", "23.02", "24.02", "25.02"),
            meaning="The transaction type tells the state to add or update (blank or A), replace (R), or delete (D). "
            "Anything else is refused.",
            fix="Leave the transaction type to the outbox; in a file made by hand, use blank, A, R or D.",
            owner=Owner.COORDINATOR,
            source=_SOURCE,
            confidence="seen",
            wrong=_transaction,
            message=_transaction_message,
            empties=True,
            passes=[{"SWDS": [swds({"22.02": t})]} for t in TRANSACTION_TYPES],
            fails=[{"SWDS": [swds({"22.02": "X"})]}, {"SERV": [serv({"25.02": "a"})]}],
        ),
    ]
