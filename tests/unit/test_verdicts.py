"""What rules about values say is kept by content: asked once, forgotten when it is much, never mixed up."""

from __future__ import annotations

import pytest

from manzanita.domain.records import complete
from manzanita.domain.rules.examples import plan, senr
from manzanita.domain.validation import frame_of, verdicts
from manzanita.domain.validation.values import value_cases
from manzanita.domain.validation.verdicts import Verdicts, verdicts_of


@pytest.fixture
def asked(monkeypatch):
    """The fields that were asked about, call by call."""
    numbers = []
    ask = Verdicts._ask

    def count(self, unknown, contents, lines):
        numbers.append(sorted(unknown))
        return ask(self, unknown, contents, lines)

    monkeypatch.setattr(Verdicts, "_ask", count)
    return numbers


def codes_by_line(kept, record, *rows):
    rows = [complete(record, row) for row in rows]
    found = kept.wrong(rows, frame_of(record, rows))
    return [
        [f"{case.rule.code} {case.field.number}" for case, flag in found if flag[line]]
        for line in range(len(rows))
    ]


def test_a_content_is_asked_about_once_and_stays_with_its_row(asked):
    kept = Verdicts(value_cases("PLAN", None))
    sound, wrong = plan(), plan({"23.15": "999"})
    for _ in range(2):
        assert codes_by_line(kept, "PLAN", sound, wrong, sound) == [[], ["GERR0002 23.15"], []]
    assert codes_by_line(kept, "PLAN", wrong) == [["GERR0002 23.15"]]
    assert len(asked) == 1
    assert codes_by_line(kept, "PLAN", plan({"23.23": "80%"})) == [["FRMT0004 23.23"]]
    assert asked[1:] == [["23.23"]]


def test_a_rule_that_reads_another_field_is_asked_again_where_that_differs(asked):
    kept = Verdicts(value_cases("SENR", None))
    assert codes_by_line(kept, "SENR", senr({"1.24": "TK", "1.07": "2026-2027"})) == [[]]
    assert codes_by_line(kept, "SENR", senr({"1.24": "TK", "1.07": "2022-2023"})) == [["GERR0007 1.24"]]
    assert "1.24" in asked[1]


def test_much_is_forgotten_and_asked_again(asked, monkeypatch):
    monkeypatch.setattr(verdicts, "CONTENTS_KEPT", 100)
    kept = Verdicts(value_cases("PLAN", None))
    for number in range(30):
        assert codes_by_line(kept, "PLAN", plan({"23.06": f"99000000{number:02}", "23.15": "999"})) == [
            ["GERR0002 23.15"]
        ]
        assert len(kept._kept) <= 100
    assert len(asked) == 30


def test_other_rules_about_values_keep_their_own(monkeypatch):
    first = verdicts_of("PLAN")
    assert verdicts_of("PLAN") is first
    monkeypatch.setattr(verdicts, "value_cases", value_cases.__wrapped__)
    assert verdicts_of("PLAN") is not first
