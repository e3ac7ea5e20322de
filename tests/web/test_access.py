"""Who gets which page: the refusals, in words, with their way out."""

import datetime as dt
import re

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path, reverse

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.domain.access import Capability
from manzanita.web import urls
from manzanita.web.access import requires
from tests.support import world as w
from tests.support.sign_in import signed_in


@requires(Capability.SEND_TO_STATE)
def _sends(request):
    return HttpResponse("sent")


def _breaks(request):
    raise RuntimeError("broken on purpose")


urlpatterns = [*urls.urlpatterns, path("only-senders", _sends), path("broken", _breaks)]
handler403, handler404, handler500 = urls.handler403, urls.handler404, urls.handler500
WITH_TEST_PAGES = pytest.mark.urls("tests.web.test_access")


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/students",
        "/students?list=held",
        "/students/018f0000-0000-7000-8000-000000000000",
        "/students/018f0000-0000-7000-8000-000000000000?tab=history",
    ],
)
def test_an_anonymous_person_is_asked_to_sign_in(small_world, address):
    answer = Client().get(address)

    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in?next=/")


@pytest.mark.django_db
def test_an_anonymous_search_is_not_run():
    answer = Client().post("/students/search", {"q": "Alder"})

    assert answer.status_code == 302
    assert answer.url == "/sign-in?next=/students/search"


@WITH_TEST_PAGES
def test_a_missing_capability_names_perspective_deed_and_way_out(small_world, sign_in):
    answer = sign_in(small_world.case_manager).get("/only-senders")

    assert answer.status_code == 403
    page = answer.content.decode()
    assert "As Case manager at Chaparral Unified you cannot see the state plan and send it." in page
    assert "Ask the SEDS coordinator of Chaparral Unified" in page
    assert '<nav class="rail" aria-label="Main">' in page


@WITH_TEST_PAGES
def test_an_own_perspective_that_can_is_offered_and_used(small_world, sign_in):
    grant = grant_perspective(
        user=small_world.case_manager,
        perspective_key="coordinator",
        agency=small_world.case_manager_grant.agency,
        starts_on=dt.date(2026, 7, 1),
        by=None,
        reason="test",
    )
    client = sign_in(small_world.case_manager)
    client.post("/perspective", {"grant": small_world.case_manager_grant.pk})

    refused = client.get("/only-senders")
    assert refused.status_code == 403
    assert f'name="grant" value="{grant.pk}"' in refused.content.decode()

    assert client.post("/perspective", {"grant": grant.pk}).url == "/"
    assert client.get("/only-senders").content == b"sent"


@WITH_TEST_PAGES
def test_a_capability_held_opens_the_page(small_world, sign_in):
    assert sign_in(small_world.coordinator).get("/only-senders").content == b"sent"


def test_anothers_grant_is_not_taken(small_world, sign_in):
    client = sign_in(small_world.case_manager)

    client.post("/perspective", {"grant": small_world.coordinator_grant.pk})

    assert client.get("/").wsgi_request.actor.perspective_key == "case_manager"


@pytest.mark.parametrize(("starts", "ends"), [("2025-07-01", "2026-11-22"), ("2026-11-24", None)])
def test_without_a_grant_in_force_nothing_is_shown(small_world, sign_in, starts, ends):
    user = add_person(email="plover.sample@example.org", name="Plover Sample", password=None)
    grant = grant_perspective(
        user=user,
        perspective_key="coordinator",
        agency=small_world.coordinator_grant.agency,
        starts_on=dt.date.fromisoformat(starts),
        by=None,
        reason="test",
    )
    grant.ends_on = dt.date.fromisoformat(ends) if ends else None
    grant.save()

    answer = sign_in(user).get("/students")

    assert answer.status_code == 403
    page = answer.content.decode()
    assert "Plover Sample, your password is right, but no perspective is given to you today." in page
    assert "Testcase" not in page


def test_a_grant_counts_on_its_first_and_last_day(small_world, sign_in):
    grant = small_world.coordinator_grant
    grant.starts_on, grant.ends_on = w.TODAY, w.TODAY
    grant.save()

    assert sign_in(small_world.coordinator).get("/").status_code == 200


def test_the_perspective_in_use_is_marked_in_the_frame(small_world, sign_in):
    grant = grant_perspective(
        user=small_world.case_manager,
        perspective_key="coordinator",
        agency=small_world.case_manager_grant.agency,
        starts_on=dt.date(2026, 7, 1),
        by=None,
        reason="test",
    )
    client = sign_in(small_world.case_manager)

    assert f'value="{grant.pk}" aria-current="true"' in client.get("/").content.decode()
    client.post("/perspective", {"grant": small_world.case_manager_grant.pk})
    page = client.get("/").content.decode()
    assert f'value="{small_world.case_manager_grant.pk}" aria-current="true"' in page
    assert f'value="{grant.pk}" aria-current="true"' not in page


def test_the_rail_has_what_there_is_and_says_what_is_not_for_this_perspective(small_world, sign_in):
    rails = []
    for person in (small_world.coordinator, small_world.case_manager):
        page = sign_in(person).get("/").content.decode()
        rails.append(page.split('<nav class="rail" aria-label="Main">')[1].split("</nav>")[0])

    assert re.findall(r'aria-label="([^"]+)"', rails[0]) == [
        "Home",
        "Students",
        "Due",
        "Meetings",
        "Findings",
        "State",
        "Imports",
        "Compliance",
        "Admin",
    ]
    assert re.findall(r'aria-label="([^"]+)"', rails[1]) == [
        "Home",
        "Students",
        "Due",
        "Meetings",
        "Findings",
        "Compliance",
    ]
    assert "State: your perspective does not see the state plan and send it</span>" in rails[1]
    assert "Admin: your perspective does not manage people and their perspectives</span>" in rails[1]
    assert "tabindex" not in rails[1] and 'role="link"' not in rails[1]


def test_an_unknown_page_names_the_scope(small_world, sign_in):
    answer = sign_in(small_world.case_manager).get("/no-such-page")

    assert answer.status_code == 404
    page = answer.content.decode()
    assert "No page in your scope has this address: Case manager, Chaparral Unified, my students." in page
    assert "The SEDS coordinator of Chaparral Unified assigns students." in page
    assert '<nav class="rail" aria-label="Main">' in page
    assert f'<a class="btn primary" href="{reverse("students")}">' in page


def test_a_student_out_of_scope_looks_like_one_that_does_not_exist(small_world, sign_in):
    client = sign_in(small_world.case_manager)
    pages = []
    for public_id in (small_world.students["sage"].public_id, "018f0000-0000-7000-8000-000000000000"):
        answer = client.get(f"/students/{public_id}")
        assert answer.status_code == 404
        pages.append(
            re.sub(r"[A-Za-z0-9]{64}", "TOKEN", answer.content.decode()).replace(str(public_id), "ID")
        )

    assert pages[0] == pages[1]
    assert "Sage" not in pages[0]


def test_a_page_that_is_not_there_offers_the_other_perspectives(small_world, sign_in):
    grant = grant_perspective(
        user=small_world.case_manager,
        perspective_key="coordinator",
        agency=small_world.case_manager_grant.agency,
        starts_on=dt.date(2026, 7, 1),
        by=None,
        reason="test",
    )
    page = (
        sign_in(small_world.case_manager, small_world.case_manager_grant)
        .get("/no-such-page")
        .content.decode()
    )

    main = page.split("<main")[1]
    assert f'name="grant" value="{grant.pk}"' in main
    assert f'name="grant" value="{small_world.case_manager_grant.pk}"' not in main


@pytest.mark.django_db
def test_an_unknown_page_for_a_stranger_says_nothing_of_scope():
    answer = Client().get("/no-such-page")

    assert answer.status_code == 404
    assert "scope" not in answer.content.decode()


@WITH_TEST_PAGES
def test_a_broken_page_gives_a_reference_and_no_details(small_world, sign_in, caplog):
    client = sign_in(small_world.coordinator)
    client.raise_request_exception = False

    answer = client.get("/broken")

    assert answer.status_code == 500
    page = answer.content.decode()
    assert "broken on purpose" not in page
    reference = page.split('<b class="rule">')[1].split("</b>")[0]
    assert len(reference) == 8
    assert f"server error shown, reference {reference}" in caplog.text


@pytest.fixture
def in_an_old_tab(small_world):
    """A client whose token is asked for, signed in as the case manager; it sends none, as an old page would."""
    return signed_in(small_world.case_manager, client=Client(enforce_csrf_checks=True))


def test_a_form_without_its_token_changes_nothing_and_says_so(small_world, in_an_old_tab):
    answer = in_an_old_tab.post("/perspective", {"grant": small_world.case_manager_grant.pk})

    assert answer.status_code == 403
    page = answer.content.decode()
    assert "Nothing was saved yet" in page and '<nav class="rail" aria-label="Main">' in page
    # Without the browser's word that the form is ours, what it holds is not offered again.
    assert "Send it again" not in page
    assert "grant" not in in_an_old_tab.session


@pytest.mark.parametrize(("site", "is_offered"), [("same-origin", True), ("cross-site", False)])
def test_what_an_old_page_sent_can_be_sent_again_if_it_came_from_here(in_an_old_tab, site, is_offered):
    answer = in_an_old_tab.post("/students/search", {"q": "Ålder <b>"}, headers={"Sec-Fetch-Site": site})

    assert answer.status_code == 403
    page = answer.content.decode()
    assert ("Send it again as Wren Placeholder" in page) is is_offered
    assert ('<input type="hidden" name="q" value="Ålder &lt;b&gt;">' in page) is is_offered
    assert ('<form method="post" action="/students/search">' in page.split("<main")[1]) is is_offered


def test_a_password_is_never_written_into_a_page(in_an_old_tab):
    sent = {"username": "wren.placeholder@example.org", "password": "not-a-real-one"}
    answer = in_an_old_tab.post("/sign-in", sent, headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code == 403
    assert "not-a-real-one" not in answer.content.decode()


def test_a_part_of_an_old_page_is_told_todays_token_and_who_is_signed_in(small_world, in_an_old_tab):
    answer = in_an_old_tab.post("/students/search", {"q": "x"}, headers={"HX-Request": "true"})

    assert answer.status_code == 403
    told = answer.json()
    assert (told["person"], told["name"]) == (small_world.case_manager.pk, "Wren Placeholder")
    again = in_an_old_tab.post("/students/search", {"q": "x"}, headers={"X-CSRFToken": told["token"]})
    assert again.status_code == 302


def test_a_part_of_an_old_page_of_nobody_is_told_no_name(db):
    answer = Client(enforce_csrf_checks=True).post("/students/search", headers={"HX-Request": "true"})

    assert answer.status_code == 403
    assert set(answer.json()) == {"token"}


def test_a_capability_is_asked_of_the_perspective_not_of_the_person(small_world):
    request = RequestFactory().get("/")
    request.actor, request.user = small_world.case_manager_actor, small_world.case_manager
    request.grant, request.available_grants = small_world.case_manager_grant, [small_world.case_manager_grant]

    assert _sends(request).status_code == 403
    request.actor = small_world.coordinator_actor
    assert _sends(request).status_code == 200
