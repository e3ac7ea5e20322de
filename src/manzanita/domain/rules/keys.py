"""Rules about keys: one file holds a record once."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.layouts import RECORDS, SIS_RECORDS, layout
from manzanita.domain.rules.declaration import Row, Rule, Setting
from manzanita.domain.rules.examples import meet, psts, senr, serv, sinf, swds


def _twice(_setting: Setting) -> pl.Expr:
    return pl.col("same_key.count") > 1


def _twice_message(row: Row) -> str:
    first, last = row["same_key.first_line"], row["same_key.last_line"]
    others = "lines" if row["same_key.count"] > 2 else "line"
    if row["line"] == first:
        return (
            f"The same record stands again in this file ({others} {'up to ' if others == 'lines' else ''}{last}). "
            "This first line is loaded, the later ones are not."
        )
    return f"The same record stands already on line {first} of this file. This line is not loaded."


def _again_message(row: Row) -> str:
    first, last, count = row["same_key.first_line"], row["same_key.last_line"], row["same_key.count"]
    where = f"line {last if row['line'] == first else first}" + (" and others" if count > 2 else "")
    return f"The same record stands also on {where} of this file. The state keeps only one of them."


def _key_text(row: Row) -> str:
    return f"{row['file']}/{row['same_key.text']}"


def _key_fields(row: Row) -> tuple[str, ...]:
    if "1.08" in row:
        return ("1.04", "1.08" if row["1.08"] else "1.09", "1.22")
    return ("2.04", "2.09")


def _state_key_fields(row: Row) -> tuple[str, ...]:
    return next(key for key in _STATE_KEYS if key[0] in row)


# Of two plans of one day PLAN0663F1 speaks, whichever LEA reported them.
_STATE_RECORDS = tuple(record for record in RECORDS if record not in (*SIS_RECORDS, "PLAN"))
_STATE_KEYS = tuple(layout(record).key for record in _STATE_RECORDS)


def rules() -> list[Rule]:
    return [
        Rule(
            code="MZ-SIS-DUPLICATE",
            title="Same record twice in a SIS file",
            kind="local",
            phase="input",
            severity=Severity.FATAL,
            records=SIS_RECORDS,
            subjects=SIS_RECORDS,
            contexts=("same_key",),
            fields=("1.04", "1.08", "1.09", "1.22", "2.04", "2.09"),
            meaning="One file holds an enrollment once: reporting LEA, SSID (the local student ID where there is no "
            "SSID) and start date; and the demographics of a student once for each start date. The first line is "
            "loaded.",
            fix="Remove the record that is wrong in the student information system, then export again.",
            owner=Owner.SIS,
            source="local: keys of the SIS files",
            confidence="inferred",
            wrong=_twice,
            case="The export was run twice into one file, and a student's enrollment stands in it twice.",
            message=_twice_message,
            group=_key_text,
            marks=_key_fields,
            passes=[{"SENR": [senr(), senr({"1.22": "20240815"})]}, {"SINF": [sinf()]}],
            fails=[
                {"SENR": [senr(), senr({"1.05": "9900002"})]},
                {"SENR": [senr({"1.08": "", "1.09": "77"}), senr({"1.08": "", "1.09": "77"})]},
                {"SINF": [sinf(), sinf()]},
            ],
        ),
        Rule(
            code="MZ-STATE-DUPLICATE",
            title="Same record twice in a file for the state",
            kind="local",
            phase="input",
            severity=Severity.WARNING,
            records=_STATE_RECORDS,
            subjects=_STATE_RECORDS,
            contexts=("same_key",),
            fields=tuple(dict.fromkeys(number for key in _STATE_KEYS for number in key)),
            meaning="One file holds a record once: no two lines have the same key. Which of two the state keeps no "
            "page prints. Lines that delete do not count.",
            fix="Find out which line is right and remove the other, then export or send again.",
            owner=Owner.COORDINATOR,
            source="local: keys of the state's records",
            confidence="inferred",
            wrong=_twice,
            case="A clerk typed a service into the upload template that the export had brought already.",
            message=_again_message,
            group=_key_text,
            marks=_state_key_fields,
            passes=[
                {"SWDS": [swds(), swds({"22.11": "20250110"})]},
                {"SERV": [serv(), serv({"25.02": "D"}), serv({"25.11": "330"})]},
            ],
            fails=[
                {"SWDS": [swds(), swds({"22.12": "2"})]},
                {"MEET": [meet(), meet()]},
                {"SERV": [serv(), serv({"25.15": "60"})]},
                {"PSTS": [psts(), psts({"17.05": "9900002"})]},
            ],
        ),
    ]
