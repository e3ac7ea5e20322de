"""What the rules say of many people's records at once, each person for herself, with what a rule looked at.

The records of one person never weigh on the findings of another: people are judged in one body only where their SSIDs
tell them apart. A finding has an identity that lasts while its values change, so that age and owner last too, and a
digest of its inputs that does not, so that a dismissal ends with them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from manzanita.domain.findings import Finding
from manzanita.domain.layouts import known_numbers
from manzanita.domain.rules import catalog, contexts
from manzanita.domain.rules.context import SSID_FIELDS
from manzanita.domain.rules.declaration import Rule, Setting
from manzanita.domain.specification import judging, specification
from manzanita.domain.validation import evaluate_records
from manzanita.domain.validation.rows import expressions
from manzanita.domain.validation.saying import record_key_of

# Record type -> rows with every field of the layout. A record type with an empty list is known to have none.
Rows = Mapping[str, Sequence[Mapping[str, str]]]
# How much of a digest of inputs says which fields were read.
_NAMES_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Judged:
    """One finding of one person. ``identity`` names it for good; ``inputs`` changes with what the rule looked at."""

    finding: Finding
    identity: str
    inputs: str


def judge(people: Mapping[int, Rows], *, as_of: date, year: str) -> dict[int, list[Judged]]:
    """Findings of each person's records by the person's key. People without a finding are left out.

    Findings of a rule as a whole (*not evaluated*, as a file is missing) are of no record and are left out.
    """
    found: dict[int, list[Judged]] = defaultdict(list)
    for body in _bodies(people):
        owners = {ssid: key for key in body for ssid in _ssids(people[key])}
        alone = next(iter(body)) if len(body) == 1 else None
        for finding in evaluate_records(_together(people, body), as_of=as_of, year=year):
            if not finding.record_key or finding.record is None:
                continue
            key = alone if alone is not None else owners[finding.ssid or ""]
            found[key].append(_judged(key, finding, people[key], year))
    return {key: _once(of_person) for key, of_person in found.items()}


def _bodies(people: Mapping[int, Rows]) -> Iterator[list[int]]:
    """People who may be judged together, then each of those who may not: without an SSID, or sharing one."""
    ssids = {key: _ssids(rows) for key, rows in people.items()}
    count = Counter(ssid for of_person in ssids.values() for ssid in of_person)
    told_apart = [
        key for key, own in ssids.items() if own and "" not in own and all(count[one] == 1 for one in own)
    ]
    if told_apart:
        yield told_apart
    together = set(told_apart)
    yield from ([key] for key in people if key not in together)


def _ssids(rows: Rows) -> set[str]:
    return {row[SSID_FIELDS[record]] for record, of_record in rows.items() for row in of_record}


def _together(people: Mapping[int, Rows], body: Sequence[int]) -> dict[str, list[Mapping[str, str]]]:
    known = {record for key in body for record in people[key]}
    return {record: [row for key in body for row in people[key].get(record, ())] for record in known}


def _judged(person: int, finding: Finding, rows: Rows, year: str) -> Judged:
    key = "|".join("" if part == finding.ssid else part for part in finding.record_key.split("|"))
    # Without the SSID, which may change and is the person's; without a group, which the record's key decides.
    identity = _digest([finding.code, person, key, sorted(finding.fields)])
    return Judged(finding, identity, _inputs(finding, rows, year))


def _inputs(finding: Finding, rows: Rows, year: str) -> str:
    """A digest of which fields the rule reads, and one of what stands in them.

    Those are fields of the record itself, and what the contexts of the rule read of all records of the person.
    """
    record = finding.record or ""
    reads = _reads(finding.code, record, year)
    own = sorted(reads.own | set(finding.fields))
    itself = [
        [row.get(number, "") for number in own]
        for row in rows.get(record, ())
        if record_key_of(record, row) == finding.record_key
    ]
    others = [
        sorted([row.get(number, "") for number in sorted(numbers)] for row in rows.get(name, ()))
        for name, numbers in sorted(reads.beside.items())
    ]
    names = [own, [[name, sorted(numbers)] for name, numbers in sorted(reads.beside.items())]]
    return _digest(names)[:_NAMES_LENGTH] + _digest([itself, others])[_NAMES_LENGTH:]


def reads_other_fields(inputs: str, before: str) -> bool:
    """Whether the rule itself has come to read other fields between two digests, whatever stands in them."""
    return inputs[:_NAMES_LENGTH] != before[:_NAMES_LENGTH]


@dataclass(frozen=True, slots=True)
class _Reads:
    """Fields that a rule reads of the record it speaks of, and by record type of all records of the person."""

    own: frozenset[str]
    beside: Mapping[str, frozenset[str]]


@cache
def _reads(code: str, record: str, year: str) -> _Reads:
    rule = catalog().get(code)
    if not isinstance(rule, Rule):
        return _Reads(frozenset(), {})
    # Which fields an expression names does not hang on the day.
    setting = Setting(as_of=date(2000, 1, 1), year=year)
    with judging(year):
        asked = expressions(rule, setting, specification())
    names = {name for expression in asked for name in expression.meta.root_names()} | set(rule.fields)
    beside: dict[str, frozenset[str]] = {}
    for context in (contexts()[name] for name in rule.contexts):
        names |= set(context.own[record])
        for other, numbers in context.beside(record).items():
            beside[other] = beside.get(other, frozenset()) | numbers
    return _Reads(frozenset(names & set(known_numbers(record))), beside)


def _once(judged: Sequence[Judged]) -> list[Judged]:
    """One of each identity: two lines of one record say a thing twice."""
    return list({one.identity: one for one in judged}.values())


def _digest(document: object) -> str:
    return hashlib.sha256(json.dumps(document, ensure_ascii=True).encode()).hexdigest()[:32]
