"""The pages of arrivals: the list, one arrival with its four questions, adopting together, and enrollment help."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from django.urls import reverse

from manzanita.archive.models import Archive
from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import AdoptionBatch, Arrival, RecordsAsked
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.models import Operation
from manzanita.orgs.models import Agency, AgencyContact
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.students.actions import Identity, register_students, set_clocks, state_one, state_student_facts
from manzanita.students.queries import facts_of
from tests.support import arrivals as hand
from tests.support import world as w
from tests.support.pages import (
    NO_ID,
    enrollment,
    leaves,
    other_coordinator,
    plan,
    reads,
    text_of,
    without_marks,
)

# session, user, grants, no block; arrivals, what a list shows of them, agencies, contacts, schools, counts, radar; log
LIST_QUERIES = 30


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def arrived(small_world):
    """``arrived(name, …)``: these students with their arrivals, by name."""

    def make(*names: str) -> dict[str, Arrival]:
        students = hand.add([hand.row(name) for name in names])
        look_at(w.LEA, [one.pk for one in students.values()], found_by="test")
        return {one.student.first_name: one for one in Arrival.objects.select_related("student")}

    return make


def page_of(client, arrival: Arrival):
    return client.get(f"/arrivals/{arrival.public_id}")


def rows_in(answer) -> list[str]:
    return re.findall(r"data-open>Testcase, (\w+)</a>", text_of(answer))


# The list


def test_the_list_shows_the_longest_here_first_with_what_is_missing(coordinator, arrived):
    arrived("Avocet", "Eider", "Hoopoe", "Linnet", "Oriole", "Kestrel")
    answer = coordinator.get("/arrivals")
    assert rows_in(answer) == ["Eider", "Avocet", "Hoopoe", "Linnet", "Oriole"]
    page = text_of(answer)
    for told in (
        "IEP of 01/10/2026, 1 service · status 1 Eligible and Participating · review due 01/10/2027",
        "Heron Creek Unified",
        "21 days here",
        "By status 1 Eligible and Participating since 01/10/2024 the student takes part, and no plan is known for the "
        "first day here.",
        "Nobody in the directory yet",
        "Adopt 2 plans that are safe",
    ):
        assert told in page
    assert len(reads()) == 5 and reads()[0][1] == "arrivals.list"


@pytest.mark.parametrize(
    ("show", "names"),
    [
        ("safe", ["Eider", "Avocet"]),
        ("arriving", ["Eider", "Avocet"]),
        ("returning", ["Oriole"]),
        ("unserved", ["Hoopoe"]),
        ("look", ["Linnet"]),
        ("settled", []),
    ],
)
def test_each_kind_has_its_list(coordinator, arrived, show, names):
    arrived("Avocet", "Eider", "Hoopoe", "Linnet", "Oriole")
    assert rows_in(coordinator.get(f"/arrivals?show={show}")) == names


def test_an_empty_list_says_what_it_would_show(coordinator):
    assert "Nobody has come whom special education knows" in text_of(coordinator.get("/arrivals"))
    assert coordinator.get("/arrivals?show=nonsense").status_code == 404
    assert coordinator.get(f"/arrivals?after={NO_ID}").status_code == 404


def test_a_page_costs_the_same_for_one_and_for_many(coordinator, arrived, django_assert_max_num_queries):
    arrived("Avocet")
    coordinator.get("/arrivals")
    with django_assert_max_num_queries(LIST_QUERIES):
        coordinator.get("/arrivals")
    arrived("Bittern", "Curlew", "Eider", "Falcon", "Godwit", "Hoopoe", "Ibis", "Linnet", "Merlin")
    with django_assert_max_num_queries(LIST_QUERIES):
        coordinator.get("/arrivals")


def test_whom_to_call_stands_beside_the_student(coordinator, arrived):
    AgencyContact.objects.create(
        agency=Agency.objects.get(code=w.OTHER_LEA),
        role_code="seds_coordinator",
        name="Fern Sample",
        phone="555-0142",
        email="fern.sample@example.org",
        valid_from=w.TODAY,
        confirmed_on=w.TODAY,
        updated_at=w.NOON,
    )
    arrived("Linnet")
    page = text_of(coordinator.get("/arrivals"))
    assert "<b>Fern Sample</b>, SEDS coordinator" in page and "555-0142" in page


def test_another_district_sees_nothing_of_it(small_world, sign_in, arrived):
    arrival = arrived("Avocet", "Vireo")["Vireo"]
    other = sign_in(other_coordinator(small_world))
    assert rows_in(other.get("/arrivals")) == []
    assert page_of(other, arrival).status_code == 404
    assert other.post(f"/arrivals/{arrival.public_id}/records", {"asked_on": "2026-11-20"}).status_code == 404
    other.post(
        "/arrivals/adopt", {"selected": str(arrival.public_id), "apply": "1", "token": NO_ID, "reason": "x"}
    )
    assert AdoptionBatch.objects.filter(items__isnull=False).count() == 0


def test_a_case_manager_is_told_why_not(small_world, sign_in):
    answer = sign_in(small_world.case_manager).get("/arrivals")
    assert answer.status_code == 403 and "correct archived records" in text_of(answer)


def test_looking_now_is_one_job_however_often_it_is_asked(coordinator, arrived):
    hand.add([hand.row("Avocet")])
    for _ in range(2):
        coordinator.post("/arrivals/look")
    assert "The enrollments are being looked at." in text_of(coordinator.get("/arrivals"))
    run_jobs_now(raises_errors=True)
    answer = coordinator.get("/arrivals")
    assert rows_in(answer) == ["Avocet"] and "looked last 11/23/2026" in text_of(answer)


# One arrival


def test_the_questions_are_answered_with_their_evidence(coordinator, arrived):
    page = text_of(page_of(coordinator, arrived("Avocet")["Avocet"]))
    for told in (
        "Status 1 Eligible and Participating since 01/10/2024, reported by Heron Creek Unified.",
        "Plan of 01/10/2026 with 1 service.",
        "The plan goes on without delay, unless the family says otherwise.",
        "Since 11/02/2026.",
        "Education Code 56325(a)",
        "What follows: Adopt the plan",
        "<b>PLAN</b> of 11/02/2026",
        "<b>SERV</b> of 11/02/2026",
        "The plan goes on inside the SELPA",
    ):
        assert told in page


def test_whoever_may_be_the_same_student_is_seen_too(small_world, coordinator):
    (aldar,) = register_students([Identity("Aldar", "", "Testcase", "", date(2016, 4, 9))])
    state_one(
        "enrollment",
        slot={"student_id": aldar.pk, "lea_code": w.LEA, "started_on": date(2026, 11, 2)},
        values=enrollment("U1"),
        effective_from=date(2026, 11, 2),
        by_id=None,
        cause="test",
    )
    look_at(w.LEA, [aldar.pk], found_by="test")
    answer = page_of(coordinator, Arrival.objects.get())
    assert "Alder Testcase" in text_of(answer)
    alder = small_world.students["alder"]
    assert {(aldar.pk, "arrivals.arrival"), (alder.pk, "arrivals.arrival")} <= set(reads())


def test_from_another_selpa_thirty_days_are_counted(coordinator, arrived):
    page = text_of(page_of(coordinator, arrived("Cisticola")["Cisticola"]))
    assert "due on <b>12/02/2026</b>" in page and "9 days left" in page


def test_inside_the_selpa_the_record_counts_no_thirty_days_either(coordinator, arrived):
    arrivals = arrived("Avocet", "Cisticola")
    stands = {
        name: text_of(coordinator.get(f"/students/{one.student.public_id}")) for name, one in arrivals.items()
    }
    assert (
        "no review is due after 30 days" in stands["Avocet"]
        and "30 days to the review" in stands["Cisticola"]
    )
    assert "no review is due after 30 days" not in stands["Cisticola"]


def test_who_is_eligible_without_a_plan_is_told_the_same_on_every_page(coordinator, arrived):
    """Hoopoe has status 2, reason 12, and a review in May 2026 that no plan came of."""
    arrival = arrived("Hoopoe")["Hoopoe"]
    set_clocks({arrival.student_id: (date(2026, 5, 12), None)})
    page = text_of(page_of(coordinator, arrival))
    assert "No plan of another district goes on here, so no review is due after a transfer." in page
    assert "No plan is in force" not in page and "inside the SELPA" not in page
    assert 'class="btn primary" href="/arrivals/' not in page and "Enter the plan that came on paper" in page
    record = text_of(coordinator.get(f"/students/{arrival.student.public_id}"))
    assert "Enrolled here and eligible, without a plan" in record
    assert "SWDS 2 Eligible and Not Participating of the other district; from here nothing, unless" in record
    assert "05/12/2027" not in record and "30 days to the review" not in record
    listed = text_of(coordinator.get("/students")).split("Testcase, Hoopoe</a>")[1].split("</tr>")[0]
    assert "05/12/2027" not in listed and "None due" in listed

    page = text_of(
        coordinator.post(f"/arrivals/{arrival.public_id}", {"answer": "1", "here": "no"}, follow=True)
    )
    assert (
        "stays as it is: from here nothing is due to the state" in page and "stands at the state" not in page
    )
    assert "on paper" not in page and "no review is due after a transfer" in page


def test_the_state_s_codes_stand_with_their_words(coordinator, arrived):
    page = text_of(page_of(coordinator, arrived("Hoopoe")["Hoopoe"]))
    assert (
        "Status 2 Eligible and Not Participating since 06/30/2026, reported by Heron Creek Unified." in page
    )
    assert "Reason 12 Other reason / participation to start at a later date." in page


def test_a_family_that_declined_every_plan_brings_none_on_paper(coordinator):
    declined = hand.add([{**hand.row("Hoopoe"), "statuses": "THEM:2/11:2026-06-30"}])["Hoopoe"]
    look_at(w.LEA, [declined.pk], found_by="test")
    assert "on paper" not in text_of(page_of(coordinator, Arrival.objects.get()))


def test_one_is_adopted_and_taken_back_from_its_page(coordinator, arrived):
    arrival = arrived("Avocet")["Avocet"]
    token = re.search(r'name="token" value="([^"]+)"', page_of(coordinator, arrival).content.decode())[1]
    sent = {"adopt": "1", "token": token, "reason": "The former district said so."}
    for _ in range(2):
        assert coordinator.post(f"/arrivals/{arrival.public_id}", sent).status_code == 302
    assert Archive.objects.filter(student_id=arrival.student_id).count() == 1
    page = text_of(page_of(coordinator, arrival))
    assert "Plan adopted" in page and "2 lines of it wait in the state plan." in page
    assert "A plan of another district is in force" not in page, "it was true before it was adopted"
    batch = AdoptionBatch.objects.get()
    coordinator.post(f"/arrivals/adoptions/{batch.public_id}/undo")
    assert "Taken back" in text_of(coordinator.get(f"/arrivals/adoptions/{batch.public_id}"))
    assert facts_of(arrival.student).plan_on(w.TODAY).lea_code == w.OTHER_LEA
    assert "What follows: Adopt the plan" in text_of(page_of(coordinator, arrival))
    undone = Archive.objects.get(supersedes__isnull=False, student_id=arrival.student_id)
    for address in (
        reverse("archive", args=[undone.public_id]),
        reverse("archive", args=[undone.supersedes.public_id]),
        f"/students/{arrival.student.public_id}?tab=state",
        f"/students/{arrival.student.public_id}?tab=history",
    ):
        assert coordinator.get(address).status_code == 200
    assert "Took the adoption of a plan back" in text_of(coordinator.get(address))


def test_what_was_sent_of_an_adoption_is_offered_nowhere_to_be_taken_back(small_world, coordinator, arrived):
    arrival = arrived("Avocet")["Avocet"]
    token = re.search(r'name="token" value="([^"]+)"', page_of(coordinator, arrival).content.decode())[1]
    sent = {"adopt": "1", "token": token, "reason": "The former district said so."}
    coordinator.post(f"/arrivals/{arrival.public_id}", sent)
    batch = f"/arrivals/adoptions/{AdoptionBatch.objects.get().public_id}"
    history = f"/students/{arrival.student.public_id}?tab=history"
    assert "Take back what was not sent" in text_of(coordinator.get(batch))
    assert f'<a class="go" href="{batch}">Take back' in text_of(coordinator.get(history))
    ids = list(Operation.objects.filter(student_id=arrival.student_id).values_list("pk", flat=True))
    prepare_submission(
        actor=small_world.coordinator_actor, operation_ids=ids, form="api", destination="sandbox"
    )
    page = text_of(coordinator.get(batch))
    assert "Take back what was not sent" not in page
    assert "The state was told of all of it, or waits to answer. For a student who never came" in page
    page = text_of(coordinator.get(history))
    assert f'<a class="go" href="{batch}">Take back' not in page
    assert "Not now: The state was told of it already, or waits to answer." in page


def test_a_person_knows_better_and_the_way_follows(coordinator, arrived):
    arrival = arrived("Falcon")["Falcon"]
    assert "What follows: Ask first" in text_of(page_of(coordinator, arrival))
    answers = {"eligible": "yes", "participating": "no", "here": "yes", "enrolled": "yes", "answer": "1"}
    coordinator.post(f"/arrivals/{arrival.public_id}", answers)
    arrival.refresh_from_db()
    assert arrival.answers == {"here": "yes"}
    page = text_of(page_of(coordinator, arrival))
    assert "What follows: Adopt the plan" in page and "<b>SWDS</b> of 11/02/2026" in page
    assert "Said by Juniper Mockup" in page and "on 11/23/2026</td>" in page
    assert page.index("<b>SWDS</b>") < page.index("<b>PLAN</b>") < page.index("<b>SERV</b>")


SAID_FIRST = "Nothing is taken up before the questions of an arrival are answered"
NO_LOOK = "Plans are adopted together where all evidence agrees and nobody has to be called"


@pytest.mark.parametrize(
    ("name", "block", "words", "ways"),
    [
        (
            "Falcon",
            "why-ask",
            "Whether the student is going to take part here is not known. Ask the family, then answer the third "
            f"question. Answer the question Owner: IEP team · {SAID_FIRST}",
            ["/arrivals/{arrival}#ask-head"],
        ),
        (
            "Linnet",
            "why-look",
            "By status 1 Eligible and Participating since 01/10/2024 the student takes part, and no plan is known for "
            "the first day here. Read the state's extract of the former district, or ask there for the plan. Ask the "
            f"former district Owner: SEDS coordinator · {NO_LOOK}",
            ["/arrivals/{arrival}#records-head", "/arrivals/adopt#checks"],
        ),
        (
            "Vireo",
            "why-look",
            "The student is still enrolled at Heron Creek Unified on the first day here. Ask there for the exit, and "
            "for a transfer of the record; until then two districts count the student. Ask for a transfer "
            f"Owner: SIS staff · {NO_LOOK}",
            ["/transfers/new?student={student}", "/arrivals/adopt#checks"],
        ),
    ],
)
def test_what_is_missing_says_its_rule_and_leads_to_where_it_is_mended(
    coordinator, arrived, name, block, words, ways
):
    arrival = arrived(name)[name]
    told = told_in(page_of(coordinator, arrival), block)
    keys = {"arrival": arrival.public_id, "student": arrival.student.public_id}
    assert told[0] == (words, [way.format(**keys) for way in ways])


def test_what_stands_against_the_adoption_says_its_rule_and_leads_on(coordinator):
    """A newer plan of the other district starts after the first day here."""
    plans = "THEM:100:2026-01-10..2026-11-09 THEM:100:2026-11-10"
    student = hand.add([{**hand.row("Avocet"), "plans": plans}])["Avocet"]
    look_at(w.LEA, [student.pk], found_by="test")
    arrival = Arrival.objects.get()
    known = f"/students/{student.public_id}?tab=history"
    why = (
        "A plan that starts on 11/10/2026 is known already, and the state keeps one plan a day. Correct that record, "
        "or enter a later day. Show what is known Owner: SEDS coordinator · CALPADS key of PLAN: LEA, SSID, "
        "start date"
    )
    assert told_in(page_of(coordinator, arrival), "why-not") == [(why, [known])]
    sent = {"adopt": "1", "reason": "By phone."}
    refused = text_of(coordinator.post(f"/arrivals/{arrival.public_id}", sent)).split("Nothing was changed")[
        1
    ]
    assert f'href="{known}">Show what is known</a>' in refused
    assert "Owner: SEDS coordinator · CALPADS key of PLAN" in refused


def told_in(answer, block: str) -> list[tuple[str, list[str]]]:
    """The reasons of one block of a page: words and addresses."""
    part = text_of(answer).split(f'<div class="whynot" id="{block}">')[1].split("</div>")[0]
    return [
        (without_marks(one), [unescape(link) for link in re.findall(r'href="([^"]+)"', one)])
        for one in re.findall(r"<p>(.*?)</p>", part)
    ]


def test_who_stops_at_once_arrives_inactive_and_the_state_is_told(coordinator, arrived):
    arrival = arrived("Avocet")["Avocet"]
    here = f"/arrivals/{arrival.public_id}"
    coordinator.post(here, {"here": "no", "answer": "1"})
    refused = coordinator.post(
        here, {"inactive": "1", "status": "2", "status_reason": "", "reason": "Revoked."}
    )
    assert refused.status_code == 422 and "says why" in text_of(refused)
    coordinator.post(here, {"inactive": "1", "status": "2", "status_reason": "13", "reason": "Revoked."})
    arrival.refresh_from_db()
    status = facts_of(arrival.student).status_on(w.TODAY)
    assert (arrival.settled_how, status.status_code, f"{status.effective_from}") == (
        "inactive",
        "2",
        "2026-11-02",
    )


@pytest.mark.parametrize(
    ("name", "answers", "label", "how"),
    [
        ("Hoopoe", {"here": "no"}, "Settle as arrived inactive", "inactive"),
        ("Petrel", {}, "Settle: our plan goes on", "nothing"),
        ("Zorzal", {}, "Settle: nothing to do", "nothing"),
    ],
)
def test_what_needs_nothing_is_settled_with_a_reason(coordinator, arrived, name, answers, label, how):
    arrival = arrived(name)[name]
    here = f"/arrivals/{arrival.public_id}"
    if answers:
        coordinator.post(here, {**answers, "answer": "1"})
    assert label in text_of(coordinator.get(here))
    refused = coordinator.post(here, {"settle": "1", "reason": " "})
    # It is the reader's own form, whatever the office.
    assert refused.status_code == 422 and '<span class="dim">Owner: You</span>' in text_of(refused)
    assert "Clerk or coordinator" not in text_of(refused)
    coordinator.post(here, {"settle": "1", "reason": "The family was asked."})
    arrival.refresh_from_db()
    assert (arrival.settled_how, arrival.settled_reason) == (how, "The family was asked.")
    assert not Archive.objects.filter(student_id=arrival.student_id).exists()
    coordinator.post(here, {"settle": "1", "reason": "Again."})
    arrival.refresh_from_db()
    assert arrival.settled_reason == "The family was asked."


def test_records_are_asked_for_and_come(coordinator, arrived):
    arrival = arrived("Avocet")["Avocet"]
    here = f"/arrivals/{arrival.public_id}/records"
    asked = {"agency": "Heron Creek Unified", "contact": "Fern Sample", "asked_on": "2026-11-18", "note": ""}
    # A day on which to ask again that is none is not taken for the one by law.
    answer = coordinator.post(here, {**asked, "follow_up_on": "soon"}, follow=True)
    assert "The request was not noted" in text_of(answer) and not RecordsAsked.objects.exists()
    for _ in range(2):
        coordinator.post(here, asked)
    (row,) = RecordsAsked.objects.all()
    # Five working days from Wednesday, November 18.
    assert (row.agency_code, row.follow_up_on) == (w.OTHER_LEA, date(2026, 11, 25))
    assert "Records asked for on 11/18/2026</span>" in text_of(coordinator.get("/arrivals"))
    RecordsAsked.objects.update(follow_up_on=w.TODAY)
    assert "Records asked for on 11/18/2026: ask again</span>" in text_of(coordinator.get("/arrivals"))
    coordinator.post(here, {"received": row.pk, "received_on": "2026-11-17"})
    assert RecordsAsked.objects.get().received_on is None
    coordinator.post(here, {"received": row.pk, "received_on": "2026-11-20"})
    assert RecordsAsked.objects.get().received_on == date(2026, 11, 20)
    coordinator.post(here, {**asked, "asked_on": "2026-11-24"})
    assert RecordsAsked.objects.count() == 1


def test_the_case_is_given_to_somebody(small_world, coordinator, arrived):
    arrival = arrived("Avocet")["Avocet"]
    sent = {"assign": "1", "to": str(small_world.case_manager.pk), "seen": ""}
    coordinator.post(f"/arrivals/{arrival.public_id}", sent)
    assert facts_of(arrival.student).case_manager_id == small_world.case_manager.pk
    assert "Case manager: <b>Wren Placeholder</b>" in text_of(page_of(coordinator, arrival))


def test_by_hand_from_the_page_of_the_student(small_world, coordinator):
    yarrow = small_world.students["yarrow"]
    alder = small_world.students["alder"]
    for student, is_offered in ((yarrow, True), (alder, False)):
        page = text_of(coordinator.get(f"/students/{student.public_id}"))
        assert (f'action="/students/{student.public_id}/arrived"' in page) is is_offered
    for _ in range(2):
        answer = coordinator.post(f"/students/{yarrow.public_id}/arrived")
    arrival = Arrival.objects.get()
    assert (
        answer.url == f"/arrivals/{arrival.public_id}" and arrival.found_by_id == small_world.coordinator.pk
    )
    assert "What follows: Ask first" in text_of(page_of(coordinator, arrival))
    assert look_at(w.LEA, [yarrow.pk], found_by="night") == {}


# Who is still enrolled in the other district is asked for by a transfer


def test_who_is_still_in_the_other_district_is_asked_for_from_arrival_record_and_search(coordinator, arrived):
    arrival = arrived("Vireo")["Vireo"]
    student = arrival.student
    ask = f"/transfers/new?student={student.public_id}"
    for address in (f"/arrivals/{arrival.public_id}", f"/students/{student.public_id}"):
        assert f'href="{ask}"' in text_of(coordinator.get(address)), address
    (ssid,) = facts_of(student).ssids
    page = text_of(coordinator.post("/students/elsewhere", {"ssid": ssid.ssid}))
    assert "still enrolled at <b>Heron Creek Unified</b> too" in page
    assert f'href="{ask}"' in page and f'href="/arrivals/{arrival.public_id}"' in page

    form = text_of(coordinator.get(ask))
    assert "The record is at Heron Creek Unified" in form and 'value="Vireo Testcase"' in form
    sent = {"student": str(student.public_id), "called": "Vireo", "enroll_on": "2026-11-02", "ground": "none"}
    transfer = f"/transfers/{coordinator.post('/transfers/new', sent).url.split('/')[-1]}"
    page = text_of(page_of(coordinator, arrival))
    assert f'href="{transfer}"' in page and "Transfer: waits for an answer" in page and ask not in page
    # Asked for twice it is the same.
    assert coordinator.get(ask).url == transfer


def test_who_has_left_the_other_district_needs_no_transfer(coordinator, arrived):
    arrival = arrived("Avocet")["Avocet"]
    for address in (f"/arrivals/{arrival.public_id}", f"/students/{arrival.student.public_id}"):
        assert "Ask for a transfer" not in text_of(coordinator.get(address))
    (ssid,) = facts_of(arrival.student).ssids
    page = text_of(coordinator.post("/students/elsewhere", {"ssid": ssid.ssid}))
    assert "The student has arrived" in page and "Ask for a transfer" not in page


# Adopting together


def preview_form(answer) -> dict[str, object]:
    page = answer.content.decode()
    return {
        "token": re.search(r'name="token" value="([^"]+)"', page)[1],
        "selected": re.findall(r'name="selected" value="([^"]+)"', page),
        "apply": "1",
        "reason": "Confirmed by phone.",
    }


def test_the_safe_ones_are_adopted_from_the_preview(coordinator, arrived):
    arrived("Avocet", "Bittern", "Whimbrel")
    form = preview_form(coordinator.get("/arrivals/adopt"))
    assert len(form["selected"]) == 2
    first, second = (coordinator.post("/arrivals/adopt", form) for _ in range(2))
    assert first.url == second.url and AdoptionBatch.objects.count() == 1
    page = text_of(coordinator.get(first.url))
    assert "Adopting plans" in page and "You may close this page" in page
    moving = coordinator.get(f"{first.url}/progress")
    assert "HX-Refresh" not in moving.headers
    run_jobs_now(raises_errors=True)
    assert coordinator.get(f"{first.url}/progress").headers["HX-Refresh"] == "true"
    page = text_of(coordinator.get(first.url))
    assert "2 adopted, 0 not adopted, 0 taken back" in page and "Take back what was not sent" in page
    assert rows_in(coordinator.get("/arrivals")) == ["Whimbrel"]
    assert rows_in(coordinator.get("/arrivals?show=settled")) == ["Bittern", "Avocet"]


def test_the_ticked_ones_of_the_list_with_the_reasons_of_the_others(coordinator, arrived):
    arrivals = arrived("Avocet", "Bittern", "Whimbrel")
    chosen = [str(arrivals[name].public_id) for name in ("Avocet", "Whimbrel")]
    page = text_of(coordinator.post("/arrivals/adopt", {"selected": chosen}))
    assert "Testcase, Avocet" in page and "Testcase, Bittern" not in page
    assert "The plan review was due on 11/01/2026, before the first day here" in page
    refused = coordinator.post("/arrivals/adopt", {"selected": chosen, "apply": "1", "token": NO_ID})
    assert refused.status_code == 422 and "The adoption needs its reason." in text_of(refused)
    assert coordinator.post("/arrivals/adopt", {"apply": "1", "token": "none"}).status_code == 404


def test_nobody_to_adopt_says_so(coordinator):
    assert "No plan is ready to adopt" in text_of(coordinator.get("/arrivals/adopt"))


# Home


def test_home_says_how_many_have_come(coordinator, arrived):
    assert "Nobody has come whom special education knows." in text_of(coordinator.get("/"))
    arrived("Avocet", "Eider", "Hoopoe")
    page = text_of(coordinator.get("/"))
    assert 'aria-label="Students who have come: 3"' in page and "145 days" in page
    assert 'aria-label="Arrivals whose plans can be adopted at once: 2"' in page


# Enrollment help


def test_enrollments_stand_beside_the_dates_of_special_education(coordinator, arrived):
    student = arrived("Avocet")["Avocet"].student
    page = text_of(coordinator.get(f"/students/{student.public_id}/enrollments"))
    for told in (
        "Enrollment start",
        "11/02/2026",
        "The plan in force is that of Heron Creek Unified; this district has not taken it up.",
        "Settle the arrival: adopt the plan, or say why not.",
        "Enrollments of Avocet Testcase",
    ):
        assert told in page
    assert reads()[-1] == (student.pk, "student.enrollments")


def ways_in_help(client, student) -> dict[str, list[str]]:
    """What does not fit, by its first words, and every address beside it; each opens."""
    page = client.get(f"/students/{student.public_id}/enrollments").content.decode()
    found = {}
    for row in re.findall(
        r'<tr><th scope="row" class="wrap">(.*?)</tr>', page.split('id="line-head"')[0], re.S
    ):
        words = without_marks(row).removeprefix("Does not fit: ")
        links = re.findall(r'<a[^>]* href="([^"]+)"', row)
        for link in links:
            if link.startswith("#"):
                assert f'id="{link[1:]}"' in page
            else:
                assert client.get(link).status_code == 200, link
        found[" ".join(words.split()[:4])] = links
    return found


def test_what_does_not_fit_leads_to_its_fix(small_world, coordinator, sign_in, arrived):
    arrivals = arrived("Avocet", "Vireo", "Umbrette")
    towhee, ani = small_world.students["towhee"], hand.add([{**hand.row("Ani"), "ssid": "n"}])["Ani"]
    leaves(towhee, date(2026, 11, 13))
    state_student_facts(
        "enrollment",
        [
            Statement(
                {"student_id": ani.pk, "lea_code": w.LEA, "started_on": date(2026, 11, 2)},
                {**enrollment(""), "exit_reason_code": "N470"},
                date(2026, 11, 2),
                date(2026, 11, 2),
            )
        ],
        by_id=None,
        cause="test",
    )
    state_student_facts(
        "plan", [Statement({"student_id": ani.pk}, plan(), date(2026, 11, 2))], by_id=None, cause="test"
    )
    to_sis = ["#f-message"]

    avocet, vireo, umbrette = (
        ways_in_help(coordinator, arrivals[name].student) for name in ("Avocet", "Vireo", "Umbrette")
    )
    assert avocet == {"The plan in force": [f"/arrivals/{arrivals['Avocet'].public_id}"]}
    assert vireo["Two primary enrollments on"] == to_sis
    assert umbrette["The student has no"] == to_sis
    left = ways_in_help(coordinator, towhee)
    assert left["The enrollment ended on"] == ["/rules/GERR0005", f"/students/{towhee.public_id}/leaving"]
    assert left["The enrollment of 08/14/2023"] == to_sis, "without an exit reason"
    never = ways_in_help(coordinator, ani)
    assert never["The student never came"] == [f"/students/{ani.public_id}/changes/never_came"]
    assert never["The enrollment has no"] == to_sis, "no local student ID"


def test_whose_job_it_is_not_is_led_to_report_it(small_world, sign_in):
    towhee = small_world.students["towhee"]
    slot = {"student_id": towhee.pk}
    values = {"user_id": small_world.case_manager.pk}
    state_one(
        "assignment", slot=slot, values=values, effective_from=date(2025, 8, 1), by_id=None, cause="test"
    )
    leaves(towhee, date(2026, 11, 20))
    found = ways_in_help(sign_in(small_world.case_manager), towhee)
    assert found["The enrollment ended on"][1:] == [f"/students/{towhee.public_id}/participation"]


def test_the_message_to_the_sis_names_nobody(coordinator, arrived):
    student = arrived("Vireo")["Vireo"].student
    page = coordinator.get(f"/students/{student.public_id}/enrollments").content.decode()
    message = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[1]
    assert "local student ID A0000" in message and "Two primary enrollments on the same days" in message
    assert not re.search(r"Vireo|Testcase|99003|2015", message)


def test_where_everything_fits_it_says_so(small_world, coordinator):
    towhee = small_world.students["towhee"]
    page = text_of(coordinator.get(f"/students/{towhee.public_id}/enrollments"))
    assert "Everything fits" in page and "Message to the SIS staff" not in page
    assert "08/14/2023" in page and "03/02/2026" in page
    assert (
        coordinator.get(f"/students/{small_world.students['sage'].public_id}/enrollments").status_code == 404
    )
