"""The examples of every rule notice when the rule is broken: silent, never silent, or wrong by a month of age."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from functools import partial

import polars as pl
import pytest

from manzanita.domain import records, rules, validation
from manzanita.domain.findings import Severity
from manzanita.domain.rules import ages, field_rules, row_rules
from manzanita.domain.rules.declaration import FieldRule
from manzanita.domain.validation import rows as validated_rows
from manzanita.domain.validation import values
from tests.support.rules import setting_of

RULES = [pytest.param(rule, id=rule.code) for rule in (*field_rules(), *row_rules())]
# Those of the state: a local rule may ask an age beside what decides.
AGED = [
    pytest.param(rule, id=rule.code) for rule in row_rules() if "birth" in rule.contexts and not rule.is_local
]
SOFTENED = [pytest.param(rule, id=rule.code) for rule in row_rules() if rule.softened]

NEVER, ALWAYS = pl.col("line") < 0, pl.col("line") > 0


def forget():
    """The expressions that are kept are those of the rules as they were."""
    values.value_cases.cache_clear()
    validated_rows.expressions.cache_clear()


@pytest.fixture
def said(monkeypatch):
    """Severities of what one rule, alone, says of an example."""

    def evaluate(rule, example):
        is_field_rule = isinstance(rule, FieldRule)
        monkeypatch.setattr(validation, "row_rules", lambda: () if is_field_rule else (rule,))
        monkeypatch.setattr(values, "field_rules", lambda: (rule,) if is_field_rule else ())
        forget()
        rows = {
            record: [records.complete(record, row) for row in of_record]
            for record, of_record in example.items()
        }
        setting = setting_of(rule)
        found = validation.evaluate_records(rows, as_of=setting.as_of, year=setting.year)
        return {finding.severity for finding in found if finding.code == rule.code and finding.record_key}

    yield evaluate
    forget()


@pytest.fixture
def is_noticed(said):
    """Whether an example of a rule, broken or not, says another thing than it should."""

    def check(rule):
        return any(said(rule, example) for example in rule.passes) or not all(
            said(rule, example) for example in rule.fails
        )

    return check


def broken(rule, wrong):
    """``rule`` with another expression, and a message that can be made of any row."""
    if isinstance(rule, FieldRule):

        def of_field(record, field):
            return None if rule.wrong(record, field) is None else wrong

        return replace(rule, wrong=of_field, message=lambda *_: "", empties=False)
    return replace(
        rule,
        wrong=lambda _: wrong,
        message=lambda _: "",
        softened=None,
        undecided=None,
        group=None,
        marks=None,
    )


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_not_broken_agrees_with_its_examples(rule, is_noticed):
    assert not is_noticed(rule)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_never_objects_fails_its_examples(rule, is_noticed):
    assert is_noticed(broken(rule, NEVER))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_always_objects_fails_its_examples(rule, is_noticed):
    assert is_noticed(broken(rule, ALWAYS))


@pytest.mark.parametrize("by", [-1, 1])
@pytest.mark.parametrize("rule", AGED)
def test_a_rule_whose_ages_are_wrong_by_a_month_fails_its_examples(rule, by, monkeypatch, is_noticed):
    setting = setting_of(rule)
    counted = {"months_old": ages.months_old, "months_old_on": ages.months_old_on}
    before = str(rule.wrong(setting))
    for found in pkgutil.iter_modules(rules.__path__):
        module = importlib.import_module(f"{rules.__name__}.{found.name}")
        for name, months in counted.items():
            if getattr(module, name, None) is months:
                wrong = partial(lambda months, birth, day: months(birth, day) + by, months)
                monkeypatch.setattr(module, name, wrong)
    if str(rule.wrong(setting)) == before:
        assert "birth.on" in before  # it compares dates, not months
        return
    assert is_noticed(rule)


@pytest.mark.parametrize("rule", SOFTENED)
def test_a_rule_that_softens_has_failing_examples_of_both_weights(rule, said):
    weights = set().union(*(said(rule, example) for example in rule.fails))
    assert weights == {Severity.WARNING, rule.severity_in(setting_of(rule).year)}
