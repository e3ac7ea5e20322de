"""Program settings by age and plan: what fits first, what no rule forbids after it, nothing that would be rejected."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.codes import code_set
from manzanita.domain.setting_choices import FITS, OTHER, grouped, is_forbidden

TODAY = date(2026, 11, 23)
ALL = [(one.code, one.label) for one in code_set("ProgramSetting").current()]
IEP, IFSP, ISP = "100", "150", "200"


def codes(plan_type: str, born: date | None, *kept: str) -> dict[str, list[str]]:
    found = grouped(ALL, plan_type=plan_type, born=born, on=TODAY, kept=kept)
    rows = found if isinstance(found, dict) else {FITS: found}
    return {name: [code for code, _ in options] for name, options in rows.items()}


@pytest.mark.parametrize(
    ("plan_type", "born", "fits", "other"),
    [
        # Grade 5, ten years old: no setting of an infant, none of preschool.
        (IEP, date(2016, 4, 9), ["300", "301", "400", "401", "402", "500"], ["403"]),
        # Two years old with an IFSP.
        (IFSP, date(2024, 4, 9), ["102", "103", "104"], None),
        # Four years old: school age is to come, and no rule forbids it.
        (
            IEP,
            date(2022, 4, 9),
            ["200", "201", "203", "204", "300", "301"],
            ["400", "401", "402", "403", "500"],
        ),
        # Five: both.
        (
            IEP,
            date(2021, 4, 9),
            ["200", "201", "203", "204", "300", "301", "400", "401", "402", "500"],
            ["403"],
        ),
        # A services plan from six years on has one setting.
        (ISP, date(2016, 4, 9), ["403"], None),
    ],
)
def test_what_is_offered(plan_type, born, fits, other):
    assert codes(plan_type, born) == ({FITS: fits, OTHER: other} if other else {FITS: fits})


def test_what_the_record_has_stays_in_the_second_group():
    assert codes(IEP, date(2016, 4, 9), "102")[OTHER] == ["102", "403"]


def test_of_an_unknown_birthday_and_plan_nothing_is_left_out():
    assert codes("", None) == {FITS: [code for code, _ in ALL]}


def test_about_a_birthday_both_are_offered():
    """The plan may begin on a day before it: a year back, three months ahead."""
    # Seven on 12/01/2025: preschool was right on 11/22/2025, a year ago.
    assert not is_forbidden("201", IEP, date(2018, 12, 1), TODAY)
    # Seven on 11/01/2025: it was not.
    assert is_forbidden("201", IEP, date(2018, 11, 1), TODAY)
    # Three on 02/20/2027, within three months; and on 03/01/2027, after them.
    assert not is_forbidden("300", IEP, date(2024, 2, 20), TODAY)
    assert is_forbidden("300", IEP, date(2024, 3, 1), TODAY)
