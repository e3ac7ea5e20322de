"""Before one exports a list it is said which columns can be changed in the file and pasted back."""

from __future__ import annotations

from tests.support.pages import words

SAID = (
    "Can be changed in the file and pasted back under “Change these”: Case manager. In a column that you add: "
    "Next year's school, Next year's grade, Special education ID, Next year's case manager and Program setting from a "
    "day on. The SSID says who is meant; all other columns are for reading."
)


def test_the_list_and_the_page_of_the_export_say_what_comes_back(small_world, sign_in):
    client = sign_in(small_world.coordinator)
    assert SAID in words(client.get("/students"))
    assert SAID in words(client.get("/exports/new?list=all"))


def test_who_changes_nothing_of_many_is_not_told(small_world, sign_in):
    assert "pasted back" not in words(sign_in(small_world.case_manager).get("/students"))
