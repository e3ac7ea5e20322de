"""A student who was entered twice, and everything that is believed and stored of some students, to compare."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from manzanita.exchange.models import Operation
from manzanita.platform.facts import Fact
from manzanita.platform.holders import Fate, holders
from manzanita.students.actions import FACT_MODELS, Identity, register_students, state_one
from manzanita.students.duplicates import find_duplicates
from manzanita.students.models import DuplicatePair, Student
from manzanita.students.people_actions import ContactValues, RightsValues
from tests.support import world as w
from tests.support.pages import enrollment

ENTERED = date(2026, 11, 2)


def entered_again(
    first: str = "Adler", last: str = "Testcase", born: date = date(2016, 4, 9), *, ssid: str = ""
) -> Student:
    """Somebody at the school office made Alder a second record: another local ID, the mother with a new number, the
    father too."""
    (student,) = register_students([Identity(first, "", last, "", born, "", "SE-77")])
    of = {"student_id": student.pk}
    known: dict[str, Any] = {"by_id": None, "cause": "by-hand", "effective_from": ENTERED}
    state_one(
        "enrollment",
        slot=of | {"lea_code": w.LEA, "started_on": ENTERED},
        values=enrollment() | {"school_code": w.SCHOOL, "grade_code": "04", "local_student_id": "L777"},
        **known,
    )
    for number, who in (
        (1, ContactValues("Oak Testcase", "Father", "English", phone="555-0111")),
        (2, ContactValues("Maple Testcase", "Mother", "English", phone="555-0199")),
    ):
        state_one("contact", slot=of | {"contact_no": number}, values=who.content(), **known)
        state_one(
            "rights", slot=of | {"contact_no": number}, values=RightsValues("parent").content(), **known
        )
    if ssid:
        state_one("ssid", slot=of, values={"ssid": ssid}, **known)
    return student


def pair_of(one: Student, other: Student) -> DuplicatePair:
    find_duplicates()
    return DuplicatePair.objects.get(student_id=min(one.pk, other.pk), other_id=max(one.pk, other.pk))


def everything(*students: Student) -> dict[str, Any]:
    """Believed facts, identities, rows of every table that moves, and the outbox, of these students."""
    ids = [one.pk for one in students]
    found: dict[str, Any] = {
        "students": list(Student.unscoped.filter(pk__in=ids).order_by("pk").values()),
    }
    for kind, model in FACT_MODELS.items():
        columns = (*model.slot, *model.content, "effective_from", "effective_to", "cause", "by_id")
        found[kind] = sorted(
            map(str, model.objects.believed().filter(student_id__in=ids).values_list(*columns))
        )
    for one in holders(Fate.MOVES):
        found[one.table] = list(QuerySet(one.model).filter(student_id__in=ids).order_by("pk").values())
    left_out = {"id", "submission_line_id"}
    found["outbox"] = [
        {name: value for name, value in row.items() if name not in left_out}
        for row in Operation.objects.filter(student_id__in=ids).order_by("student_id", "position").values()
    ]
    return found


def tables_with_a_student() -> set[str]:
    """Every table with a column that names a student by key: a foreign key, or a plain one called so."""
    found = set()
    for model in apps.get_models():
        for one in model._meta.concrete_fields:
            is_key = one.is_relation and one.related_model is Student
            if is_key or one.attname in ("student_id", "student_ids"):
                found.add(model._meta.db_table)
    assert all(model._meta.db_table in found for model in FACT_MODELS.values() if issubclass(model, Fact))
    return found
