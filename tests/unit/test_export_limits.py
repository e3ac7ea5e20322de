"""The limits of exports and of looking, at their edges."""

import pytest

from manzanita.domain.export_limits import PER_DAY, DistrictShare, Weight, judge
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.domain.viewing_limits import per_day


def codes(perspective, *weight):
    verdict = judge(perspective, Weight(*weight))
    return verdict.needs_fresh_sign_in, [reason.code for reason in verdict.approval]


@pytest.mark.parametrize(
    ("perspective", "count", "today", "needs"),
    [
        ("coordinator", 1, 1, (False, [])),
        ("coordinator", 500, 2000, (False, [])),
        ("coordinator", 501, 501, (True, ["export-large"])),
        ("coordinator", 10, 2001, (False, ["export-per-day"])),
        ("selpa", 500, 2000, (False, [])),
        ("case_manager", 200, 200, (False, [])),
        ("case_manager", 1, 201, (False, ["export-per-day"])),
        ("school", 501, 2001, (True, ["export-large", "export-per-day"])),
    ],
)
def test_what_an_export_needs(perspective, count, today, needs):
    assert codes(perspective, count, today) == needs


@pytest.mark.parametrize(
    ("taken", "of", "needs"),
    [
        (99, 100, []),  # below the floor every list of a small district would need somebody
        (100, 100, ["export-district-share"]),
        (100, 200, []),  # half is not more than half
        (101, 200, ["export-district-share"]),
        (400, 799, ["export-district-share"]),
    ],
)
def test_nobody_takes_half_a_district_alone(taken, of, needs):
    share = DistrictShare("Chaparral Unified", taken, of)
    assert codes("coordinator", 10, 10, [DistrictShare("Heron Creek", 0, 50), share]) == (False, needs)


def test_every_perspective_has_a_limit_and_each_reason_a_way_out():
    assert set(PER_DAY) == set(PERSPECTIVES)
    assert {PER_DAY["coordinator"], PER_DAY["district_provider"]} == {2000}
    assert {PER_DAY["npa_provider"], PER_DAY["cde_monitor"]} == {200}
    verdict = judge("case_manager", Weight(501, 501, [DistrictShare("X", 501, 501)]))
    assert len(verdict.approval) == 3
    assert all(reason.text and reason.way_out and reason.source for reason in verdict.approval)


@pytest.mark.parametrize(
    ("own_days", "limit"),
    [
        ([], None),
        ([500, 500, 500, 500], None),
        ([1, 1, 1, 1, 1], 100),
        ([33, 5, 5, 5, 5], 100),
        ([34, 5, 5, 5, 5], 102),
        ([10, 20, 250, 20, 10, 5], 750),
    ],
)
def test_a_day_is_measured_by_ones_own_habit(own_days, limit):
    assert per_day(own_days) == limit
