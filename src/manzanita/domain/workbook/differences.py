"""What changes where one specification takes the place of another, and which of our rules look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from manzanita.domain.codes import Code, CodeSet
from manzanita.domain.layouts import RECORDS, Field, Layout
from manzanita.domain.rules import catalog
from manzanita.domain.specification import Specification

# Rules that ask the same of every field: they look at a length, a type, a requirement or a code set that changes.
_LENGTH, _TYPE, _REQUIRED, _CODES = "FRMT0001", ("FRMT0002", "FRMT0004"), "GERR0001", ("GERR0002", "GERR0007")


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: ``where`` is its heading (``Layout MEET``), ``what`` a word (``moved``), ``text`` the rest.

    ``rules`` are codes of rules that look at what changed.
    """

    where: str
    what: str
    text: str
    rules: frozenset[str] = frozenset()


def differences(before: Specification, after: Specification) -> list[Difference]:
    """Every change, in the order layouts, code sets, error texts; empty where the two say the same.

    Where only the confidence of a row changes, nothing is said.
    """
    found: list[Difference] = []
    for record in RECORDS:
        found += _of_layout(before.layouts[record], after.layouts[record])
    for name in sorted({*before.code_sets, *after.code_sets}):
        fields = _fields_of_set(name, before, after)
        found += _of_code_set(name, before.code_sets.get(name), after.code_sets.get(name), fields)
    found += _of_errors(before.error_texts, after.error_texts)
    return found


def told(found: Sequence[Difference]) -> list[str]:
    """The differences as lines for a person, with the rules they touch at the end."""
    if not found:
        return ["Nothing changes."]
    lines: list[str] = []
    where = ""
    for one in found:
        if one.where != where:
            where = one.where
            lines.append(where)
        lines.append(f"  {one.what:<8} {one.text}")
    touched = sorted({code for one in found for code in one.rules})
    lines.append("Rules that look at what changes")
    lines += [f"  {code:<12} {catalog()[code].title}" for code in touched if code in catalog()]
    if not touched:
        lines.append("  none")
    return lines


# Layouts


def _of_layout(before: Layout, after: Layout) -> Iterator[Difference]:
    where = f"Layout {after.record}"
    places = {number: place for place, number in enumerate(before.numbers, start=1)}
    for field in before.fields:
        if field.number not in after.by_number:
            text = f"{_label(field)}, which stood at position {places[field.number]}"
            yield Difference(where, "removed", text, _rules_of([field.number]))
    for place, field in enumerate(after.fields, start=1):
        old = before.by_number.get(field.number)
        if old is None:
            codes = frozenset(_CODES) & catalog().keys() if field.code_set else frozenset()
            text = f"{_label(field)} at position {place}"
            yield Difference(where, "added", text, _rules_of([field.number]) | codes)
            continue
        rules = _rules_of([field.number])
        if places[field.number] != place:
            text = f"{_label(field)}: position {places[field.number]} to {place}"
            yield Difference(where, "moved", text, rules)
        yield from _of_field(where, old, field, rules)


def _of_field(where: str, old: Field, new: Field, rules: frozenset[str]) -> Iterator[Difference]:
    if old.name != new.name:
        yield Difference(where, "renamed", f'{new.number}: "{old.name}" to "{new.name}"', rules)
    if old.max_length != new.max_length:
        is_longer = (
            old.max_length is not None and new.max_length is not None and new.max_length > old.max_length
        )
        word = "longer" if is_longer else "shorter"
        if old.max_length is None:
            word = "length"
        text = f"{_label(new)}: {old.max_length or 'unknown'} to {new.max_length or 'unknown'} characters"
        yield Difference(where, word, text, frozenset({_LENGTH}))
    for word, was, becomes, looking in (
        ("type", old.type, new.type, frozenset(_TYPE)),
        ("required", old.required, new.required, frozenset({_REQUIRED})),
        ("code set", old.code_set or "none", new.code_set or "none", frozenset(_CODES)),
    ):
        if was != becomes:
            yield Difference(where, "changed", f"{_label(new)}: {word} {was} to {becomes}", rules | looking)


def _label(field: Field) -> str:
    return f"{field.number} {field.name}"


# Codes


def _of_code_set(
    name: str, before: CodeSet | None, after: CodeSet | None, fields: Sequence[str]
) -> Iterator[Difference]:
    where = f"Code set {name}"
    rules = _rules_of(fields) | frozenset(_CODES)
    was, becomes = before.codes if before else {}, after.codes if after else {}
    for code in sorted({*was, *becomes}):
        change = _of_code(was.get(code), becomes.get(code))
        if change:
            yield Difference(where, *change, rules)
    if before and after and before.is_complete != after.is_complete:
        kept, refused = "an unknown code was only doubted", "is refused from now on"
        if before.is_complete:
            kept, refused = "an unknown code was refused", "is only doubted from now on"
        yield Difference(where, "complete", f"{kept} and {refused}", rules)


def _of_code(old: Code | None, new: Code | None) -> tuple[str, str] | None:
    was_current = old is not None and old.status == "current"
    is_current = new is not None and new.status == "current"
    one = new or old
    assert one is not None
    if is_current and not was_current:
        return ("added", f"{one.code} {one.name}") if old is None else ("back", f"{one.code} {one.name}")
    if was_current and not is_current:
        return "retired", f"{one.code} {one.name}"
    if old and new and old.name != new.name:
        return "renamed", f'{one.code}: "{old.name}" to "{new.name}"'
    return None


def _fields_of_set(name: str, *specifications: Specification) -> list[str]:
    return [
        field.number
        for one in specifications
        for layout in one.layouts.values()
        for field in layout.fields
        if field.code_set == name
    ]


# Errors


def _of_errors(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for code in sorted({*before, *after}):
        rules = frozenset({code}) & catalog().keys()
        if code not in before:
            yield Difference("Error texts", "added", f"{code}: {after[code]}", rules)
        elif code not in after:
            yield Difference("Error texts", "removed", code, rules)
        elif before[code] != after[code]:
            yield Difference("Error texts", "changed", f"{code}: {after[code]}", rules)


def _rules_of(numbers: Sequence[str]) -> frozenset[str]:
    """Codes of the rules that name one of these fields."""
    return frozenset(code for code, info in catalog().items() if set(info.fields) & set(numbers))
