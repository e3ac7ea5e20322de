"""School and grade of the next school year as fields that are changed of many students at once (``batch_fields``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from manzanita.domain.access import Actor, Capability, Relationship
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.grade_spans import grade_choices, is_far, next_grades, shown, span_of
from manzanita.domain.years import year_end
from manzanita.leaving.queries import gone_from
from manzanita.orgs.queries import agency_names, member_codes, open_schools, school_names
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.batch_field_shape import BatchField, Values, plain, read_words
from manzanita.procedures.next_grades import (
    ONE_UP,
    ONE_UP_WORDS,
    grade_doubts,
    grades_seen,
    places_now,
    raised,
)
from manzanita.students.models import AgencyRelation, NextYear

_NEXT = str(Relationship.NEXT_YEAR)


def _next_school_now(ids: Collection[int]) -> dict[int, str]:
    rows = AgencyRelation.objects.as_of(effective=clock.today()).filter(
        student_id__in=ids, relationship=_NEXT
    )
    return {
        pk: f"{agency}/{school}"
        for pk, agency, school in rows.values_list("student_id", "agency_code", "school_code")
    }


def _places(actor: Actor) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    """Schools of the SELPA as (agency, code, name), and its districts by code."""
    codes = set(member_codes(actor.selpa_code)) | set(actor.agency_codes)
    return list(open_schools(*codes).values_list("agency__code", "code", "name")), agency_names(codes)


def _next_school_choices(actor: Actor) -> list[tuple[str, str]]:
    schools, names = _places(actor)
    found = [(f"{agency}/{code}", f"{name}, {names.get(agency, agency)}") for agency, code, name in schools]
    return [*found, *((f"{code}/", f"{name}, school not known yet") for code, name in sorted(names.items()))]


def _next_school_read(actor: Actor, texts: Collection[str]) -> dict[str, tuple[str, str]]:
    schools, names = _places(actor)
    by_word: dict[str, set[str]] = defaultdict(set)
    for agency, code, name in schools:
        value = f"{agency}/{code}"
        for word in (code, value, name, f"{name}, {names.get(agency, agency)}"):
            by_word[plain(word)].add(value)
    for code, name in names.items():
        for word in (code, f"{code}/", name, f"{name}, school not known yet"):
            by_word[plain(word)].add(f"{code}/")
    return read_words(
        texts,
        by_word,
        empty="",
        several=lambda text, count: f"{count} schools of the SELPA are called “{text}”: give the code.",
        nobody=lambda text: f"“{text}” is no school and no district of the SELPA.",
    )


def _next_school_words(values: Collection[str]) -> dict[str, str]:
    agencies, schools = ({value.partition("/")[place] for value in values} for place in (0, 2))
    names, called = agency_names(agencies), school_names(schools)
    return {
        value: (
            f"{called.get(school, school)}, {names.get(agency, agency)}"
            if school
            else f"{names.get(agency, agency)}, school not known yet"
        )
        for value in values
        for agency, _, school in [value.partition("/")]
        if value
    }


def _next_school_doubts(actor: Actor, wanted: Values) -> dict[int, Reason]:
    """Whose grade is far from those of everybody who attends the school today."""
    schools = {pk: school for pk, value in wanted.items() if (school := value.partition("/")[2])}
    seen, now = grades_seen(schools.values()), places_now(schools)
    called = school_names(set(schools.values()))
    found = {}
    ids = list(schools)
    for some in (ids[start : start + 1000] for start in range(0, len(ids), 1000)):
        planned = _grade_now(some)
        for pk in some:
            grade, school = planned.get(pk) or now.get(pk, ("", ""))[1], schools[pk]
            expected = (grade,) if pk in planned else next_grades(grade)
            span = span_of(seen[school])
            if span is not None and is_far(expected, seen[school]):
                low, high = (shown(one) for one in span)
                when = "next year, as planned" if pk in planned else "now"
                found[pk] = Reason(
                    "far-grade",
                    f"Grade {shown(grade)} {when}; whoever attends {called.get(school, school)} today is in "
                    + (f"grade {low}." if low == high else f"grades {low} to {high}."),
                    Owner.CLERK,
                    "Look once more: it is changed all the same.",
                    source="Grades of whoever attends the school today",
                )
    return found


def _next_school_stated(student_id: int, value: str) -> Statement:
    agency, _, school = value.partition("/")
    today = clock.today()
    content = {"agency_code": agency, "school_code": school} if value else None
    slot = {"student_id": student_id, "relationship": _NEXT}
    return Statement(slot, content, today, year_end(today))


def _grade_now(ids: Collection[int]) -> dict[int, str]:
    rows = NextYear.objects.as_of(effective=clock.today()).filter(student_id__in=ids)
    return dict(rows.values_list("student_id", "grade_code"))


def _grade_choices(actor: Actor) -> list[tuple[str, str]]:
    return [(ONE_UP, ONE_UP_WORDS), *grade_choices()]


def _grade_read(actor: Actor, texts: Collection[str]) -> dict[str, tuple[str, str]]:
    by_word = {
        plain(word): one.code for one in code_set("GradeLevel").current() for word in (one.code, one.label)
    }
    found = {}
    for text in texts:
        if text == ONE_UP:
            found[text] = (ONE_UP, "")
            continue
        code = by_word.get(plain(text)) or (
            by_word.get(f"0{text.strip()}") if len(text.strip()) == 1 else None
        )
        found[text] = (code or "", "" if code or not text else f"“{text[:30]}” is no grade.")
    return found


def _grade_words(values: Collection[str]) -> dict[str, str]:
    return {value: code_set("GradeLevel").label(value) for value in values if value}


def _grade_stated(student_id: int, value: str) -> Statement:
    today = clock.today()
    content = {"grade_code": value} if value else None
    return Statement({"student_id": student_id}, content, today, year_end(today))


def against_gone(actor: Actor, wanted: Values) -> dict[int, Reason]:
    """Who has left by our own record, or never came, has no next year here."""
    gone = gone_from(actor.agency_codes, clock.today())
    return {
        one.student_id: Reason(
            "said-left",
            f"The student is here no more: {one.reason.words}, {one.leaves_on:%m/%d/%Y}.",
            Owner.COORDINATOR,
            "Nothing to do; where that is wrong, take the leaving back.",
            source="Who is gone has no next year here",
        )
        for one in gone
        if one.student_id in wanted
    }


NEXT_SCHOOL = BatchField(
    "next_school",
    "Next year's school",
    "Counts from today until June 30. The school may see the students from now on; after June 30 until a "
    "SIS file enrolls them anywhere, until Census Day at the latest. Blank takes it away.",
    Capability.ASSIGN_STUDENTS,
    ("Next year's school", "Next school", "Next year's district", "Next district"),
    _next_school_choices,
    _next_school_read,
    _next_school_now,
    _next_school_words,
    "Schools and districts of the SELPA",
    kind="agency",
    slot={"relationship": _NEXT},
    blank="Nothing: takes it away",
    against=against_gone,
    doubts=_next_school_doubts,
    stated=_next_school_stated,
    is_next_year=True,
)

NEXT_GRADE = BatchField(
    "next_grade",
    "Next year's grade",
    "Counts from today until June 30. Blank takes it away.",
    Capability.ASSIGN_STUDENTS,
    ("Next year's grade", "Next grade"),
    _grade_choices,
    _grade_read,
    _grade_now,
    _grade_words,
    "CALPADS code set Grade Level",
    kind="next_year",
    blank="Nothing: takes it away",
    against=against_gone,
    doubts=grade_doubts,
    stated=_grade_stated,
    each=raised,
    is_next_year=True,
)
