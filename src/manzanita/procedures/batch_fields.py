"""The fields that the office may change of many students at once, without a meeting and without anything to report.

A field's values are short texts of ours; ``BatchField`` says what of a cell becomes one, what the students have now,
and how it is stated. What the state is told needs an archive of each student: ``procedures.changes``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from manzanita.accounts.queries import user_names
from manzanita.domain.access import PERMISSIONS, Actor, Capability, Relationship
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.grade_spans import is_far, next_grades, shown, span_of
from manzanita.domain.names import name_words
from manzanita.orgs.queries import agency_names, member_codes, open_schools, school_names
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.assigning import Term, Wanted, candidates, preview_assignments
from manzanita.procedures.next_grades import ONE_UP, ONE_UP_WORDS, grade_doubts, raised
from manzanita.students.actions import FACT_MODELS, set_local_sped_ids, state_student_facts
from manzanita.students.models import AgencyRelation, CaseAssignment, Enrollment, NextYear, Student

LONGEST_SPED_ID = 15
_NEXT = str(Relationship.NEXT_YEAR)
Values = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class BatchField:
    """One field. ``heads`` are what its column may be called; ``choices`` what may be chosen on the page (value,
    words), ``None`` where it is typed. ``read`` makes values of the texts of cells, each with why it is none; ``now``
    gives what the students have; ``against`` what stands against giving them these, ``doubts`` what speaks for a second
    look; ``words`` are the values for people; ``rule`` is what makes a text no value. ``kind`` is the fact that it is,
    blank for a column of the student; ``stated`` its statements. ``blank`` is how the page offers to take the value
    away; empty where that is not done. ``each`` gives every student an own value where ``ONE_UP`` is chosen, and why
    others get none."""

    key: str
    label: str
    help: str
    capability: Capability
    heads: tuple[str, ...]
    choices: Callable[[Actor], list[tuple[str, str]]] | None
    read: Callable[[Actor, Collection[str]], dict[str, tuple[str, str]]]
    now: Callable[[Collection[int]], dict[int, str]]
    words: Callable[[Collection[str]], dict[str, str]]
    rule: str
    against: Callable[[Actor, Values], dict[int, Reason]] = field(default=lambda actor, wanted: {})
    doubts: Callable[[Actor, Values], dict[int, Reason]] = field(default=lambda actor, wanted: {})
    kind: str = ""
    slot: Mapping[str, str] = field(default_factory=dict)
    blank: str = ""
    stated: Callable[[int, str], Statement] | None = None
    each: Callable[[Collection[int]], tuple[dict[int, str], dict[int, Reason]]] | None = None


def end_of_school_year(day: date) -> date:
    """June 30: until then what is planned for the next year is planned."""
    return date(day.year + (1 if day.month >= 7 else 0), 6, 30)


def believed_versions(one: BatchField, ids: Collection[int]) -> dict[int, set[int]]:
    """Keys of the believed versions of the fact that the field is, by student."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = FACT_MODELS[one.kind].objects.believed().filter(student_id__in=ids, **one.slot)
    for pk, student_id in rows.values_list("pk", "student_id"):
        found[student_id].add(pk)
    return found


def give(one: BatchField, values: Values, *, by_id: int, cause: str) -> None:
    """Give each student the value; an empty one takes what there is away."""
    if one.stated is not None:
        state_student_facts(
            one.kind, [one.stated(pk, value) for pk, value in values.items()], by_id=by_id, cause=cause
        )
        return
    set_local_sped_ids(values)


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
            by_word[_plain(word)].add(value)
    for code, name in names.items():
        for word in (code, f"{code}/", name, f"{name}, school not known yet"):
            by_word[_plain(word)].add(f"{code}/")
    found = {}
    for text in texts:
        meant = by_word.get(_plain(text), set())
        if not text:
            found[text] = ("", "")
        elif len(meant) == 1:
            found[text] = (next(iter(meant)), "")
        elif meant:
            found[text] = ("", f"{len(meant)} schools of the SELPA are called “{text[:60]}”: give the code.")
        else:
            found[text] = ("", f"“{text[:60]}” is no school and no district of the SELPA.")
    return found


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
    today = clock.today()
    schools = {pk: school for pk, value in wanted.items() if (school := value.partition("/")[2])}
    seen: dict[str, set[str]] = defaultdict(set)
    here = Enrollment.objects.as_of(effective=today).filter(school_code__in=set(schools.values())).order_by()
    for school, grade in here.values_list("school_code", "grade_code").distinct():
        seen[school].add(grade)
    called = school_names(set(schools.values()))
    found = {}
    ids = list(schools)
    for some in (ids[start : start + 1000] for start in range(0, len(ids), 1000)):
        planned = _grade_now(some)
        attends = Enrollment.objects.as_of(effective=today).filter(student_id__in=some)
        grades = dict(attends.order_by("started_on").values_list("student_id", "grade_code"))
        for pk in some:
            grade, school = planned.get(pk) or grades.get(pk, ""), schools[pk]
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
    return Statement(slot, content, today, end_of_school_year(today))


def _grade_now(ids: Collection[int]) -> dict[int, str]:
    rows = NextYear.objects.as_of(effective=clock.today()).filter(student_id__in=ids)
    return dict(rows.values_list("student_id", "grade_code"))


def _grade_choices(actor: Actor) -> list[tuple[str, str]]:
    return [(ONE_UP, ONE_UP_WORDS), *((one.code, one.label) for one in code_set("GradeLevel").current())]


def _grade_read(actor: Actor, texts: Collection[str]) -> dict[str, tuple[str, str]]:
    by_word = {
        _plain(word): one.code for one in code_set("GradeLevel").current() for word in (one.code, one.label)
    }
    found = {}
    for text in texts:
        if text == ONE_UP:
            found[text] = (ONE_UP, "")
            continue
        code = by_word.get(_plain(text)) or (
            by_word.get(f"0{text.strip()}") if len(text.strip()) == 1 else None
        )
        found[text] = (code or "", "" if code or not text else f"“{text[:30]}” is no grade.")
    return found


def _grade_words(values: Collection[str]) -> dict[str, str]:
    return {value: code_set("GradeLevel").label(value) for value in values if value}


def _grade_stated(student_id: int, value: str) -> Statement:
    today = clock.today()
    content = {"grade_code": value} if value else None
    return Statement({"student_id": student_id}, content, today, end_of_school_year(today))


def _sped_id_now(ids: Collection[int]) -> dict[int, str]:
    return dict(
        Student.unscoped.filter(pk__in=ids).exclude(local_sped_id="").values_list("pk", "local_sped_id")
    )


def _sped_id_read(actor: Actor, texts: Collection[str]) -> dict[str, tuple[str, str]]:
    found = {}
    for text in texts:
        value = text.strip()
        if not value:
            found[text] = (
                "",
                "The cell is empty, and a special education ID is not taken away: the state's files need it.",
            )
        elif not re.fullmatch(r"[A-Za-z0-9_.\-]{1,15}", value):
            found[text] = (
                "",
                f"“{text[:30]}” is no ID: letters, digits and hyphens, {LONGEST_SPED_ID} at most.",
            )
        else:
            found[text] = (value, "")
    return found


def _sped_id_against(actor: Actor, wanted: Values) -> dict[int, Reason]:
    """Two students with one ID are one for whoever reads the files."""
    counts = Counter(wanted.values())
    rows = Student.unscoped.filter(local_sped_id__in=set(wanted.values())).values_list("pk", "local_sped_id")
    owners: dict[str, set[int]] = defaultdict(set)
    for pk, value in rows:
        owners[value].add(pk)
    found = {}
    for pk, value in wanted.items():
        if counts[value] > 1:
            why = "Several lines give this ID."
        elif owners[value] - {pk}:
            why = "Another student has this ID."
        else:
            continue
        found[pk] = Reason(
            "id-taken",
            why,
            Owner.CLERK,
            "Give each student an own one.",
            source="One special education ID is one student's",
        )
    return found


def _manager_now(ids: Collection[int]) -> dict[int, str]:
    rows = CaseAssignment.objects.as_of(effective=clock.today()).filter(student_id__in=ids)
    return {pk: str(user) for pk, user in rows.values_list("student_id", "user_id")}


def _manager_choices(actor: Actor) -> list[tuple[str, str]]:
    return [(str(one.pk), one.name) for one in candidates(actor)["assignment"]]


def _manager_read(actor: Actor, texts: Collection[str]) -> dict[str, tuple[str, str]]:
    by_word: dict[str, set[str]] = defaultdict(set)
    for person in candidates(actor)["assignment"]:
        for word in (
            str(person.pk),
            person.name,
            person.email,
            " ".join(reversed(person.name.split(" ", 1))),
        ):
            by_word[_plain(word)].add(str(person.pk))
    found = {}
    for text in texts:
        meant = by_word.get(_plain(text), set())
        if len(meant) == 1:
            found[text] = (next(iter(meant)), "")
        elif not text:
            found[text] = ("", "The cell is empty, and nobody is taken off a case by an empty cell.")
        else:
            several = f"{len(meant)} people are called “{text[:60]}”: give the e-mail address."
            found[text] = ("", several if meant else f"“{text[:60]}” is nobody whom you can give students.")
    return found


def _manager_words(values: Collection[str]) -> dict[str, str]:
    names = user_names({int(value) for value in values if value})
    return {value: names.get(int(value), "somebody") for value in values if value}


def _manager_against(actor: Actor, wanted: Values) -> dict[int, Reason]:
    """What the page of assignments would say."""
    students = dict(Student.unscoped.filter(pk__in=wanted).values_list("pk", "public_id"))
    asked = [
        Wanted(str(students[pk]), "assignment", int(value), is_seen=False) for pk, value in wanted.items()
    ]
    moves = preview_assignments(actor, asked, Term(clock.today()))
    return {move.row.student.pk: move.refused for move in moves if move.refused is not None}


def _manager_stated(student_id: int, value: str) -> Statement:
    return Statement({"student_id": student_id}, {"user_id": int(value)} if value else None, clock.today())


def _same_words(values: Collection[str]) -> dict[str, str]:
    return {value: value for value in values if value}


def _plain(text: str) -> str:
    return " ".join(name_words(text)) or text.strip()


FIELDS: Mapping[str, BatchField] = MappingProxyType(
    {
        one.key: one
        for one in (
            BatchField(
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
                doubts=_next_school_doubts,
                stated=_next_school_stated,
            ),
            BatchField(
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
                doubts=grade_doubts,
                stated=_grade_stated,
                each=raised,
            ),
            BatchField(
                "local_sped_id",
                "Special education ID",
                "The district's own number. It stands in what is archived from now on; what is archived keeps its own.",
                Capability.CORRECT_RECORD,
                ("Special education ID", "SPED ID", "Local special education ID"),
                None,
                _sped_id_read,
                _sped_id_now,
                _same_words,
                "CALPADS, Local Special Education Student ID",
                _sped_id_against,
            ),
            BatchField(
                "case_manager",
                "Case manager",
                "From today until further notice, as on the page of assignments.",
                Capability.ASSIGN_STUDENTS,
                ("Case manager",),
                _manager_choices,
                _manager_read,
                _manager_now,
                _manager_words,
                PERMISSIONS,
                _manager_against,
                kind="assignment",
                stated=_manager_stated,
            ),
        )
    }
)


def fields_for(actor: Actor) -> list[BatchField]:
    """Those that the actor may change."""
    if actor.is_read_only:
        return []
    return [one for one in FIELDS.values() if actor.may(one.capability)]
