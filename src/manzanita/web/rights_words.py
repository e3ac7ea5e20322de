"""Who decides for a student, in the few words that other pages have room for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from manzanita.domain.rights_kinds import OWN_SELF
from manzanita.students.queries import StudentFacts


def decider_words(facts: StudentFacts, day: date) -> list[str]:
    """``Maple Testcase, mother`` for each who decides on ``day``, with what the paper excepts; ``the student`` for an
    adult."""
    words = []
    for holder in facts.rights_on(day).decides:
        person = facts.person(holder.contact_no)
        relation = "the student" if holder.is_student else (person.relation.lower() if person else "")
        limit = f" ({holder.limitation})" if holder.limitation else ""
        words.append(", ".join(part for part in (holder.name, relation) if part) + limit)
    return words


def without_right(facts: StudentFacts, answers: Iterable[tuple[str, date]]) -> list[str]:
    """A sentence for each person and day of ``answers`` on which that person is not recorded as deciding. The answer
    stands: a name may be written otherwise, or a record be missing."""
    told = []
    for name, day in dict.fromkeys(answers):
        may = [holder.name for holder in facts.rights_on(day).decides]
        if name.casefold() not in {one.casefold() for one in may}:
            who = f"; {' or '.join(may)} is" if may else ""
            told.append(
                f"{name} is not recorded as deciding on {day:%m/%d/%Y}{who}. Check the name, or record the right "
                "under People on the student's page."
            )
    return told


def undecided_words(facts: StudentFacts, day: date) -> str:
    """What stands in the place of a rights holder where nobody decides."""
    (first, *_) = facts.rights_on(day).problems or (None,)
    if first is None:
        return ""
    return "Not recorded" if first.code == "nobody-holds" else "Not settled: see People"


def languages_of_deciders(facts: StudentFacts, day: date) -> list[str]:
    """The languages spoken by who decides, each once; an adult student's own where it is recorded."""
    found = []
    for holder in facts.rights_on(day).decides:
        if holder.is_student:
            people = [one for one in facts.people_on(day) if one.relation.lower() == OWN_SELF]
        else:
            people = [one for one in facts.people if one.contact_no == holder.contact_no][-1:]
        found += [person.language for person in people if person.language]
    return list(dict.fromkeys(found))
