"""Ways to write damage down: the seven records as their layouts are printed, and what is to be said of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

NAME = "damaged.txt"
SSIDS = ("9900000001", "9900000002", "9900000003")


@dataclass(frozen=True)
class Shape:
    """One record: a sound line of the student ``{}``, and labels of the fields that are damaged, all from the layout.

    ``text`` stands in the line as ``Wren``; ``day`` is a date outside the key. ``doubled`` are the fields where every
    caret is doubled; ``last_but_one`` is the field where a line ends that lacks one.
    """

    line: str
    fields: int
    doubled: int
    last_but_one: str
    ssid: str
    lea: str
    year: str
    text: str
    text_limit: int
    key: tuple[str, ...]
    key_day: str = ""
    day: str = ""

    @property
    def record(self) -> str:
        return self.line[:4]

    @property
    def low(self) -> str:
        return self.record.lower()

    @property
    def type_field(self) -> str:
        return self.ssid.split(".")[0] + ".01"

    @property
    def first(self) -> str:
        return f"{self.type_field} Record Type Code"

    @property
    def transaction_field(self) -> str:
        return self.ssid.split(".")[0] + ".02 Transaction Type Code"


@dataclass(frozen=True)
class Said:
    """One finding. ``field`` is a label (``1.08 SSID``) or empty; ``others`` are further numbers it points at."""

    code: str
    line: int | None
    field: str
    message: str
    severity: str
    others: tuple[str, ...] = ()

    @property
    def numbers(self) -> set[str]:
        return {*self.others, *([self.field.split(" ")[0]] if self.field else [])}


Write = Callable[[Shape, list[str]], bytes]
Say = Callable[[Shape], Sequence[Said]]


@dataclass(frozen=True)
class Kind:
    """One kind of damage: ``write`` makes a file of three sound lines, of which ``loaded`` can be used in the end.

    ``imported`` are those that an import of SIS files takes, where it differs.
    """

    write: Write
    said: Say = lambda shape: ()
    loaded: tuple[int, ...] = (1, 3)
    records: Sequence[str] = ("SENR", "SINF", "SWDS", "MEET", "PLAN", "SERV", "PSTS")
    imported: tuple[int, ...] | None = None

    def file_of(self, shape: Shape) -> bytes:
        return self.write(shape, [shape.line.format(ssid) for ssid in SSIDS])


def joined(*lines: str, end: str = "\n") -> bytes:
    return "".join(f"{line}{end}" for line in lines).encode()


def second(change: Callable[[Shape, str], str]) -> Write:
    """A file whose second line is changed."""
    return lambda shape, lines: joined(lines[0], change(shape, lines[1]), lines[2])


def value(at: str, text: str) -> Write:
    """A file with ``text`` in a field of the second line; ``at`` is an attribute of the shape, or a label."""

    def changed(shape: Shape, line: str) -> str:
        values = line.split("^")
        number = getattr(shape, at, at).split(" ")[0]
        # The digits after the point count the fields.
        values[int(number.split(".")[1]) - 1] = text
        return "^".join(values)

    return second(changed)


def say(
    message: str,
    *,
    at: str = "",
    code: str = "MZ-LINE",
    line: int | None = 2,
    severity: str = "fatal",
    others: str = "",
) -> Say:
    """One finding; ``message`` may hold ``{s.record}`` and other attributes of the shape, and ``{field}``."""

    def of(shape: Shape) -> Sequence[Said]:
        field = getattr(shape, at, at) if at else ""
        numbers = getattr(shape, others) if others else ()
        return [Said(code, line, field, message.format(s=shape, field=field), severity, numbers)]

    return of


def both(*said: Say) -> Say:
    return lambda shape: [one for say in said for one in say(shape)]


SHAPES = {
    shape.record: shape
    for shape in (
        Shape(
            "SENR^^^9912345^9900001^^2026-2027^{}^^Wren^^Testcase^^^^^20160401^F^^^^20230815^10^05^^^^^^^^^^^",
            35,
            69,
            "1.34 Adult Age Students with Disabilities in Transition Status",
            "1.08 SSID",
            "1.04 Reporting LEA",
            "1.07 Academic Year ID",
            "1.10 Student Legal First Name",
            255,
            ("1.04", "1.08", "1.22"),
            "1.22 Enrollment Start Date",
            "1.25 Enrollment Exit Date",
        ),
        Shape(
            "SINF^^^20230815^^9912345^9900001^2026-2027^{}^^Wren^^Testcase^^^^^^F^^^^^^^^^^^^^^^^^^^^^^^",
            42,
            83,
            "2.41 Guardian 2 First Name",
            "2.09 SSID",
            "2.06 Reporting LEA",
            "2.08 Academic Year ID",
            "2.11 Student Legal First Name",
            255,
            ("2.04", "2.09"),
            "2.04 Effective Start Date",
            "2.18 Student Birth Date",
        ),
        Shape(
            "SWDS^^^9912345^2026-2027^{}^^Wren^9901^^20240110^1^",
            13,
            25,
            "22.12 Special Education Status Code",
            "22.06 SSID",
            "22.04 Reporting LEA",
            "22.05 Academic Year ID",
            "22.08 Local Special Education Student ID",
            15,
            ("22.04", "22.06", "22.11"),
            "22.11 Special Education Status Effective Start Date",
            "22.10 Special Education Initial Entry Start Date",
        ),
        Shape(
            "MEET^^^9912345^2026-2027^{}^^Wren^9901^^^^^^20260915^^Y^^",
            19,
            37,
            "24.18 Meeting Delay Code",
            "24.06 SSID",
            "24.04 Reporting LEA",
            "24.05 Academic Year ID",
            "24.08 Local Special Education Student ID",
            15,
            ("24.04", "24.06", "24.10", "24.15"),
            "24.15 Special Education Meeting Date",
            "24.11 Special Education Referral Date",
        ),
        Shape(
            "PLAN^^^9912345^2026-2027^{}^^Wren^9901^9912345^100^20260915^1^210^240^^^^^400^^^85^^^^^^^^^^N^^",
            35,
            69,
            "23.34 Parental Involvement Facilitation (code or indicator)",
            "23.06 SSID",
            "23.04 Reporting LEA",
            "23.05 Academic Year ID",
            "23.08 Local Special Education Student ID",
            15,
            ("23.04", "23.06", "23.12"),
            "23.12 Special Education Plan Effective Start Date",
        ),
        Shape(
            "SERV^^^9912345^^2026-2027^{}^^9901^^415^100^510^20^30^Wren^20260915",
            17,
            33,
            "25.16 Local Special Education Student ID",
            "25.07 SSID",
            "25.04 Reporting LEA",
            "25.06 Academic Year ID",
            "25.16 Local Special Education Student ID",
            15,
            ("25.04", "25.07", "25.09", "25.11", "25.12", "25.13", "25.17"),
            "25.17 Plan Effective Start Date",
        ),
        Shape(
            "PSTS^^^9912345^9900001^^2026-2027^{}^Wren^9901^30^100^^",
            14,
            27,
            "17.13 CTE Related Program or Employment Indicator",
            "17.08 SSID",
            "17.04 Reporting LEA",
            "17.07 Academic Year ID",
            "17.09 Local Special Education Student ID",
            15,
            ("17.04", "17.07", "17.08", "17.10", "17.11", "17.12"),
        ),
    )
}
