"""What the planner knows of tables, and what it is not to believe."""

from __future__ import annotations

import time

import pytest

from manzanita.platform import clock
from manzanita.platform.reach import whole_installation
from manzanita.platform.statistics import renew_statistics
from manzanita.students.models import PastedLine, PastedSet, Student
from tests.postgres.sql import asked
from tests.support import world as w

pytestmark = pytest.mark.django_db(transaction=True)


def _pasted(world: w.World, number: int) -> PastedSet:
    now = clock.now()
    return PastedSet.objects.create(
        agency_code=w.LEA,
        by=world.coordinator,
        made_at=now,
        ends_at=now,
        line_count=number,
        student_count=number,
    )


def _filled(world: w.World, count: int) -> list[Student]:
    return Student.unscoped.bulk_create(
        [
            Student(first_name="Alder", last_name="Mockup", name_key=" alder mockup", gender_code="F")
            for _ in range(count)
        ]
    )


def test_the_application_has_much_changed_tables_looked_at_again(small_world):
    with whole_installation("a test fills a table"):
        _filled(small_world, 1_500)
        # What a transaction has changed is counted within a second after it.
        for _ in range(50):
            renew_statistics()
            ((rows,),) = asked("SELECT reltuples FROM pg_class WHERE oid = 'students_student'::regclass")
            if rows >= 1_500:
                break
            time.sleep(0.1)
    # The four of the small world stand beside them.
    assert rows == 1_504


def test_a_list_that_is_newer_than_the_statistics_is_not_believed_to_have_one_line(small_world):
    with whole_installation("a test pastes lists"):
        students = _filled(small_world, 1_500)
        old, new = _pasted(small_world, 1_500), _pasted(small_world, 1_500)
        for pasted in (old, new):
            PastedLine.objects.bulk_create(
                [PastedLine(pasted=pasted, student=one, number=1) for one in students]
            )
            if pasted is old:
                for _ in range(50):
                    renew_statistics()
                    ((rows,),) = asked(
                        "SELECT reltuples FROM pg_class WHERE oid = 'students_pastedline'::regclass"
                    )
                    if rows == 1_500:
                        break
                    time.sleep(0.1)
        ((plan,),) = asked(
            "EXPLAIN (FORMAT JSON) SELECT number FROM students_pastedline WHERE pasted_id = %s", [new.pk]
        )
    assert rows == 1_500
    # A two-hundredth of all 3,000, and of these the half that row-level security is taken to let through.
    assert 5 <= plan[0]["Plan"]["Plan Rows"] <= 20
