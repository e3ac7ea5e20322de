"""The steps of a join say the same of few rows, in plain Python, and of many, by Polars."""

from __future__ import annotations

import polars as pl
import pytest

from manzanita.domain.rules import contexts, joining
from manzanita.domain.rules.joining import (
    ROW,
    among,
    day_number,
    greatest,
    has_double,
    has_record,
    is_newest,
    newest_rows,
    none_told,
    pairs,
    told,
    where,
)
from tests.properties.test_live_rules import crowded
from tests.support.rules import USUAL


@pytest.fixture(params=[0, 100], ids=["many", "few"], autouse=True)
def few(request, monkeypatch):
    monkeypatch.setattr(joining, "FEW", request.param)


def subject():
    return pl.DataFrame({ROW: [0, 1, 2], "who": ["a", "b", "a"], "on": ["20260101", "", "20260301"]})


def others():
    return pl.DataFrame(
        {"whose": ["a", "a", "c"], "since": ["20251201", "20260301", "20260101"], "n": [1, 2, 3]}
    )


def rows(frame):
    return sorted(frame.rows())


def test_where_takes_the_rows_that_are_true_and_neither_false_nor_null():
    assert where(others(), pl.Series([True, None, False])).rows() == [("a", "20251201", 1)]


def test_an_empty_day_has_no_number():
    assert day_number(subject()["on"]).to_list() == [20260101, None, 20260301]


def test_among_and_has_record():
    assert among(subject()["who"], pl.Series(["a", "a", "z"])).to_list() == [True, False, True]
    assert among(subject()["who"], pl.Series([], dtype=pl.String)).to_list() == [False, False, False]
    met = has_record(subject(), ["who", "on"], others(), ["whose", "since"])
    assert met.to_list() == [False, False, True]
    assert has_record(subject(), ["who"], others().clear(), ["whose"]).to_list() == [False] * 3


def test_pairs_are_each_with_each_and_the_keys_stand_once():
    beside = pairs(subject(), others(), "who", "whose")
    assert beside.columns == [ROW, "who", "on", "since", "n"]
    assert [(row, n) for row, _, _, _, n in rows(beside)] == [(0, 1), (0, 2), (2, 1), (2, 2)]
    assert rows(pairs(subject(), others(), ["who", "on"], ["whose", "since"])) == [(2, "a", "20260301", 2)]
    assert pairs(subject(), others().clear(), "who", "whose").schema == beside.schema


def test_told_keeps_each_row_and_says_what_stands_where_nothing_is_found():
    found = pl.DataFrame({"whose": ["a", "c"], "x": ["y", "z"], "list": [["p", "q"], []], "other": [1, 2]})
    said = told(subject(), found, "who", "whose", {"x": "-", "list": None})
    assert said.sort(ROW).select("x", "list").rows() == [("y", ["p", "q"]), ("-", None), ("y", ["p", "q"])]
    assert said.schema["list"] == pl.List(pl.String)
    nothing = told(subject(), found.clear(), "who", "whose", {"x": "-", "list": None})
    assert nothing.select("x", "list").rows() == [("-", None)] * 3
    assert none_told(subject(), {"n": 0}, {"n": pl.UInt32()}).schema["n"] == pl.UInt32


def test_the_newest_row_is_the_last_of_equally_new_ones_and_a_day_beats_none():
    frame = pl.DataFrame({"k": ["a", "a", "b", "a", "b"], "d": [1, 3, None, 3, 0], "n": [1, 2, 3, 4, 5]})
    assert rows(newest_rows(frame, "k", frame["d"]).select("k", "n")) == [("a", 4), ("b", 5)]
    assert newest_rows(frame.clear(), "k", frame.clear()["d"]).height == 0
    assert is_newest(frame["k"], frame["d"]).to_list() == [False, True, False, True, True]


def test_the_greatest_of_each_column():
    frame = pl.DataFrame({"k": ["a", "a", "b"], "x": [1, 5, None], "y": [7, None, 2]})
    assert rows(greatest(frame, "k", ["x", "y"]).select("k", "x", "y")) == [("a", 5, 7), ("b", None, 2)]
    assert greatest(frame.clear(), "k", ["x"]).height == 0


def test_doubles_agree_in_all_that_is_named():
    frame = pl.DataFrame({"x": ["a", "a", "b", "a"], "y": ["1", "2", "1", "1"]})
    assert has_double(frame, ["x", "y"]).to_list() == [True, False, False, True]
    assert has_double(frame, ["y"]).to_list() == [True, False, True, True]
    assert has_double(frame.head(1), ["x"]).to_list() == [False]


@pytest.mark.parametrize("context", contexts().values(), ids=lambda context: context.name)
def test_a_context_says_the_same_of_few_rows_as_of_many(context, monkeypatch):
    frames = crowded()
    said = []
    for few in (0, 1_000):
        monkeypatch.setattr(joining, "FEW", few)
        said.append(
            [context.columns(record, frames[record], frames, USUAL).to_dicts() for record in context.own]
        )
    assert said[0] == said[1]
    assert len(said[0][0]) > 2
