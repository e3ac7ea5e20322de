"""What a list is narrowed to: read from an address, said as codes and as a sentence."""

from __future__ import annotations

import pytest

from manzanita.domain.narrowing import (
    Asked,
    Narrowing,
    Order,
    codes,
    grade_places,
    order_words,
    read,
    sentence,
)

KNOWN = {
    "school": {"6000001"},
    "grade": {"04", "KN"},
    "manager": {"nobody", "17"},
    "plan": {"100"},
    "disability": {"290"},
}
WHOLE = {
    "school": "6000001",
    "grade": "04",
    "manager": "17",
    "plan": "100",
    "disability": "290",
    "review": "late",
    "sort": "-grade",
}


def test_every_part_is_read_and_written_as_the_same_codes():
    asked = read(WHOLE | {"list": "all", "after": "x"}, KNOWN)
    assert asked.narrowing == Narrowing("6000001", "04", "17", "100", "290", "late")
    assert asked.order == Order("grade", is_descending=True)
    assert asked.unknown == ()
    assert codes(asked.narrowing, asked.order) == WHOLE


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [
        ("school", "6000002", "School"),
        ("grade", "4", "Grade"),
        ("manager", "18", "Case manager"),
        ("plan", "150", "Plan type"),
        ("disability", "29", "Disability"),
        ("review", "16", "Plan review"),
        ("sort", "birth", "Order"),
        ("sort", "--grade", "Order"),
        ("sort", "--pasted", "Order"),
    ],
)
def test_an_unknown_value_is_left_out_and_its_part_named(name, value, label):
    assert read({name: value}, KNOWN) == Asked(Narrowing(), Order(), (label,))


def test_what_is_asked_of_nothing_known_is_named_part_by_part():
    assert read(WHOLE, {}).unknown == ("School", "Grade", "Case manager", "Plan type", "Disability")


@pytest.mark.parametrize(
    ("narrowing", "said"),
    [
        (Narrowing(), "Students"),
        (Narrowing(school="6000001"), "Students at Buckeye Elementary"),
        (
            Narrowing(school="6000001", grade="04"),
            "Students at Buckeye Elementary in grade 4",
        ),
        (Narrowing(manager="17"), "Students with case manager Wren Placeholder"),
        (Narrowing(manager="nobody"), "Students without a case manager"),
        (Narrowing(plan="100"), "Students whose plan type is IEP"),
        (
            Narrowing(plan="100", review="late"),
            "Students whose plan type is IEP and plan review is overdue",
        ),
        (
            Narrowing("6000001", "04", "17", "100", "290", "late"),
            "Students at Buckeye Elementary in grade 4 with case manager Wren Placeholder whose plan type is IEP, "
            "disability is 290 SLD and plan review is overdue",
        ),
    ],
)
def test_the_sentence(narrowing, said):
    words = {
        "school": "Buckeye Elementary",
        "grade": "grade 4",
        "manager": "Wren Placeholder",
        "plan": "IEP",
        "disability": "290 SLD",
        "review": "overdue",
    }
    assert sentence("Students", narrowing, words) == said


def test_a_click_on_a_head_turns_the_order():
    assert Order().code == "" and order_words(Order()) == ""
    by_grade = Order().turned("grade")
    assert (by_grade.code, order_words(by_grade)) == ("grade", "by grade, ascending")
    down = by_grade.turned("grade")
    assert (down.code, order_words(down)) == ("-grade", "by grade, descending")
    assert down.turned("grade") == by_grade
    assert down.turned("review") == Order("review")
    assert Order().turned("name").code == "-name"


def test_the_order_of_a_pasted_list_says_nothing_of_which_list_it_is():
    asked = read({"sort": "pasted"}, {}).order
    assert asked == Order("pasted")
    assert (Order("pasted", of=17).code, order_words(Order("pasted", of=17))) == ("pasted", "as pasted")
    assert order_words(Order("pasted", is_descending=True)) == "as pasted, the last first"


def test_grades_from_the_youngest_and_what_is_no_step_last():
    places = grade_places(["US", "12", "AD", "KN", "01", "PS"])
    assert sorted(["12", "AD", "KN", "US", "01", "PS"], key=places.__getitem__) == [
        *("PS", "KN", "01", "12", "AD", "US")
    ]


def test_without_a_part():
    both = Narrowing(school="6000001", grade="04")
    assert both.without("school") == Narrowing(grade="04")
    assert bool(both) and not Narrowing()
    assert [part.key for part, _ in both.chosen] == ["school", "grade"]
