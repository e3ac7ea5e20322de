"""The fictitious SELPA and the rules, each written without the other: sound lines are sound, planted errors found."""

from __future__ import annotations

import json
from datetime import date

import pytest

from manzanita.cli import main
from manzanita.domain.rules.declaration import Setting
from manzanita.domain.validation import validate_folder

SETTING = Setting(date(2026, 11, 23), "2026-2027")


def synth(folder, *more):
    assert main(["synth", "--students", "2000", "--seed", "7", "--out", str(folder), *more]) == 0
    return folder


def test_without_planted_errors_no_rule_objects(tmp_path):
    assert validate_folder(synth(tmp_path), SETTING).findings == []


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = synth(tmp_path_factory.mktemp("planted"), "--errors", "0.01")
    with (folder / "planted.jsonl").open() as file:
        return folder, [json.loads(line) for line in file]


def test_every_planted_error_is_found_where_it_was_planted(planted):
    folder, errors = planted
    found = {(one.code, one.file, one.line) for one in validate_folder(folder, SETTING).findings}
    assert [one for one in errors if (one["code"], one["file"], one["line"]) not in found] == []


def test_nothing_else_is_found(planted):
    folder, errors = planted
    expected = {(code, one["ssid"]) for one in errors for code in (one["code"], *one["also"])}
    others = [
        (one.code, one.file, one.line)
        for one in validate_folder(folder, SETTING).findings
        if (one.code, one.ssid) not in expected and one.code != "MZ-LINE"
    ]
    assert others == []
    assert len({one["code"] for one in errors}) == 62
    # Only the degree of support is asked for twice in the same words.
    assert {one["code"]: one["also"] for one in errors if one["also"]} == {"PLAN0726F1": ["PLAN0726"]}
