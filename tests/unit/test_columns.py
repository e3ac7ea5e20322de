"""Of a large folder only the columns that rules declare are kept: no expression and no message may need another."""

from __future__ import annotations

import polars as pl
import pytest

from manzanita.domain import records
from manzanita.domain.rules import row_rules
from manzanita.domain.rules.joining import ROW
from manzanita.domain.validation import frame_of, usable_rows
from manzanita.domain.validation.columns import columns_read, narrowed
from manzanita.domain.validation.rows import judge_rows
from manzanita.domain.validation.values import EMPTIED
from tests.support.rules import setting_of


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.code) for rule in row_rules()])
def test_a_rule_says_what_is_wrong_with_no_more_than_the_columns_it_declares(rule):
    setting = setting_of(rule)
    for example in rule.fails:
        frames = {
            record: frame_of(record, [records.complete(record, row) for row in rows])
            for record, rows in example.items()
        }
        columns = columns_read([rule], frames, setting)
        kept = {
            record: narrowed(
                usable_rows(record, frame.with_columns(pl.lit("").alias(EMPTIED))), columns[record]
            ).with_row_index(ROW)
            for record, frame in frames.items()
        }
        found = [
            finding
            for record in rule.subjects
            if record in kept
            for finding in judge_rows(record, kept[record], [rule], kept, setting).findings()
        ]
        assert {finding.code for finding in found} == {rule.code}


def test_most_columns_of_a_demographic_record_are_not_kept():
    columns = columns_read(row_rules(), ["SENR", "SINF"], setting_of(row_rules()[0]))
    assert columns["SINF"] == ("2.04", "2.09", "2.18")
    assert {"1.08", "1.22"} <= set(columns["SENR"])
    assert not {"1.10", "1.11", "1.12"} & set(columns["SENR"])
