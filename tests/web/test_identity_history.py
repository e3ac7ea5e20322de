"""Name, birth date and gender that the SIS changes: what they were stands at the field, in History and in the news."""

from __future__ import annotations

import pytest

from manzanita.procedures.import_sis import take_in_sis_files
from manzanita.students.duplicates import find_duplicates
from manzanita.students.models import IdentityChange, NameKey
from tests.support import world as w
from tests.support.sis_files import text


def page_of(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def changed(small_world, tmp_path):
    """Alder's file of today has another last name and a birth date that differs in one digit."""
    path = tmp_path / "SENR.txt"
    path.write_text(text(w.senr("alder", **{"1.12": "Quillwort", "1.17": "20160408"})))
    return take_in_sis_files([path], lea_code=w.LEA, by_id=None)


def test_both_values_stand_at_the_field(small_world, sign_in, changed):
    here = f"/students/{small_world.students['alder'].public_id}/fields"
    client = sign_in(small_world.coordinator)
    page = page_of(client.get(f"{here}/student.last_name"))
    assert "Quillwort" in page and "Before: Testcase" in page
    assert f'<a href="/imports/{changed.public_id}">SIS files of 11/23/2026</a>' in page
    page = page_of(client.get(f"{here}/student.birth_on"))
    assert "04/08/2016" in page and "Before: 04/09/2016" in page
    told = "Alder stands since the record was made: no change of it is recorded."
    assert told in page_of(client.get(f"{here}/student.first_name"))


def test_history_has_both_values(small_world, sign_in, changed):
    here = f"/students/{small_world.students['alder'].public_id}?tab=history"
    page = page_of(sign_in(small_world.coordinator).get(here))
    assert "Born on: 04/08/2016; Last name: Quillwort" in page
    assert "Born on: 04/09/2016; Last name: Testcase" in page


def test_the_news_have_it(small_world, sign_in, changed):
    page = page_of(sign_in(small_world.coordinator).get("/news"))
    assert "Name, birth date or gender changed" in page
    assert "Quillwort" in page and "04/09/2016" in page


def test_what_does_not_move_is_not_noted(small_world, tmp_path):
    path = tmp_path / "SENR.txt"
    path.write_text(text(w.senr("alder", **{"1.24": "05"})))
    take_in_sis_files([path], lea_code=w.LEA, by_id=None)
    assert not IdentityChange.objects.exists()


def test_the_compare_of_duplicates_knows_both_names(small_world, changed):
    names = NameKey.objects.filter(student=small_world.students["alder"]).values_list("last_name", flat=True)
    assert set(names) == {"Testcase", "Quillwort"}
    find_duplicates()
