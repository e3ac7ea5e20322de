"""Two records of one student: where they differ, what is stated of the one that stays, and taking that back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db.models import Q

from manzanita.domain.effective import Span
from manzanita.domain.merging import Side, differ, filling, one_ssid_line, within
from manzanita.domain.names import name_key, name_words
from manzanita.platform.changed import students_changed
from manzanita.platform.facts import Fact, Statement, bring_back
from manzanita.platform.together import read_together
from manzanita.students.actions import FACT_MODELS, Identity, state_student_facts
from manzanita.students.identity_actions import TOLD, note_changes
from manzanita.students.merging_enrollments import Twice, enrolled_twice, has_days_left, left_of
from manzanita.students.models import DuplicatePair, Enrollment, Merge, NameKey, Student
from manzanita.students.name_keys import renew_name_keys
from manzanita.students.residence import (
    carry_residences,
    lives_of,
    newest_import_cause,
    says_residence_by_sis,
)

Choices = Mapping[str, Side]
# What of the identity is chosen together: half a name of each record would be a third person's.
IDENTITY: Mapping[str, tuple[str, ...]] = {
    "name": ("first_name", "middle_name", "last_name", "suffix"),
    "birth_on": ("birth_on",),
    "gender_code": ("gender_code",),
    "local_sped_id": ("local_sped_id",),
}
# A phone or an address is what it was last said to be; days of an enrollment are not.
LATER_WORD = "written last: the later word is likelier so"
# The services go with the plan, the rights with the person.
_ALONE = ("status", "plan", "assignment")


@dataclass(frozen=True, slots=True)
class Held:
    """The believed versions of one slot of a kind, of both records; ``key`` is the slot without the student."""

    kind: str
    key: tuple[Any, ...]
    stays: tuple[Fact, ...]
    other: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing of which the two records say different things. ``stays`` and ``other`` are what each says: versions of
    a fact, or of the identity the values. ``chosen`` is what is proposed, ``why`` in words."""

    key: str
    kind: str
    stays: tuple[Any, ...]
    other: tuple[Any, ...]
    chosen: Side
    why: str


def held_by(stays_id: int, other_id: int) -> dict[str, list[Held]]:
    """Per kind of fact the slots of both records, those of people under the numbers of the record that stays; one
    statement. Where the SIS says that a student lives is not among them: it follows from the enrollments."""
    believed = {
        kind: model.objects.believed()
        .filter(student_id__in=[stays_id, other_id])
        .order_by("effective_from", "pk")
        for kind, model in FACT_MODELS.items()
    }
    read_together(*believed.values())
    rows: dict[str, list[Fact]] = {kind: list(found) for kind, found in believed.items()}
    return slots_of(rows, stays_id)


def slots_of(rows: dict[str, list[Fact]], stays_id: int) -> dict[str, list[Held]]:
    """Versions of two records by kind, as slots of both."""
    rows["agency"] = [row for row in rows["agency"] if not says_residence_by_sis(row)]
    numbers = _numbers(rows, stays_id)
    found: dict[str, list[Held]] = {}
    for kind, model in FACT_MODELS.items():
        slots: dict[tuple[Any, ...], tuple[list[Fact], list[Fact]]] = defaultdict(lambda: ([], []))
        for row in rows[kind]:
            key = tuple(getattr(row, name) for name in model.slot[1:])
            is_other = row.student_id != stays_id  # type: ignore[attr-defined]
            if is_other and kind in ("contact", "rights"):
                key = (numbers.get(key[0], key[0]),)
            slots[key][is_other].append(row)
        found[kind] = [Held(kind, key, tuple(a), tuple(b)) for key, (a, b) in sorted(slots.items())]
    return found


def _numbers(rows: Mapping[str, Sequence[Any]], stays_id: int) -> dict[int, int]:
    """The number that each person of the other record gets: that of the same name, or one that is free."""
    names: dict[bool, dict[int, str]] = {True: {}, False: {}}
    used = {0}
    for row in (*rows["contact"], *rows["rights"]):
        used.add(row.contact_no)
    for row in rows["contact"]:
        names[row.student_id == stays_id][row.contact_no] = row.name
    same = {_words(name): number for number, name in names[True].items() if _words(name)}
    taken = {row.contact_no for row in (*rows["contact"], *rows["rights"]) if row.student_id == stays_id}
    found = {0: 0}
    given: set[int] = set()
    for number, name in sorted(names[False].items()):
        wanted = same.get(_words(name))
        if wanted is None or wanted in given:
            wanted = number if number not in taken | given else max(used | given) + 1
        found[number] = wanted
        given.add(wanted)
    return found


def _words(name: str) -> tuple[str, ...]:
    return tuple(sorted(name_words(name)))


def differences(stays: Student, other: Student, held: Mapping[str, Sequence[Held]]) -> list[Difference]:
    """What has to be chosen, each with a proposal. A person who differs and whose rights do is one choice."""
    found: dict[str, Difference] = {}
    of_both = [stays.pk, other.pk]
    merges = Merge.objects.filter(Q(student__in=of_both) | Q(other__in=of_both), undone_at__isnull=False)
    undone = set(merges.values_list("undone_at", flat=True))
    for one in (*_of_identity(stays, other), *_of_facts(held, undone)):
        found.setdefault(one.key, one)
    return list(found.values())


def _of_identity(stays: Student, other: Student) -> Iterator[Difference]:
    for key, names in IDENTITY.items():
        a, b = (tuple(getattr(one, name) for name in names) for one in (stays, other))
        if a == b or not any(b):
            continue
        if not any(a):
            continue
        yield Difference(key, "identity", a, b, Side.STAYS, "as on the record that stays")


def _of_facts(held: Mapping[str, Sequence[Held]], undone: Collection[datetime]) -> Iterator[Difference]:
    twice = enrolled_twice(held["enrollment"])
    for kind in ("ssid", "status", "plan", "enrollment", "assignment", "agency", "contact", "rights"):
        for one in held[kind]:
            if not one.stays or not one.other or any(two.has(one) for two in twice):
                continue
            key = choice_key(one)
            if kind == "ssid":
                if {row.ssid for row in one.stays} == {row.ssid for row in one.other}:  # type: ignore[attr-defined]
                    continue
                yield Difference(key, kind, one.stays, one.other, Side.STAYS, "of the record that stays")
                continue
            a, b = spans_of(one.stays), spans_of(one.other)
            if kind in ("enrollment", "contact", "rights"):
                is_other = [(x.start, x.end, x.value) for x in a] != [(x.start, x.end, x.value) for x in b]
            else:
                is_other = differ(a, b)
            if is_other:
                yield _proposed(key, kind, one, undone)
    for two in twice:
        a = tuple(row for one in (*two.stays, *two.both) for row in one.stays)
        b = tuple(row for one in (*two.other, *two.both) for row in one.other)
        why = (
            "it has all days of the other one, which looks entered twice"
            if not has_days_left(two, Side.STAYS)
            else "of the record that stays"
        )
        yield Difference(two.key, "enrollment", a, b, Side.STAYS, why)
        if any(has_days_left(two, side) for side in Side):
            yield Difference(two.void_key, "enrollment", a, b, Side.STAYS, "it ends, unless it never was")


def _proposed(key: str, kind: str, one: Held, undone: Collection[datetime]) -> Difference:
    if kind in _ALONE:
        starts = [rows[-1].effective_from for rows in (one.stays, one.other)]
        if starts[1] > starts[0]:
            return Difference(key, kind, one.stays, one.other, Side.OTHER, "starts later")
        why = "starts later" if starts[0] > starts[1] else "of the record that stays"
        return Difference(key, kind, one.stays, one.other, Side.STAYS, why)
    written = [max(_written_at(row, undone) for row in rows) for rows in (one.stays, one.other)]
    if written[1] > written[0]:
        return Difference(key, kind, one.stays, one.other, Side.OTHER, LATER_WORD)
    return Difference(
        key,
        kind,
        one.stays,
        one.other,
        Side.STAYS,
        LATER_WORD if written[0] > written[1] else "written at the same time",
    )


def _written_at(row: Fact, undone: Collection[datetime]) -> datetime:
    """When somebody wrote it: what is believed anew since two records became two again was written before."""
    if row.recorded_at not in undone:
        return row.recorded_at
    names = (*row.slot, *row.content, "effective_from", "effective_to", "cause")
    same = {name: getattr(row, name) for name in names}
    # Of two times put together and taken apart the first counts.
    first = type(row)._base_manager.filter(**same).order_by("recorded_at").first()
    return first.recorded_at if first is not None else row.recorded_at


def choice_key(one: Held) -> str:
    """Under what a choice about this slot goes: ``plan``, ``enrollment.9910017.2026-08-14``, ``person.1``."""
    name = {"contact": "person", "rights": "person", "service": "plan"}.get(one.kind, one.kind)
    return ".".join([name, *map(str, one.key)]) if one.kind not in (*_ALONE, "ssid", "service") else name


def spans_of(rows: Iterable[Fact]) -> list[Span[tuple[Any, ...]]]:
    return [
        Span(row.effective_from, row.effective_to, tuple(getattr(row, name) for name in row.content))
        for row in rows
    ]


def statements_of(
    stays_id: int, held: Mapping[str, Sequence[Held]], choices: Choices, *, retired_on: date
) -> dict[str, list[Statement]]:
    """What is to be stated of the record that stays, by kind; of days of which it says nothing, what the other says."""
    found: dict[str, list[Statement]] = {}
    plans = next(iter(held["plan"]), Held("plan", (), (), ()))
    twice = enrolled_twice(held["enrollment"])
    for kind, slots in held.items():
        statements = found[kind] = []
        for one in slots:
            if kind == "service":
                spans = _services(one, plans, choices.get("plan", Side.STAYS))
            elif kind == "ssid":
                spans = _ssids(one, choices.get("ssid", Side.STAYS), retired_on)
            else:
                spans = _ended(one, twice, choices) or _stated(one, _wins(one, twice, choices))
            slot = dict(zip(FACT_MODELS[kind].slot, (stays_id, *one.key), strict=True))
            content = FACT_MODELS[kind].content
            for span in spans:
                values = None if span.value is None else dict(zip(content, span.value, strict=True))
                is_whole = span.value is None and span.end is None and span.start == date.min
                statements.append(Statement(slot, values, span.start, span.end, is_whole))
    return found


_Spans = list[Span[Any]]
_NOTHING_EVER: Span[Any] = Span(date.min, None, None)


def _stated(one: Held, wins: Side) -> _Spans:
    """The slot of an enrollment, or a person, is one thing: it is taken whole. Of others the days are filled."""
    stays, other = spans_of(one.stays), spans_of(one.other)
    if not stays or not other:
        return other
    if one.kind in ("enrollment", "contact", "rights"):
        return [_NOTHING_EVER, *other] if wins is Side.OTHER else []
    return other if wins is Side.OTHER else filling(stays, other)


def _ended(one: Held, twice: Sequence[Twice], choices: Choices) -> _Spans:
    """An enrollment beside which another one goes on; nothing of one that does, or that stands alone."""
    for doubled in twice:
        if doubled.has(one):
            is_void = choices.get(doubled.void_key) is Side.OTHER
            rest = left_of(one, doubled, choices.get(doubled.key, Side.STAYS), is_void=is_void)
            return [] if rest is None else [_NOTHING_EVER, *rest]
    return []


def _wins(one: Held, twice: Sequence[Twice], choices: Choices) -> Side:
    """Whose version of a slot stands; an enrollment of both records goes with the one that goes on beside it."""
    doubled = next((two for two in twice if two.has(one)), None)
    return choices.get(doubled.key if doubled is not None else choice_key(one), Side.STAYS)


def enrollments_after(held: Sequence[Held], choices: Choices) -> dict[tuple[Any, ...], list[Span[Any]]]:
    """Days and content of each enrollment, by LEA and first day, as putting the two together leaves them."""
    twice = enrolled_twice(held)
    found = {}
    for one in held:
        stated = _ended(one, twice, choices) or _stated(one, _wins(one, twice, choices))
        is_whole = bool(stated) and stated[0] is _NOTHING_EVER
        found[one.key] = stated[1:] if is_whole else [*spans_of(one.stays), *stated]
    return {key: spans for key, spans in found.items() if spans}


def _services(one: Held, plans: Held, wins: Side) -> _Spans:
    """Services of the other record count on the days of its plan, and none of the record that stays does then."""
    stays, other = spans_of(plans.stays), spans_of(plans.other)
    won = other if wins is Side.OTHER else filling(stays, other)
    days = [(span.start, span.end) for span in won]
    if not stays and not other:
        return filling(spans_of(one.stays), spans_of(one.other))
    ended = [Span(start, end, None) for start, end in days if one.stays]
    return [*ended, *within(spans_of(one.other), days)]


def _ssids(one: Held, wins: Side, retired_on: date) -> _Spans:
    stays, other = spans_of(one.stays), spans_of(one.other)
    stands, former = (stays, other) if wins is Side.STAYS else (other, stays)
    if not other:
        return []
    flat = [[Span(span.start, span.end, span.value[0]) for span in some] for some in (stands, former)]
    return [
        Span(span.start, span.end, (span.value,))
        for span in one_ssid_line(flat[0], flat[1], retired_on=retired_on)
    ]


def believed_keys(student_id: int) -> dict[str, list[int]]:
    """Keys of the believed versions of every kind; one statement."""
    found = {
        kind: model.objects.believed().filter(student_id=student_id).order_by("pk").values_list("pk")
        for kind, model in FACT_MODELS.items()
    }
    read_together(*found.values())
    return {kind: [pk for (pk,) in rows] for kind, rows in found.items()}


def put_together(
    *,
    stays: Student,
    other: Student,
    held: Mapping[str, Sequence[Held]],
    choices: Choices,
    retired_on: date,
    by_id: int,
    cause: str,
    at: datetime,
) -> dict[str, Any]:
    """State everything of ``stays`` and nothing of ``other``; returns what :func:`take_apart` needs, as JSON values."""
    before = believed_keys(stays.pk)
    emptied = believed_keys(other.pk)
    import_cause = newest_import_cause([stays.pk, other.pk]) or cause
    for kind, statements in statements_of(stays.pk, held, choices, retired_on=retired_on).items():
        model = FACT_MODELS[kind]
        rows = model.objects.filter(pk__in=emptied[kind])
        gone = [
            Statement(dict(zip(model.slot, values, strict=True)), None, date.min, None, True)
            for values in sorted(set(rows.values_list(*model.slot)))
        ]
        told = [(by_id, cause, [*statements, *gone])]
        if kind == "enrollment":
            told = [*_by_origin(statements, held[kind], by_id, cause), (by_id, cause, gone)]
        for who, why, some in told:
            state_student_facts(kind, some, by_id=who, cause=why, at=at)
    enrolled = lives_of(Enrollment.objects.believed().filter(student=stays))
    carry_residences({stays.pk: enrolled}, by_id=None, cause=import_cause, at=at)
    after = believed_keys(stays.pk)
    identity = {name: getattr(stays, name) for names in IDENTITY.values() for name in names}
    _set_identity(stays, _identity(stays, other, choices), by_id=by_id, cause=cause, at=at)
    return {
        "identity": {**identity, "birth_on": identity["birth_on"] and identity["birth_on"].isoformat()},
        "after": after,
        "closed": {kind: sorted(set(before[kind]) - set(after[kind])) for kind in before},
        "inserted": {kind: sorted(set(after[kind]) - set(before[kind])) for kind in before},
        "emptied": emptied,
    }


def _by_origin(
    statements: Sequence[Statement], held: Sequence[Held], by_id: int, cause: str
) -> Iterator[tuple[int | None, str, list[Statement]]]:
    """The same in their order, with who says each and by which cause. An enrollment is the word of the SIS or of
    whoever typed it (``transfer_facts.SIS_CAUSE``), and moving it, or leaving it fewer days, makes it nobody else's."""
    rows: list[Any] = [row for one in held for row in (*one.stays, *one.other)]
    rows.sort(key=lambda row: row.recorded_at, reverse=True)

    def origin(told: Statement) -> tuple[int | None, str]:
        for row in rows:
            slot = {name: getattr(row, name) for name in Enrollment.slot if name != "student_id"}
            said = {name: getattr(row, name) for name in Enrollment.content}
            if told.values == said and slot.items() <= told.slot.items():
                return row.by_id, row.cause
        return by_id, cause

    for (who, why), some in groupby(statements, key=origin):
        yield who, why, list(some)


def changed_since(written: Mapping[str, Any], stays_id: int, other_id: int) -> list[str]:
    """Kinds of facts that somebody has stated anew since, of either record."""
    now, beside = believed_keys(stays_id), believed_keys(other_id)
    return [kind for kind in FACT_MODELS if now[kind] != written["after"].get(kind, []) or beside[kind]]


def take_apart(
    *, written: Mapping[str, Any], stays: Student, other: Student, by_id: int, cause: str, at: datetime
) -> None:
    """Believe again what was believed before :func:`put_together`."""
    for kind, model in FACT_MODELS.items():
        # A kind of fact that came later than the merge has nothing in it.
        closed, emptied, inserted = (
            written[name].get(kind, []) for name in ("closed", "emptied", "inserted")
        )
        if closed or emptied or inserted:
            slots = [{model.slot[0]: one.pk} for one in (stays, other)]
            bring_back(model, slots=slots, close=inserted, again=[*closed, *emptied], at=at)
    values = dict(written["identity"])
    if values["birth_on"]:
        values["birth_on"] = date.fromisoformat(values["birth_on"])
    _set_identity(stays, values, by_id=by_id, cause=cause, at=at)


def _identity(stays: Student, other: Student, choices: Choices) -> dict[str, Any]:
    values = {}
    for key, names in IDENTITY.items():
        own = any(getattr(stays, name) for name in names)
        one = other if choices.get(key) is Side.OTHER or not own else stays
        values.update({name: getattr(one, name) for name in names})
    return values


def _set_identity(
    student: Student, values: Mapping[str, Any], *, by_id: int, cause: str, at: datetime
) -> None:
    if all(getattr(student, name) == value for name, value in values.items()):
        return
    was = {name: getattr(student, name) for name in TOLD}
    note_changes({student.pk: (was, {**was, **values})}, by_id=by_id, cause=cause, at=at)
    for name, value in values.items():
        setattr(student, name, value)
    who = Identity(**{name: values[name] for name in values})
    student.name_key = name_key(who.first_name, who.middle_name, who.last_name, who.suffix)
    Student.unscoped.filter(pk=student.pk).update(**values, name_key=student.name_key)
    renew_name_keys([student])
    students_changed([student.pk])


def keep_names(*ids: int) -> list[dict[str, Any]]:
    """Under what these are found by name, as JSON values."""
    rows = NameKey.objects.filter(student_id__in=ids).order_by("pk").values("pk", "student_id", "given_up_at")
    return [row | {"given_up_at": row["given_up_at"] and row["given_up_at"].isoformat()} for row in rows]


def give_up_names(keys: Sequence[int], at: datetime) -> None:
    """Under the names that came along the student may still be known elsewhere."""
    NameKey.objects.filter(pk__in=keys, given_up_at__isnull=True).update(given_up_at=at)


def bring_back_names(kept: Sequence[Mapping[str, Any]], *ids: int) -> None:
    NameKey.objects.filter(student_id__in=ids).exclude(pk__in=[row["pk"] for row in kept]).delete()
    for row in kept:
        NameKey.objects.filter(pk=row["pk"]).update(
            student_id=row["student_id"], given_up_at=row["given_up_at"]
        )


def carry_words(stays_id: int, other_id: int) -> list[int]:
    """Who was said to be another person than ``other`` is another than ``stays`` too; returns keys of new pairs."""
    new = []
    rows = DuplicatePair.objects.filter(settled_at__isnull=False)
    for pair in [*rows.filter(student_id=other_id), *rows.filter(other_id=other_id)]:
        third = pair.other_id if pair.student_id == other_id else pair.student_id
        low, high = sorted((third, stays_id))
        if low == high or DuplicatePair.objects.filter(student_id=low, other_id=high).exists():
            continue
        pair.pk, pair.student_id, pair.other_id = None, low, high
        pair._state.adding = True
        pair.save()
        new.append(pair.pk)
    return new
