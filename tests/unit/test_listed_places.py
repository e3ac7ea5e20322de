"""Whether the directory knows the school that an enrollment names: each way in which it does not, and the days at the
boundary."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.directory_requests import Entry, Kind
from manzanita.domain.findings import Owner
from manzanita.domain.listed_places import Attended, unlisted

LEA, SCHOOL, NPS = "9910017", "9911001", "9950011"
TODAY = date(2026, 11, 23)
AUGUST = date(2026, 8, 13)
OCTOBER_30 = date(2026, 10, 30)


def said(
    school: str = SCHOOL,
    nps: str = "",
    *,
    first: date = AUGUST,
    last: date | None = None,
    opened: date | None = None,
    closed: date | None = None,
    successor: str = "",
) -> list[str]:
    directory = {
        SCHOOL: Entry(SCHOOL, "Buckeye Elementary", "school", LEA, opened, closed, successor),
        NPS: Entry(NPS, "Blue Oak School", "nps", "", opened, closed),
        "9970011": Entry("9970011", "Meadowlark Therapies", "npa"),
    }
    found = unlisted(Attended(LEA, school, nps, first, last), directory, TODAY)
    return [one.reason.code for one in found]


@pytest.mark.parametrize(
    ("school", "nps"),
    [
        pytest.param(SCHOOL, "", id="a school of the directory"),
        pytest.param("", "", id="none"),
        pytest.param("0000002", "", id="the private school group"),
        pytest.param("0000001", NPS, id="a nonpublic school of the directory"),
        pytest.param(LEA, "", id="the district itself"),
    ],
)
def test_what_is_known_is_not_told(school, nps):
    assert said(school, nps) == []


@pytest.mark.parametrize(
    ("school", "nps", "code"),
    [
        ("9999999", "", "school-unlisted"),
        ("999999", "", "school-malformed"),
        ("99110O1", "", "school-malformed"),
        # Digits of another alphabet are no digits of a code.
        ("٩٩١١٠٠١", "", "school-malformed"),
        ("0000001", "9999999", "school-unlisted"),
        ("0000001", "BLUEOAK", "school-malformed"),
        # A code that is somebody else's: a school's where a nonpublic school is named, and the other way about.
        ("0000001", SCHOOL, "school-unlisted"),
        (NPS, "", "school-unlisted"),
        ("9970011", "", "school-unlisted"),
    ],
)
def test_a_code_that_is_not_there(school, nps, code):
    assert said(school, nps) == [code]


def test_both_codes_may_be_wrong():
    assert said("9999999", "9999998") == ["school-unlisted", "school-unlisted"]


@pytest.mark.parametrize(
    ("first", "last", "closed", "codes"),
    [
        pytest.param(AUGUST, None, date(2026, 11, 22), ["school-closed"], id="goes on the day after"),
        pytest.param(AUGUST, None, TODAY, [], id="closes today"),
        pytest.param(AUGUST, None, date(2027, 6, 11), [], id="closes later"),
        pytest.param(AUGUST, OCTOBER_30, OCTOBER_30, [], id="left on the last day"),
        pytest.param(AUGUST, OCTOBER_30, date(2026, 10, 29), ["school-closed"], id="left a day after"),
        pytest.param(OCTOBER_30, None, date(2026, 10, 29), ["school-closed"], id="came a day after"),
        pytest.param(OCTOBER_30, OCTOBER_30, OCTOBER_30, [], id="there on the last day alone"),
        pytest.param(date(2027, 8, 12), None, date(2027, 6, 11), ["school-closed"], id="to come, too late"),
        pytest.param(date(2027, 6, 11), None, date(2027, 6, 11), [], id="to come, on the last day"),
        pytest.param(AUGUST, date(2027, 6, 30), date(2027, 6, 11), [], id="nobody knows yet"),
    ],
)
def test_a_school_that_closed(first, last, closed, codes):
    assert said(first=first, last=last, closed=closed) == codes
    assert said("0000001", NPS, first=first, last=last, closed=closed) == codes


@pytest.mark.parametrize(
    ("opened", "codes"), [(AUGUST, []), (date(2026, 8, 12), []), (date(2026, 8, 14), ["school-to-come"])]
)
def test_a_school_that_begins(opened, codes):
    assert said(opened=opened) == codes


def test_it_says_what_to_do_and_whose_job_it_is():
    one = Attended(LEA, "9999999", "", AUGUST)
    (found,) = unlisted(one, {}, TODAY)
    assert (found.asks, found.first, found.reason.owner) == (Kind.NEW, AUGUST, Owner.COORDINATOR)
    assert found.reason.text == "School 9999999 is not in the directory."
    assert found.reason.way_out == (
        "Ask for it; where the code is wrong, correct it in the SIS, and export again. Once the directory has it, "
        "nothing more is to do."
    )
    closed = Entry(SCHOOL, "Buckeye Elementary", "school", LEA, None, OCTOBER_30, "9911099")
    (found,) = unlisted(Attended(LEA, SCHOOL, "", AUGUST), {SCHOOL: closed}, TODAY)
    assert (found.asks, found.reason.owner) == (None, Owner.SIS)
    assert found.reason.text == (
        "Buckeye Elementary (9911001) ended in the directory on 10/30/2026, and the enrollment is later. It goes on "
        "as 9911099."
    )
    # A code that is another's cannot be asked for.
    (found,) = unlisted(
        Attended(LEA, "9970011", "", AUGUST), {"9970011": Entry("9970011", "M", "npa")}, TODAY
    )
    assert found.asks is None and "the code is that of M" in found.reason.text
