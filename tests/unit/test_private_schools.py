"""What contradicts a services plan or a private school: one student for each kind, and the same student mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from manzanita.domain.private_conflicts import CONFLICTS, conflicts_of
from manzanita.domain.private_schools import How, Known, PlanInForce, Stay, how_placed
from manzanita.domain.rules import catalog

TODAY = date(2026, 11, 23)
BORN = date(2016, 10, 11)
ENTERED = date(2026, 8, 13)
PRIVATE = Stay("9900001", "0000002", "50", ENTERED)
PUBLIC = Stay("9900001", "9900101", "10", ENTERED)
NONPUBLIC = Stay("9900001", "0000001", "10", ENTERED)
ISP = PlanInForce("Chaparral Unified", "200", "1", "403", date(2026, 8, 24), has_services=True)
IEP = PlanInForce("Heron Creek Unified", "100", "2", "400", date(2026, 10, 13), has_services=True)
# Placed by the parents, with a services plan: nothing contradicts.
RIGHT = Known(TODAY, BORN, (PRIVATE,), ISP, "1", date(2026, 8, 24))
LEFT = Known(TODAY, BORN, (), None, "2", date(2026, 9, 1), left_on=date(2026, 9, 1))


def keys(known: Known) -> list[str]:
    return [one.conflict.key for one in conflicts_of(known)]


CASES = [
    # A newer IEP of another district over our services plan; ours came first: a services plan from before the stay.
    (
        replace(RIGHT, plan=replace(IEP, is_ours=False), own_isp_on=date(2026, 8, 24)),
        ["two-plans"],
        replace(RIGHT, own_isp_on=date(2026, 8, 24)),
    ),
    (
        replace(RIGHT, plan=replace(IEP, is_ours=False), own_isp_on=date(2026, 8, 12)),
        ["iep-in-private"],
        RIGHT,
    ),
    (replace(RIGHT, plan=IEP), ["iep-in-private"], replace(RIGHT, plan=replace(IEP, reason_code="4"))),
    (replace(RIGHT, stays=(PUBLIC,)), ["isp-in-public"], RIGHT),
    (
        replace(RIGHT, stays=(NONPUBLIC,)),
        ["isp-in-nonpublic"],
        replace(RIGHT, stays=(NONPUBLIC,), plan=replace(ISP, reason_code="4")),
    ),
    (
        replace(RIGHT, plan=replace(ISP, setting_code="400")),
        ["isp-setting"],
        replace(RIGHT, plan=replace(ISP, setting_code="400", reason_code="4")),
    ),
    (
        replace(RIGHT, stays=(PUBLIC,), plan=replace(IEP, setting_code="403")),
        ["setting-of-other-plan"],
        replace(RIGHT, stays=(PUBLIC,), plan=IEP),
    ),
    # Six years tomorrow: the services plan and the group are both wrong; six years today: neither.
    (
        replace(RIGHT, birth_on=date(2020, 11, 24)),
        ["isp-of-preschooler", "preschooler-in-group"],
        replace(RIGHT, birth_on=date(2020, 11, 23)),
    ),
    # An IEP of three to five years is right, the group is not.
    (
        replace(RIGHT, birth_on=date(2023, 11, 23), plan=IEP),
        ["preschooler-in-group"],
        replace(RIGHT, birth_on=date(2023, 11, 24), plan=replace(IEP, type_code="150")),
    ),
    (replace(RIGHT, stays=(replace(PRIVATE, status_code="10"),)), ["group-enrollment"], RIGHT),
    (
        replace(RIGHT, plan=None, status_code="2", status_since=date(2026, 9, 1)),
        ["not-participating-in-group"],
        replace(RIGHT, plan=None, status_code="2", status_since=date(2026, 9, 1), is_evaluated=True),
    ),
    (
        replace(RIGHT, plan=None, status_code="", status_since=None),
        ["not-participating-in-group"],
        replace(RIGHT, plan=None, status_code="", status_since=None, is_evaluated=True),
    ),
    (replace(RIGHT, plan=None), ["no-plan-in-group"], RIGHT),
    (
        replace(RIGHT, stays=(), status_code="2", status_since=date(2026, 8, 23)),
        ["isp-without-status"],
        replace(RIGHT, stays=(), status_code="2", status_since=date(2026, 8, 24)),
    ),
    (replace(RIGHT, plan=replace(ISP, has_services=False)), ["isp-without-service"], RIGHT),
    (replace(LEFT, stays=(PUBLIC,)), ["left-and-enrolled"], LEFT),
    # Enrolled again after the leaving: that is a return, which the record's status says.
    (
        replace(LEFT, stays=(PUBLIC,)),
        ["left-and-enrolled"],
        replace(LEFT, stays=(replace(PUBLIC, first=TODAY),)),
    ),
]


@pytest.mark.parametrize(("wrong", "expected", "right"), CASES)
def test_each_conflict_is_found_and_ends_with_what_mends_it(wrong, expected, right):
    assert keys(wrong) == expected
    assert keys(right) == []


def test_every_conflict_has_a_case():
    assert {key for _, expected, _ in CASES for key in expected} == set(CONFLICTS)


def test_several_conflicts_of_one_student_are_all_said():
    student = replace(
        RIGHT,
        stays=(replace(PRIVATE, status_code="10"),),
        plan=replace(IEP, setting_code="403"),
    )
    assert keys(student) == ["iep-in-private", "setting-of-other-plan", "group-enrollment"]


def test_who_belongs_to_the_list():
    assert how_placed(RIGHT) is How.ISP
    assert how_placed(replace(RIGHT, stays=(), status_code="")) is How.ISP
    assert how_placed(replace(RIGHT, plan=IEP)) is How.NO_ISP
    assert how_placed(LEFT) is How.NO_ISP
    assert how_placed(replace(RIGHT, stays=(PUBLIC,), plan=IEP)) is None
    # A status that came after the services plan has ended it: a record of somebody who left long ago.
    gone = replace(RIGHT, stays=(), status_code="4", status_since=date(2026, 9, 30))
    assert how_placed(gone) is None and keys(gone) == []


def test_a_conflict_is_said_in_a_sentence_with_its_first_day():
    (found,) = conflicts_of(replace(RIGHT, plan=IEP))
    assert found.since == date(2026, 10, 13)
    assert found.text == (
        "Enrolled in a private school since 08/13/2026, and the plan in force is an IEP of Heron Creek Unified from "
        "10/13/2026."
    )


@pytest.mark.parametrize("key", CONFLICTS)
def test_every_conflict_names_what_stands_behind_it_and_a_way_out(key):
    conflict = CONFLICTS[key]
    assert (
        conflict.source
        and conflict.fixes
        and conflict.way_out.endswith(".")
        and conflict.meaning.endswith(".")
    )
    assert set(conflict.rules) <= set(catalog())


def test_the_plan_in_force_is_named_with_whose_it_is():
    assert ISP.short == "ISP"
    assert replace(IEP, is_ours=False).short == "IEP of Heron Creek Unified"
