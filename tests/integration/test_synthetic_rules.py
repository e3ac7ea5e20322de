"""The fictitious SELPA and the rules, each written without the other: sound lines are sound, planted errors found."""

from __future__ import annotations

import json
from datetime import date

import pytest

from manzanita.cli import main
from manzanita.domain.rules.declaration import Setting
from manzanita.domain.validation.folder import validate_folder

SETTING = Setting(date(2026, 11, 23), "2026-2027")
# What one fault makes another rule say too: planted -> said besides.
CONSEQUENCES = {
    # A plan that is moved to another day leaves its services behind, and may start outside of enrollment.
    "PLAN0663F1": ["MZ-SERV-NO-PLAN"],
    "PLAN0714F1": ["MZ-SERV-NO-PLAN", "MZ-PLAN-NO-SERVICE", "MZ-PLAN-ENROLLMENT"],
    # An enrollment that is gone leaves the plan outside.
    "PLAN0637E4": ["MZ-PLAN-ENROLLMENT"],
    # A nonpublic school without its code, or without a plan that fits it; a student without a status.
    "SENR0646F1": ["MZ-SENR-NPS", "MZ-PLAN-NPS-SETTING"],
    "MZ-SENR-NPS": ["SENR0646F1"],
    "PLAN0673F1": ["SENR0646F1"],
    # A setting or plan type of another age carries the fields of the own age.
    "PLAN0362E1": ["MZ-PLAN-PERCENT-STRAY", "MZ-PLAN-SETTING-TYPE"],
    "PLAN0364E4": ["MZ-PLAN-PERCENT-STRAY", "MZ-PLAN-KINDERGARTEN"],
    "PLAN0365E4": ["MZ-PLAN-SETTING-TYPE"],
    "PLAN0366E4": ["MZ-PLAN-INFANT-FIELDS", "MZ-PLAN-SETTING-TYPE"],
    "PLAN0386F1": ["MZ-PLAN-SETTING-TYPE", "MZ-PLAN-IFSP-AGE"],
    "PLAN0724F1": ["MZ-PLAN-SETTING-TYPE", "MZ-PLAN-IFSP-AGE"],
    "PLAN0748E1": ["MZ-PLAN-ISP-PUBLIC"],
    # Maximum age is no reason of a student who participates; no frequency is asked of infants and of all others.
    "SWDS0370E4": ["MZ-STATUS-REASON-FIT"],
    "SERV0448E4": ["MZ-SERV-NO-FREQUENCY"],
}


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
    expected |= {(code, one["ssid"]) for one in errors for code in CONSEQUENCES.get(one["code"], ())}
    others = [
        (one.code, one.file, one.line)
        for one in validate_folder(folder, SETTING).findings
        if (one.code, one.ssid) not in expected and one.code != "MZ-LINE"
    ]
    assert others == []
    assert len({one["code"] for one in errors}) == 99
    # Only the degree of support is asked for twice in the same words.
    assert {one["code"]: one["also"] for one in errors if one["also"]} == {"PLAN0726F1": ["PLAN0726"]}
