"""Nothing that no public state source prints leaves toward the real state, and every reason says so."""

from __future__ import annotations

import pytest

from manzanita.domain.records import complete
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.gateway.guard import Line, refusals
from manzanita.exchange.models import Operation, Submission, SubmissionLine
from manzanita.platform.models import Job
from tests.support import world as w
from tests.support.exchange import archive, review_rows

PLAN = Line("PLAN", complete("PLAN", w.plan("alder", "20261123")))


@pytest.mark.parametrize("form", ["api", "files"])
def test_the_sandbox_takes_everything(form):
    assert refusals([PLAN], form=form, destination="sandbox", peer="sandbox") == []


def test_the_state_is_refused_what_is_not_confirmed_with_owner_and_way_out():
    positions, *codes = refusals([PLAN], form="files", destination="state", peer="state")
    assert positions.code == "not-confirmed-positions-PLAN"
    # The PLAN layout as loaded: these positions are not printed by a public state source.
    for listed in ("23.03 (inferred)", "23.19 (inferred)", "23.23 (inferred)", "23.34 (provisional)"):
        assert listed in positions.text
    for confirmed in ("23.01 ", "23.12 ", "23.15 ", "23.16 "):
        assert confirmed not in positions.text
    for reason in (positions, *codes):
        assert str(reason.owner) == "SEDS coordinator"
        assert reason.way_out == "Load the state's workbook."
        assert reason.text.startswith("Not confirmed. ")


def test_codes_are_named_with_their_confidence_and_each_set_once():
    lines = [
        PLAN,
        Line("PLAN", {**PLAN.values, "23.14": "10"}),
        Line("PLAN", {**PLAN.values, "23.14": "99"}),
    ]
    texts = [reason.text for reason in refusals(lines, form="files", destination="state", peer="state")]
    (residence,) = [text for text in texts if "PrimaryResidence" in text]
    assert "99 (unknown)" in residence
    assert not [text for text in texts if "set Disability:" in text]  # 290 is printed by the state


def test_the_state_s_api_is_refused_because_its_contract_is_not_public():
    first, *_ = refusals([PLAN], form="api", destination="state", peer="state")
    assert first.code == "not-confirmed-state-api"
    assert "contract is not public" in first.text
    assert first.way_out.startswith("Use the files for hand upload")


def test_a_refused_submission_keeps_its_reasons_and_nothing_leaves(small_world):
    archive(small_world.students["alder"], review_rows())
    submission = prepare_submission(actor=small_world.coordinator_actor, form="files", destination="state")
    assert submission.state == "refused"
    codes = [reason["code"] for reason in submission.refusals]
    assert codes[:4] == [
        "other-book",
        "not-confirmed-positions-MEET",
        "not-confirmed-positions-PLAN",
        "not-confirmed-positions-SERV",
    ]
    assert all(reason["owner"] == "SEDS coordinator" and reason["way_out"] for reason in submission.refusals)
    assert not SubmissionLine.objects.exists()
    assert not Job.objects.exists()
    assert set(Operation.objects.values_list("hold_code", flat=True)) == {""}
    assert Submission.objects.get().file_name.startswith("9910017_")


def test_what_was_posted_at_the_practice_state_is_no_ground_for_sending_to_the_state(small_world, settings):
    archive(small_world.students["alder"], review_rows())
    practiced = prepare_submission(actor=small_world.coordinator_actor, form="files", destination="sandbox")
    assert practiced.state == "ready"
    # Even where the settings are turned over later, the book that was begun stays the practice state's.
    settings.STATE_GATEWAY = {**settings.STATE_GATEWAY, "destination": "state"}
    archive(small_world.students["towhee"], review_rows("towhee"))
    refused = prepare_submission(actor=small_world.coordinator_actor, form="files", destination="state")
    assert refused.state == "refused"
    assert refused.refusals[0]["code"] == "other-book"
    assert refused.refusals[0]["text"].startswith(
        "This installation keeps the book of the practice state (sandbox)"
    )
    assert (
        prepare_submission(actor=small_world.coordinator_actor, form="files", destination="sandbox").refusals
        == []
    )


def test_an_installation_that_speaks_to_the_state_has_no_practice(small_world, settings):
    settings.STATE_GATEWAY = {**settings.STATE_GATEWAY, "destination": "state"}
    archive(small_world.students["alder"], review_rows())
    refused = prepare_submission(actor=small_world.coordinator_actor, form="api", destination="sandbox")
    assert [reason["code"] for reason in refused.refusals] == ["other-book"]
