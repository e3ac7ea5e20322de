"""The audit pages of a district, and the command that answers who saw which students."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.test import Client

from manzanita.accounts.actions import add_person
from manzanita.auditing.actions import log_reads
from manzanita.auditing.models import ChangeEvent, ReadEvent, SealCheck
from manzanita.auditing.sealing import seal_waiting
from manzanita.auditing.verifying import verify
from manzanita.cli import main as manzanita
from manzanita.domain.access import Capability
from tests.support import pages
from tests.support import world as w
from tests.support.pages import reads, text_of

TODAY = "2026-11-23"


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.AUDIT_KEY_FILE = str(tmp_path / "key")
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


def alter(row_id: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE auditing_readevent SET what = 'x' WHERE id = %s", [row_id])


# The pages


def test_the_page_tells_the_seal_the_tail_and_the_last_check(small_world, coordinator, manager):
    assert "never" in text_of(coordinator.get("/admin/audit"))
    manager.get("/students")
    seal_waiting()
    verify()
    manager.get("/students")

    page = text_of(coordinator.get("/admin/audit"))
    assert "newest seal 11/23/2026, 12:00 pm" in page
    # The list seen, in the chain of the district, and an authenticator app set up, in that of the installation.
    assert "2 rows of all chains, sound" in page
    assert "oldest for 0 s" in page


def test_a_check_that_found_something_is_the_first_thing_said(small_world, coordinator, manager):
    manager.get("/students")
    seal_waiting()
    row = ReadEvent.objects.get()
    alter(row.pk)
    verify()

    page = text_of(coordinator.get("/admin/audit"))
    assert "not what was written: 1 place" in page
    assert f"LEA 9910017, read {row.pk}: altered" in page


def test_a_sealer_that_does_not_come_is_told(small_world, coordinator, manager, noon):
    manager.get("/students")
    noon.shift(timedelta(minutes=11))

    assert "waited for their seal for 11 minutes" in text_of(coordinator.get("/admin/audit"))


def test_readers_are_listed_by_how_many_students_they_saw(small_world, coordinator, manager):
    manager.get("/students")
    manager.get(f"/students/{small_world.students['alder'].public_id}")

    page = text_of(coordinator.get("/admin/audit"))
    row = page[page.index("Wren Placeholder") :]
    # One list of alder and towhee, one page of alder.
    assert '<td>Case manager</td><td class="num">2</td><td class="num">3</td>' in row


def test_who_saw_is_shown_for_a_person_and_a_day_and_is_noted(small_world, coordinator, manager):
    manager.get("/students")
    before = len(reads())
    page = text_of(coordinator.get(f"/admin/audit/who-saw?user={small_world.case_manager.pk}"))

    assert "Alder Testcase" in page and "Towhee Testcase" in page and "Seen in a list" in page
    assert sorted(reads()[before:]) == sorted(
        (small_world.students[name].pk, "audit.who-saw") for name in ("alder", "towhee")
    )
    event = ChangeEvent.objects.get(action="read_who_saw")
    assert event.detail == {"from": TODAY, "to": TODAY, "user_id": small_world.case_manager.pk}
    assert event.actor_user_id == small_world.coordinator.pk


def test_who_saw_one_student_newest_first_and_no_name_stands_in_the_address(
    small_world, coordinator, manager, noon
):
    alder = small_world.students["alder"]
    manager.get("/students")
    noon.shift(60)
    manager.get(f"/students/{alder.public_id}")
    answer = coordinator.post("/admin/audit/who-saw/find", {"find": "9900000005", "from": TODAY, "to": TODAY})
    assert answer.url == f"/admin/audit/who-saw?from={TODAY}&to={TODAY}&student={alder.public_id}"
    page = text_of(coordinator.get(answer.url))
    rows = re.findall(r"<tr><td class=\"mid\">([^<]*)</td>.*?</tr>", page)

    assert "Only <b>Alder Testcase</b>" in page and "Towhee" not in page
    assert rows == ["11/23/2026, 12:01 pm", "11/23/2026, 12:00 pm"]
    event = ChangeEvent.objects.get(action="read_who_saw")
    assert event.student_id == alder.pk
    # By itself it asks for the last thirty days.
    assert 'value="2026-10-24"' in text_of(coordinator.get(f"/admin/audit/who-saw?student={alder.public_id}"))


@pytest.mark.parametrize(
    ("find", "words"),
    [
        ("Testcase", "Several students are meant"),
        ("Nobody", "No student in your scope is meant"),
        (" ", "No student in your scope is meant"),
    ],
)
def test_a_search_that_means_nobody_or_several_says_so(coordinator, find, words):
    answer = coordinator.post("/admin/audit/who-saw/find", {"find": find}, follow=True)
    assert words in text_of(answer)


def test_a_student_of_another_district_is_not_there(small_world, coordinator):
    sage = small_world.students["sage"].public_id
    assert coordinator.get(f"/admin/audit/who-saw?student={sage}").status_code == 404
    assert coordinator.get("/admin/audit/who-saw?student=x").status_code == 404


def test_another_day_and_another_district_show_nobody(small_world, coordinator, sign_in):
    sign_in(pages.other_coordinator(small_world)).get("/students")

    assert "Nobody of this district" in text_of(coordinator.get("/admin/audit/who-saw"))
    coordinator.get("/students")
    page = text_of(coordinator.get("/admin/audit/who-saw?from=2026-11-21&to=2026-11-22"))
    assert "Nobody of this district" in page
    assert "Sage" not in text_of(coordinator.get("/admin/audit/who-saw"))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=x", "Give both days as dates"),
        ("from=2026-11-23&to=2026-11-22", "before the first"),
        ("user=x", "Choose a person"),
    ],
)
def test_odd_questions_say_what_to_change(small_world, coordinator, query, words):
    answer = coordinator.get(f"/admin/audit/who-saw?{query}")
    assert (answer.status_code, words in text_of(answer)) == (422, True)


def test_without_the_capability_the_pages_say_whose_job_it_is(small_world, manager):
    for path in ("/admin/audit", "/admin/audit/who-saw"):
        answer = manager.get(path)
        assert answer.status_code == 403
        assert "see who has read, changed and disclosed records" in text_of(answer)


# session, user, grants, no block; head, waiting, last check; readers, their names; transfers for the tabs
AUDIT_QUERIES = 10
# session, user, grants, no block; note of asking 2; reads, accounts, students; names in scope 5;
# note of reading 2 and its count; people; transfers for the tabs
WHO_SAW_QUERIES = 19


@pytest.mark.parametrize("count", [1, 60])
def test_the_pages_cost_the_same_for_few_and_many(small_world, coordinator, django_assert_num_queries, count):
    for student in pages.many_students(count):
        log_reads(actor=small_world.case_manager_actor, student_ids=[student.pk], what="student.record")
    coordinator.get("/admin/audit/who-saw")  # the first look of a day begins its count
    with django_assert_num_queries(AUDIT_QUERIES):
        coordinator.get("/admin/audit")
    with django_assert_num_queries(WHO_SAW_QUERIES):
        coordinator.get("/admin/audit/who-saw")


def test_every_answer_has_its_request_id_and_so_have_its_rows(small_world, manager):
    first = manager.get("/students", headers={"X-Request-ID": "mine"})
    second = manager.get("/students")

    ids = list(ReadEvent.objects.order_by("pk").values_list("request_id", flat=True))
    assert ids == [first.headers["X-Request-ID"], second.headers["X-Request-ID"]]
    assert ids[0] != ids[1] and "mine" not in ids and len(ids[0]) == 32


def test_a_list_notes_its_filter_and_not_the_words_of_a_search(small_world, manager):
    manager.get("/due?clock=annual-review")
    manager.get(manager.post("/students/search", {"q": "Alder"}).headers["Location"])

    assert list(ReadEvent.objects.order_by("pk").values_list("kind", "filter_codes", "student_count")) == [
        ("list", "span=late clock=annual-review", 1),
        ("list", "list=all search", 1),
    ]


# The command


def who_saw(capsys, *arguments: str) -> list[dict[str, str]]:
    assert manzanita(["audit", "who-saw", "--lea", w.LEA, "--from", TODAY, "--to", TODAY, *arguments]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_the_command_names_person_student_and_time(small_world, manager, coordinator, capsys):
    manager.get(f"/students/{small_world.students['alder'].public_id}")
    manager.get("/students")
    coordinator.get(f"/students/{small_world.students['yarrow'].public_id}")

    rows = who_saw(capsys)
    assert [
        (row["person"], row["perspective"], row["student"], row["kind"], row["what"]) for row in rows
    ] == [
        (
            "Wren Placeholder",
            "case_manager",
            str(small_world.students["alder"].public_id),
            "page",
            "student.record",
        ),
        *(
            (
                "Wren Placeholder",
                "case_manager",
                str(small_world.students[name].public_id),
                "list",
                "student.list",
            )
            for name in ("alder", "towhee")
        ),
        (
            "Juniper Mockup",
            "coordinator",
            str(small_world.students["yarrow"].public_id),
            "page",
            "student.record",
        ),
    ]
    assert {row["at_utc"] for row in rows} == {"2026-11-23T20:00:00Z"}
    assert rows[0]["email"] == "wren.placeholder@example.org"


def test_the_command_narrows_to_a_person_and_to_a_student(small_world, manager, coordinator, capsys):
    manager.get("/students")
    coordinator.get(f"/students/{small_world.students['yarrow'].public_id}")

    assert len(who_saw(capsys, "--user", "Wren.Placeholder@example.org")) == 2
    alder = str(small_world.students["alder"].public_id)
    assert [row["student"] for row in who_saw(capsys, "--student", alder)] == [alder]


def test_the_command_writes_one_object_a_line(small_world, manager, capsys):
    manager.get("/students")
    arguments = ["audit", "who-saw", "--lea", w.LEA, "--from", TODAY, "--to", TODAY, "--format", "json"]
    assert manzanita(arguments) == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["what"] for line in lines] == ["student.list", "student.list"]


def test_the_command_is_noted_before_it_answers(small_world, capsys):
    who_saw(capsys)

    event = ChangeEvent.objects.get(action="read_who_saw")
    assert (event.lea_code, event.actor_label) == (w.LEA, "system")
    assert event.detail["from"] == TODAY and event.detail["asked_by"]
    assert event.request_id.startswith("command-")


def test_days_are_california_days(small_world, sign_in, capsys, noon):
    noon.move_to(w.NOON.replace(hour=7, minute=59) + timedelta(days=1))
    manager = sign_in(small_world.case_manager)
    manager.get("/students")
    assert [row["at_utc"] for row in who_saw(capsys)] == ["2026-11-24T07:59:00Z"] * 2
    noon.shift(timedelta(minutes=2))
    manager.get("/students")
    assert [row["at_utc"] for row in who_saw(capsys)] == ["2026-11-24T07:59:00Z"] * 2


def test_a_cell_is_never_a_formula(small_world, capsys):
    person = add_person(email="fern@example.org", name="=HYPERLINK(1)", password=None)
    actor = replace(small_world.case_manager_actor, user_id=person.pk)
    log_reads(actor=actor, student_ids=[small_world.students["alder"].pk], what="student.record")
    assert who_saw(capsys)[0]["person"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--lea", "0000000"], "no agency has this code"),
        (["--user", "nobody@example.org"], "nobody has an account"),
        (["--student", pages.NO_ID], "no student has this public id"),
        (["--to", "2026-11-22"], "is before --from"),
    ],
)
def test_the_command_says_what_is_wrong_with_the_question(small_world, capsys, arguments, words):
    asked = ["audit", "who-saw", "--lea", w.LEA, "--from", TODAY, "--to", TODAY, *arguments]
    assert manzanita(asked) == 2
    assert words in capsys.readouterr().err
    assert not ChangeEvent.objects.filter(action="read_who_saw").exists()


def test_verify_ends_with_one_and_names_the_row_where_something_is_wrong(small_world, manager, capsys):
    manager.get("/students")
    manager.get("/students")
    assert manzanita(["audit", "seal"]) == 0
    assert manzanita(["audit", "verify"]) == 0
    # Two lists seen, and an authenticator app set up in the chain of the installation.
    said = capsys.readouterr().out
    assert "3 sealed rows in 2 chains" in said and "Sound" in said and "Not sealed yet: 0 rows" in said
    row_id = ReadEvent.objects.order_by("pk").first().pk
    alter(row_id)

    assert manzanita(["audit", "verify"]) == 1
    assert f"WRONG  LEA 9910017, read {row_id}: altered" in capsys.readouterr().out
    assert SealCheck.objects.count() == 2


def test_verify_with_anchors_kept_elsewhere(small_world, manager, capsys, tmp_path):
    manager.get("/students")
    manzanita(["audit", "seal"])
    assert manzanita(["audit", "anchor"]) == 0
    assert "2 chains anchored" in capsys.readouterr().out
    kept = tmp_path / "kept.jsonl"
    kept.write_bytes((tmp_path / "anchors.jsonl").read_bytes())
    (tmp_path / "anchors.jsonl").unlink()

    assert manzanita(["audit", "verify"]) == 1
    assert manzanita(["audit", "verify", "--anchors", str(kept)]) == 0
    assert manzanita(["audit", "verify", "--anchors", str(tmp_path / "none")]) == 2


def test_the_capability_is_the_coordinators(small_world):
    assert small_world.coordinator_actor.may(Capability.READ_AUDIT)
    assert not small_world.case_manager_actor.may(Capability.READ_AUDIT)
    assert date(2026, 11, 23) == w.TODAY
