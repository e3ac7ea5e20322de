"""The outbox: the smallest ordered set of operations, and the reason that holds each one."""

from __future__ import annotations

from datetime import date

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain import records
from manzanita.exchange.actions import prepare_submission, release_rejected, store_answers
from manzanita.exchange.gateway import Answer
from manzanita.exchange.models import Operation, StateFinding, StateRecord, Submission, SubmissionLine
from manzanita.exchange.outbox import Should, difference, reconcile_students
from tests.support import world as w
from tests.support.exchange import archive, review_rows

MEET = "MEET|9910017|9900000005|20261120"
PLAN = "PLAN|9910017|9900000005|20261123"
SERV_330 = "SERV|9910017|9900000005|20261123|330|100|510"
SERV_415 = "SERV|9910017|9900000005|20261123|415|100|510"


@pytest.fixture
def world(small_world):
    return small_world


def plan_of_operations() -> list[tuple[str, str, str]]:
    return list(Operation.objects.order_by("position").values_list("kind", "record_key", "hold_code"))


def send_all(world) -> Submission:
    return prepare_submission(actor=world.coordinator_actor, form="api", destination="sandbox")


def answer(submission: Submission, **rejected: dict) -> None:
    """Post every line but those whose record key stands in ``rejected`` by service code or record."""
    answers = []
    for line in submission.lines.order_by("position"):
        error = rejected.get(line.record) or rejected.get(f"s{line.values.get('25.11', '')}")
        answers.append(Answer(line.position, is_posted=error is None, errors=[error] if error else []))
    store_answers(submission=submission, answers=answers)


UNKNOWN_AGENCY = {"code": "SERV0447", "field": "25.05", "text": "The nonpublic agency is not in the list."}
NO_PLAN = {"code": "SBX0001", "field": "25.17", "text": "The plan is not posted."}
NO_DEGREE = {"code": "PLAN0726", "field": "23.16", "text": "The disability needs MMSN or ESN."}


# The pure difference

DAYS = ["20261001", "20261102", "20261123"]
ROWS = [
    *[("SWDS", w.swds("alder", day)) for day in DAYS],
    *[("MEET", w.meet("alder", day)) for day in DAYS],
    *[("PLAN", w.plan("alder", day)) for day in DAYS],
    *[("SERV", w.serv("alder", day, code)) for day in DAYS for code in ("330", "415")],
]
CHANGED_FIELD = {"SWDS": "22.08", "MEET": "24.08", "PLAN": "23.08", "SERV": "25.16"}


def should_of(index: int, variant: str) -> Should:
    record, row = ROWS[index]
    values = records.complete(record, {**row, CHANGED_FIELD[record]: variant})
    key = records.record_key(record, values)
    return Should(record, key, records.key_on(record, values), w.LEA, values, None)


def held_of(index: int, variant: str) -> StateRecord:
    item = should_of(index, variant)
    return StateRecord(
        record=item.record,
        record_key=item.key,
        key_on=item.key_on,
        lea_code=w.LEA,
        values=records.content(item.record, item.values),
    )


subsets = st.dictionaries(st.integers(0, len(ROWS) - 1), st.sampled_from(["SE-1", "SE-2"]))


@given(ours=subsets, theirs=subsets, foreign=st.sets(st.integers(0, len(ROWS) - 1)))
def test_applying_the_steps_makes_the_state_hold_what_it_should(ours, theirs, foreign):
    should = [should_of(index, variant) for index, variant in ours.items()]
    does = {held.record_key: held for held in (held_of(index, variant) for index, variant in theirs.items())}
    known = {should_of(index, "SE-1").key for index in range(len(ROWS)) if index not in foreign}

    steps = difference(should, does, known)

    state = {key: dict(held.values) for key, held in does.items()}
    for step in steps:
        plan_key = "|".join(["PLAN", *step.key.split("|")[1:4]])
        if step.kind == "delete":
            assert step.key in known
            del state[step.key]
            if step.record == "PLAN":  # its services that go have gone before it
                assert not [
                    s for s in steps[steps.index(step) :] if s.kind == "delete" and s.record == "SERV"
                ]
        else:
            assert (step.kind == "add") == (step.key not in state)
            state[step.key] = records.content(step.record, step.values)
            if step.record == "SERV" and plan_key in {item.key for item in should}:
                assert plan_key in state  # the plan is there before its services
    kinds = [step.kind == "delete" for step in steps]
    assert kinds == sorted(kinds, reverse=True)  # deletes first
    wanted = {item.key: records.content(item.record, item.values) for item in should}
    somebody_elses = {key: dict(held.values) for key, held in does.items() if key not in known}
    assert state == {**somebody_elses, **wanted}
    # The smallest set: a step for each difference, and none more.
    assert len(steps) == len(
        {key for key, values in wanted.items() if key not in does or dict(does[key].values) != values}
        | {key for key in does if key not in wanted and key in known}
    )


def test_changes_go_by_date_and_a_plan_before_its_services():
    should = [should_of(index, "SE-1") for index in range(len(ROWS))]
    steps = difference(should, {}, set())
    assert [f"{step.key_on:%m%d} {step.record}" for step in steps] == [
        *["1001 SWDS", "1001 MEET", "1001 PLAN", "1001 SERV", "1001 SERV"],
        *["1102 SWDS", "1102 MEET", "1102 PLAN", "1102 SERV", "1102 SERV"],
        *["1123 SWDS", "1123 MEET", "1123 PLAN", "1123 SERV", "1123 SERV"],
    ]


def test_transaction_type_and_local_record_id_make_no_difference():
    should = should_of(6, "SE-1")
    held = held_of(6, "SE-1")
    held.values = {**held.values, "23.02": "A", "23.03": "MZ1"}
    assert difference([should], {held.record_key: held}, {held.record_key}) == []


# The stored outbox


def test_after_the_take_over_there_is_nothing_to_send(world):
    assert StateRecord.objects.count() == 18
    assert Operation.objects.count() == 0


def test_an_archive_becomes_operations_in_order_with_stable_numbers(world):
    stored = archive(world.students["alder"], review_rows())
    assert plan_of_operations() == [
        ("add", MEET, ""),
        ("add", PLAN, ""),
        ("add", SERV_330, ""),
        ("add", SERV_415, ""),
    ]
    first = Operation.objects.get(record_key=PLAN)
    assert (first.archive_id, first.key_on, first.lea_code, first.at_state) == (
        stored.pk,
        date(2026, 11, 23),
        "9910017",
        None,
    )
    reconcile_students([world.students["alder"].pk])
    again = Operation.objects.get(record_key=PLAN)
    assert (again.pk, again.first_seen_at) == (first.pk, first.first_seen_at)


def test_a_correction_replaces_and_a_changed_key_deletes_and_adds(world):
    alder = world.students["alder"]
    old = archive(alder, review_rows())
    answer(send_all(world))
    assert plan_of_operations() == []

    rows = review_rows(**{"25.12": "110"})
    rows[1] = ("PLAN", {**rows[1][1], "23.23": "80"})
    correction = archive(alder, rows, cause="correction", supersedes=old)

    assert plan_of_operations() == [
        ("delete", SERV_415, ""),
        ("replace", PLAN, ""),
        ("add", "SERV|9910017|9900000005|20261123|415|110|510", ""),
    ]
    replace = Operation.objects.get(kind="replace")
    assert (replace.at_state["23.23"], replace.values["23.23"]) == ("85", "80")
    assert Operation.objects.get(kind="delete").archive_id == correction.pk


def test_what_is_on_its_way_is_held_until_it_is_answered(world):
    archive(world.students["alder"], review_rows())
    submission = send_all(world)
    assert [hold for _, _, hold in plan_of_operations()] == ["on-its-way"] * 4
    assert Operation.objects.filter(submission_line__submission=submission).count() == 4
    answer(submission)
    assert plan_of_operations() == []


def test_a_rejected_line_is_held_with_code_and_field_and_a_service_holds_nothing_else(world):
    archive(world.students["alder"], review_rows(**{"25.12": "400", "25.05": "9970099"}))
    answer(send_all(world), s415=UNKNOWN_AGENCY)

    (held,) = Operation.objects.all()
    assert (held.record, held.values["25.11"], held.hold_code) == ("SERV", "415", "rejected")
    (reason,) = held.holds
    assert "SERV0447, The nonpublic agency is not in the list." in reason["text"]
    assert reason["owner"] == "IEP team"
    assert reason["values"] == {"25.05": "9970099"}
    assert "Correct the value" in reason["way_out"]


def test_a_correction_frees_a_rejected_line(world):
    alder = world.students["alder"]
    old = archive(alder, review_rows(**{"25.12": "400", "25.05": "9970099"}))
    answer(send_all(world), s415=UNKNOWN_AGENCY)
    rows = review_rows(**{"25.12": "400", "25.05": "9970011"})
    archive(alder, rows, cause="correction", supersedes=old)
    assert [(op.kind, op.hold_code, op.values["25.05"]) for op in Operation.objects.all()] == [
        ("add", "", "9970011")
    ]


def test_a_rejected_plan_holds_its_services_until_it_is_corrected(world):
    alder = world.students["alder"]
    old = archive(alder, review_rows())
    answer(send_all(world), PLAN=NO_DEGREE, s330=NO_PLAN, s415=NO_PLAN)
    assert plan_of_operations() == [
        ("add", PLAN, "rejected"),
        ("add", SERV_330, "rejected"),
        ("add", SERV_415, "rejected"),
    ]
    rows = review_rows()
    rows[1] = ("PLAN", {**rows[1][1], "23.16": "ESN"})
    archive(alder, rows, cause="correction", supersedes=old)
    # The plan goes first, so what was rejected for want of it may go behind it.
    assert [hold for _, _, hold in plan_of_operations()] == ["", "", ""]


def test_services_rejected_before_their_plan_was_posted_are_free_again(world):
    archive(world.students["alder"], review_rows())
    actor = world.coordinator_actor
    services = list(Operation.objects.filter(record="SERV").values_list("pk", flat=True))
    too_early = prepare_submission(actor=actor, form="api", destination="sandbox", operation_ids=services)
    answer(too_early, SERV=NO_PLAN)
    assert {op.hold_code for op in Operation.objects.filter(record="SERV")} == {"rejected"}
    answer(send_all(world))  # the meeting and the plan
    assert plan_of_operations() == [("add", SERV_330, ""), ("add", SERV_415, "")]


def test_later_records_wait_for_a_rejected_one(world):
    archive(world.students["alder"], review_rows())
    (meeting,) = Operation.objects.filter(record="MEET")
    first = prepare_submission(
        actor=world.coordinator_actor, form="api", destination="sandbox", operation_ids=[meeting.pk]
    )
    answer(first, MEET={"code": "GERR0001", "field": "24.08", "text": "Required."})
    assert plan_of_operations() == [
        ("add", MEET, "rejected"),
        ("add", PLAN, "older-waiting"),
        ("add", SERV_330, "older-waiting"),
        ("add", SERV_415, "older-waiting"),
    ]
    assert Operation.objects.get(record="PLAN").holds[0]["text"] == (
        "An older one is waiting: the MEET of 11/20/2026."
    )


def test_a_released_line_may_go_again_as_it_is(world):
    archive(world.students["alder"], review_rows())
    answer(send_all(world), MEET={"code": "SBX0002", "field": "24.06", "text": "No such student."})
    (operation,) = Operation.objects.all()
    actor = world.coordinator_actor
    assert release_rejected(actor=actor, operation=operation, reason="The enrollment is there now")
    assert plan_of_operations() == [("add", MEET, "")]
    assert not release_rejected(actor=actor, operation=operation, reason="again")
    answer(send_all(world))
    assert plan_of_operations() == []


def test_what_the_state_would_reject_is_held_and_a_certification_rule_is_only_told(world, monkeypatch):
    from manzanita.domain.findings import Finding, Severity

    def found(code: str, phase: str, key: str) -> Finding:
        return Finding(
            code, Severity.FATAL, "input", phase, "PLAN", None, None, None, ("23.16",), {"23.16": ""}, "Words.",
            record_key=key,
        )  # fmt: skip

    def rules(rows, *, as_of, year):
        return [found("PLAN0726", "input", PLAN), found("PLAN0663F1", "fall1", MEET)]

    monkeypatch.setattr("manzanita.exchange.checks.evaluate_records", rules)
    archive(world.students["alder"], review_rows())
    assert plan_of_operations() == [
        ("add", MEET, ""),
        ("add", PLAN, "input-error"),
        ("add", SERV_330, "older-waiting"),
        ("add", SERV_415, "older-waiting"),
    ]
    assert (
        Operation.objects.get(record="PLAN").holds[0]["text"] == "The state would reject it: PLAN0726, Words."
    )
    assert [f["code"] for f in Operation.objects.get(record="MEET").findings] == ["PLAN0663F1"]


def test_students_without_an_ssid_are_held_each_for_itself_and_freed_when_it_arrives(world):
    from manzanita.platform.facts import Statement
    from manzanita.students.actions import Identity, register_students, state_student_facts

    quail, wren = register_students(
        [Identity("Quail", "", "Testcase", "", date(2016, 1, 1), "F"), Identity("Wren", "", "Testcase", "")]
    )
    rows = [("MEET", {**w.meet("alder", "20261120"), "24.06": ""})]
    archive(quail, rows)
    archive(wren, rows)  # the same day: the same key, until an SSID tells the two apart
    assert set(Operation.objects.values_list("student_id", "record_key", "hold_code")) == {
        (quail.pk, "MEET|9910017||20261120", "no-ssid"),
        (wren.pk, "MEET|9910017||20261120", "no-ssid"),
    }
    assert Operation.objects.first().holds[0]["owner"] == "SIS staff"

    state_student_facts(
        "ssid",
        [Statement({"student_id": quail.pk}, {"ssid": "9900000077"}, date(2026, 11, 23))],
        by_id=None,
        cause="test",
    )
    reconcile_students([quail.pk, wren.pk])
    operation = Operation.objects.get(student_id=quail.pk)
    assert (operation.record_key, operation.hold_code) == ("MEET|9910017|9900000077|20261120", "")
    assert operation.values["24.06"] == "9900000077"
    assert Operation.objects.get(student_id=wren.pk).hold_code == "no-ssid"


# Answers


def test_answers_land_on_lines_records_and_findings(world):
    archive(world.students["alder"], review_rows(**{"25.12": "400", "25.05": "9970099"}))
    submission = send_all(world)
    answer(submission, s415=UNKNOWN_AGENCY)

    assert [
        (line.record, line.outcome, [error["code"] for error in line.errors])
        for line in submission.lines.order_by("position")
    ] == [
        ("MEET", "posted", []),
        ("PLAN", "posted", []),
        ("SERV", "posted", []),
        ("SERV", "rejected", ["SERV0447"]),
    ]
    plan = StateRecord.objects.get(record_key=PLAN)
    assert (plan.learned_from, plan.student_id, plan.values["23.12"]) == (
        "reply",
        world.students["alder"].pk,
        "20261123",
    )
    assert "23.03" not in plan.values
    (finding,) = StateFinding.objects.all()
    assert (finding.rule_code, finding.fields, finding.values, finding.record, finding.closed_at) == (
        "SERV0447",
        ["25.05"],
        {"25.05": "9970099"},
        "SERV",
        None,
    )
    assert (finding.owner, finding.message) == ("IEP team", "The nonpublic agency is not in the list.")


def test_an_answer_that_comes_twice_changes_nothing(world):
    archive(world.students["alder"], review_rows())
    submission = send_all(world)
    answers = [Answer(1, is_posted=True), Answer(2, is_posted=False, errors=[NO_DEGREE])]
    assert store_answers(submission=submission, answers=answers) == 2
    swapped = [Answer(1, is_posted=False, errors=[NO_DEGREE]), Answer(2, is_posted=True)]
    assert store_answers(submission=submission, answers=swapped) == 0
    assert [line.outcome for line in submission.lines.order_by("position")] == [
        "posted",
        "rejected",
        "waiting",
        "waiting",
    ]


def test_a_finding_is_the_same_while_the_value_is_and_another_when_it_changes(world):
    alder = world.students["alder"]
    first = archive(alder, review_rows(**{"25.12": "400", "25.05": "9970099"}))
    answer(send_all(world), s415=UNKNOWN_AGENCY)
    (finding,) = StateFinding.objects.all()

    (operation,) = Operation.objects.all()
    release_rejected(actor=world.coordinator_actor, operation=operation, reason="tried again")
    with time_machine.travel(date(2026, 11, 30)):
        answer(send_all(world), s415=UNKNOWN_AGENCY)
    (same,) = StateFinding.objects.all()
    assert (same.pk, same.opened_at, same.closed_at) == (finding.pk, finding.opened_at, None)

    rows = review_rows(**{"25.12": "400", "25.05": "9970098"})
    second = archive(alder, rows, cause="correction", supersedes=first)
    answer(send_all(world), s415=UNKNOWN_AGENCY)
    assert [f.values for f in StateFinding.objects.filter(closed_at=None)] == [{"25.05": "9970098"}]
    assert StateFinding.objects.get(pk=finding.pk).closed_at is not None

    rows = review_rows(**{"25.12": "400", "25.05": "9970011"})
    archive(alder, rows, cause="correction", supersedes=second)
    assert StateFinding.objects.filter(closed_at=None).count() == 1  # still, until it is posted
    answer(send_all(world))
    assert not StateFinding.objects.filter(closed_at=None).exists()


# Preparing


def test_a_double_click_prepares_once(world):
    archive(world.students["alder"], review_rows())
    assert send_all(world) is not None
    assert send_all(world) is None
    assert (Submission.objects.count(), SubmissionLine.objects.count()) == (1, 4)


def test_only_students_in_scope_are_sent(world):
    archive(world.students["alder"], review_rows())
    archive(world.students["sage"], review_rows("sage"))  # of the other district, by her enrollment
    submission = send_all(world)
    assert set(submission.lines.values_list("student_id", flat=True)) == {world.students["alder"].pk}


def test_a_name_for_the_sandbox_says_so(world):
    archive(world.students["alder"], review_rows())
    assert send_all(world).file_name.startswith("SANDBOX_9910017_20261123120000_")
