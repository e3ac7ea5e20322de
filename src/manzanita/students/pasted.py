"""Whom pasted lines mean: students within reach, each line resolved or told why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason, reason_document
from manzanita.domain.name_sounds import sound_keys
from manzanita.domain.names import name_words
from manzanita.domain.pasting import PastedLine, names_told
from manzanita.students.by_name import by_name
from manzanita.students.models import Enrollment, NameKey, Ssid
from manzanita.students.scope import current_for, visible_to

_AT_ONCE = 1_000


# Why a line changes nobody: codes of reasons, in the order in which a page counts them.
NOBODY, AGAIN, NOT_HERE = "nobody-meant", "meant-before", "not-here-today"
_RULE = "One line is one student"
DOES_NOT_ATTEND = Reason(
    NOT_HERE,
    "The student does not attend in your district today.",
    Owner.SIS,
    "Nothing to do where that is so; else the next SIS file has to bring the enrollment.",
    source=_RULE,
)


@dataclass(frozen=True, slots=True)
class Meant:
    """A line with its student, or with why there is none."""

    line: PastedLine
    student_id: int | None = None
    reason: Reason | None = None


def students_meant(actor: Actor, lines: Sequence[PastedLine], *, must_attend: bool = True) -> list[Meant]:
    """Each line in its order. A line is whoever within reach it means, and, where they ``must_attend``, attends here
    today; out of reach it is as if there were nobody. A second line of a student is told of the first. A few queries
    for each thousand lines."""
    told = _told(actor, lines)
    keys = {pk for found in told.values() for pk in found}
    within = _within(visible_to(actor), keys)
    here = _within(current_for(actor), within) if must_attend else within
    first: dict[int, int] = {}
    result = []
    for line in lines:
        one = _judged(line, told.get(line.number, frozenset()) & within, here)
        if one.student_id is not None:
            if one.student_id in first:
                before = first[one.student_id]
                one = _nobody(
                    line,
                    AGAIN,
                    f"The student stands in line {before} already.",
                    f"Line {before} counts; where the two differ, keep the one that is meant.",
                )
            else:
                first[one.student_id] = line.number
        result.append(one)
    return result


def _nobody(line: PastedLine, code: str, why: str, way_out: str) -> Meant:
    return Meant(line, None, Reason(code, why, Owner.YOU, way_out, source=_RULE))


def _within(students: object, keys: Collection[int]) -> set[int]:
    return {
        pk
        for some in _chunks(sorted(keys))
        for pk in students.filter(pk__in=some).order_by().values_list("pk", flat=True)  # type: ignore[attr-defined]
    }


def _judged(line: PastedLine, found: Collection[int], here: Collection[int]) -> Meant:
    if line.problem:
        return _nobody(line, NOBODY, line.problem, "Correct the line, and paste it again.")
    what = "SSID" if line.ssid else "local ID" if line.local_id else "name"
    if not found:
        more = " and birth date" if what == "name" and line.birth_on else ""
        why = f"No student within your reach has this {what}{more}."
        return _nobody(line, NOBODY, why, "Look the student up, correct the line, and paste it again.")
    if len(found) > 1:
        way = "Add the birth date, or take the SSID." if what == "name" else "Are they duplicates?"
        return _nobody(line, NOBODY, f"{len(found)} students have this {what}.", way)
    (pk,) = found
    return Meant(line, pk) if pk in here else not_here(line)


def not_here(line: PastedLine) -> Meant:
    """Of a student within reach who does not attend."""
    return Meant(line, None, DOES_NOT_ATTEND)


def problem_document(each: Meant) -> dict[str, Any]:
    """A line that is nobody's, as it is kept: its number, its text, the heads above it where there are some, and
    why."""
    line = each.line
    heads = {"heads": line.heads} if line.heads else {}
    reason = reason_document(each.reason) if each.reason else {}
    return {"number": line.number, "text": line.text, **heads, "reason": reason}


def _told(actor: Actor, lines: Sequence[PastedLine]) -> dict[int, frozenset[int]]:
    """Keys of students by number of line, in no scope: what is out of reach is taken out by the caller."""
    good = [line for line in lines if not line.problem]
    by_ssid = _by(
        {line.ssid for line in good if line.ssid},
        lambda some: Ssid.objects.believed().filter(ssid__in=some).values_list("ssid", "student_id"),
    )
    by_local = _by(
        {line.local_id for line in good if not line.ssid and line.local_id},
        lambda some: (
            Enrollment.objects.believed()
            .filter(local_student_id__in=some, lea_code__in=actor.agency_codes)
            .values_list("local_student_id", "student_id")
        ),
    )
    found = {line.number: by_ssid[line.ssid] for line in good if line.ssid}
    found |= {line.number: by_local[line.local_id] for line in good if not line.ssid and line.local_id}
    return {number: frozenset(keys) for number, keys in (found | _by_name(list(names_told(good)))).items()}


def _by(wanted: Collection[str], rows_of: object) -> defaultdict[str, set[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for some in _chunks(sorted(wanted)):
        for value, pk in rows_of(some):  # type: ignore[operator]
            found[value].add(pk)
    return found


def _by_name(lines: Sequence[PastedLine]) -> dict[int, set[int]]:
    """Case, accents and marks do not count; first and last name may be swapped; a former name counts, too."""
    told = {(line.first, line.last) for line in lines}
    sounds = {sound for first, last in told for sound in sound_keys(first, last)}
    days = {line.birth_on for line in lines}
    names: defaultdict[tuple[str, ...], set[tuple[int, date | None]]] = defaultdict(set)
    for some in _chunks(sorted(sounds)):
        rows = NameKey.objects.filter(sound__in=some)
        for pk, first, last, born in rows.values_list("student_id", "first_name", "last_name", "birth_on"):
            # Of most lines a birth date stands there, and of most rows it is another.
            if born in days or None in days:
                names[_key(first, last)].add((pk, born))
    return {
        line.number: {pk for pk, born in names[_key(line.first, line.last)] if line.birth_on in (None, born)}
        for line in lines
    }


def _key(first: str, last: str) -> tuple[str, ...]:
    return tuple(sorted(name_words(first, last)))


def _chunks(values: Sequence[object]) -> Iterator[Sequence[object]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


def in_order(actor: Actor, keys: Iterable[int]) -> list[int]:
    """Of these the students who attend here today, by name."""
    return list(by_name(current_for(actor).filter(pk__in=sorted(keys))).values_list("pk", flat=True))
