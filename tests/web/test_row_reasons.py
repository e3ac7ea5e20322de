"""Of many students changed, adopted or recorded as leaving: each row that was left out says the rule or policy, whose
job it is, and links to where it is mended; each link opens for the reader."""

from __future__ import annotations

import ast
import inspect
import re
from datetime import date
from types import ModuleType

import pytest
from django.test import Client

from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import AdoptionBatch, AdoptionItem, Arrival
from manzanita.domain import arrival_plan, enrollment_help
from manzanita.domain import arrivals as arrival_checks
from manzanita.domain.findings import Owner, Reason, reason_document
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.models import Operation
from manzanita.leaving.models import LeavingBatch, LeavingItem
from manzanita.meetings.models import Meeting
from manzanita.platform.ids import new_public_id
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures import (
    adopting,
    adoption_undo,
    assigning,
    batch_drafts,
    batch_edit,
    batch_fields,
    batch_job,
    batch_next_year,
    change_reasons,
    changes,
    leaving,
    leaving_many,
    leaving_undo,
    many,
)
from manzanita.procedures.adopting import ADOPTIONS, start_adoption
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import record_change
from manzanita.procedures.leaving_many import LEAVINGS, Together, departures, start_leavings
from manzanita.students.actions import state_one
from manzanita.students.models import BatchEdit, BatchLine, Student
from tests.support import arrivals as hand
from tests.support import pages
from tests.support import world as w
from tests.support.cast import add_cast
from tests.support.pages import text_of, without_marks

# Said of the form, above the rows: what is typed there is missing, and nobody is refused.
OF_THE_FORM = {
    "nobody-chosen",
    "no-note",
    "no-reason",
    "no-date",
    "no-status",
    "no-purpose",
    "no-eligibility",
    "no-delay",
    "nothing-changed",
    "meeting-known",
    "unreadable",
    "too-many",
    "no-such-field",
    "no-value-told",
    "nothing-to-change",
    "not-applied",
    "no-student",
    "starts-before-today",
    "ends-before-start",
    "too-late-to-undo",
}
TAKEN_BACK = "Taken back only while nothing builds on it"
NO_LOOK = "Plans are adopted together where all evidence agrees and nobody has to be called"
PERMISSIONS = "Permissions of the perspectives"


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def whys(client: Client, answer) -> list[tuple[str, list[str]]]:
    """The reasons of the rows of a page, words and links; each link opens."""
    found = []
    for part in re.findall(r'<p class="why">(.*?)</p>', answer.content.decode(), re.DOTALL):
        links = re.findall(r'href="([^"]+)"', part)
        for link in links:
            assert client.get(link).status_code == 200, link
        # What ends a sentence stands right behind its link.
        found.append((without_marks(part.replace("</a>", "")), links))
    return found


@pytest.mark.parametrize(
    "module",
    [
        adopting,
        adoption_undo,
        arrival_checks,
        arrival_plan,
        assigning,
        batch_drafts,
        batch_edit,
        batch_fields,
        batch_job,
        batch_next_year,
        change_reasons,
        changes,
        enrollment_help,
        leaving,
        leaving_many,
        leaving_undo,
        many,
    ],
    ids=lambda one: one.__name__.rsplit(".", 1)[1],
)
def test_every_reason_against_one_student_names_its_rule(module: ModuleType):
    without = {
        ast.unparse(node.args[0])
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Reason"
        and "source" not in {one.arg for one in node.keywords}
    }
    assert {one.strip("'") for one in without} <= OF_THE_FORM


# One field of many


def drafted(client: Client, **sent: str) -> BatchEdit:
    answer = client.post("/students/edit", {"reason": "Rollover", **sent})
    assert answer.status_code == 302, text_of(answer)
    return BatchEdit.objects.get(public_id=answer.url.rsplit("/", 1)[1])


def page_of(client: Client, batch: BatchEdit, show: str = "refused"):
    return client.get(f"/students/edits/{batch.public_id}?show={show}")


def next_grade(student: Student, code: str) -> None:
    state_one(
        "next_year",
        slot={"student_id": student.pk},
        values={"grade_code": code},
        effective_from=w.TODAY,
        by_id=None,
        cause="test",
    )


@pytest.mark.parametrize(
    ("field", "cell", "why"),
    [
        (
            "next_grade",
            "99",
            "“99” is no grade. Correct the cell, and paste it again. "
            "Owner: You · CALPADS code set Grade Level",
        ),
        (
            "next_school",
            "Nowhere",
            "“Nowhere” is no school and no district of the SELPA. Correct the cell, and paste it again. "
            "Owner: You · Schools and districts of the SELPA",
        ),
        (
            "local_sped_id",
            "a b",
            "“a b” is no ID: letters, digits and hyphens, 15 at most. Correct the cell, and paste it again. "
            "Owner: You · CALPADS, Local Special Education Student ID",
        ),
    ],
)
def test_a_cell_that_is_no_value(coordinator, field, cell, why):
    heads = {"next_grade": "Next grade", "next_school": "Next school", "local_sped_id": "SPED ID"}
    pasted = f"SSID\t{heads[field]}\n{w.SSIDS['alder']}\t{cell}\n"
    batch = drafted(coordinator, field=field, pasted=pasted)
    assert whys(coordinator, page_of(coordinator, batch)) == [(why, ["/students/edit"])]


def test_nobody_whom_one_can_give_students(coordinator):
    pasted = f"SSID\tCase manager\n{w.SSIDS['alder']}\tNobody Known\n"
    batch = drafted(coordinator, field="case_manager", pasted=pasted)
    (why,) = whys(coordinator, page_of(coordinator, batch))
    assert why[0].endswith(f"Owner: You · {PERMISSIONS}") and why[1] == [
        "/students/edit",
        "/why",
    ]


def test_an_id_that_another_has(coordinator, small_world):
    Student.unscoped.filter(pk=small_world.students["towhee"].pk).update(local_sped_id="SE-7")
    batch = drafted(coordinator, field="local_sped_id", pasted=f"SSID\tSPED ID\n{w.SSIDS['alder']}\tSE-7\n")
    assert whys(coordinator, page_of(coordinator, batch)) == [
        (
            "Another student has this ID. Give each student an own one. Paste it again "
            "Owner: SEDS coordinator · One special education ID is one student's",
            ["/students/edit"],
        )
    ]


def test_who_was_changed_before_and_after_the_job(coordinator, small_world):
    alder, towhee = (small_world.students[name] for name in ("alder", "towhee"))
    batch = drafted(coordinator, field="next_grade", value_next_grade="05", list="all")
    next_grade(alder, "06")
    coordinator.post(f"/students/edits/{batch.public_id}", {"do": "apply"})
    run_jobs_now(raises_errors=True)
    assert whys(coordinator, page_of(coordinator, batch)) == [
        (
            "Somebody has changed the value since you looked. Look at what it is now, and change the student alone. "
            "Show the record Owner: Clerk or coordinator · What somebody else has changed is looked at first",
            [f"/students/{alder.public_id}"],
        )
    ]
    next_grade(towhee, "07")
    coordinator.post(f"/students/edits/{batch.public_id}", {"do": "undo"})
    run_jobs_now(raises_errors=True)
    assert whys(coordinator, page_of(coordinator, batch, "kept")) == [
        (
            "Somebody has changed it since, or the student is out of your reach. It stays as it is now. "
            f"Show the record Owner: Clerk or coordinator · {TAKEN_BACK}",
            [f"/students/{towhee.public_id}"],
        )
    ]


def test_whose_maker_may_no_longer(coordinator, small_world, sign_in):
    batch = drafted(coordinator, field="next_grade", value_next_grade="05", pasted=w.SSIDS["alder"])
    coordinator.post(f"/students/edits/{batch.public_id}", {"do": "apply"})
    type(small_world.coordinator).objects.filter(pk=small_world.coordinator.pk).update(is_active=False)
    run_jobs_now(raises_errors=True)
    type(small_world.coordinator).objects.filter(pk=small_world.coordinator.pk).update(is_active=True)
    again = sign_in(small_world.coordinator)
    assert whys(again, page_of(again, batch)) == [
        (
            "You may not change this field of these students. Ask the SEDS coordinator of the district. "
            f"What you may do Owner: SEDS coordinator · {PERMISSIONS}",
            ["/why"],
        )
    ]


@pytest.mark.parametrize(
    ("code", "link"),
    [
        ("not-here", "/students/{}/enrollments"),
        ("other-school", "/assign"),
        ("cannot-hold", "/admin"),
        ("has-it-already", "/students/{}"),
        ("may-not", "/why"),
    ],
)
def test_other_reasons_of_a_field_lead_on(coordinator, small_world, code, link):
    """As assigning words them, and of somebody who has left meanwhile."""
    batch = drafted(coordinator, field="next_grade", value_next_grade="05", pasted=w.SSIDS["alder"])
    reason = Reason(code, "Words.", Owner.COORDINATOR, "Way.", source="GERR0005: of the state")
    BatchLine.objects.update(state="refused", reason=reason_document(reason))
    assert whys(coordinator, page_of(coordinator, batch)) == [
        (
            f"Words. Way. {LABELS[code]} Owner: SEDS coordinator · GERR0005: of the state",
            [link.format(small_world.students["alder"].public_id), "/rules/GERR0005"],
        )
    ]


LABELS = {
    "not-here": "Show the enrollments",
    "other-school": "Assign students",
    "cannot-hold": "People",
    "has-it-already": "Show the record",
    "may-not": "What you may do",
}


def test_a_line_of_before_has_no_rule_and_is_told_all_the_same(coordinator, small_world):
    batch = drafted(coordinator, field="next_grade", value_next_grade="05", pasted=w.SSIDS["alder"])
    old = {"code": "may-not", "text": "Words.", "owner": "SEDS coordinator", "way_out": "Way."}
    BatchLine.objects.update(state="refused", reason=old)
    assert whys(coordinator, page_of(coordinator, batch)) == [
        ("Words. Way. What you may do Owner: SEDS coordinator", ["/why"])
    ]


# Plans adopted together


def arrived(*names: str) -> dict[str, Arrival]:
    students = hand.add([hand.row(name) for name in names])
    look_at(w.LEA, [one.pk for one in students.values()], found_by="test")
    return {one.student.first_name: one for one in Arrival.objects.select_related("student")}


def adopted(actor, arrivals: dict[str, Arrival]) -> AdoptionBatch:
    batch, _ = start_adoption(
        actor=actor, arrivals=list(arrivals.values()), public_id=new_public_id(), reason="By phone."
    )
    run_jobs_now(raises_errors=True)
    return batch


def rows_of(client: Client, batch: AdoptionBatch) -> list[tuple[str, list[str]]]:
    return whys(client, client.get(f"/arrivals/adoptions/{batch.public_id}"))


def test_who_is_not_safe_in_the_preview_and_afterward(small_world, coordinator):
    arrival = arrived("Whimbrel")["Whimbrel"]
    why = (
        "The plan review was due on 10/01/2026, before the first day here: a newer may be on paper. Ask the former "
        "district. Whom to call there stands beside the student, or how to find out. Open the arrival "
        f"Owner: SEDS coordinator · {NO_LOOK}"
    )
    due = re.compile(r"due on \d\d/\d\d/2026")
    preview = coordinator.post("/arrivals/adopt", {"selected": str(arrival.public_id)})
    batch = adopted(small_world.coordinator_actor, {"Whimbrel": arrival})
    for found in (whys(coordinator, preview), rows_of(coordinator, batch)):
        ((text, links),) = found
        assert due.sub("due on X", text) == due.sub("due on X", why)
        assert links == [f"/arrivals/{arrival.public_id}", "/arrivals/adopt#checks"]
    assert 'id="checks"' in text_of(preview) and "<summary" in text_of(preview)


def test_who_was_settled_meanwhile(small_world, coordinator):
    arrivals = arrived("Avocet")
    actor = small_world.coordinator_actor
    batch, _ = start_adoption(
        actor=actor, arrivals=list(arrivals.values()), public_id=new_public_id(), reason="By phone."
    )
    asked = Asked("adopt", date(2026, 11, 2), "By hand.")
    record_change(actor=actor, student=arrivals["Avocet"].student, asked=asked)
    run_jobs_now(raises_errors=True)
    ((text, links),) = rows_of(coordinator, batch)
    assert text.endswith("Owner: SEDS coordinator · What somebody else has changed is looked at first")
    assert links == [f"/arrivals/{arrivals['Avocet'].public_id}"]


def test_what_is_not_taken_back_says_why_and_leads_on(small_world, coordinator):
    arrivals = arrived("Avocet", "Bittern", "Curlew")
    actor = small_world.coordinator_actor
    batch = adopted(actor, arrivals)
    avocet, bittern = (arrivals[name].student for name in ("Avocet", "Bittern"))
    sent = Operation.objects.filter(student_id=avocet.pk).values_list("pk", flat=True)
    prepare_submission(actor=actor, form="files", destination="sandbox", operation_ids=list(sent))
    setting = Asked("setting", date(2026, 11, 23), "Moved.", settings={"23.23": "60"}, ground="said")
    record_change(actor=actor, student=bittern, asked=setting)
    ADOPTIONS.start_undo(actor=actor, batch=batch)
    run_jobs_now(raises_errors=True)
    assert rows_of(coordinator, batch) == [
        (
            "Not taken back: something of it was sent to the state. For a student who never came use “Adopted, but "
            "never came”; else correct the record. Owner: SEDS coordinator · Taken back only "
            "until the state is told",
            [f"/students/{avocet.public_id}/changes/never_came"],
        ),
        (
            "Not taken back: the record was corrected, changed, or a meeting was opened since. Look at what was "
            "done since, and take that back first. Show what was done since Owner: SEDS coordinator · "
            f"{TAKEN_BACK}",
            [f"/students/{bittern.public_id}?tab=history"],
        ),
    ]


def test_who_started_may_no_longer_take_back(small_world, coordinator, sign_in):
    arrivals = arrived("Avocet", "Bittern")
    batch = adopted(small_world.coordinator_actor, arrivals)
    ADOPTIONS.start_undo(actor=small_world.coordinator_actor, batch=batch)
    people = type(small_world.coordinator).objects.filter(pk=small_world.coordinator.pk)
    people.update(is_active=False)
    run_jobs_now(raises_errors=True)
    people.update(is_active=True)
    rows = rows_of(sign_in(small_world.coordinator), batch)
    assert rows == 2 * [
        (
            "The grant of the person who started this has ended. Do the rest under a grant that is in force. "
            f"What you may do Owner: SEDS coordinator · {PERMISSIONS}",
            ["/why"],
        )
    ]


@pytest.mark.parametrize(
    ("code", "link"),
    [
        ("arrival-gone", "/students/{}/enrollments"),
        ("arrival-still-enrolled", "/students/{}/enrollments"),
        ("arrival-left", "/students/{}/enrollments"),
        ("arrival-taken-up", "/students/{}"),
        ("arrival-changes-later", "/students/{}"),
        ("arrival-later-plan", "/students/{}"),
        ("plan-starts-that-day", "/students/{}"),
        ("arrival-rejected", "/students/{}/meetings/new"),
        ("arrival-no-ssid", "/students/{}/ssids"),
        ("plan-arrived", "/students/{}/meetings/new"),
    ],
)
def test_other_reasons_of_an_adoption_lead_on(small_world, coordinator, code, link):
    arrivals = arrived("Avocet")
    batch = adopted(small_world.coordinator_actor, arrivals)
    step = "open_meeting" if code == "plan-arrived" else ""
    reason = Reason(code, "Words.", Owner.TEAM, "Way.", link=step, source="SWDS0618")
    AdoptionItem.objects.update(state="refused", reasons=[reason_document(reason)])
    ((text, links),) = rows_of(coordinator, batch)
    assert text.endswith("Owner: IEP team · SWDS0618")
    assert links == [link.format(arrivals["Avocet"].student.public_id), "/rules/SWDS0618"]


# Leavings recorded together


@pytest.fixture
def left(small_world) -> dict[str, Student]:
    students = add_cast(["bunting", "dunlin"])
    for student in students.values():
        pages.leaves(student, date(2026, 11, 18))
    return students


def recorded(actor) -> LeavingBatch:
    said = Together("moved_out_of_state", "The families told the office.")
    batch, _ = start_leavings(actor=actor, chosen=departures(actor), said=said, public_id=new_public_id())
    run_jobs_now(raises_errors=True)
    return batch


def of_leavings(client: Client, batch: LeavingBatch) -> list[tuple[str, list[str]]]:
    return whys(client, client.get(f"/students/leaving/together/{batch.public_id}"))


def test_a_held_meeting_stands_against_it_in_the_preview_and_afterward(small_world, coordinator, left):
    bunting = left["bunting"]
    Meeting.objects.create(
        student=bunting,
        event_key="annual",
        state="held",
        lea_code=w.LEA,
        opened_at=w.NOON,
        held_on=date(2026, 11, 17),
    )
    why = [
        (
            "The annual plan review of 11/17/2026 was held and is not finalized: the state has to hear of it first. "
            "Finalize it; then record the leaving. Show the meetings Owner: IEP team · SPED Data Guide, MEET",
            [f"/students/{bunting.public_id}?tab=meetings"],
        )
    ]
    sent = {"reason": "moved_out_of_state", "selected": [str(one.public_id) for one in left.values()]}
    assert whys(coordinator, coordinator.post("/students/leaving/together", sent)) == why
    assert of_leavings(coordinator, recorded(small_world.coordinator_actor)) == why


def test_what_the_state_was_told_is_not_taken_back(small_world, coordinator, left):
    actor = small_world.coordinator_actor
    batch = recorded(actor)
    told = Operation.objects.filter(student_id=left["dunlin"].pk).values_list("pk", flat=True)
    prepare_submission(actor=actor, operation_ids=list(told), form="api", destination="sandbox")
    LEAVINGS.start_undo(actor=actor, batch=batch)
    run_jobs_now(raises_errors=True)
    ((text, links),) = of_leavings(coordinator, batch)
    assert text.startswith("The state was told of it already: Juniper Mockup sent it at ")
    assert text.endswith(
        "Change without a meeting Owner: SEDS coordinator · SWDS0618: a status stands until the next one starts"
    )
    assert links == [f"/students/{left['dunlin'].public_id}/changes", "/rules/SWDS0618"]


@pytest.mark.parametrize(
    ("code", "link"),
    [
        ("left-already", "/students/{}/leaving"),
        ("late-notice", "/students/{}/leaving"),
        ("not-newest", "/students/{}/leaving"),
        ("meeting-pending", "/students/{}?tab=meetings"),
        ("later-facts", "/students/{}/changes"),
        ("already-corrected", "/students/{}"),
        ("later-status", "/students/{}"),
        ("out-of-reach", "/why"),
        ("grant-ended", "/why"),
    ],
)
def test_other_reasons_of_a_leaving_lead_on(small_world, coordinator, left, code, link):
    batch = recorded(small_world.coordinator_actor)
    reason = Reason(code, "Words.", Owner.CLERK, "Way.", source="A policy")
    LeavingItem.objects.filter(student=left["bunting"]).update(
        state="refused", reasons=[reason_document(reason)]
    )
    ((text, links),) = of_leavings(coordinator, batch)
    assert text.startswith("Words. Way. ") and text.endswith("Owner: Clerk or coordinator · A policy")
    assert links == [link.format(left["bunting"].public_id)]
