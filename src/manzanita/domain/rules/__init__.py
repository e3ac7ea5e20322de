"""The registry of rules: every rule this product evaluates, and the catalog of those it only knows.

A rule is declared once, in the module of its record or topic. ``rules.csv`` lists the rules that public pages of
the state print; those without a declaration are known by name, so that a rejection by the state can be explained.
Rules that want for an input say which in ``not_evaluable``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

from manzanita.domain.fields import FIELDS
from manzanita.domain.findings import Owner, Severity
from manzanita.domain.layouts import RECORDS, SIS_RECORDS
from manzanita.domain.layouts.files import LINE_CODE
from manzanita.domain.records import SSID_FIELD
from manzanita.domain.rules import (
    census_context,
    code_years,
    enrollment_context,
    formats,
    keys,
    local_context,
    local_meet_dates,
    local_meet_delay,
    local_meet_late,
    local_meet_students,
    local_plan_age,
    local_plan_place,
    local_plan_setting,
    local_plan_stay,
    local_plan_values,
    local_serv,
    local_sis,
    local_status,
    local_status_end,
    meet,
    not_evaluable,
    outcome_context,
    plan,
    plan_ages,
    plan_due,
    plan_enrollment,
    plan_settings,
    psts,
    psts_leavers,
    senr,
    senr_census,
    serv,
    serv_ages,
    student_context,
    swds,
    values,
)
from manzanita.domain.rules.context import Context
from manzanita.domain.rules.declaration import FieldRule, Rule, RuleInfo

_CATALOG = Path(__file__).parent / "rules.csv"

_STATE_MODULES = (
    *(swds, meet, plan, plan_settings, plan_ages, plan_due, plan_enrollment, serv, serv_ages),
    *(senr, senr_census, psts, psts_leavers, keys),
)
_LOCAL_MODULES = (
    *(local_meet_dates, local_meet_delay, local_meet_late, local_meet_students),
    *(local_plan_age, local_plan_place, local_plan_setting, local_plan_stay, local_plan_values),
    *(local_status, local_status_end, local_serv, local_sis),
)

_LINE = RuleInfo(
    code=LINE_CODE,
    title="Line set aside",
    kind="format",
    phase="input",
    severity=Severity.FATAL,
    records=RECORDS,
    fields=(),
    meaning="A line whose encoding, field count or record type is wrong cannot be read, and neither can an empty "
    "file. It is set aside whole; every other line is read.",
    fix="Mend the export and read the file again.",
    owner=Owner.SIS,
    source="local: format of caret files",
    confidence="inferred",
)


# Codes by which the state says that an SSID is no longer one. That of CALPADS is not public.
RETIRED_SSID_CODES = frozenset({"SBX0003"})

_RETIRED_SSID = RuleInfo(
    code="SBX0003",
    title="SSID is retired",
    kind="input",
    phase="input",
    severity=Severity.FATAL,
    records=("SWDS", "MEET", "PLAN", "SERV"),
    fields=("22.06", "24.06", "23.06", "25.07"),
    meaning="The state has found two SSIDs for one student and retired the one of this line; its words name the other, "
    "under which it now keeps the student's records.",
    fix="Give the student the other SSID in the SIS. With the next SIS files it stands here too, or at once where you "
    "record on the student's page that the state has retired the SSID; every line goes under the other by itself with "
    "the next send.",
    owner=Owner.SIS,
    source="ours: a code of the practice state; that of CALPADS is not public",
    confidence="inferred",
    is_implemented=False,
)


# Modules that declare rules about whole rows.
@cache
def field_rules() -> tuple[FieldRule, ...]:
    """Rules about single values, in the order in which a value is judged."""
    return (*formats.rules(), *code_years.rules(), *values.rules(), *psts.field_rules())


@cache
def row_rules() -> tuple[Rule, ...]:
    """Rules about whole rows, by code. Raises ``ValueError`` where two declarations share a code."""
    rules = [rule for module in (*_STATE_MODULES, *_LOCAL_MODULES) for rule in module.rules()]
    by_code = {rule.code: rule for rule in rules}
    if len(by_code) < len(rules):
        raise ValueError("two rules share a code")
    return tuple(by_code[code] for code in sorted(by_code))


@cache
def unevaluable_rules() -> tuple[RuleInfo, ...]:
    """Rules that want for an input, each with its name."""
    return tuple(not_evaluable.rules())


@cache
def contexts() -> Mapping[str, Context]:
    """Every context that rules may name, by name. Raises ``ValueError`` where two share one."""
    mappings = (
        student_context.CONTEXTS,
        census_context.CONTEXTS,
        enrollment_context.CONTEXTS,
        outcome_context.CONTEXTS,
        local_context.LOCAL_CONTEXTS,
    )
    together = {name: one for mapping in mappings for name, one in mapping.items()}
    if len(together) < sum(map(len, mappings)):
        raise ValueError("two contexts share a name")
    return MappingProxyType(together)


@cache
def catalog() -> Mapping[str, RuleInfo]:
    """Every rule by code: those evaluated here, and those known from the state's pages only."""
    known = {row["code"]: _known(row) for row in _catalog_rows()}
    ours: tuple[RuleInfo, ...] = (
        *(_LINE, _RETIRED_SSID),
        *unevaluable_rules(),
        *field_rules(),
        *row_rules(),
    )
    return MappingProxyType({**known, **{rule.code: rule for rule in ours}})


def rule_info(code: str) -> RuleInfo | None:
    """The catalog page of ``code``, or ``None`` where no page of the state that we could read names it."""
    return catalog().get(code)


def owner_of(code: str, fields: Sequence[str]) -> Owner:
    """Whose job it is to mend a record that the rule ``code`` objects to, the one answer on every page.

    Whoever owns the field that is named, as the student's record says it; where none or several owners' fields are
    named, the owner of the rule; for a code that no page explains, the coordinator.
    """
    # The SIS alone brings an SSID; named beside other fields it only says whose record it is.
    if len(fields) == 1 and fields[0] in SSID_FIELD.values():
        return Owner.SIS
    owners = {FIELDS[number].owner for number in fields if number in FIELDS}
    if len(owners) == 1:
        return owners.pop()
    info = rule_info(code)
    return info.owner if info else Owner.COORDINATOR


def _catalog_rows() -> list[dict[str, str]]:
    with _CATALOG.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return [row for row in rows if not row["status"].startswith("Retired") and row["kind"] != "report"]


def _known(row: Mapping[str, str]) -> RuleInfo:
    records = RECORDS if row["records"] == "any" else tuple(row["records"].split("/"))
    return RuleInfo(
        code=row["code"],
        title=row["title"],
        kind=row["kind"],
        phase=row["phase"],
        # A severity that no page prints is not guessed upward.
        severity=Severity.FATAL if row["severity"] == "fatal" else Severity.WARNING,
        records=records,
        fields=(),
        meaning=row["rule"],
        fix="",
        owner=Owner.SIS if records[0] in SIS_RECORDS else Owner.COORDINATOR,
        source=row["source"],
        confidence=row["confidence"],
        is_implemented=False,
    )
