"""A list as a file: the same students, order and columns; whose it is, how long it lasts, what it says of itself."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.test import Client

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import Grant, GrantSchool
from manzanita.auditing.models import ChangeEvent, ExportedStudent, ListExport
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import School
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from manzanita.students.actions import Identity, set_clocks, update_identities
from manzanita.web import list_exports
from tests.support import pages
from tests.support import world as w
from tests.support.pages import NO_ID, addresses_in, many_students, reads, text_of
from tests.support.workbooks import sheets_of

CALIFORNIA = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def colleague(small_world, sign_in) -> Client:
    """A second coordinator of the same district."""
    return sign_in(second_coordinator(small_world))


def second_coordinator(world):
    person = add_person(email="manzanita.second@example.org", name="Laurel Mockup", password=w.PASSWORD)
    grant_perspective(
        user=person,
        perspective_key="coordinator",
        agency=world.coordinator_grant.agency,
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    return person


def ask(client: Client, key: str = "key-of-a-page-1", wanted: str = "all", **more: str):
    return client.post("/exports", {"list": wanted, "search": "", "form": "csv", "ask": key, **more})


def made(client: Client, **more: str) -> ListExport:
    """Asked for by ``client``, and every job done."""
    answer = ask(client, **more)
    assert answer.status_code == 302 and answer.url.startswith("/exports/"), answer.content[:500]
    run_jobs_now(raises_errors=True)
    return ListExport.objects.get(public_id=answer.url.removeprefix("/exports/"))


def found(client: Client, text: str) -> str:
    """The token of a search for ``text``."""
    return client.post("/students/search", {"q": text}).url.split("search=")[1]


def address(export: ListExport, part: str = "") -> str:
    return f"/exports/{export.public_id}{part}"


def csv_of(client: Client, export: ListExport) -> tuple[dict[str, str], list[list[str]]]:
    """The lines about the file, and the head and rows of its table."""
    answer = client.get(address(export, "/download"))
    assert answer.status_code == 200
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    gap = rows.index([])
    return dict(rows[1:gap]), rows[gap + 1 :]


def stored(export: ListExport) -> Path:
    return Path(settings.MEDIA_ROOT) / export.stored_name


# The button


def test_the_list_offers_its_count_as_a_file(coordinator, manager):
    page = text_of(coordinator.get("/students"))
    assert "Export 3" in page and "Excel workbook (XLSX)" in page and "CSV file" in page
    page = text_of(manager.get("/students"))
    assert "As Case manager nobody can export lists. The SEDS coordinator can." in page
    assert '<form method="post" action="/exports">' not in page


def test_nothing_to_export_no_button(coordinator):
    assert "Export" not in text_of(coordinator.get("/students?list=held"))


def test_whoever_may_not_export_gets_no_file(small_world, coordinator, manager):
    export = made(coordinator)
    assert ask(manager).status_code == 403
    for part in ("", "/download", "/progress"):
        assert manager.get(address(export, part)).status_code == 403
    assert ListExport.objects.count() == 1


# The file


def test_a_workbook_says_what_it_is_and_has_the_list(small_world, coordinator):
    export = made(coordinator, form="xlsx")
    answer = coordinator.get(address(export, "/download"))
    sheets = sheets_of(answer.content)
    about = sheets["About this file"]
    assert about[0] == [
        "Contains confidential student data. Made for Juniper Mockup on November 23, 2026. Do not pass it on."
    ]
    assert about[1:] == [
        ["List", "Students"],
        ["Students", "3"],
        ["Scope", "SEDS coordinator · Chaparral Unified · Current students · Special education"],
        ["Made for", "Juniper Mockup"],
        ["Made on", "November 23, 2026, 12:00 pm, California time"],
        ["Expires", "November 30, 2026: delete it by then. In Manzanita the file is removed on that day."],
        ["Export number", str(export.public_id)],
    ]
    head, *rows = sheets["List"]
    assert head == [
        "Student",
        "SSID",
        "Born",
        "Grade",
        "School",
        "Disability",
        "Plan review due",
        "Clock",
        "Case manager",
        "State",
    ]
    assert rows[0] == [
        "Testcase, Alder",
        "9900000005",
        "04/09/2016",
        "4",
        "Buckeye Elementary",
        "290 Specific learning disability (SLD)",
        "11/14/2026",
        "9 days over",
        "Wren Placeholder",
        "Equal",
    ]
    assert [row[0] for row in rows] == ["Testcase, Alder", "Testcase, Towhee", "Testcase, Yarrow"]
    assert rows[2][-1] == "None due"


def test_the_answer_is_for_this_browser_alone_and_its_name_names_nobody(coordinator):
    export = made(coordinator, form="xlsx")
    answer = coordinator.get(address(export, "/download"))
    assert answer["Content-Disposition"] == (
        f'attachment; filename="manzanita-all-20261123-{export.public_id.hex[-6:]}.xlsx"'
    )
    assert answer["Cache-Control"] == "private, no-store"
    assert stored(export).stat().st_mode & 0o077 == 0


def test_every_page_of_the_list_is_in_the_file_in_its_order(small_world, coordinator):
    many_students(60, due_on=w.TODAY)
    shown, following = [], "/students"
    while following:
        answer = coordinator.get(following)
        shown += [part.split("<")[0] for part in text_of(answer).split(" data-open>")[1:]]
        links = [one.replace("&amp;", "&") for one in addresses_in(answer) if "after=" in one]
        following = links[0] if links else ""
    about, (_, *rows) = csv_of(coordinator, made(coordinator))
    assert about["Students"] == "63"
    assert [row[0] for row in rows] == shown
    assert len(shown) == 63


def test_the_students_of_a_list_of_due_dates_are_a_file_in_the_order_of_the_list(small_world, coordinator):
    _, second = many_students(2, due_on=w.TODAY + timedelta(days=3))
    # Whose date is earlier stands first, whatever the name.
    set_clocks({second.pk: (date(2025, 11, 25), date(2023, 11, 24))})
    recompute_stale()
    page = text_of(coordinator.get("/due?span=15&clock=annual-review"))
    assert "/exports/new?list=due.15..annual-review" in page
    about, (head, *rows) = csv_of(coordinator, made(coordinator, wanted="due.15..annual-review"))
    assert about["List"] == "Due within 15 days, Annual review of the IEP"
    assert head[6] == "Plan review due"
    assert head[-5:] == ["What is due", "Due", "By law", "By the state", "Also on this list"]
    assert [(row[0], row[6], *row[-5:]) for row in rows] == [
        (
            "Quill, Fern1",
            "11/25/2026",
            "Annual review of the IEP",
            "11/25/2026",
            "11/25/2026",
            "11/25/2026",
            "",
        ),
        (
            "Quill, Fern0",
            "11/26/2026",
            "Annual review of the IEP",
            "11/26/2026",
            "11/26/2026",
            "11/26/2026",
            "",
        ),
    ]
    # Of a student with several the earliest, and the others in words.
    _, (_, *rows) = csv_of(coordinator, made(coordinator, key="key-of-a-page-2", wanted="due.15"))
    fern = next(row for row in rows if row[0] == "Quill, Fern1")
    assert fern[-5:] == ["Reevaluation", *["11/24/2026"] * 3, "Annual review of the IEP 11/25/2026"]


def test_the_head_of_a_file_says_by_what_its_list_was_cut(small_world, coordinator):
    many_students(1, due_on=w.TODAY + timedelta(days=3))
    wanted = f"due.any..annual-review.nobody.{w.SCHOOL}.100..2026-12-01"
    about, _ = csv_of(coordinator, made(coordinator, wanted=wanted))
    assert about["List"] == "Due dates, Annual review of the IEP, until 12/01/2026"
    assert about["Only"] == "no case manager; school Buckeye Elementary; program IEP"


@pytest.mark.parametrize("wanted", ["due", "due.x", "due.late.none.nonsense", "due." * 20, "due.15...-1"])
def test_a_key_of_no_list_makes_no_file(coordinator, wanted):
    assert coordinator.get(f"/exports/new?list={wanted}").status_code == 404


def test_a_name_that_is_a_formula_stays_a_name(small_world, coordinator):
    yarrow = small_world.students["yarrow"]
    bad = Identity("+1", "", '=HYPERLINK("x")', "", yarrow.birth_on, "F")
    update_identities({yarrow.pk: bad})
    _, (_, *rows) = csv_of(coordinator, made(coordinator))
    assert rows[0][0] == '\'=HYPERLINK("x"), +1'


def test_a_search_as_a_file_has_whom_it_found_and_not_its_words(small_world, coordinator):
    token = found(coordinator, "Towhee")
    assert "Export 1" in text_of(coordinator.get(f"/students?search={token}"))
    export = made(coordinator, search=token)
    about, (_, *rows) = csv_of(coordinator, export)
    assert about["List"] == "Students, found by a search"
    assert [row[0] for row in rows] == ["Testcase, Towhee"]
    kept = str(ListExport.objects.values()) + str(ChangeEvent.objects.values()) + str(Job.objects.values())
    assert "Towhee" not in kept


def test_a_search_that_is_forgotten_does_not_become_everybody(coordinator):
    assert ask(coordinator, search="forgotten").status_code == 404
    assert coordinator.get("/exports/new?list=all&search=forgotten").status_code == 404
    assert not ListExport.objects.exists()


@pytest.mark.parametrize("wrong", [{"form": "pdf"}, {"wanted": "nonsense"}, {"key": ""}, {"key": "x" * 41}])
def test_a_form_that_is_none_of_ours_is_not_found(coordinator, wrong):
    assert ask(coordinator, **wrong).status_code == 404
    assert not ListExport.objects.exists()


def test_a_list_that_has_become_empty_says_so(coordinator):
    answer = ask(coordinator, wanted="held")
    assert answer.status_code == 422
    assert "Nobody is in the list “Students with records held back from the state”" in text_of(answer)


# What is noted


def test_who_took_whom_is_noted_once_and_the_file_each_time(small_world, coordinator):
    export = made(coordinator)
    ids = [small_world.students[name].pk for name in ("alder", "towhee", "yarrow")]
    assert sorted(reads()) == sorted((pk, "student.export") for pk in ids)
    coordinator.get(address(export, "/download"))
    coordinator.get(address(export, "/download"))
    told = list(
        ChangeEvent.objects.exclude(action="add_authenticator_app")
        .order_by("pk")
        .values_list("action", "subject_id")
    )
    assert told == [
        ("ask_export", export.pk),
        ("make_export", export.pk),
        ("download_export", export.pk),
        ("download_export", export.pk),
    ]
    detail = ChangeEvent.objects.get(action="make_export").detail
    assert detail == {
        "list": "all",
        "form": "csv",
        "content": "roster",
        "students": 3,
        "bytes": stored(export).stat().st_size,
    }


# Its life


def test_a_form_sent_twice_is_one_export(coordinator):
    first, second = ask(coordinator), ask(coordinator)
    assert first.url == second.url
    assert (ListExport.objects.count(), Job.objects.count()) == (1, 1)
    assert ask(coordinator, key="key-of-a-page-2").url != first.url


def test_a_job_that_runs_again_changes_nothing(coordinator):
    export = made(coordinator)
    before = ListExport.objects.values().get()
    list_exports.make_export(type("Run", (), {"args": {"export": export.pk}})())
    assert ListExport.objects.values().get() == before
    assert len(reads()) == 3


def test_its_progress_moves_and_then_shows_the_file(coordinator):
    url = ask(coordinator).url
    assert "You may close this page" in text_of(coordinator.get(url))
    assert "HX-Refresh" not in coordinator.get(f"{url}/progress")
    run_jobs_now(raises_errors=True)
    assert coordinator.get(f"{url}/progress")["HX-Refresh"] == "true"
    page = text_of(coordinator.get(url))
    assert "Download the CSV file" in page and "Contains confidential student data." in page
    assert "until November 30, 2026, 12:00 pm, by you alone" in page
    assert "11/30/2026" in text_of(coordinator.get("/exports"))


def test_work_that_gave_up_says_so_and_can_go_on(coordinator, monkeypatch):
    monkeypatch.setattr("manzanita.web.list_exports.store_file", lambda *_, **__: 1 / 0)
    url = ask(coordinator).url
    run_jobs_now()
    page = text_of(coordinator.get(url))
    assert "The work ended before the file was made (ZeroDivisionError after 5 attempts)" in page
    monkeypatch.undo()
    assert coordinator.post(f"{url}/restart").url == url
    run_jobs_now(raises_errors=True)
    assert "Download the CSV file" in text_of(coordinator.get(url))
    coordinator.post(f"{url}/restart")  # of one that is made: nothing
    assert Job.objects.filter(kind="web.make-export").count() == 2


def test_only_its_maker_finds_it(small_world, coordinator, colleague, sign_in):
    export = made(coordinator)
    stranger = sign_in(pages.other_coordinator(small_world))
    for client in (colleague, stranger):
        for part in ("", "/progress", "/download"):
            assert client.get(address(export, part)).status_code == 404
        assert client.post(address(export, "/restart")).status_code == 404
        assert address(export) not in text_of(client.get("/exports"))
    assert address(export) in text_of(coordinator.get("/exports"))
    assert Client().get(address(export, "/download")).url.startswith("/sign-in?next=/exports/")
    assert coordinator.get(f"/exports/{NO_ID}/download").status_code == 404


def test_after_seven_days_the_file_is_gone_and_the_line_stays(small_world, coordinator, sign_in, noon):
    export = made(coordinator)
    noon.move_to(datetime(2026, 11, 30, 11, 59, tzinfo=CALIFORNIA))
    coordinator = sign_in(small_world.coordinator)
    run_jobs_now(raises_errors=True)
    assert coordinator.get(address(export, "/download")).status_code == 200
    noon.move_to(datetime(2026, 11, 30, 12, 0, tzinfo=CALIFORNIA))
    answer = coordinator.get(address(export, "/download"))  # before anybody has tidied up
    assert answer.status_code == 410
    assert "Expired, file removed" in text_of(answer) and "A file is kept for 7 days." in text_of(answer)
    assert stored(export).exists()
    run_jobs_now(raises_errors=True)
    assert not stored(export).exists()
    export.refresh_from_db()
    assert (export.state, export.made_count) == ("purged", 3)
    assert coordinator.get(address(export, "/download")).status_code == 410
    assert ChangeEvent.objects.filter(action="purge_export", actor_user_id=None).count() == 1


def test_a_file_gone_from_the_disk_is_told(coordinator):
    export = made(coordinator)
    stored(export).unlink()
    answer = coordinator.get(address(export, "/download"), follow=True)
    assert "The file is gone from the disk. Export the list again." in text_of(answer)


# What the person may see when it is made


def test_a_perspective_that_ended_makes_no_file(small_world, coordinator):
    url = ask(coordinator).url
    Grant.objects.filter(pk=small_world.coordinator_grant.pk).update(ends_on=date(2026, 11, 22))
    run_jobs_now(raises_errors=True)
    export = ListExport.objects.get()
    assert (export.state, export.made_count) == ("withdrawn", None)
    assert not stored(export).exists() and not reads()
    Grant.objects.update(ends_on=None)
    page = text_of(coordinator.get(url))
    assert "The perspective in which it was asked for is no longer yours." in page
    assert "Owner: SEDS coordinator" in page and "Open the list" in page


def test_a_perspective_that_ended_fetches_no_file(small_world, sign_in, coordinator):
    export = made(coordinator)
    grant = small_world.coordinator_grant
    other = grant_perspective(
        user=small_world.coordinator,
        perspective_key="dsea",
        agency=grant.agency,
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    Grant.objects.filter(pk=grant.pk).update(ends_on=date(2026, 11, 22))
    client = sign_in(small_world.coordinator, other)
    answer = client.get(address(export, "/download"), follow=True)
    assert "the perspective in which it was asked for is no longer yours" in text_of(answer)


def test_what_is_out_of_reach_when_it_is_made_is_not_in_it(small_world, sign_in):
    lea = small_world.coordinator_grant.agency
    second = School.objects.create(code="6100099", name="Ceanothus Middle", agency=lea)
    pages.moves_to(small_world.students["yarrow"], second.code)
    person = add_person(email="oak.sample@example.org", name="Oak Sample", password=w.PASSWORD)
    grant_perspective(
        user=person,
        perspective_key="school",
        agency=lea,
        schools=School.objects.filter(agency=lea),
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    client = sign_in(person)
    url = ask(client).url
    assert ListExport.objects.get().asked_count == 3
    GrantSchool.objects.filter(school=second).delete()
    pages.many_students(1)  # somebody who was not on the list when it was asked for
    run_jobs_now(raises_errors=True)
    export = ListExport.objects.get()
    about, (_, *rows) = csv_of(client, export)
    assert [row[0] for row in rows] == ["Testcase, Alder", "Testcase, Towhee"]
    assert about["Students"] == (
        "2 of the 3 asked for: 1 is no longer on the list, or no longer within reach"
    )
    assert "2 students of the 3 asked for" in text_of(client.get(url))
    assert sorted(pk for pk, _ in reads()) == sorted(
        small_world.students[name].pk for name in ("alder", "towhee")
    )


def test_the_chosen_view_and_school_are_those_of_the_file(small_world, coordinator):
    pages.leaves(small_world.students["yarrow"], date(2026, 11, 20))
    coordinator.post("/perspective", {"view": "all"})
    coordinator.post("/perspective", {"school": w.SCHOOL})
    url = ask(coordinator).url
    coordinator.post("/perspective", {"school": ""})
    coordinator.post("/perspective", {"view": "incoming"})
    run_jobs_now(raises_errors=True)
    about, (_, *rows) = csv_of(coordinator, ListExport.objects.get())
    assert about["Scope"] == (
        "SEDS coordinator · Chaparral Unified, Buckeye Elementary · All within reach · Special education"
    )
    assert [row[0] for row in rows] == ["Testcase, Alder", "Testcase, Towhee"]
    assert url


# Limits that add up


def limited(monkeypatch, **numbers: int) -> None:
    for name, value in numbers.items():
        monkeypatch.setattr(f"manzanita.domain.export_limits.{name}", value)


def per_day(monkeypatch, limit: int) -> None:
    monkeypatch.setattr("manzanita.domain.export_limits.PER_DAY", dict.fromkeys(PERSPECTIVES, limit))


def needs_more(answer) -> bool:
    return answer.status_code == 302 and answer.url.startswith("/exports/new?")


def test_a_day_s_exports_add_up_by_different_students(small_world, sign_in, monkeypatch, noon):
    per_day(monkeypatch, 4)
    noon.move_to(datetime(2026, 11, 23, 23, 58, tzinfo=CALIFORNIA))
    coordinator = sign_in(small_world.coordinator)
    made(coordinator)
    made(coordinator, key="key-of-a-page-2")  # the same three: they are taken already
    many_students(2)
    answer = ask(coordinator, key="key-of-a-page-3")
    assert needs_more(answer)
    page = text_of(coordinator.get(answer.url))
    assert "With this export one person alone would have taken 5 students today; more than 4 in a day" in page
    assert "or export it tomorrow" in page
    noon.move_to(datetime(2026, 11, 24, 0, 1, tzinfo=CALIFORNIA))
    assert needs_more(ask(coordinator, key="key-of-a-page-4"))  # five by themselves
    per_day(monkeypatch, 5)
    made(coordinator, key="key-of-a-page-5")


@pytest.mark.parametrize(
    ("first_at", "second_at", "is_stopped"),
    [
        # Both of November 23 in California, though of two days in UTC.
        (
            datetime(2026, 11, 23, 0, 1, tzinfo=CALIFORNIA),
            datetime(2026, 11, 23, 23, 59, tzinfo=CALIFORNIA),
            True,
        ),
        (
            datetime(2026, 11, 23, 23, 59, tzinfo=CALIFORNIA),
            datetime(2026, 11, 24, 0, 0, tzinfo=CALIFORNIA),
            False,
        ),
    ],
)
def test_the_day_is_one_of_california(
    small_world, sign_in, monkeypatch, noon, first_at, second_at, is_stopped
):
    per_day(monkeypatch, 3)
    noon.move_to(first_at)
    coordinator = sign_in(small_world.coordinator)
    many_students(2)
    made(coordinator, search=found(coordinator, "Towhee"))
    made(coordinator, search=found(coordinator, "Fern"), key="key-of-a-page-2")
    noon.move_to(second_at)
    coordinator = sign_in(small_world.coordinator)
    alder = found(coordinator, "Alder")
    assert needs_more(ask(coordinator, search=alder, key="key-of-a-page-3")) is is_stopped


@pytest.mark.parametrize(("later", "is_stopped"), [(29, True), (30, False)])
def test_a_district_in_parts_is_a_district(
    small_world, coordinator, sign_in, monkeypatch, noon, later, is_stopped
):
    """One of three, then another: two of three are more than half."""
    limited(monkeypatch, SHARE_FROM=2)
    monkeypatch.setattr("manzanita.web.list_exports.SHARE_FROM", 2)
    made(coordinator, search=found(coordinator, "Towhee"))
    noon.move_to(w.NOON + timedelta(days=later))
    coordinator = sign_in(small_world.coordinator)
    alder = found(coordinator, "Alder")
    answer = ask(coordinator, search=alder, key="key-of-a-page-2")
    assert needs_more(answer) is is_stopped
    if is_stopped:
        page = text_of(coordinator.get(answer.url))
        assert "2 of the 3 students of Chaparral Unified within 30 days" in page


def test_an_export_that_was_not_made_is_not_counted(small_world, coordinator, monkeypatch):
    per_day(monkeypatch, 3)
    ask(coordinator)
    grant = Grant.objects.filter(pk=small_world.coordinator_grant.pk)
    grant.update(ends_on=date(2026, 11, 22))
    run_jobs_now(raises_errors=True)
    grant.update(ends_on=None)
    many_students(2)
    fern = found(coordinator, "Fern")
    made(coordinator, search=fern, key="key-of-a-page-2")


# What it costs


@pytest.mark.parametrize("count", [1, 12])
def test_the_list_of_exports_costs_the_same_for_few_and_many(
    small_world, coordinator, django_assert_num_queries, count
):
    for number in range(count):
        ask(coordinator, key=f"key-of-page-{number:03}")
    with django_assert_num_queries(5):  # session, user, grants, no block; exports
        assert text_of(coordinator.get("/exports")).count("Being made") == count


ASK_QUERIES = 22


@pytest.mark.parametrize("count", [3, 400])
def test_asking_costs_the_same_for_few_and_many(
    small_world, coordinator, monkeypatch, django_assert_num_queries, count
):
    monkeypatch.setattr("manzanita.domain.export_limits.SHARE_PERCENT", 100)
    many_students(count)
    token = found(coordinator, "Quill")
    ask(coordinator, search=token, key="key-of-a-page-0")
    # session, user, grants, no block; whom; the person's count 2; asked before, taken twice; export, students,
    # change log 2; job 3 and its note; where they attend and the names of the districts, from 100 students on
    with django_assert_num_queries(ASK_QUERIES + (2 if count > 100 else 0)):
        ask(coordinator, search=token)
    assert ExportedStudent.objects.count() == 2 * count
