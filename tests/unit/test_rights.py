"""Who holds educational rights on a day: examples written out by hand, and what holds of all records."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain.clocks.ages import majority_on
from manzanita.domain.rights import (
    Rights,
    Standing,
    days_of_change,
    rights_holders_on,
)
from manzanita.domain.rights_kinds import EVIDENCE, KINDS, Tier, kind_of_relation
from manzanita.domain.rights_recording import reasons_not_to_record

BORN = date(2010, 5, 20)
MINOR_DAY = date(2026, 11, 23)
TURNS_18 = date(2028, 5, 20)
START = date(2024, 8, 1)


def standing(number: int, kind: str, start: date = START, end: date | None = None, **more) -> Standing:
    evidence = more.pop("evidence", next(iter(KINDS[kind].evidence), "") if kind in KINDS else "")
    return Standing(number, f"Person {number}", kind, start, end, evidence, **more)


def on(day: date, *facts: Standing, born: date | None = BORN) -> Rights:
    return rights_holders_on(day, born, facts, student_name="Egret Testcase")


def deciders(rights: Rights) -> list[int]:
    return [holder.contact_no for holder in rights.decides]


def told(rights: Rights) -> list[int]:
    return [holder.contact_no for holder in rights.notices]


def codes(rights: Rights) -> list[str]:
    return [reason.code for reason in rights.problems]


def test_two_parents_decide_and_both_get_the_notices():
    rights = on(MINOR_DAY, standing(1, "parent"), standing(2, "parent"))
    assert (deciders(rights), told(rights), codes(rights)) == ([1, 2], [1, 2], [])
    assert rights.only_decider is None and not rights.is_adult


def test_a_parent_with_sole_decision_decides_alone_and_the_other_is_told_why():
    alone = standing(2, "parent", is_sole=True, evidence="custody_order")
    rights = on(MINOR_DAY, standing(1, "parent"), alone)
    assert (deciders(rights), told(rights)) == ([2], [2])
    assert [(other.contact_no, other.because.text) for other in rights.others] == [
        (1, "Person 2 decides alone by order of a court.")
    ]


def test_two_who_each_decide_alone_are_a_contradiction_and_nobody_is_guessed():
    rights = on(MINOR_DAY, *(standing(n, "parent", is_sole=True, evidence="court_order") for n in (1, 2)))
    assert (deciders(rights), told(rights), codes(rights)) == ([], [], ["two-alone"])


def test_a_court_limits_one_parent_from_its_day_on():
    mother, father = standing(1, "parent"), standing(2, "parent", end=date(2026, 3, 1))
    limited = standing(2, "court_limited", start=date(2026, 3, 2))
    assert deciders(on(date(2026, 3, 1), mother, father, limited)) == [1, 2]
    after = on(date(2026, 3, 2), mother, father, limited)
    assert (deciders(after), told(after)) == ([1], [1])
    assert [other.because.code for other in after.others] == ["court_limited"]


def test_whom_a_court_names_decides_before_the_parents_and_a_foster_parent():
    rights = on(
        MINOR_DAY, standing(1, "parent"), standing(2, "foster_parent"), standing(3, "court_appointed")
    )
    assert (deciders(rights), told(rights), codes(rights)) == ([3], [3], [])
    assert {other.because.text for other in rights.others} == {"A court named Person 3."}


def test_a_guardian_beside_another_named_by_a_court_is_a_contradiction():
    rights = on(MINOR_DAY, standing(1, "guardian"), standing(2, "court_appointed"))
    assert (deciders(rights), codes(rights)) == ([], ["two-courts"])


def test_a_foster_parent_decides_only_once_a_court_has_limited_the_parents():
    foster = standing(2, "foster_parent")
    assert codes(on(MINOR_DAY, standing(1, "parent"), foster)) == ["foster-and-parent"]
    assert deciders(on(MINOR_DAY, standing(1, "court_limited"), foster)) == [2]


def test_a_parent_comes_before_a_relative_with_whom_the_child_lives():
    rights = on(MINOR_DAY, standing(1, "caregiver"), standing(2, "parent"))
    assert deciders(rights) == [2]
    assert [other.because.text for other in rights.others] == ["Person 2 comes first."]
    assert deciders(on(MINOR_DAY, standing(1, "caregiver"))) == [1]


def test_a_surrogate_decides_only_where_nobody_else_can():
    surrogate = standing(3, "surrogate")
    for kind in ("parent", "caregiver", "foster_parent", "guardian", "court_appointed"):
        assert codes(on(MINOR_DAY, standing(1, kind), surrogate)) == ["surrogate-and-parent"], kind
    for kind in ("court_limited", "not_located"):
        assert deciders(on(MINOR_DAY, standing(1, kind), surrogate)) == [3], kind
    assert deciders(on(MINOR_DAY, surrogate)) == [3]


def test_where_every_parent_is_kept_from_deciding_a_surrogate_is_asked_for():
    rights = on(MINOR_DAY, standing(1, "court_limited"), standing(2, "not_located"))
    assert codes(rights) == ["surrogate-needed"] and "within 30 days" in rights.problems[0].way_out
    assert codes(on(MINOR_DAY)) == ["nobody-holds"]


def test_the_day_before_the_18th_birthday_and_the_day_itself():
    mother, surrogate = standing(1, "parent"), standing(2, "surrogate")
    before, after = on(date(2028, 5, 19), mother), on(TURNS_18, mother)
    assert (deciders(before), told(before), before.is_adult) == ([1], [1], False)
    assert (deciders(after), told(after), after.is_adult) == ([0], [0, 1], True)
    assert after.decides[0].is_student and after.decides[0].name == "Egret Testcase"
    ended = on(TURNS_18, surrogate)
    assert (deciders(ended), told(ended)) == ([0], [0])
    assert [other.because.code for other in ended.others] == ["ended-at-18"]
    assert codes(on(TURNS_18)) == []


@pytest.mark.parametrize(
    ("born", "turns"),
    [
        (date(2008, 2, 29), date(2026, 2, 28)),
        (date(2008, 2, 28), date(2026, 2, 28)),
        (date(2008, 3, 1), date(2026, 3, 1)),
        (date(2002, 12, 31), date(2020, 12, 31)),
        (date(2002, 2, 28), date(2020, 2, 28)),
    ],
)
def test_the_birthday_on_leap_days_and_year_ends(born, turns):
    assert majority_on(born) == turns
    assert not on(turns - timedelta(days=1), standing(1, "parent"), born=born).is_adult
    assert deciders(on(turns, standing(1, "parent"), born=born)) == [0]


def test_a_conservator_decides_for_the_adult_and_the_student_gets_the_notices_too():
    conservator = standing(2, "conservator", start=date(2028, 7, 1))
    rights = on(date(2028, 6, 30), standing(1, "parent"), conservator)
    assert deciders(rights) == [0]
    rights = on(date(2028, 7, 1), standing(1, "parent"), conservator)
    assert (deciders(rights), told(rights)) == ([2], [2, 0, 1])
    assert codes(on(MINOR_DAY, standing(1, "parent"), standing(2, "conservator"))) == ["too-young"]


def test_an_adult_student_s_choice_beside_a_conservator_is_a_contradiction():
    chosen = standing(1, "designee", start=TURNS_18)
    assert deciders(on(TURNS_18, chosen)) == [1]
    both = on(TURNS_18, chosen, standing(2, "conservator", start=TURNS_18))
    assert (deciders(both), codes(both)) == ([], ["conservator-and-chosen"])


def test_a_limited_parent_hears_nothing_after_the_18th_birthday_either():
    rights = on(TURNS_18, standing(1, "parent"), standing(2, "court_limited"))
    assert told(rights) == [0, 1]


def test_parents_who_contradict_each_other_do_not_keep_an_adult_from_deciding():
    rights = on(TURNS_18, standing(1, "parent"), standing(2, "foster_parent"))
    assert (deciders(rights), told(rights), codes(rights)) == ([0], [0], ["foster-and-parent"])


def test_without_a_birth_date_nobody_is_guessed():
    rights = on(MINOR_DAY, standing(1, "parent"), born=None)
    assert (deciders(rights), told(rights), codes(rights)) == ([], [], ["no-birth-date"])


def test_an_unknown_kind_and_two_records_of_one_person_are_reasons():
    assert codes(on(MINOR_DAY, standing(1, "neighbor"))) == ["unknown-kind"]
    assert codes(on(MINOR_DAY, standing(1, "parent"), standing(1, "court_limited"))) == ["two-records"]


def test_a_missing_paper_and_a_kind_not_recorded_are_told_and_change_nothing():
    rights = on(MINOR_DAY, standing(1, "guardian", evidence=""))
    assert deciders(rights) == [1] and [one.code for one in rights.warnings] == ["no-evidence"]
    rights = on(MINOR_DAY, standing(1, "unstated"), standing(2, "parent"))
    assert deciders(rights) == [1, 2] and [one.code for one in rights.warnings] == ["kind-not-recorded"]


def test_first_and_last_day_of_a_record_count():
    fact = standing(1, "parent", start=date(2026, 1, 5), end=date(2026, 6, 12))
    answers = {
        day: deciders(on(day, fact))
        for day in (date(2026, 1, 4), date(2026, 1, 5), date(2026, 6, 12), date(2026, 6, 13))
    }
    assert list(answers.values()) == [[], [1], [1], []]
    assert days_of_change(BORN, [fact]) == [date(2026, 1, 5), date(2026, 6, 13), TURNS_18]


@pytest.mark.parametrize(
    ("relation", "kind"),
    [
        ("Mother", "parent"),
        ("father", "parent"),
        ("Guardian", "guardian"),
        ("Foster parent", "foster_parent"),
        ("Grandmother", "caregiver"),
        ("Self", ""),
        ("", "unstated"),
        ("Family friend", "unstated"),
    ],
)
def test_a_relation_of_a_file_becomes_a_kind(relation, kind):
    assert kind_of_relation(relation) == kind


def test_every_kind_names_papers_that_exist_and_its_law():
    for kind in KINDS.values():
        assert (
            set(kind.evidence) <= set(EVIDENCE)
            and kind.law
            and kind.confidence in ("seen", "inferred", "unverified")
        )


REFUSED = {
    "no-kind": Standing(1, "P", "", START),
    "ends-before-start": standing(1, "parent", end=date(2024, 7, 31)),
    "before-birth": standing(1, "parent", start=date(2010, 5, 19)),
    "evidence-needed": standing(1, "surrogate", evidence="own_word"),
    "sole-needs-order": standing(1, "parent", is_sole=True),
    "sole-without-right": standing(1, "court_limited", is_sole=True),
    "too-young": standing(1, "conservator", start=date(2028, 5, 19)),
    "ended-at-18": standing(1, "surrogate", start=TURNS_18),
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_record_that_cannot_be_is_refused_with_its_reason(code):
    stated = REFUSED[code]
    assert [one.code for one in reasons_not_to_record(stated, BORN, [], [stated])] == [code]
    assert all(one.way_out for one in reasons_not_to_record(stated, BORN, [], [stated]))


def test_a_record_that_contradicts_another_is_refused_and_what_contradicted_before_is_not_held_against_it():
    mother, foster = standing(1, "parent"), standing(2, "foster_parent")
    refused = reasons_not_to_record(foster, BORN, [mother], [mother, foster])
    assert [one.code for one in refused] == ["foster-and-parent"]
    aunt = standing(3, "caregiver")
    assert reasons_not_to_record(aunt, BORN, [mother, foster], [mother, foster, aunt]) == []
    later = standing(2, "foster_parent", start=date(2027, 1, 1))
    limited = [
        standing(1, "parent", end=date(2026, 12, 31)),
        standing(1, "court_limited", start=date(2027, 1, 1)),
    ]
    assert reasons_not_to_record(later, BORN, limited, [*limited, later]) == []
    too_early = standing(2, "foster_parent", start=date(2026, 12, 31))
    assert [one.code for one in reasons_not_to_record(too_early, BORN, limited, [*limited, too_early])] == [
        "foster-and-parent"
    ]


days = st.dates(date(2022, 1, 1), date(2030, 12, 31))


@st.composite
def records(draw) -> Standing:
    start = draw(days)
    length = draw(st.none() | st.integers(0, 1500))
    kind = draw(st.sampled_from(sorted(KINDS)))
    return Standing(
        draw(st.integers(1, 4)),
        "P",
        kind,
        start,
        None if length is None else start + timedelta(days=length),
        draw(st.sampled_from(["", *KINDS[kind].evidence])),
        draw(st.booleans()),
    )


lists_of_records = st.lists(records(), max_size=6)
births = st.dates(date(2004, 1, 1), date(2018, 12, 31)) | st.just(date(2008, 2, 29))


@given(day=days, born=births, facts=lists_of_records)
def test_there_is_always_an_answer_or_a_reason_and_never_both_of_a_minor(day, born, facts):
    rights = rights_holders_on(day, born, facts)
    assert rights.decides or rights.problems
    assert all(reason.text and reason.way_out for reason in rights.problems)
    if not rights.is_adult:
        assert not (rights.decides and rights.problems)
        assert rights.notices == rights.decides
    recorded = {
        fact.contact_no
        for fact in facts
        if fact.starts_on <= day and (not fact.ends_on or day <= fact.ends_on)
    }
    assert {holder.contact_no for holder in (*rights.decides, *rights.notices)} <= recorded | {0}


@given(day=days, born=births, facts=lists_of_records)
def test_whom_a_court_or_the_law_keeps_from_deciding_never_decides_and_never_hears(day, born, facts):
    rights = rights_holders_on(day, born, facts)
    kept = {fact.contact_no for fact in facts if fact.covers(day) and KINDS[fact.kind].tier is Tier.KEPT}
    assert not kept & {holder.contact_no for holder in (*rights.decides, *rights.notices)}
    if rights.is_adult and rights.decides:
        assert any(holder.is_student for holder in rights.notices)
    if any(holder.kind == "surrogate" for holder in rights.decides):
        assert {KINDS[holder.kind].tier for holder in rights.decides} == {Tier.SURROGATE}


@given(born=births, facts=lists_of_records, ahead=st.integers(0, 3000))
def test_between_two_days_of_change_the_answer_is_the_same(born, facts, ahead):
    day = date(2022, 1, 1) + timedelta(days=ahead)
    if day in days_of_change(born, facts):
        return
    before, after = (rights_holders_on(one, born, facts) for one in (day - timedelta(days=1), day))
    assert (before.decides, before.notices, before.problems) == (after.decides, after.notices, after.problems)


@given(day=days, born=births, facts=lists_of_records)
def test_the_order_of_the_records_does_not_matter(day, born, facts):
    one, other = rights_holders_on(day, born, facts), rights_holders_on(day, born, facts[::-1])
    assert sorted(deciders(one)) == sorted(deciders(other))
    assert {reason.code for reason in one.problems} == {reason.code for reason in other.problems}
