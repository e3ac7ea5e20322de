"""Program settings by age and plan: what fits first, everything else after it."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from manzanita.domain.codes import code_set
from manzanita.domain.rules import local_plan_setting, plan_settings
from manzanita.domain.setting_choices import FITS, OTHER, grouped

TODAY = date(2026, 11, 23)
ALL = [(one.code, one.label) for one in code_set("ProgramSetting").current()]
IEP, IFSP, ISP = "100", "150", "200"
INFANTS, PRESCHOOL = ["102", "103", "104"], ["200", "201", "203", "204"]
SEPARATE, SCHOOL_AGE = ["300", "301"], ["400", "401", "402", "500"]


def codes(plan_type: str, born: date | None, on: date = TODAY) -> dict[str, list[str]]:
    found = grouped(ALL, plan_type=plan_type, born=born, on=on)
    rows = found if isinstance(found, dict) else {FITS: found}
    return {name: [code for code, _ in options] for name, options in rows.items()}


def test_the_settings_are_these():
    assert [code for code, _ in ALL] == [
        *INFANTS,
        *PRESCHOOL,
        *SEPARATE,
        "400",
        "401",
        "402",
        "403",
        "500",
    ]


@pytest.mark.parametrize(
    ("plan_type", "born", "fits"),
    [
        # Grade 5, ten years old: no setting of an infant, none of preschool.
        (IEP, date(2016, 4, 9), [*SEPARATE, *SCHOOL_AGE]),
        # Two years old with an IFSP.
        (IFSP, date(2024, 4, 9), INFANTS),
        # Four years old: school age is to come.
        (IEP, date(2022, 4, 9), [*PRESCHOOL, *SEPARATE]),
        # Five: both.
        (IEP, date(2021, 4, 9), [*PRESCHOOL, *SEPARATE, *SCHOOL_AGE]),
        # A services plan: from six years on the private school, unless placed or settled (reason 4).
        (ISP, date(2020, 11, 23), ["403"]),
        (ISP, date(2020, 11, 24), [*PRESCHOOL, *SEPARATE, "400", "401", "402", "403", "500"]),
    ],
)
def test_what_fits_stands_first_and_nothing_is_left_out(plan_type, born, fits):
    others = [code for code, _ in ALL if code not in fits]
    assert codes(plan_type, born) == {FITS: fits, OTHER: others}


def test_of_an_unknown_birthday_and_plan_there_are_no_groups():
    assert codes("", None) == {FITS: [code for code, _ in ALL]}


@pytest.mark.parametrize(
    ("code", "born", "fits_from", "fits_through"),
    [
        # Three and seven years on November 23, 2026.
        ("201", date(2023, 11, 23), TODAY, date(2030, 11, 22)),
        ("201", date(2019, 11, 24), date(2022, 11, 24), TODAY),
        ("300", date(2023, 11, 23), TODAY, None),
        ("400", date(2021, 11, 23), TODAY, None),
    ],
)
def test_on_the_birthdays(code, born, fits_from, fits_through):
    day_before, day_after = date.fromordinal(fits_from.toordinal() - 1), None
    assert code in codes(IEP, born, fits_from)[FITS]
    assert code not in codes(IEP, born, day_before).get(FITS, [])
    if fits_through is not None:
        day_after = date.fromordinal(fits_through.toordinal() + 1)
        assert code in codes(IEP, born, fits_through)[FITS]
        assert code not in codes(IEP, born, day_after)[FITS]


RULES = {one.code: one for one in (*plan_settings.rules(), *local_plan_setting.rules())}
NAMED = ("MZ-PLAN-SETTING-TYPE", "PLAN0362E1", "PLAN0364E4", "PLAN0365E4", "PLAN0748E1")


@pytest.mark.parametrize("code", NAMED)
def test_what_a_rule_objects_to_does_not_stand_first(code):
    """The rule's own examples, which are written by hand."""
    examples = list(RULES[code].fails)
    assert examples
    for example in examples:
        (plan,) = example["PLAN"]
        if not plan["23.20"] or plan["23.20"] not in dict(ALL):
            continue
        born = _day(example["SENR"][0]["1.17"]) if "SENR" in example else None
        assert plan["23.20"] not in codes(plan["23.11"], born, _day(plan["23.12"])).get(FITS, [])


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()
