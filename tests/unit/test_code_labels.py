"""Codes in words that people read: the state's name stays the state's, what is run together is taken apart."""

from __future__ import annotations

import re

import pytest

from manzanita.domain.codes import Code, code_set, packaged_code_sets


def named(name: str) -> Code:
    return Code("E400", name, "current", "seen", "seen", "a page")


@pytest.mark.parametrize(
    ("code", "name", "label"),
    [
        ("E125", "PriorComplSpecEd", "E125 Prior completer of special education"),
        ("E140", "NoKnownEnrollTruant", "E140 No known enrollment, truant"),
        ("E300", "ExpellNoKnownEnroll", "E300 Expelled, no known enrollment"),
        ("E400", "OtherOrUnknown", "E400 Other or unknown"),
        ("E410", "MedicalRsns", "E410 Medical reasons"),
        ("N470", "name from memory: no show", "N470 No show (name not confirmed)"),
    ],
)
def test_an_exit_reads_in_words_and_keeps_the_state_s_name(code, name, label):
    exits = code_set("StudentExitCategory")
    assert exits.codes[code].name == name
    assert exits.label(code) == label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("TransCollege", "Trans college"),
        ("YearEndEnrollmentExit", "Year end enrollment exit"),
        ("Adult education / WorkAbility", "Adult education / WorkAbility"),
        ("Occupational therapy", "Occupational therapy"),
        ("SELPA", "SELPA"),
        ("Daily", "Daily"),
    ],
)
def test_a_name_of_the_district_s_workbook_is_taken_apart_only_where_it_is_run_together(name, label):
    assert named(name).label == label


def test_no_code_of_any_set_is_shown_run_together():
    shown = [code.label for one in packaged_code_sets().values() for code in one.codes.values()]
    assert len(shown) > 250
    assert [label for label in shown if re.search(r"^\(?[A-Z][a-z]+[A-Z]|memory", label)] == []
