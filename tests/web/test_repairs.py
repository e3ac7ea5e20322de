"""Mending many records at once: a preview that says of each what it becomes or why not, and each student whole."""

from __future__ import annotations

import re

import pytest

from manzanita.archive.queries import standing_records
from manzanita.auditing.models import ChangeEvent
from manzanita.exchange.models import Operation
from manzanita.findings.models import RuleFinding
from manzanita.meetings.actions import NotPossible
from manzanita.procedures import repairing
from manzanita.procedures.repairing import AT_ONCE, preview_repair, repair_findings
from tests.support import pages
from tests.support import world as w
from tests.support.exchange import archive
from tests.support.findings import INFANT_FIELDS as CODE
from tests.support.findings import infant_answer, judged
from tests.support.pages import many_students, other_coordinator, reads, text_of

pytestmark = pytest.mark.django_db

ADDRESS = f"/findings/settle/repair/{CODE}"
REASON = "The two answers were carried over from the IFSP"


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


def stands(world, name):
    rows = standing_records([world.students[name].pk])[world.students[name].pk]
    return next(row for row in rows if row.record == "PLAN" and row.values["23.12"] == "20261123")


def ticked(answer) -> list[str]:
    return re.findall(r'name="finding" value="([^"]+)"', answer.content.decode())


def test_the_list_of_the_rule_leads_to_the_preview(small_world, coordinator):
    infant_answer(small_world, "alder")
    page = text_of(coordinator.get(f"/findings/settle?rule={CODE}"))
    assert f'href="{ADDRESS}"' in page
    assert ADDRESS not in text_of(coordinator.get("/findings/settle"))
    assert ADDRESS not in text_of(coordinator.get(f"/findings/settle?rule={CODE}&state=closed"))


def test_the_preview_says_what_each_record_becomes_and_changes_nothing(small_world, coordinator):
    one, other = infant_answer(small_world, "alder"), infant_answer(small_world, "towhee")
    before = ChangeEvent.objects.count()
    answer = coordinator.get(ADDRESS)
    page = text_of(answer)
    assert ticked(answer) == [f"{one.pk} {one.inputs}", f"{other.pk} {other.inputs}"]
    assert "Alder Testcase" in page and "Towhee Testcase" in page and "Repair 2" in page
    assert "Both answers are about an IFSP." in page
    assert re.search(r"23\.35</span> [^<]+: Y[^<]* → <b>blank</b>", page)
    assert ChangeEvent.objects.count() == before
    assert stands(small_world, "alder").values["23.35"] == "Y"
    assert {read for read in reads() if read[1] == "settle.repair"} == {
        (one.student_id, "settle.repair"),
        (other.student_id, "settle.repair"),
    }


def test_what_is_ticked_is_mended_and_stands_in_archive_log_and_plan(small_world, coordinator):
    one, other = infant_answer(small_world, "alder"), infant_answer(small_world, "towhee")
    sent = {"finding": [f"{one.pk} {one.inputs}"], "reason": REASON}
    page = text_of(coordinator.post(ADDRESS, sent, follow=True))
    assert "1 record mended." in page
    row = stands(small_world, "alder")
    assert row.values["23.35"] == ""
    assert (row.archive.cause, row.archive.reason) == ("correction", REASON)
    assert stands(small_world, "towhee").values["23.35"] == "Y"
    note = ChangeEvent.objects.get(action="repair_finding")
    assert (note.student_id, note.reason) == (one.student_id, REASON)
    assert note.detail == {"rule": CODE, "finding": one.pk, "fields": ["23.35"]}
    assert ChangeEvent.objects.filter(action="correct_record", student_id=one.student_id).count() == 1
    (operation,) = Operation.objects.filter(student_id=one.student_id, record="PLAN", key_on="2026-11-23")
    assert operation.values["23.35"] == ""
    judged(small_world)
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.state, other.state) == ("closed", "open")


def test_a_second_click_does_nothing(small_world, coordinator):
    one = infant_answer(small_world, "alder")
    sent = {"finding": [f"{one.pk} {one.inputs}"], "reason": REASON}
    coordinator.post(ADDRESS, sent)
    first = stands(small_world, "alder").pk
    page = text_of(coordinator.post(ADDRESS, sent, follow=True))
    assert "Nothing was mended" in page and "perhaps it is mended already" in page
    judged(small_world)
    assert "Nothing was mended" in text_of(coordinator.post(ADDRESS, sent, follow=True))
    assert stands(small_world, "alder").pk == first
    assert ChangeEvent.objects.filter(action="repair_finding").count() == 1


def test_values_that_changed_since_the_page_was_opened_are_left_alone(small_world, coordinator):
    one = infant_answer(small_world, "alder")
    sent = {"finding": [f"{one.pk} {'0' * 32}"], "reason": REASON}
    assert "The record has changed since" in text_of(coordinator.post(ADDRESS, sent, follow=True))
    assert stands(small_world, "alder").values["23.35"] == "Y"


def test_without_a_reason_nothing_is_done_and_the_page_says_why(small_world, coordinator):
    one = infant_answer(small_world, "alder")
    answer = coordinator.post(ADDRESS, {"finding": [f"{one.pk} {one.inputs}"], "reason": " \n "})
    assert answer.status_code == 422
    assert "A correction of what was archived needs its reason." in text_of(answer)
    assert stands(small_world, "alder").values["23.35"] == "Y"


@pytest.mark.parametrize("finding", ["", "x", "1", "1 2", "9" * 40 + " " + "0" * 32, "-1 " + "0" * 32])
def test_what_names_no_finding_mends_nothing(small_world, coordinator, finding):
    infant_answer(small_world, "alder")
    page = text_of(coordinator.post(ADDRESS, {"finding": [finding], "reason": REASON}, follow=True))
    assert "Nothing was mended" in page


def test_a_meeting_under_way_and_a_record_that_is_not_ours_are_left_out_with_why(small_world, coordinator):
    one, other = infant_answer(small_world, "alder"), infant_answer(small_world, "towhee")
    pages.opened(small_world, "alder")
    RuleFinding.objects.filter(pk=other.pk).update(record_key="PLAN|9910017|9900000006|20200101")
    answer = coordinator.get(ADDRESS)
    assert ticked(answer) == []
    page = text_of(answer)
    assert "A meeting of the student is under way; its offer builds on this plan." in page
    assert "The record was not archived by this LEA" in page
    done = repair_findings(
        actor=small_world.coordinator_actor,
        code=CODE,
        seen={one.pk: one.inputs, other.pk: other.inputs},
        reason=REASON,
    )
    assert (done.count, done.closed) == (0, 0)
    assert {left.why_not.code for left in done.left_out} == {"meeting-under-way", "not-ours"}


def test_a_student_is_mended_whole_or_not_at_all_and_the_others_all_the_same(small_world, monkeypatch):
    one, other = infant_answer(small_world, "alder"), infant_answer(small_world, "towhee")
    correct = repairing.correct_record

    def fails_for_alder(**named):
        done = correct(**named)
        if named["row"].student_id == one.student_id:
            raise NotPossible([repairing._changed_since()])
        return done

    monkeypatch.setattr(repairing, "correct_record", fails_for_alder)
    seen = {one.pk: one.inputs, other.pk: other.inputs}
    done = repair_findings(actor=small_world.coordinator_actor, code=CODE, seen=seen, reason=REASON)
    assert (done.count, [left.finding.pk for left in done.left_out]) == (1, [one.pk])
    assert stands(small_world, "alder").values["23.35"] == "Y"
    assert stands(small_world, "towhee").values["23.35"] == ""


def test_not_more_than_a_few_seconds_of_work_go_with_one_click(small_world):
    seen = dict.fromkeys(range(1, AT_ONCE + 2), "0" * 32)
    with pytest.raises(NotPossible) as refused:
        repair_findings(actor=small_world.coordinator_actor, code=CODE, seen=seen, reason=REASON)
    assert [reason.code for reason in refused.value.reasons] == ["too-many"]


def test_a_rule_that_mends_nothing_has_no_such_page(small_world, coordinator):
    for code in ("MZ-MEET-LATE", "GERR0001", "NONE", "MZ-PLAN-INFANT-FIELDS-2"):
        assert coordinator.get(f"/findings/settle/repair/{code}").status_code == 404
        with pytest.raises(ValueError):
            preview_repair(small_world.coordinator_actor, code)


def test_who_corrects_no_records_is_told_who_does(small_world, sign_in):
    one = infant_answer(small_world, "alder")
    manager = sign_in(small_world.case_manager)
    page = text_of(manager.get(f"/findings/settle?rule={CODE}"))
    assert "Your perspective does not correct records." in page and ADDRESS not in page
    assert manager.post(ADDRESS, {"finding": [f"{one.pk} {one.inputs}"], "reason": REASON}).status_code == 403


def test_a_stranger_sees_and_mends_nothing(small_world, sign_in):
    one = infant_answer(small_world, "alder")
    stranger = sign_in(other_coordinator(small_world))
    assert ticked(stranger.get(ADDRESS)) == [] and "Alder" not in text_of(stranger.get(ADDRESS))
    stranger.post(ADDRESS, {"finding": [f"{one.pk} {one.inputs}"], "reason": REASON})
    assert stands(small_world, "alder").values["23.35"] == "Y"


# session, user, grants, no block; findings, standing records, SSIDs, meetings, locks, believed records 7, read log 3,
# names
PREVIEW_QUERIES = 25


@pytest.mark.parametrize("count", [2, 12])
def test_the_preview_costs_the_same_for_few_and_many(
    small_world, coordinator, django_assert_num_queries, count
):
    for number, student in enumerate(many_students(count)):
        line = w.plan(
            "alder", "20261123", **{"23.05": "2026-2027", "23.35": "Y", "23.06": f"99001{number:05}"}
        )
        archive(student, [("PLAN", line)])
        small_world.students[f"many{number}"] = student
    judged(small_world)
    coordinator.get(ADDRESS)
    with django_assert_num_queries(PREVIEW_QUERIES):
        assert len(ticked(coordinator.get(ADDRESS))) == count
