"""The relation that a SIS file's district of residence becomes, under row-level security: the district may see the
student, its row names the district to the person, and nobody else gains anything."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import ProgrammingError, transaction

from manzanita.orgs.models import Agency
from manzanita.platform.reach import reach, whole_installation
from manzanita.procedures.import_sis import take_in_sis_files
from manzanita.students.models import AgencyRelation, Enrollment, Student
from tests.postgres.sql import asked, changed
from tests.support import world as w
from tests.support.sis_files import FERN_SSID, fern, student_of, text

pytestmark = pytest.mark.django_db
FAR = "9920010"


@pytest.fixture
def taken(small_world, tmp_path) -> Student:
    """Fern, enrolled in Chaparral, lives in Heron Creek."""
    Agency.objects.create(code=FAR, kind="lea", name="Far Valley Unified", selpa_code="9902")
    file = tmp_path / "SENR.txt"
    file.write_text(text(fern(**{"1.31": w.OTHER_LEA, "1.25": "20261218", "1.26": "E400"})))
    # As a district's job has it: its own reach, and what the import needs it says itself.
    with reach([w.LEA]):
        take_in_sis_files([file], lea_code=w.LEA, by_id=None)
        return student_of(FERN_SSID)


def seen_from(code: str, student: Student) -> tuple[bool, int, int]:
    with reach([code]):
        return (
            bool(asked("SELECT 1 FROM students_student WHERE id = %s", [student.pk])),
            AgencyRelation.objects.filter(student=student.pk).count(),
            Enrollment.objects.filter(student=student.pk).count(),
        )


def test_the_district_of_residence_and_the_one_that_enrolls_see_the_rows_and_no_other(taken):
    assert seen_from(w.OTHER_LEA, taken) == (True, 1, 1)
    assert seen_from(w.LEA, taken) == (True, 1, 1)
    assert seen_from(FAR, taken) == (False, 0, 0)


def test_the_residence_of_an_enrollment_alone_names_nobody(small_world):
    """It is the relation that ties: what a row says of where one lives reaches no further than it is carried."""
    alder = small_world.students["alder"]
    with whole_installation("a test writes past the import"):
        changed("UPDATE students_enrollment SET residence_code = %s WHERE student_id = %s", [FAR, alder.pk])
    with reach([FAR]):
        assert not asked("SELECT 1 FROM students_student WHERE id = %s", [alder.pk])


def test_a_district_that_the_student_does_not_reach_states_no_residence(taken):
    with pytest.raises(ProgrammingError), transaction.atomic(), reach([FAR]):
        AgencyRelation.objects.bulk_create(
            [
                AgencyRelation(
                    student_id=taken.pk,
                    relationship="residence",
                    agency_code=FAR,
                    effective_from=date(2026, 12, 19),
                    recorded_at=w.NOON,
                    cause="test",
                )
            ]
        )
