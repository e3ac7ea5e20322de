"""Who is suggested while a search is typed: the first of those whom its list would show."""

from __future__ import annotations

from manzanita.domain.access import Actor
from manzanita.students.listing import first_by_name, looked_up
from manzanita.students.models import Student
from manzanita.students.scope import gathered, listed_for, lists_all
from manzanita.students.searching import search


def first_found(actor: Actor, text: str, most: int) -> tuple[list[Student], bool]:
    """The first ``most`` whom a search for ``text`` lists, in its order; and whether they are outside the chosen view,
    as the list shows those where nobody in the view is meant."""
    found = first_by_name(search(looked_up(listed_for(actor)), text), most)
    if found or lists_all(actor):
        return found, False
    # Whoever within reach is meant is outside the view, as nobody in it is.
    outside = first_by_name(search(looked_up(gathered(actor)), text), most)
    return outside, bool(outside)
