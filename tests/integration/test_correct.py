"""Correcting an archived record: a new archive, the fact restated, the outbox right, each refusal with its reason."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import document_of, origins_of
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.findings import Finding, Severity
from manzanita.exchange.actions import prepare_submission, store_answers
from manzanita.exchange.gateway import Answer
from manzanita.exchange.models import Operation
from manzanita.meetings.actions import NotPossible
from manzanita.procedures.correct import correct_record, preview_correction
from manzanita.students.models import Plan, Service
from tests.support import world as w
from tests.support.exchange import archive, review_rows

# The record of 415 speech in the plan of November 14, 2025, which the state holds.
SPEECH = "SERV|9910017|9900000005|20251114|415|100|510"
PLAN = "PLAN|9910017|9900000005|20251114"
MEET = "MEET|9910017|9900000005|20251114"


def row_of(key: str) -> ArchivedRecord:
    return ArchivedRecord.objects.select_related("archive").get(
        record_key=key, archive__superseded_by__isnull=True
    )


def correct(world, key: str, reason: str = "Typed wrong", **changes: str) -> Archive:
    return correct_record(
        actor=world.coordinator_actor,
        row=row_of(key),
        changes={number.replace("_", ".").removeprefix("f"): text for number, text in changes.items()},
        reason=reason,
    )


def codes(refused: pytest.ExceptionInfo[NotPossible]) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


def test_a_corrected_service_is_archived_stated_and_on_its_way(small_world):
    alder = small_world.students["alder"]
    old = row_of(SPEECH).archive
    before = bytes(old.document)

    new = correct(small_world, SPEECH, "The log says 45 minutes", f25_15="45")

    assert (new.cause, new.supersedes_id, new.event_on, new.by_id) == (
        "correction",
        old.pk,
        date(2025, 11, 14),
        small_world.coordinator.pk,
    )
    assert bytes(Archive.objects.get(pk=old.pk).document) == before
    document = document_of(new)
    assert document["reason"] == "The log says 45 minutes"
    assert document["context"]["corrected"] == {
        "record": "SERV",
        "key": SPEECH,
        "changes": [{"field": "25.15", "was": "30", "becomes": "45"}],
    }
    assert sorted(record["key"] for record in document["records"]) == [
        MEET,
        PLAN,
        "SERV|9910017|9900000005|20251114|330|100|510",
        SPEECH,
    ]
    assert origins_of(new, SPEECH)["25.15"] == "a correction by Juniper Mockup"
    assert origins_of(new, SPEECH)["25.14"] == "the state's extract"

    believed = Service.objects.believed().filter(student=alder, service_code="415")
    assert [(s.effective_from, s.effective_to, s.duration_minutes) for s in believed] == [
        (date(2025, 11, 14), None, "45")
    ]
    (operation,) = Operation.objects.all()
    assert (operation.kind, operation.record_key, operation.values["25.15"], operation.at_state["25.15"]) == (
        "replace",
        SPEECH,
        "45",
        "30",
    )
    event = ChangeEvent.objects.get(action="correct_record")
    assert (event.student_id, event.reason) == (alder.pk, "The log says 45 minutes")
    assert event.detail == {"record": "SERV", "fields": ["25.15"], "facts": 1}


def test_a_changed_key_is_a_delete_and_an_add(small_world):
    preview = preview_correction(row_of(SPEECH), {"25.12": "110"})
    assert preview.changes_key
    assert [(step.kind, step.key) for step in preview.steps] == [
        ("delete", SPEECH),
        ("add", "SERV|9910017|9900000005|20251114|415|110|510"),
    ]
    correct(small_world, SPEECH, f25_12="110")
    assert [(op.kind, op.record_key) for op in Operation.objects.order_by("position")] == [
        ("delete", SPEECH),
        ("add", "SERV|9910017|9900000005|20251114|415|110|510"),
    ]


def test_correcting_back_leaves_nothing_to_send(small_world):
    correct(small_world, SPEECH, f25_15="45")
    assert preview_correction(row_of(SPEECH), {"25.15": "30"}).steps == []
    correct(small_world, SPEECH, "It was right", f25_15="30")
    assert not Operation.objects.exists()
    assert Archive.objects.filter(cause="correction").count() == 2


def test_a_plan_s_correction_changes_only_the_corrected_fields_of_the_fact(small_world):
    alder = small_world.students["alder"]
    correct(small_world, PLAN, f23_23="80")
    (fact,) = Plan.objects.as_of(effective=date(2026, 11, 23)).filter(student=alder)
    assert (fact.general_education_percent, fact.disability_1_code, fact.effective_from) == (
        "80",
        "290",
        date(2025, 11, 14),
    )
    (earlier,) = Plan.objects.as_of(effective=date(2025, 11, 13)).filter(student=alder)
    assert earlier.general_education_percent == "85"


def test_a_service_that_went_on_unchanged_is_corrected_from_the_day_of_its_record(small_world):
    # The review of 2026 repeats 330 as it was: the fact began in 2025, the record says November 23, 2026.
    alder = small_world.students["alder"]
    archive(alder, review_rows())
    correct(small_world, "SERV|9910017|9900000005|20261123|330|100|510", f25_15="90")
    spans = Service.objects.believed().filter(student=alder, service_code="330").order_by("effective_from")
    assert [(s.effective_from, s.effective_to, s.duration_minutes) for s in spans][-2:] == [
        (date(2025, 11, 14), date(2026, 11, 22), "60"),
        (date(2026, 11, 23), None, "90"),
    ]


def test_a_rejected_service_is_corrected_and_free_to_go(small_world):
    archive(small_world.students["alder"], review_rows(**{"25.12": "400", "25.05": "9970099"}))
    submission = prepare_submission(actor=small_world.coordinator_actor, form="api", destination="sandbox")
    error = {"code": "SERV0447", "field": "25.05", "text": "Not in the list."}
    store_answers(
        submission=submission,
        answers=[
            *[Answer(position, is_posted=True) for position in (1, 2, 3)],
            Answer(4, is_posted=False, errors=[error]),
        ],
    )
    key = "SERV|9910017|9900000005|20261123|415|400|510"
    assert [step.kind for step in preview_correction(row_of(key), {"25.05": "9970011"}).steps] == ["add"]
    correct(small_world, key, f25_05="9970011")
    (operation,) = Operation.objects.all()
    assert (operation.kind, operation.hold_code, operation.values["25.05"]) == ("add", "", "9970011")


def test_a_meeting_s_delay_reason_is_corrected_on_the_meeting_too(small_world):
    from manzanita.meetings.models import Meeting

    correct(small_world, MEET, f24_18="30")
    meeting = Meeting.objects.get(student=small_world.students["alder"], held_on=date(2025, 11, 14))
    assert meeting.delay_code == "30"
    assert Operation.objects.get().values["24.18"] == "30"


# Refusals


def test_nothing_changed_and_no_reason_are_said(small_world):
    with pytest.raises(NotPossible) as refused:
        correct(small_world, SPEECH, "  ", f25_15="30")
    assert codes(refused) == ["nothing-changed", "no-reason"]
    assert all(reason.way_out and reason.owner for reason in refused.value.reasons)
    assert not Archive.objects.filter(cause="correction").exists()


def test_a_record_that_a_newer_archive_holds_is_not_corrected_again(small_world):
    stale = row_of(SPEECH)
    correct(small_world, SPEECH, f25_15="45")
    with pytest.raises(NotPossible) as refused:
        correct_record(
            actor=small_world.coordinator_actor, row=stale, changes={"25.15": "50"}, reason="second click"
        )
    assert codes(refused) == ["already-corrected"]


def test_two_records_of_one_archive_do_not_get_the_same_key(small_world):
    with pytest.raises(NotPossible) as refused:
        correct(small_world, SPEECH, f25_11="330")
    assert codes(refused) == ["same-key"]


def test_what_no_line_can_hold_is_refused_with_its_field(small_world):
    with pytest.raises(NotPossible) as refused:
        correct(small_world, SPEECH, f25_15="4^5")
    (reason,) = [reason for reason in refused.value.reasons if reason.code == "not-writable"]
    assert reason.values == {"25.15": "4^5"}
    assert "caret" in reason.text


def test_a_field_that_corrections_do_not_change_is_an_error_of_the_caller(small_world):
    with pytest.raises(ValueError, match=r"25\.17 is not changed"):
        preview_correction(row_of(SPEECH), {"25.17": "20251115"})


def test_what_the_state_would_reject_is_refused_and_what_certification_says_is_shown(
    small_world, monkeypatch
):
    def found(code: str, phase: str) -> Finding:
        return Finding(
            code=code,
            severity=Severity.FATAL,
            kind="input",
            phase=phase,
            record="PLAN",
            file=None,
            line=None,
            ssid=None,
            fields=("23.16",),
            values={"23.16": ""},
            message="Words.",
            record_key=PLAN,
        )

    given = [found("PLAN0663F1", "fall1")]
    monkeypatch.setattr("manzanita.exchange.live._judge", lambda *_: given)
    preview = preview_correction(row_of(PLAN), {"23.23": "80"})
    assert (preview.blockers, [finding.code for finding in preview.findings]) == ([], ["PLAN0663F1"])
    given.append(found("PLAN0726", "input"))
    with pytest.raises(NotPossible) as refused:
        correct(small_world, PLAN, f23_23="80")
    assert codes(refused) == ["PLAN0726"]


def test_the_rules_see_the_record_among_the_student_s_other_records(small_world, monkeypatch):
    seen = {}

    def rules(_page, rows, _setting, about):
        # First the record alone, then all: before the correction, and after it.
        assert list(about) in (["SERV"], ["SWDS", "MEET", "PLAN", "SERV"])
        seen.update({record: [dict(row) for row in lines] for record, lines in rows.items()})
        return []

    monkeypatch.setattr("manzanita.exchange.live._judge", rules)
    preview_correction(row_of(SPEECH), {"25.12": "110"})
    services = sorted((row["25.17"], row["25.11"], row["25.12"]) for row in seen["SERV"])
    assert services == [
        ("20241115", "330", "100"),
        ("20251114", "330", "100"),
        ("20251114", "415", "110"),  # in the place of the record it corrects
    ]
    assert len(seen["PLAN"]) == 2
    assert [row["1.08"] for row in seen["SENR"]] == [w.SSIDS["alder"]]
