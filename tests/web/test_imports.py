"""The pages of imports: who may see them, what they say, and that a form sent twice imports once."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import Grant
from manzanita.domain.layouts import layout
from manzanita.domain.layouts.files import write_lines
from manzanita.exchange.models import ImportFile, ImportNote, ImportRun
from manzanita.orgs.models import Agency
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from manzanita.procedures import import_sis
from manzanita.procedures.import_sis import take_in_sis_files
from manzanita.students.models import Student
from tests.support import world as w
from tests.support.pages import without_marks

NO_ID = "018f0000-0000-7000-8000-000000000000"
PAGES = ["/imports", "/imports/fixes", f"/imports/{NO_ID}", f"/imports/{NO_ID}/progress"]


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def text_of(answer) -> str:
    """The page as one line of text."""
    return " ".join(answer.content.decode().split())


def senr_text(*rows: dict[str, str]) -> str:
    return "".join(f"{line}\n" for line in write_lines(layout("SENR"), rows))


def upload(name: str = "SENR.txt", content: str | bytes | None = None) -> SimpleUploadedFile:
    """Alder in another grade, towhee as she is, sage of the other LEA; yarrow with a bad birth date."""
    if content is None:
        content = senr_text(
            w.senr("alder", **{"1.24": "05"}),
            w.senr("towhee"),
            w.senr("sage", w.OTHER_LEA),
            w.senr("yarrow", **{"1.17": "20170230"}),
        )
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def imported(client: Client, *files: SimpleUploadedFile) -> ImportRun:
    answer = client.post("/imports", {"files": list(files) or [upload()]})
    run = ImportRun.objects.order_by("-pk").first()
    assert (answer.status_code, answer.url) == (302, f"/imports/{run.public_id}")
    run_jobs_now(raises_errors=True)
    run.refresh_from_db()
    return run


# Access


@pytest.mark.parametrize("address", PAGES)
def test_an_anonymous_person_signs_in_first(small_world, address):
    answer = Client().get(address)
    assert (answer.status_code, answer.url) == (302, f"/sign-in?next={address}")


@pytest.mark.parametrize("address", PAGES)
def test_a_case_manager_takes_no_files_in_and_is_told_why(small_world, sign_in, address):
    answer = sign_in(small_world.case_manager).get(address)
    assert answer.status_code == 403
    page = text_of(answer)
    assert "As Case manager at Chaparral Unified you cannot take files in." in page
    assert "Ask the SEDS coordinator of Chaparral Unified" in page


def test_a_case_manager_imports_nothing(small_world, sign_in):
    answer = sign_in(small_world.case_manager).post("/imports", {"files": [upload()]})
    assert answer.status_code == 403
    assert not ImportRun.objects.exists()
    assert sign_in(small_world.case_manager).post(f"/imports/{NO_ID}/resume").status_code == 403


def test_an_import_of_another_district_is_not_found(small_world, coordinator, sign_in):
    run = imported(coordinator)
    person = add_person(email="fern.sample@example.org", name="Fern Sample", password=w.PASSWORD)
    grant_perspective(
        user=person,
        perspective_key="coordinator",
        agency=Agency.objects.get(code=w.OTHER_LEA),
        starts_on=small_world.coordinator_grant.starts_on,
        by=None,
        reason="test",
    )
    other = sign_in(person)
    for path in ("", "/progress"):
        assert other.get(f"/imports/{run.public_id}{path}").status_code == 404
    assert other.post(f"/imports/{run.public_id}/resume").status_code == 404
    assert other.get(f"/imports?before={run.public_id}").status_code == 404
    assert "No import yet" in text_of(other.get("/imports"))
    assert coordinator.get(f"/imports/{run.public_id}").status_code == 200


def test_what_does_not_exist_is_not_found(coordinator):
    run = imported(coordinator)
    here = f"/imports/{run.public_id}"
    for address in (
        f"/imports/{NO_ID}",
        f"{here}?effect=nonsense",
        f"{here}?after=x",
        f"{here}?after=999",
        "/imports?before=x",
    ):
        assert coordinator.get(address).status_code == 404, address
    assert coordinator.get(f"{here}/resume").status_code == 405


# The list and its form


def test_the_list_says_which_files_and_stands_in_the_rail(coordinator):
    page = text_of(coordinator.get("/imports"))
    assert (
        "SENR</b>, the student enrollment file" in page and "SINF</b>, the student information file" in page
    )
    assert 'enctype="multipart/form-data"' in page and 'name="csrfmiddlewaretoken"' in page
    assert '<input type="file" id="f-files" name="files" multiple' in page
    assert "No import yet" in page
    assert 'href="/imports" title="Imports (g i)"' in page


def test_a_form_without_a_file_names_the_fix(coordinator):
    answer = coordinator.post("/imports", {})
    assert answer.status_code == 422
    assert "No file came with the form. Choose the SENR and SINF files of the SIS" in text_of(answer)
    assert not ImportRun.objects.exists()


def test_a_file_that_is_too_large_names_the_limit(coordinator, monkeypatch):
    monkeypatch.setattr("manzanita.web.imports.LARGEST_FILE_BYTES", 10)
    answer = coordinator.post("/imports", {"files": [upload()]})
    assert answer.status_code == 422
    assert "SENR.txt is larger than 200 MB" in text_of(answer)
    assert not ImportRun.objects.exists()


def test_too_many_files_are_not_taken(coordinator):
    answer = coordinator.post("/imports", {"files": [upload(f"{n}.txt", f"{n}") for n in range(21)]})
    assert answer.status_code == 422
    assert "one import takes at most 20" in text_of(answer)


def test_the_same_form_twice_makes_one_import(coordinator):
    first = coordinator.post("/imports", {"files": [upload()]})
    again = coordinator.post("/imports", {"files": [upload()]}, follow=True)
    assert again.redirect_chain == [(first.url, 302)]
    assert "Nothing new was started: this import has the same file" in text_of(again)
    assert (ImportRun.objects.count(), ImportFile.objects.count(), Job.objects.count()) == (1, 1, 1)


def test_the_list_shows_imports_newest_first_a_page_at_a_time(coordinator, monkeypatch):
    monkeypatch.setattr("manzanita.web.imports.PAGE_SIZE", 2)
    runs = [imported(coordinator) for _ in range(3)]
    page = text_of(coordinator.get("/imports"))
    assert page.index(str(runs[2].public_id)) < page.index(str(runs[1].public_id))
    assert f"/imports/{runs[0].public_id}" not in page
    assert "Juniper Mockup" in page and "Nothing changed" in page
    page = text_of(coordinator.get(f"/imports?before={runs[1].public_id}"))
    assert f"/imports/{runs[0].public_id}" in page and f"/imports/{runs[1].public_id}" not in page


def test_a_row_of_the_list_names_its_files_and_what_happened(coordinator):
    imported(coordinator, upload("Fall export.txt"))
    imported(coordinator, upload("Fall export.txt"))
    imported(coordinator, upload("empty.txt", b""), upload("notes.txt", b"Call them on Monday.\n"))
    coordinator.post("/imports", {"files": [upload("Next week.txt", b"other")]})
    page = text_of(coordinator.get("/imports"))
    rows = [without_marks(row) for row in page.split("<tr data-row>")[1:]]
    told = [row.partition("Juniper Mockup") for row in rows]
    assert told[0][0].endswith("Next week.txt ") and told[0][2].startswith(" Waiting")
    assert told[1][0].endswith("empty.txt notes.txt ") and told[1][2].startswith(" Nothing was loaded")
    assert told[2][0].endswith("Fall export.txt SENR ") and told[2][2].startswith(" Nothing changed")
    assert told[3][0].endswith("Fall export.txt SENR ") and told[3][2].startswith(" Loaded")
    assert "Newest import" in text_of(coordinator.get("/")) and "SIS files, waiting" in text_of(
        coordinator.get("/")
    )


# One import


def test_before_the_job_runs_the_page_asks_again_by_itself(coordinator):
    address = coordinator.post("/imports", {"files": [upload()]}).url
    page = text_of(coordinator.get(address))
    assert f'hx-get="{address}/progress" hx-trigger="every 2s"' in page
    assert "Waiting for its turn" in page and "You may close this page" in page
    assert "not read yet" in page
    assert "HX-Refresh" not in coordinator.get(f"{address}/progress").headers
    run_jobs_now(raises_errors=True)
    assert coordinator.get(f"{address}/progress").headers["HX-Refresh"] == "true"


def test_the_page_shows_what_became_of_the_lines_and_every_note(small_world, coordinator):
    run = imported(coordinator, upload("Fall export.txt"), upload("notes.txt", b"Call them on Monday.\n"))
    page = text_of(coordinator.get(f"/imports/{run.public_id}"))
    # Lines 4: matched 3, new 0, changed 1 (grade), unchanged 2, refused 0, elsewhere 1; one birth date left empty.
    row = page[page.index('<th scope="row">Fall export.txt</th>') :]
    cells = [part.split("<")[0] for part in row.split("</tr>")[0].split('<td class="num')[1:]]
    assert [cell.split(">")[-1] for cell in cells] == ["4", "3", "0", "1", "2", "0", "1", "1"]
    assert "0 new students, 1 line that changed something." in page
    assert "1.17 Student Birth Date" in page
    assert "&#34;20170230&#34; is not a day of the calendar. The field is left empty" in page
    assert "1 line of LEA 9910025, the first is line 3: not loaded, because you act for LEA 9910017." in page
    assert "notes.txt is not a record file" in page and "whole file" in page
    assert "SIS staff" in page and "Correct it in the SIS, export again, and import the new file." in page
    assert "started by Juniper Mockup" in page
    assert re.search(r'href="/students\?list=import-\d+">Show the students', page)
    assert "every 2s" not in page


def test_notes_are_filtered_by_effect_and_paged(coordinator, monkeypatch):
    monkeypatch.setattr("manzanita.web.import_run.PAGE_SIZE", 2)
    rows = [w.senr("alder", **{"1.08": "", "1.09": "", "1.22": f"2026081{n}"}) for n in range(3)]
    run = imported(coordinator, upload(content=senr_text(*rows, w.senr("sage", w.OTHER_LEA))))
    here = f"/imports/{run.public_id}"
    page = text_of(coordinator.get(here))
    assert 'All notes<span class="n">4</span>' in page and 'Not loaded<span class="n">3</span>' in page
    second = ImportNote.objects.order_by("line")[1]
    assert f'href="{here}?after={second.pk}"' in page
    assert "Line 1:" in page and "Line 3:" not in page
    page = text_of(coordinator.get(f"{here}?after={second.pk}"))
    assert "Line 3:" in page and "Line 1:" not in page and "1 line of LEA 9910025" in page
    page = text_of(coordinator.get(f"{here}?effect=refused&after={second.pk}"))
    assert "Line 3:" in page and "of LEA 9910025" not in page
    assert "No such note" in text_of(coordinator.get(f"{here}?effect=emptied"))


def test_what_is_to_be_done_comes_first_and_a_line_is_not_both_loaded_and_not(coordinator):
    rows = [
        w.senr("sage", w.OTHER_LEA),
        w.senr("towhee", **{"1.10": "Noel", "1.23": "99"}),
        w.senr("alder", **{"1.17": "20160230"}),
    ]
    run = imported(coordinator, upload(content=senr_text(*rows)))
    page = text_of(coordinator.get(f"/imports/{run.public_id}"))
    order = [
        page.index(words)
        for words in ("is known here as another student", "20160230", "1 note with nothing to do")
    ]
    assert order == sorted(order)
    assert "Loaded, look at it</span>" not in page and "Line not loaded" in page
    assert "Say whom it means" in page


def test_an_import_that_changes_nothing_says_so(coordinator):
    imported(coordinator, upload(content=senr_text(w.senr("alder"))))
    run = imported(coordinator, upload(content=senr_text(w.senr("alder"))))
    page = text_of(coordinator.get(f"/imports/{run.public_id}"))
    assert "Nothing changed" in page and "Every line was loaded as it stood" in page


def test_news_that_asks_nothing_of_anybody_says_so(coordinator):
    row = w.senr("alder")
    run = imported(coordinator, upload(content=senr_text(row, row)))
    page = text_of(coordinator.get(f"/imports/{run.public_id}"))
    assert "Line 2 says the same as line 1. It is taken once." in page
    assert "Nothing to do" in page


def test_an_import_of_which_nothing_could_be_loaded_says_so(coordinator):
    run = imported(coordinator, upload("empty.txt", b""))
    page = text_of(coordinator.get(f"/imports/{run.public_id}"))
    assert "Nothing was loaded" in page
    assert "The file empty.txt is empty. Export it again, and check that the export finished." in page


def test_an_import_that_was_refused_says_why_and_what_would_allow_it(small_world, coordinator, sign_in):
    address = coordinator.post("/imports", {"files": [upload()]}).url
    Grant.objects.filter(pk=small_world.coordinator_grant.pk).update(ends_on=w.TODAY.replace(day=22))
    run_jobs_now(raises_errors=True)
    person = add_person(email="fern.sample@example.org", name="Fern Sample", password=w.PASSWORD)
    grant_perspective(
        user=person,
        perspective_key="coordinator",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=small_world.coordinator_grant.starts_on,
        by=None,
        reason="test",
    )
    page = text_of(sign_in(person).get(address))
    assert "Ended without loading" in page
    assert "the grant of the person who started this import has ended" in page
    assert "Import the files again under a grant that is in force." in page
    assert "Owner: SEDS coordinator" in page


def test_an_import_that_stopped_can_be_set_going_again(coordinator, monkeypatch):
    address = coordinator.post("/imports", {"files": [upload()]}).url
    with monkeypatch.context() as broken:
        broken.setattr(import_sis, "settle", lambda *_: 1 / 0)
        run_jobs_now()
    page = text_of(coordinator.get(address))
    assert "Stopped" in page and "ZeroDivisionError after 5 attempts" in page
    assert "Stopped" in text_of(coordinator.get("/imports"))
    assert "Going on where it stopped." in text_of(coordinator.post(f"{address}/resume", follow=True))
    assert "It is under way already, or done." in text_of(coordinator.post(f"{address}/resume", follow=True))
    run_jobs_now(raises_errors=True)
    assert ImportRun.objects.get().state == "done"


def test_no_ssid_and_no_name_stands_in_an_address(coordinator):
    run = imported(coordinator)
    for address in ("/imports", f"/imports/{run.public_id}"):
        page = coordinator.get(address).content.decode()
        addresses = [part.split('"')[0] for part in page.split('href="')[1:]]
        assert not [found for found in addresses if "99000" in found or "Testcase" in found]


def test_home_leads_to_the_newest_import(coordinator):
    imported(coordinator)
    page = text_of(coordinator.get("/"))
    assert 'href="/imports"' in page and "SIS files, loaded" in page


# What it costs

# session, user, grants, no block; runs, people, jobs, files
LIST_QUERIES = 8
# session, user, grants, no block; run, files, job; notes, counts of notes, person
RUN_QUERIES = 10


@pytest.mark.parametrize("count", [2, 12])
def test_the_pages_cost_the_same_for_few_and_many(coordinator, django_assert_num_queries, count):
    rows = [w.senr("alder", **{"1.08": "", "1.09": "", "1.22": f"202608{10 + n}"}) for n in range(count)]
    runs = [imported(coordinator, upload(content=senr_text(*rows))) for _ in range(count)]
    coordinator.get("/imports")
    with django_assert_num_queries(LIST_QUERIES):
        coordinator.get("/imports")
    with django_assert_num_queries(RUN_QUERIES):
        page = text_of(coordinator.get(f"/imports/{runs[0].public_id}"))
    assert f'Not loaded<span class="n">{count}</span>' in page


def test_an_import_made_by_the_installation_shows_for_its_lea(small_world, coordinator, tmp_path):
    path = tmp_path / "SENR.txt"
    path.write_text(senr_text(w.senr("alder")))
    run = take_in_sis_files([path], lea_code=w.LEA, by_id=None)
    assert f"/imports/{run.public_id}" in text_of(coordinator.get("/imports"))
    assert coordinator.get(f"/imports/{run.public_id}").status_code == 200
    assert Student.unscoped.count() == 4
