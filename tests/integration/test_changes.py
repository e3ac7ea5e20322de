"""Changes without a meeting: facts, archive and state lines of each, every line written here by hand."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.exchange.actions import prepare_submission, store_answers
from manzanita.exchange.gateway import Answer
from manzanita.exchange.models import Operation
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import Meeting
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import preview_change, record_change
from manzanita.students.queries import facts_of
from tests.support import world as w
from tests.support.cast import add_cast

REASON = "The office knows it from the school."


@pytest.fixture
def actor(small_world):
    return small_world.coordinator_actor


@pytest.fixture
def alder(small_world):
    return small_world.students["alder"]


@pytest.fixture
def grebe(small_world):
    """Came from the other district on November 2, 2026, with the plan of January 10, 2026."""
    return add_cast(["grebe"])["grebe"]


def lines(archive: Archive) -> list[dict[str, str]]:
    """The archived lines, each without its blanks."""
    return [
        {number: text for number, text in row.values.items() if text}
        for row in archive.records.order_by("id")
    ]


def operations(student) -> list[tuple[str, str]]:
    rows = Operation.objects.filter(student_id=student.pk).order_by("position")
    return list(rows.values_list("kind", "record_key"))


def codes(refused: pytest.ExceptionInfo[NotPossible]) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


def test_a_status_change_ends_the_plan_and_tells_one_line(actor, alder):
    asked = Asked("status", date(2026, 11, 16), REASON, status_code="2", reason_code="13")
    archive = record_change(actor=actor, student=alder, asked=asked)

    assert lines(archive) == [
        {
            "22.01": "SWDS",
            "22.04": "9910017",
            "22.05": "2026-2027",
            "22.06": "9900000005",
            "22.07": "L0005",
            "22.08": "SE-0005",
            "22.09": "9901",
            "22.10": "20241115",
            "22.11": "20261116",
            "22.12": "2",
            "22.13": "13",
        }
    ]
    facts = facts_of(alder)
    assert facts.status_on(date(2026, 11, 15)).status_code == "1"
    assert facts.status_on(date(2026, 11, 16)).status_code == "2"
    assert facts.plan_on(date(2026, 11, 15)) is not None
    assert facts.plan_on(date(2026, 11, 16)) is None
    assert facts.services_on(date(2026, 11, 16)) == []
    assert operations(alder) == [("add", "SWDS|9910017|9900000005|20261116")]
    assert (archive.cause, archive.title) == ("procedure", "Status change of November 16, 2026")
    assert archive.reason == REASON


def test_an_arriving_plan_is_adopted_from_the_first_day_here(actor, grebe):
    archive = record_change(actor=actor, student=grebe, asked=Asked("adopt", date(2026, 11, 2), REASON))

    assert lines(archive) == [
        {
            "23.01": "PLAN",
            "23.04": "9910017",
            "23.05": "2026-2027",
            "23.06": "9900000061",
            "23.07": "L0061",
            "23.08": "SE-0061",
            "23.09": "9901",
            "23.10": "9910017",
            "23.11": "100",
            "23.12": "20261102",
            "23.13": "3",
            "23.14": "210",
            "23.15": "240",
            "23.20": "400",
            "23.23": "85",
            "23.33": "N",
        },
        {
            "25.01": "SERV",
            "25.04": "9910017",
            "25.06": "2026-2027",
            "25.07": "9900000061",
            "25.08": "L0061",
            "25.09": "9901",
            "25.11": "415",
            "25.12": "100",
            "25.13": "510",
            "25.14": "20",
            "25.15": "30",
            "25.16": "SE-0061",
            "25.17": "20261102",
        },
    ]
    plan = facts_of(grebe).plan_on(w.TODAY)
    assert (plan.lea_code, plan.effective_from) == ("9910017", date(2026, 11, 2))


def test_a_setting_changes_the_plan_and_repeats_its_services(actor, alder):
    asked = Asked(
        "setting", date(2026, 11, 9), REASON, settings={"23.20": "400", "23.23": "60"}, ground="said"
    )
    archive = record_change(actor=actor, student=alder, asked=asked)

    plan, *services = lines(archive)
    assert (plan["23.12"], plan["23.13"], plan["23.20"], plan["23.23"]) == ("20261109", "2", "400", "60")
    assert plan["23.15"] == "290"  # what was not asked stays
    assert [(line["25.11"], line["25.15"], line["25.17"]) for line in services] == [
        ("330", "60", "20261109"),
        ("415", "30", "20261109"),
    ]
    facts = facts_of(alder)
    assert facts.plan_on(date(2026, 11, 8)).general_education_percent == "85"
    assert facts.plan_on(date(2026, 11, 9)).general_education_percent == "60"


def test_what_is_the_office_s_of_a_plan_changes_from_a_day_on(actor, alder):
    """Residence (23.14) and transportation (23.33); regional center services (23.19) are of infants."""
    asked = Asked("setting", date(2026, 11, 9), REASON, settings={"23.14": "230", "23.19": "", "23.33": "Y"})
    preview = preview_change(actor, alder, asked)
    assert [one.text for one in preview.effects if one.kind == "changes"] == [
        "Primary residence becomes 230 Residential facility from November 9, 2026.",
        "Special transportation becomes Y Yes from November 9, 2026.",
    ]
    plan, *services = lines(record_change(actor=actor, student=alder, asked=asked))
    assert (plan["23.12"], plan["23.13"], plan["23.14"], plan["23.33"]) == ("20261109", "2", "230", "Y")
    assert plan["23.20"] == "400" and len(services) == 2  # what was not asked stays
    facts = facts_of(alder)
    assert [facts.plan_on(date(2026, 11, day)).has_transportation_code for day in (8, 9)] == ["N", "Y"]


def test_a_meeting_alone_is_told_and_moves_the_clocks(actor, alder):
    asked = Asked(
        "meeting", date(2026, 11, 17), REASON, is_plan_review=True, evaluation_type_code="40",
        eligibility_code="20", delay_code="30",
    )  # fmt: skip
    archive = record_change(actor=actor, student=alder, asked=asked)

    assert lines(archive) == [
        {
            "24.01": "MEET",
            "24.04": "9910017",
            "24.05": "2026-2027",
            "24.06": "9900000005",
            "24.07": "L0005",
            "24.08": "SE-0005",
            "24.09": "9901",
            "24.14": "40",
            "24.15": "20261117",
            "24.16": "20",
            "24.17": "Y",
            "24.18": "30",
        }
    ]
    alder.refresh_from_db()
    assert alder.plan_review_due_on == date(2027, 11, 17)
    assert alder.evaluation_due_on == date(2029, 11, 17)
    meeting = Meeting.objects.get(source="procedure")
    assert (meeting.held_on, meeting.event_key) == (date(2026, 11, 17), "triennial")
    with pytest.raises(NotPossible) as refused:
        record_change(actor=actor, student=alder, asked=asked)
    assert codes(refused) == ["meeting-known"]


def test_a_student_who_never_came_leaves_nothing_at_the_state(actor, grebe):
    adoption = record_change(actor=actor, student=grebe, asked=Asked("adopt", date(2026, 11, 2), REASON))
    submission = prepare_submission(actor=actor, form="api", destination="sandbox")
    store_answers(submission=submission, answers=[Answer(n, is_posted=True) for n in (1, 2)])
    assert operations(grebe) == []

    archive = record_change(actor=actor, student=grebe, asked=Asked("never_came", date(2026, 11, 2), REASON))

    assert operations(grebe) == [
        ("delete", "SERV|9910017|9900000061|20261102|415|100|510"),
        ("delete", "PLAN|9910017|9900000061|20261102"),
    ]
    assert adoption.report_statuses.get().choice == "none"
    assert not ArchivedRecord.objects.filter(archive=archive).exists()
    facts = facts_of(grebe)
    status = facts.status_on(w.TODAY)
    assert (status.status_code, status.reason_code, status.lea_code) == ("3", "34", "9910017")
    assert facts.plan_on(w.TODAY) is None
    assert facts.services_on(w.TODAY) == []
    # The former district's plan is not ours to take back.
    assert facts.plan_on(date(2026, 10, 30)).lea_code == "9910025"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked("status", None, REASON, status_code="2", reason_code="13"), ["no-date"]),
        (Asked("status", date(2026, 11, 24), REASON, status_code="2", reason_code="13"), ["future-date"]),
        (Asked("status", date(2026, 11, 16), " ", status_code="2", reason_code="13"), ["no-reason"]),
        (Asked("status", date(2026, 11, 16), REASON), ["no-status"]),
        (Asked("status", date(2026, 11, 16), REASON, status_code="1"), ["same-status"]),
        (Asked("status", date(2026, 11, 16), REASON, status_code="4"), ["no-status-reason"]),
        (
            Asked("status", date(2024, 11, 15), REASON, status_code="4", reason_code="21"),
            ["later-status"],
        ),
        (Asked("adopt", date(2025, 11, 14), REASON), ["plan-starts-that-day"]),
        (Asked("adopt", date(2020, 1, 6), REASON), ["no-plan"]),
        (
            Asked("setting", date(2026, 11, 16), REASON, settings={"23.23": "85"}, ground="said"),
            ["nothing-changed"],
        ),
        (Asked("meeting", date(2026, 11, 16), REASON), ["no-purpose"]),
        (Asked("never_came", date(2026, 11, 16), REASON), ["adopted"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_stands_against_a_change_is_said_and_nothing_is_half_done(actor, alder, asked, expected):
    before = (Archive.objects.count(), len(facts_of(alder).statuses), operations(alder))
    with pytest.raises(NotPossible) as refused:
        record_change(actor=actor, student=alder, asked=asked)

    assert codes(refused) == expected
    assert all(reason.way_out and reason.owner for reason in refused.value.reasons)
    assert (Archive.objects.count(), len(facts_of(alder).statuses), operations(alder)) == before


def test_what_the_state_would_reject_is_refused_beforehand(actor, alder):
    asked = Asked("setting", date(2026, 11, 9), REASON, settings={"23.23": "8x"}, ground="said")
    preview = preview_change(actor, alder, asked)

    assert [reason.code for reason in preview.blockers] == ["FRMT0004"]


def test_a_second_click_changes_nothing(actor, alder):
    asked = Asked("status", date(2026, 11, 16), REASON, status_code="2", reason_code="13")
    record_change(actor=actor, student=alder, asked=asked)
    count = Archive.objects.count()
    with pytest.raises(NotPossible):
        record_change(actor=actor, student=alder, asked=asked)

    assert Archive.objects.count() == count


@pytest.mark.parametrize(
    "asked",
    [
        Asked("other", date(2026, 11, 16), REASON),
        Asked("status", date(2026, 11, 16), REASON, status_code="9"),
        Asked("setting", date(2026, 11, 16), REASON, settings={"23.15": "240"}),
    ],
)
def test_what_the_form_cannot_say_is_an_error(actor, alder, asked):
    with pytest.raises(ValueError):
        preview_change(actor, alder, asked)


def test_a_case_manager_does_not_change_records_without_a_meeting(small_world, alder):
    asked = Asked("status", date(2026, 11, 16), REASON, status_code="2", reason_code="13")
    with pytest.raises(NotPossible) as refused:
        record_change(actor=small_world.case_manager_actor, student=alder, asked=asked)

    assert codes(refused) == ["no-capability"]


def test_the_preview_judges_a_student_without_an_id_as_recording_will(actor, small_world):
    yarrow = small_world.students["yarrow"]
    assert yarrow.local_sped_id == ""
    asked = Asked("meeting", date(2026, 11, 17), REASON, evaluation_type_code="10", eligibility_code="10")
    preview = preview_change(actor, yarrow, asked)

    assert [draft.values["24.08"] for draft in preview.drafts] == [f"SE{yarrow.pk:08d}"]
    assert "24.08" not in {number for reason in preview.blockers for number in reason.values}
