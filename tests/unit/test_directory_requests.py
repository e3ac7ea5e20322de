"""Requests for the directory: what stands against asking and approving, and how an agreement stands on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from manzanita.domain.directory_requests import (
    Agreement,
    AgreementState,
    Asked,
    Entry,
    Kind,
    Known,
    Place,
    agreement_on,
    reasons_against_agreement,
    reasons_not_to_approve,
    reasons_not_to_ask,
)

TODAY = date(2026, 11, 23)
OAK = Entry("9900101", "Oak Elementary", "school", "9900001")
NEW = Asked(
    Kind.NEW, Place.SCHOOL, "9900001", "", "9900102", "Sycamore Middle", date(2027, 8, 12), "The directory"
)
CODE = replace(NEW, kind=Kind.CODE, target_code="9900101", name="")
CLOSED = replace(NEW, kind=Kind.CLOSED, target_code="9900101", code="", name="")
NAME = replace(NEW, kind=Kind.NAME, target_code="9900101", code="")
NOTHING, HAS_OAK = Known(TODAY), Known(TODAY, OAK)


def codes(asked: Asked, known: Known) -> list[str]:
    return [one.code for one in reasons_not_to_ask(asked, known)]


def test_what_is_complete_may_be_asked():
    assert codes(NEW, NOTHING) == []
    assert codes(replace(NEW, place=Place.NPA, code="NPA0042"), NOTHING) == []
    for asked in (CODE, CLOSED, NAME):
        assert codes(asked, HAS_OAK) == []


@pytest.mark.parametrize(
    ("asked", "known", "expected"),
    [
        (replace(NEW, code="123"), NOTHING, "wrong-code"),
        (replace(NEW, code="0000002"), NOTHING, "wrong-code"),
        (NEW, Known(TODAY, taken=OAK), "code-taken"),
        (replace(NEW, name=""), NOTHING, "no-name"),
        (replace(NEW, on=None), NOTHING, "no-day"),
        (replace(NEW, on=date(2027, 11, 24)), NOTHING, "late-day"),
        (replace(NEW, evidence=""), NOTHING, "no-evidence"),
        (NEW, Known(TODAY, is_asked=True), "asked-already"),
        (CODE, NOTHING, "no-target"),
        (replace(CODE, place=Place.NPS), HAS_OAK, "no-target"),
        (CODE, Known(TODAY, replace(OAK, lea_code="9900002")), "not-yours"),
        (CLOSED, Known(TODAY, replace(OAK, last=date(2026, 6, 30))), "ended"),
        (CLOSED, Known(TODAY, replace(OAK, first=date(2027, 8, 13))), "before-first"),
        (replace(NAME, name="Oak Elementary"), HAS_OAK, "same-name"),
    ],
)
def test_what_stands_against_asking(asked, known, expected):
    assert codes(asked, known) == [expected]


NPS = replace(NEW, place=Place.NPS, code="9980042", name="Blue Oak School")
NONE = agreement_on([], TODAY)


def test_nobody_approves_what_they_asked_for_and_no_nonpublic_school_without_an_agreement():
    def against(asked: Asked, said=NONE, *, is_own: bool = False) -> list[str]:
        return [one.code for one in reasons_not_to_approve(asked, NOTHING, said, is_own=is_own)]

    assert against(NEW) == []
    assert against(NEW, is_own=True) == ["own-request"]
    assert against(NPS) == ["no-agreement"]
    assert against(replace(NPS, place=Place.NPA)) == ["no-agreement"]
    assert against(replace(NPS, place=Place.PRIVATE_SCHOOL)) == []
    whole_year = Agreement(date(2027, 7, 1), date(2028, 6, 30))
    assert against(NPS, agreement_on([whole_year], date(2027, 8, 12))) == []
    assert against(NPS, agreement_on([whole_year], date(2027, 6, 30))) == ["no-agreement"]


YEAR = Agreement(date(2026, 7, 1), date(2027, 6, 30))
NEXT = Agreement(date(2027, 7, 1), date(2028, 6, 30))


@pytest.mark.parametrize(
    ("agreements", "day", "state", "words"),
    [
        ([], date(2026, 11, 23), AgreementState.NONE, "No agreement recorded"),
        ([YEAR], date(2026, 6, 30), AgreementState.TO_COME, "Agreement only from 07/01/2026"),
        ([YEAR], date(2026, 7, 1), AgreementState.IN_FORCE, "Agreement to 06/30/2027"),
        ([YEAR], date(2027, 4, 30), AgreementState.IN_FORCE, "Agreement to 06/30/2027"),
        ([YEAR], date(2027, 5, 1), AgreementState.ENDS_SOON, "Agreement ends 06/30/2027"),
        ([YEAR, NEXT], date(2027, 5, 1), AgreementState.IN_FORCE, "Agreement to 06/30/2027"),
        ([YEAR], date(2027, 6, 30), AgreementState.ENDS_SOON, "Agreement ends 06/30/2027"),
        ([YEAR], date(2027, 7, 1), AgreementState.ENDED, "Agreement ended 06/30/2027"),
    ],
)
def test_how_an_agreement_stands(agreements, day, state, words):
    said = agreement_on(agreements, day)
    assert (said.state, said.words) == (state, words)
    assert said.holds is (state in (AgreementState.IN_FORCE, AgreementState.ENDS_SOON))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 7, 1), date(2027, 6, 30), []),
        (date(2026, 7, 1), date(2027, 7, 1), ["agreement-long"]),
        (date(2026, 7, 2), date(2026, 7, 1), ["agreement-days"]),
        (None, date(2026, 7, 1), ["agreement-days"]),
    ],
)
def test_an_agreement_runs_for_a_year_at_most(first, last, expected):
    assert [one.code for one in reasons_against_agreement(first, last)] == expected
