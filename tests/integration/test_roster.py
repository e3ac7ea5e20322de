"""A roster of people: every row judged with field and fix, good rows taken in at once, the same rows twice are once."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.accounts.actions import add_person
from manzanita.accounts.models import Grant, User
from manzanita.procedures.roster import Defaults, judge_roster, take_roster
from manzanita.procedures.roster_rows import COLUMNS, TEMPLATE, read_roster
from manzanita.students.caseload import managers_of
from tests.support import staff as s
from tests.support import world as w

TODAY = Defaults(starts_on=w.TODAY)


@pytest.fixture
def staff(small_world) -> s.Staff:
    return s.add_people()


def judged(small_world, text: str, defaults: Defaults = TODAY) -> dict[int, list[tuple[str, str]]]:
    """Per line its problems, as (field, text)."""
    roster = judge_roster(small_world.coordinator_actor, text, defaults)
    assert not roster.trouble
    for row in roster.rows:
        assert all(one.fix for one in row.problems)
    return {row.line: [(one.field, one.text) for one in row.problems] for row in roster.rows}


def fields(small_world, text: str) -> list[str]:
    (found,) = judged(small_world, text).values()
    return [field for field, _ in found]


@pytest.mark.parametrize(
    "text",
    [
        "name,email\nMoss Sample,moss@example.org\n",
        "E-mail;Name\nmoss@example.org;Moss Sample\n",
        "Moss Sample\tmoss@example.org\n",
        "\ufeffName\tMail\tSchool\n\nMoss Sample\tmoss@example.org\t9911001\n",
        '"Moss Sample","moss@example.org"\r\n',
    ],
)
def test_rows_come_with_any_separator_with_or_without_a_heading(text):
    (row,) = read_roster(text).rows
    assert (row.given["name"], row.given["email"]) == ("Moss Sample", "moss@example.org")


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("", "There is no row in it"),
        ("name,email\n", "no row below it"),
        ("name,school\nMoss,9911001\n", "no column “email”"),
        ("Moss Sample,moss@example.org\n" * 501, "at most 500"),
    ],
)
def test_what_is_no_roster_says_so(text, trouble):
    assert trouble in read_roster(text).trouble


def test_the_template_reads_as_what_it_says(small_world, staff):
    rows = read_roster(TEMPLATE).rows
    assert [row.line for row in rows] == [2, 3]
    assert set(rows[0].given) == set(COLUMNS)
    assert rows[1].given["schools"] == "9911001 9911002"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (",moss@example.org", ["name"]),
        ("Moss Sample,moss at example", ["email"]),
        ("Moss Sample,moss@example.org,Gardener", ["perspective"]),
        ("Moss Sample,moss@example.org,SEDS coordinator", ["perspective"]),
        ("Moss Sample,moss@example.org,School", ["schools"]),
        ("Moss Sample,moss@example.org,School,9912001", ["schools"]),
        ("Moss Sample,moss@example.org,,,13/40/2026", ["starts_on"]),
        ("Moss Sample,moss@example.org,,,08/13/2026,08/12/2026", ["ends_on"]),
        ("Moss Sample,moss@example.org,,,,,1234567890", ["students"]),
        (f"Moss Sample,moss@example.org,,,,,{w.SSIDS['sage']}", ["students"]),
        ("Moss Sample,moss@example.org,,,,,,9910025", ["agency"]),
        ("Moss Sample,moss@example.org,,,,,,,,,", ["whole row"]),
        ("Larch Sample,larkspur.sample@example.org", ["email"]),
        ("Juniper Mockup,juniper.mockup@example.org", ["perspective"]),
        ("Wren Placeholder,wren2@example.org", ["name"]),
    ],
)
def test_each_problem_names_its_field(small_world, staff, row, expected):
    assert fields(small_world, row) == expected


def test_a_school_of_another_district_is_none_of_ours(small_world, staff):
    ((found,),) = judged(small_world, "Moss Sample,moss@example.org,School,9912001").values()
    assert found == ("schools", "“9912001” is no school of yours.")


def test_the_same_address_twice_and_the_same_name_twice_are_noticed(small_world, staff):
    found = judged(
        small_world,
        "Moss Sample,moss@example.org\nReed Sample,moss@example.org\nSample Moss,moss2@example.org\n",
    )
    assert found[1] == []
    assert found[2] == [("email", "Line 1 has the same address.")]
    assert found[3] == [("name", "Line 1 has the same name with another address.")]


def test_good_rows_are_taken_in_and_bad_ones_are_told(small_world, staff):
    yarrow = small_world.students["yarrow"]
    text = (
        "name,email,perspective,schools,starts_on,students\n"
        f"Moss Sample,moss@example.org,,,08/13/2026,{w.SSIDS['yarrow']}\n"
        "Reed Sample,reed@example.org,School,9911001 9911002,,\n"
        "Rush Sample,rush@example.org,Gardener,,,\n"
    )
    actor = small_world.coordinator_actor

    taken = take_roster(actor=actor, text=text, defaults=TODAY)

    assert (taken.people, taken.students) == (2, 1)
    assert {one.email for one in taken.accounts} == {"moss@example.org", "reed@example.org"}
    assert [row.line for row in taken.bad] == [4]
    moss, reed = (User.objects.get(email=f"{name}@example.org") for name in ("moss", "reed"))
    assert Grant.objects.get(user=moss).starts_on == date(2026, 8, 13)
    assert managers_of([yarrow.pk], w.TODAY) == {yarrow.pk: moss.pk}
    assert s.actor(reed).school_codes == {"9911001", "9911002"}
    assert not User.objects.filter(email="rush@example.org").exists()

    again = take_roster(actor=actor, text=text, defaults=TODAY)
    assert (again.accounts, again.students) == ([], 0)
    assert Grant.objects.filter(user__in=[moss, reed]).count() == 2


def test_somebody_of_another_district_gets_no_second_account(small_world, staff):
    taken = take_roster(
        actor=s.actor(staff.neighbor), text="Larkspur Sample,larkspur.sample@example.org", defaults=TODAY
    )
    assert (taken.people, taken.accounts) == (1, [])
    assert Grant.objects.filter(user=staff.teacher).count() == 2


def test_a_namesake_waits_for_a_word_of_a_person(small_world, staff):
    add_person(email="moss@elsewhere.example.org", name="Moss Sample", password=None)
    text, actor = "Moss Sample,moss@example.org", small_world.coordinator_actor

    assert take_roster(actor=actor, text=text, defaults=TODAY).people == 0
    defaults = Defaults(starts_on=w.TODAY, another=frozenset({1}))
    (account,) = take_roster(actor=actor, text=text, defaults=defaults).accounts
    assert account.email == "moss@example.org"
    assert User.objects.filter(name="Moss Sample").count() == 2


def test_a_selpa_says_for_which_district(small_world, staff):
    actor = s.actor(staff.selpa)
    roster = judge_roster(actor, "Moss Sample,moss@example.org,SEDS coordinator", TODAY)
    assert [one.field for one in roster.rows[0].problems] == ["agency"]
    taken = take_roster(
        actor=actor, text="Moss Sample,moss@example.org,SEDS coordinator,,,,,9910017", defaults=TODAY
    )
    assert taken.people == 1
    assert s.actor(User.objects.get(email="moss@example.org")).agency_code == w.LEA
