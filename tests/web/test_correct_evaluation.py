"""The pages on which referral and consent of an archived initial evaluation are corrected."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from manzanita.archive.models import ArchivedRecord
from manzanita.domain.scenarios import EVENTS
from manzanita.exchange.models import Operation
from manzanita.meetings.actions import open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.meetings.models import Meeting
from manzanita.procedures.finalize import finalize_meeting
from manzanita.procedures.pending import report_pending
from tests.support.pages import text_of

MEET = "MEET|9910017|9900000003|20261120"


@pytest.fixture
def yarrow(small_world):
    return small_world.students["yarrow"]


@pytest.fixture
def opened(small_world, yarrow) -> Meeting:
    return open_meeting(
        actor=small_world.coordinator_actor,
        student=yarrow,
        event=EVENTS["b_initial"],
        evaluation=Evaluation(date(2026, 9, 28), date(2026, 9, 14), "10"),
    )


@pytest.fixture
def row(small_world, opened, noon) -> ArchivedRecord:
    actor = small_world.coordinator_actor
    hold_meeting(actor=actor, meeting=opened, held_on=date(2026, 11, 20), conclusion_key="not_eligible")
    finalize_meeting(actor=actor, meeting=Meeting.objects.get(pk=opened.pk))
    noon.shift(timedelta(minutes=5))
    return ArchivedRecord.objects.get(record_key=MEET)


@pytest.fixture
def juniper(small_world, sign_in):
    return sign_in(small_world.coordinator)


def field(client, student, kind: str, attribute: str) -> str:
    return text_of(client.get(f"/students/{student.public_id}/fields/meeting-{kind}.{attribute}"))


@pytest.mark.parametrize(
    ("attribute", "number"),
    [("referred_on", "24.11"), ("referred_by_code", "24.12"), ("consent_on", "24.13")],
)
def test_each_field_leads_to_its_correction_first_in_the_form(juniper, yarrow, row, attribute, number):
    text = field(juniper, yarrow, "initial", attribute)
    address = f"/corrections/{row.pk}?field={number}"
    assert address in text and "Correct what was archived" in text
    form = juniper.get(address).content.decode()
    first = form.index(f'name="{number}"')
    assert all(first < form.index(f'name="{one}"') for one in ("24.15", "24.18"))


def test_days_are_browser_dates_and_who_referred_a_list(juniper, row):
    form = text_of(juniper.get(f"/corrections/{row.pk}"))
    assert 'type="date" value="2026-09-14"' in form and 'type="date" value="2026-09-28"' in form
    assert '<option value="10" selected>' in form


def test_looked_at_saved_and_shown_with_its_undo(juniper, yarrow, row):
    values = {"24.11": "2026-09-11", "24.12": "20", "24.13": "2026-09-29", "24.15": "2026-11-20", "24.18": ""}
    values |= {"reason": "The letter is of the 11th."}
    looked = text_of(juniper.post(f"/corrections/{row.pk}", {**values, "check": "1"}))
    assert "What will happen" in looked and "24.13" in looked
    assert "told to <b>add</b> the MEET of 11/20/2026" in looked
    saved = juniper.post(f"/corrections/{row.pk}", values)
    assert saved.status_code == 302
    line = Operation.objects.get(record="MEET")
    assert [line.values[number] for number in ("24.11", "24.12", "24.13")] == ["20260911", "20", "20260929"]
    record = text_of(juniper.get(f"/students/{yarrow.public_id}?tab=record"))
    assert "09/29/2026" in record and "09/28/2026" not in record
    history = text_of(juniper.get(f"/students/{yarrow.public_id}?tab=history"))
    assert "Correction" in history and "The letter is of the 11th." in history
    archive = Operation.objects.get(record="MEET").archive_id
    corrected = ArchivedRecord.objects.get(archive=archive, record="MEET").archive
    back = juniper.post(f"/archives/{corrected.public_id}/take-back")
    assert back.status_code == 302
    found = Meeting.objects.get(student=yarrow, state="finalized")
    assert (found.referred_on, found.referred_by_code, found.consent_on) == (
        date(2026, 9, 14),
        "10",
        date(2026, 9, 28),
    )


def test_what_cannot_be_stands_at_its_field_with_what_was_typed(juniper, row):
    values = {"24.11": "2026-09-14", "24.12": "10", "24.13": "2026-11-21", "24.15": "2026-11-20"}
    answer = juniper.post(f"/corrections/{row.pk}", values | {"24.18": "", "reason": "x"})
    text = text_of(answer)
    assert answer.status_code == 422
    assert "The meeting was held on 11/20/2026; a consent of 11/21/2026 comes after it." in text
    assert 'value="2026-11-21"' in text


def test_a_review_has_none_of_the_three_and_its_field_says_so(juniper, small_world):
    alder = small_world.students["alder"]
    review = ArchivedRecord.objects.get(record_key="MEET|9910017|9900000005|20251114")
    form = juniper.get(f"/corrections/{review.pk}").content.decode()
    assert 'name="24.15"' in form and 'name="24.13"' not in form
    text = field(juniper, alder, "review", "consent_on")
    assert "Only an initial evaluation has a referral and a consent to evaluate" in text
    assert "MEET 24.11 to 24.13: initial evaluations only" in text


def test_a_pending_one_leads_to_its_meeting(juniper, small_world, yarrow, opened):
    report_pending(actor=small_world.coordinator_actor, meeting=opened)
    text = field(juniper, yarrow, "pending", "consent_on")
    assert "The evaluation is not held yet: what it began with stands in its meeting." in text
    assert f"/meetings/{opened.public_id}" in text
