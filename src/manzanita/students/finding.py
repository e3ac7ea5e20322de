"""Find before create: who within an actor's reach may be the student that is asked for, and why.

Nobody else is named here: whether there is a record out of reach is asked in ``students.exact_search``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from manzanita.domain.access import Actor
from manzanita.domain.likeness import Known, Likeness, likeness, near_birth_dates
from manzanita.domain.name_sounds import sound_keys
from manzanita.students.by_name import by_name
from manzanita.students.listing import ListRow, list_rows
from manzanita.students.models import NameKey, Ssid, Student
from manzanita.students.scope import visible_to

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A student who may be meant. ``known_as`` is an earlier name or birth date where that is what is alike."""

    row: ListRow
    likeness: Likeness
    known_as: str

    @property
    def student(self) -> Student:
        return self.row.student


def candidates(actor: Actor, asked: Known) -> list[Candidate]:
    """Students within reach who may be ``asked``, the best first; six queries, or eight with an SSID."""
    alike = _alike(asked)
    visible = visible_to(actor).filter(pk__in=list(alike))
    ranked = sorted(by_name(visible), key=lambda one: alike[one.pk][0].order)
    return [
        Candidate(row, alike[row.student.pk][0], _known_as(row.student, alike[row.student.pk][1]))
        for row in list_rows(ranked[:MOST_SHOWN], actor)
    ]


def sounding_like(actor: Actor, text: str) -> list[Candidate]:
    """Students within reach whose first and last name sound like ``text``, in either order ("Last, First" too); none
    for a single word, which is no name, or for anything with a digit."""
    first, comma, last = text.partition(",")
    if not comma:
        first, _, last = text.partition(" ")
    if any(letter.isdigit() for letter in text) or not first.strip() or not last.strip():
        return []
    return candidates(actor, Known(first, last, None))


def _alike(asked: Known) -> dict[int, tuple[Likeness, Known]]:
    """Keys of students like ``asked``, with the name of theirs that is most like it. In no scope."""
    names: dict[int, set[tuple[str, str, date | None]]] = defaultdict(set)
    for pk, *name in _rows_to_compare(asked).values_list("student_id", "first_name", "last_name", "birth_on"):
        names[pk].add(tuple(name))
    if asked.ssid:
        # Of the believed ones, also those that the state has retired since.
        holders = set(Ssid.objects.believed().filter(ssid=asked.ssid).values_list("student_id", flat=True))
        for row in NameKey.objects.filter(student__in=holders - names.keys(), given_up_at__isnull=True):
            names[row.student_id].add((row.first_name, row.last_name, row.birth_on))
        for pk in holders - names.keys():
            names[pk].add(("", "", None))
    else:
        holders = set()
    found = {}
    for pk, known in names.items():
        ssid = asked.ssid if pk in holders else ""
        compared = [(likeness(asked, one), one) for one in (Known(*name, ssid=ssid) for name in known)]
        best = min(
            ((like, one) for like, one in compared if like), key=lambda pair: pair[0].order, default=None
        )
        if best is not None:
            found[pk] = best
    return found


def _rows_to_compare(asked: Known) -> QuerySet:
    """Everybody born that day; of those who sound alike, whoever was born on a day that is mistyped easily."""
    keys = sound_keys(asked.first, asked.last)
    if asked.birth_on is None:
        return NameKey.objects.filter(sound__in=keys)
    near = Q(birth_on__isnull=True) | Q(birth_on__in=near_birth_dates(asked.birth_on))
    return NameKey.objects.filter(Q(birth_on=asked.birth_on) | Q(near, sound__in=keys))


def _known_as(student: Student, known: Known) -> str:
    now = (student.first_name, student.last_name, student.birth_on)
    if known.ssid or now == (known.first, known.last, known.birth_on):
        return ""
    born = (
        f", born {known.birth_on:%m/%d/%Y}" if known.birth_on and known.birth_on != student.birth_on else ""
    )
    return f"{known.first} {known.last}{born}"


def students_by_pk(actor: Actor, keys: Iterable[int]) -> Mapping[int, ListRow]:
    """Those of these students whom the actor reaches, with what a list shows of them."""
    visible = list(visible_to(actor).filter(pk__in=list(keys)))
    return {row.student.pk: row for row in list_rows(visible, actor)}
