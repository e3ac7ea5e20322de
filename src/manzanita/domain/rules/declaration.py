"""What a rule is made of: its catalog entry, one column expression, and its own examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from manzanita.domain import years
from manzanita.domain.findings import Owner, Severity
from manzanita.domain.layouts import Field

# One row as the message of a rule sees it: state numbers and the columns of the rule's contexts.
Row = Mapping[str, Any]
# Record type -> lines, each a mapping number -> text (a missing number is an empty field).
Example = Mapping[str, Sequence[Mapping[str, str]]]

PHASES = ("input", "fall1", "fall2", "eoy1")


@dataclass(frozen=True, slots=True)
class Setting:
    """When a rule looks: the day of asking, and the academic year (``"2026-2027"``) it judges."""

    as_of: date
    year: str

    @property
    def census_day(self) -> str:
        """Census Day as the state writes dates, CCYYMMDD; as text such dates compare as dates do."""
        return state_date(years.census_day(self.year))

    @property
    def first_day(self) -> str:
        return state_date(years.first_day(self.year))

    @property
    def last_day(self) -> str:
        return state_date(years.last_day(self.year))

    def in_year(self, column: str) -> pl.Expr:
        """True where the date in ``column`` lies in the academic year, 1 July to 30 June."""
        return pl.col(column).is_between(pl.lit(self.first_day), pl.lit(self.last_day))


@dataclass(frozen=True, slots=True)
class KnownDefect:
    """What the state itself says is wrong with a rule of its own, from ``since`` to ``until`` (``None``: open)."""

    since: date
    until: date | None
    text: str
    source: str

    def is_open(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleInfo:
    """The page of a rule in the catalog.

    ``severity`` is the weight in any year without an entry in ``severity_by_year``; ``first_year`` and
    ``last_year`` bound the years in force (``None``: open). From the year ``presumed_from`` on nobody has seen the
    rule printed: it is presumed to go on and warns, whatever its severity was. From the day ``inactive_from`` on
    the state has it switched off. ``missing_input`` names what a rule that is not implemented lacks here.
    ``sis_fix`` is the part of ``fix`` that is SIS staff's, where another part is not. A rule is equal to itself only,
    so that what is derived from it may be kept.
    """

    code: str
    title: str
    kind: str
    phase: str
    severity: Severity
    records: tuple[str, ...]
    fields: tuple[str, ...]
    meaning: str
    fix: str
    owner: Owner
    source: str
    confidence: str
    is_implemented: bool = True
    first_year: str | None = None
    last_year: str | None = None
    severity_by_year: Mapping[str, Severity] = field(default_factory=dict)
    presumed_from: str | None = None
    inactive_from: date | None = None
    known_defects: tuple[KnownDefect, ...] = ()
    missing_input: str = ""
    sis_fix: str = ""

    @property
    def is_local(self) -> bool:
        """Local rules are this product's own and always run."""
        return self.kind == "local"

    def is_in_force(self, year: str) -> bool:
        after_start = self.first_year is None or self.first_year <= year
        return after_start and (self.last_year is None or year <= self.last_year)

    def is_switched_off(self, on: date) -> bool:
        return self.inactive_from is not None and self.inactive_from <= on

    def is_presumed(self, year: str) -> bool:
        """Whether the rule was printed for earlier years only, and is presumed to hold in ``year``."""
        return self.presumed_from is not None and self.presumed_from <= year

    def severity_in(self, year: str) -> Severity:
        usual = Severity.WARNING if self.is_presumed(year) else self.severity
        return self.severity_by_year.get(year, usual)

    @property
    def presumption(self) -> str:
        """A sentence for whoever reads the rule's page, or empty text."""
        if self.presumed_from is None:
            return ""
        return (
            f"Presumed from {self.presumed_from} on: the state has printed this rule for earlier years only, so it "
            "warns until a page shows that it goes on."
        )

    def caveat(self, setting: Setting) -> str:
        """What a finding must say of the rule itself, as sentences after its message; mostly empty."""
        parts = [self.presumption] if self.is_presumed(setting.year) else []
        parts += [defect.text for defect in self.known_defects if defect.is_open(setting.as_of)]
        return "".join(f" {part}" for part in parts)

    def split_caveat(self, message: str) -> tuple[str, str]:
        """A finding's message without what it says of the rule itself, and that."""
        parts = [self.presumption, *(defect.text for defect in self.known_defects)]
        starts = [at for part in parts if part and (at := message.find(f" {part}")) >= 0]
        end = min(starts, default=len(message))
        return message[:end], message[end:].strip()


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldRule(RuleInfo):
    """A rule that asks the same of every field it applies to.

    ``wrong`` gives the expression for one field of one record, or ``None`` where the rule has nothing to ask of
    it; ``empties`` says that a wrong value must not be loaded; ``field_severity`` may soften a field.
    """

    wrong: Callable[[str, Field], pl.Expr | None]
    message: Callable[[Field, str], str]
    empties: bool = False
    field_severity: Callable[[Field], Severity | None] = lambda _field: None
    passes: Sequence[Example] = ()
    fails: Sequence[Example] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """Where the right value is certain: ``values`` gives it for a row that is wrong, by field; nothing where it is not
    certain after all. ``why`` says to the office, in a sentence, why nothing is lost."""

    values: Callable[[Row], Mapping[str, str]]
    why: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule(RuleInfo):
    """A rule about whole rows of ``subjects``.

    ``wrong`` is true where a row is wrong; it may read the columns of ``contexts``, which the engine joins once
    for all rules. ``softened`` is true where a wrong row is only a warning; ``undecided`` is true where the row
    holds too little to say, which makes one *not evaluated* finding; ``group`` gives the text that all
    lines of one fault share; ``marks`` narrows the fields to point at; ``repair`` says how many records may be mended
    at once; ``case`` tells a local rule's fault as it happens in a district.
    """

    subjects: tuple[str, ...]
    wrong: Callable[[Setting], pl.Expr]
    message: Callable[[Row], str]
    contexts: tuple[str, ...] = ()
    softened: Callable[[], pl.Expr] | None = None
    undecided: Callable[[Setting], pl.Expr] | None = None
    undecided_reason: str = ""
    group: Callable[[Row], str] | None = None
    marks: Callable[[Row], tuple[str, ...]] | None = None
    repair: Repair | None = None
    case: str = ""
    passes: Sequence[Example] = ()
    fails: Sequence[Example] = ()


def state_date(day: date) -> str:
    """``day`` as the state writes it, CCYYMMDD."""
    return day.strftime("%Y%m%d")


def spoken_date(text: str) -> str:
    """``2026-09-15`` for the state's ``20260915``; any other text as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text
