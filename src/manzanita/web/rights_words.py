"""Who decides for a student, in the few words that other pages have room for."""

from __future__ import annotations

from datetime import date

from manzanita.domain.rights_kinds import OWN_SELF
from manzanita.students.queries import StudentFacts


def decider_words(facts: StudentFacts, day: date) -> list[str]:
    """``Maple Testcase, mother`` for each who decides on ``day``; ``the student`` for an adult."""
    words = []
    for holder in facts.rights_on(day).decides:
        person = facts.person(holder.contact_no)
        relation = "the student" if holder.is_student else (person.relation.lower() if person else "")
        words.append(", ".join(part for part in (holder.name, relation) if part))
    return words


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
