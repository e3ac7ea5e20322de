"""Records that stand at the state under a key that is not right any more: SSIDs retired and merged, dates mended."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.archive.models import ArchivedRecord
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.models import Operation, StateFinding, StateRecord, Submission
from manzanita.exchange.outbox import reconcile_students
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.correct import correct_record
from manzanita.students.actions import state_student_facts
from tests.support import world as w
from tests.support.exchange import archive, review_rows

pytestmark = pytest.mark.django_db(transaction=True)

RETIRED, KEPT = w.SSIDS["alder"], "9900000077"


def send(world) -> Submission:
    submission = prepare_submission(actor=world.coordinator_actor, form="api", destination="sandbox")
    run_jobs_now(raises_errors=True)
    submission.refresh_from_db()
    assert submission.state == "done"
    return submission


def answers(submission: Submission) -> list[tuple[str, str, str]]:
    return list(submission.lines.order_by("position").values_list("kind", "record_key", "outcome"))


def the_sis_brings(student, ssid: str) -> None:
    """What an import of SIS files does with an SSID that is new for a student it knows."""
    state_student_facts(
        "ssid",
        [Statement({"student_id": student.pk}, {"ssid": ssid}, date(2026, 11, 23))],
        by_id=None,
        cause="sis",
    )
    reconcile_students([student.pk])


def lines_of(sandbox, record: str, ssid: str) -> list[list[str]]:
    return [line.split("^") for line in sandbox.extract(record) if f"^{ssid}^" in line]


def test_a_retired_ssid_is_the_sis_s_to_mend_and_then_everything_goes_under_the_other(
    world, sandbox, sign_in
):
    alder = world.students["alder"]
    sandbox.control("ssid", retired=RETIRED, replaced_by=KEPT)
    archive(alder, review_rows())
    rejected = send(world)
    assert {outcome for _, _, outcome in answers(rejected)} == {"rejected"}

    findings = StateFinding.objects.filter(closed_at=None)
    assert findings.count() == 4
    finding = findings.get(record="PLAN")
    assert (finding.rule_code, finding.fields, finding.values, finding.owner) == (
        "SBX0003",
        ["23.06"],
        {"23.06": RETIRED},
        "SIS staff",
    )
    assert finding.message == f"This SSID is retired. The student now has the SSID {KEPT}."
    page = " ".join(sign_in(world.coordinator).get(f"/findings/{finding.pk}").content.decode().split())
    assert "Give the student the other SSID in the SIS." in page
    assert "SIS staff" in page
    assert 'href="/imports">Take in SIS files</a>' in page
    assert "Correct and resend" not in page
    plan = Operation.objects.get(record="PLAN")
    assert (plan.hold_code, plan.holds[0]["owner"]) == ("rejected", "SIS staff")
    assert plan.holds[0]["way_out"].startswith("Give the student the other SSID in the SIS.")

    the_sis_brings(alder, KEPT)
    assert not StateFinding.objects.filter(closed_at=None).exists()
    # What the state held of old it has moved; only the review is new, under the SSID of now.
    assert list(Operation.objects.order_by("position").values_list("kind", "record_key", "hold_code")) == [
        ("add", f"MEET|9910017|{KEPT}|20261120", ""),
        ("add", f"PLAN|9910017|{KEPT}|20261123", ""),
        ("add", f"SERV|9910017|{KEPT}|20261123|330|100|510", ""),
        ("add", f"SERV|9910017|{KEPT}|20261123|415|100|510", ""),
    ]
    assert {outcome for _, _, outcome in answers(send(world))} == {"posted"}
    assert not Operation.objects.exists()
    assert lines_of(sandbox, "PLAN", RETIRED) == []
    assert [line[11] for line in lines_of(sandbox, "PLAN", KEPT)] == ["20241115", "20251114", "20261123"]
    assert len(lines_of(sandbox, "SERV", KEPT)) == 5
    # Line for line as many as the state's own extract has.
    assert StateRecord.objects.filter(lea_code=w.LEA).count() == sum(
        len(sandbox.extract(record)) for record in ("SWDS", "MEET", "PLAN", "SERV")
    )


def test_an_ssid_that_the_sis_replaced_first_needs_no_release(world, sandbox):
    """The plan deletes under the old SSID; the state answers that it is retired, and that settles it."""
    alder = world.students["alder"]
    sandbox.control("ssid", retired=RETIRED, replaced_by=KEPT)
    the_sis_brings(alder, KEPT)
    first = send(world)
    # What the state holds by our book: 1 SWDS, 2 MEET, 2 PLAN, 3 SERV; each is to be moved by delete and add.
    assert [(kind, outcome) for kind, _, outcome in answers(first)] == [("delete", "rejected")] * 8 + [
        ("add", "posted")
    ] * 8
    assert not Operation.objects.exists()
    assert not StateFinding.objects.filter(closed_at=None).exists()
    assert len(lines_of(sandbox, "SERV", KEPT)) == 3


def test_an_ssid_that_was_never_the_student_s_is_deleted_and_added_anew(world, sandbox):
    alder = world.students["alder"]
    the_sis_brings(alder, "9900000003")  # an SSID that the state knows, and has not merged
    submission = send(world)
    assert [(kind, record.split("|")[0], outcome) for kind, record, outcome in answers(submission)] == [
        *[("delete", "SERV", "posted")] * 3,
        *[("delete", "PLAN", "posted")] * 2,
        *[("delete", "MEET", "posted")] * 2,
        ("delete", "SWDS", "posted"),
        # By date, a plan before its services.
        ("add", "SWDS", "posted"),
        ("add", "MEET", "posted"),
        ("add", "PLAN", "posted"),
        ("add", "SERV", "posted"),
        ("add", "MEET", "posted"),
        ("add", "PLAN", "posted"),
        ("add", "SERV", "posted"),
        ("add", "SERV", "posted"),
    ]
    assert lines_of(sandbox, "PLAN", RETIRED) == []
    assert [line[11] for line in lines_of(sandbox, "PLAN", "9900000003")] == ["20241115", "20251114"]


def test_a_plan_whose_start_was_wrong_is_deleted_under_the_old_date_and_added_under_the_new(world, sandbox):
    row = ArchivedRecord.objects.get(record_key="PLAN|9910017|9900000005|20251114")
    correct_record(
        actor=world.coordinator_actor,
        row=row,
        changes={"23.12": "20251020"},
        reason="The family signed in October.",
    )
    submission = send(world)
    assert answers(submission) == [
        ("delete", "SERV|9910017|9900000005|20251114|330|100|510", "posted"),
        ("delete", "SERV|9910017|9900000005|20251114|415|100|510", "posted"),
        ("delete", "PLAN|9910017|9900000005|20251114", "posted"),
        ("add", "PLAN|9910017|9900000005|20251020", "posted"),
        ("add", "SERV|9910017|9900000005|20251020|330|100|510", "posted"),
        ("add", "SERV|9910017|9900000005|20251020|415|100|510", "posted"),
    ]
    # The state's own journal, in the order of its effects.
    journal = sandbox.applied()
    assert [(row["record"], row["operation"], row["count"]) for row in journal] == [
        ("SERV", "delete", 1),
        ("SERV", "delete", 1),
        ("PLAN", "delete", 1),
        ("PLAN", "upsert", 1),
        ("SERV", "upsert", 1),
        ("SERV", "upsert", 1),
    ]
    assert [row["local_record_id"] for row in journal] == list(
        submission.lines.order_by("position").values_list("transaction_id", flat=True)
    )
    assert [line[11] for line in lines_of(sandbox, "PLAN", RETIRED)] == ["20241115", "20251020"]
    assert [line[16] for line in lines_of(sandbox, "SERV", RETIRED)] == ["20241115", "20251020", "20251020"]
    assert not Operation.objects.exists()


def test_the_old_key_goes_even_where_the_new_one_is_rejected_and_the_reason_stands(world, sandbox):
    alder = world.students["alder"]
    old = archive(alder, review_rows())
    send(world)
    archive(alder, review_rows(**{"25.12": "400", "25.05": "9970099"}), cause="correction", supersedes=old)
    submission = send(world)
    assert answers(submission) == [
        ("delete", "SERV|9910017|9900000005|20261123|415|100|510", "posted"),
        ("add", "SERV|9910017|9900000005|20261123|415|400|510", "rejected"),
    ]
    (operation,) = Operation.objects.all()
    assert (operation.kind, operation.hold_code) == ("add", "rejected")
    assert "SERV0447" in operation.holds[0]["text"]
