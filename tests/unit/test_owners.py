"""The owner that a refusal names is somebody who may do what mends it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, get_resolver

from manzanita.domain.access import Capability
from manzanita.domain.findings import Owner
from manzanita.domain.owners import ACT_AS, may_all, owner_for
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.domain.record_fields import DECLARED
from manzanita.domain.rules import catalog
from manzanita.domain.statuses.conditions import CONDITIONS
from manzanita.domain.statuses.steps import STEPS


def required_by(name: str) -> list[tuple[Capability, ...]]:
    """What the page of an address asks for: of each of these one capability is enough."""
    (view,) = {one.callback for one in patterns(get_resolver().url_patterns) if one.name == name}
    found = []
    while view is not None:
        if "required" in view.__dict__ and view.__dict__["required"] not in found:
            found.append(view.__dict__["required"])
        view = view.__dict__.get("__wrapped__")
    return found


def patterns(some) -> Iterator[URLPattern]:
    for one in some:
        if isinstance(one, URLPattern):
            yield one
        else:
            yield from patterns(one.url_patterns)


def brought() -> list[tuple[str, tuple[str, ...]]]:
    """Conditions that somebody here brings, with the steps that do: the first, and the one that is meant instead."""
    # What the SIS staff do is done in the SIS.
    named = [one for one in CONDITIONS.values() if one.owner in ACT_AS and one.owner is not Owner.SIS]
    steps = [(one.key, tuple(filter(STEPS.get, (one.brought_by, one.instead)))) for one in named]
    return [(key, found) for key, found in steps if found]


@pytest.mark.parametrize(("condition", "steps"), brought())
def test_who_is_named_may_take_a_step_that_brings_what_lacks(condition, steps):
    owner = CONDITIONS[condition].owner
    needed = [required_by(STEPS[step].page) for step in steps]
    able = [all(any(may_all(owner, one) for one in any_of) for any_of in pages) for pages in needed]
    assert any(able), (owner, needed)


def test_the_pages_say_what_they_ask_for():
    assert required_by("change") == [(Capability.CORRECT_RECORD,)]
    assert required_by("portable_in") == [(Capability.ENTER_STUDENT,), (Capability.TRANSFER_STUDENT,)]


def test_a_clerk_is_named_for_what_a_clerk_may_do():
    assert owner_for(Capability.CORRECT_RECORD) is Owner.COORDINATOR
    assert owner_for(Capability.EDIT_CONTACTS) is Owner.CLERK
    assert owner_for(Capability.SET_POLICIES) is Owner.SELPA
    assert {key for keys in ACT_AS.values() for key in keys} <= set(PERSPECTIVES)


def test_no_rule_names_the_clerk_who_may_not_correct_a_record():
    assert len(catalog()) > 100
    assert [one.code for one in catalog().values() if one.owner is Owner.CLERK] == []


def test_of_the_fields_of_a_record_the_clerk_has_the_place_of_next_year():
    """Which the office plans by the capability to assign students."""
    assert {(one.fact, one.attribute) for one in DECLARED.values() if one.owner is Owner.CLERK} == {
        ("next", "agency_code"),
        ("next", "school_code"),
        ("next_grade", "grade_code"),
    }
