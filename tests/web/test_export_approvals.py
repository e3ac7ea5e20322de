"""A large export: a fresh sign-in, a why, and a second person who agrees, refuses, or does neither."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from manzanita.accounts import sessions
from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import Grant, User
from manzanita.auditing.models import ChangeEvent, ListExport
from manzanita.domain.access import Capability
from manzanita.orgs.models import Agency
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from tests.support import pages
from tests.support import world as w
from tests.support.pages import text_of
from tests.support.sign_in import code_now

LARGE = {"list": "all", "search": "", "form": "csv"}
WHY = "The auditors want the roster."


@pytest.fixture(autouse=True)
def small_limit(monkeypatch):
    """More than two students are a large export: the small world has three."""
    monkeypatch.setattr("manzanita.domain.export_limits.LARGE_EXPORT", 2)
    monkeypatch.setattr("manzanita.web.students.LARGE_EXPORT", 2)


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    """Signed in an hour ago."""
    client = sign_in(small_world.coordinator)
    session = client.session
    session[sessions.KEY] = {**session[sessions.KEY], "proved_at": session[sessions.KEY]["proved_at"] - 3600}
    session.save()
    return client


def person(name: str, perspective: str, code: str, **more) -> User:
    user = add_person(email=f"{name.split()[0].lower()}@example.org", name=name, password=w.PASSWORD)
    grant_perspective(
        user=user,
        perspective_key=perspective,
        agency=Agency.objects.get(code=code),
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
        **more,
    )
    return user


@pytest.fixture
def laurel(small_world) -> User:
    """A second coordinator of the same district."""
    return person("Laurel Mockup", "coordinator", w.LEA)


@pytest.fixture
def selpa(small_world) -> User:
    Agency.objects.create(code=w.SELPA, kind="selpa", name="Chaparral SELPA", selpa_code=w.SELPA)
    return person("Sequoia Mockup", "selpa", w.SELPA)


def confirmed(client: Client):
    """Proven again, by the password and the code of the app; a code is good once."""
    told = {"password": w.PASSWORD, "code": code_now(), "next": "/exports/new?list=all"}
    answer = client.post("/account/confirm", told)
    assert answer.status_code == 302
    return answer


def ask(client: Client, why: str = WHY, key: str = "key-of-a-page-1"):
    return client.post("/exports", LARGE | {"ask": key, "why": why})


def waiting(client: Client) -> ListExport:
    """Confirmed, and asked for with a why."""
    confirmed(client)
    assert ask(client).url.startswith("/exports/0")
    return ListExport.objects.get()


def decide(client: Client, export: ListExport, do: str, word: str = ""):
    return client.post(f"/admin/exports/{export.public_id}", {"do": do, "word": word}, follow=True)


def state(export: ListExport) -> str:
    export.refresh_from_db()
    return export.state


# A fresh sign-in


def test_a_large_list_leads_to_what_it_needs(coordinator, laurel):
    page = text_of(coordinator.get("/students"))
    assert 'href="/exports/new?list=all"' in page and "Export 3" in page
    page = text_of(coordinator.get("/exports/new?list=all"))
    assert "The list has 3 students; an export of more than 2 needs a second person" in page
    assert "for Laurel Mockup." in page
    assert "/account/confirm?next=/exports/new%3Flist%3Dall" in page
    assert "Why you need the file" not in page


def test_without_a_fresh_sign_in_nothing_is_asked_and_nothing_typed_is_lost(coordinator, laurel):
    answer = ask(coordinator)
    assert answer.url == "/account/confirm?next=%2Fexports%2Fnew%3Flist%3Dall"
    assert not ListExport.objects.exists()
    page = text_of(coordinator.get(answer.url))
    assert 'name="next" value="/exports/new?list=all"' in page
    assert confirmed(coordinator).url == "/exports/new?list=all"
    assert WHY in text_of(coordinator.get("/exports/new?list=all"))


def test_the_password_without_the_code_is_no_fresh_sign_in(coordinator, laurel):
    answer = coordinator.post("/account/confirm", {"password": w.PASSWORD, "next": "/exports/new?list=all"})
    assert answer.status_code == 200
    assert ask(coordinator).url.startswith("/account/confirm?")
    assert not ListExport.objects.exists()


@pytest.mark.parametrize(("seconds", "is_fresh"), [(299, True), (300, False)])
def test_a_confirmation_counts_for_five_minutes(coordinator, laurel, noon, seconds, is_fresh):
    confirmed(coordinator)
    noon.shift(timedelta(seconds=seconds))
    assert ask(coordinator).url.startswith("/exports/0") is is_fresh


# Waiting


def test_it_waits_with_its_reason_and_nothing_is_made(coordinator, laurel, sign_in):
    confirmed(coordinator)
    answer = ask(coordinator, why="  ")
    assert answer.status_code == 422 and "Say why, in a few words" in text_of(answer)
    assert ask(coordinator).url.startswith("/exports/0")
    export = ListExport.objects.get()
    run_jobs_now(raises_errors=True)
    assert state(export) == "waiting"
    page = text_of(coordinator.get(f"/exports/{export.public_id}"))
    assert "It waits for Laurel Mockup, until November 26, 2026, 12:00 pm." in page and WHY in page
    assert coordinator.get(f"/exports/{export.public_id}/download").status_code == 410
    assert "Your exports that wait for a second person" in text_of(coordinator.get("/"))
    assert "Exports that wait for your approval" not in text_of(coordinator.get("/"))
    assert "Exports that wait for your approval" in text_of(sign_in(laurel).get("/"))


def test_the_second_person_reads_who_what_how_many_why_and_whose(coordinator, laurel, sign_in):
    waiting(coordinator)
    page = text_of(sign_in(laurel).get("/admin/exports"))
    for words in (
        "Students, 3 students",
        "Juniper Mockup, SEDS coordinator, Chaparral Unified",
        "Chaparral Unified · Current students · Special education",
        WHY,
        "Approve 3 students",
        "11/26/2026",
    ):
        assert words in page, words
    assert "Testcase" not in page


# Deciding


def test_approved_it_is_made_and_names_who_agreed(coordinator, laurel, sign_in):
    export = waiting(coordinator)
    second = sign_in(laurel)
    assert "Approved: the file is being made." in text_of(decide(second, export, "approve", "For the audit"))
    run_jobs_now(raises_errors=True)
    assert state(export) == "ready"
    assert "Your approved exports, ready to fetch" in text_of(coordinator.get("/"))
    content = coordinator.get(f"/exports/{export.public_id}/download").content.decode()
    assert "Approved by,Laurel Mockup" in content and "Testcase, Alder" in content
    assert second.get(f"/exports/{export.public_id}/download").status_code == 404
    assert "For the audit" in text_of(second.get("/admin/exports"))
    approved = ChangeEvent.objects.get(action="approve_export")
    assert (approved.actor_user_id, approved.reason) == (laurel.pk, "For the audit")
    # What a second person agreed to was not taken alone.
    assert ask(coordinator, key="key-of-a-page-2").url.startswith("/exports/0")


def test_approved_twice_it_is_made_once(coordinator, laurel, sign_in):
    export = waiting(coordinator)
    second = sign_in(laurel)
    decide(second, export, "approve")
    assert "Nothing was changed: it was decided already" in text_of(decide(second, export, "approve"))
    assert "Nothing was changed" in text_of(decide(second, export, "refuse", "Too late"))
    assert Job.objects.filter(kind="web.make-export").count() == 1
    assert state(export) == "making"


def test_a_refusal_needs_words_and_they_are_read(coordinator, laurel, sign_in):
    export = waiting(coordinator)
    second = sign_in(laurel)
    assert "Say why it is refused" in text_of(decide(second, export, "refuse", " "))
    assert state(export) == "waiting"
    decide(second, export, "refuse", "Take the list of one school.")
    run_jobs_now(raises_errors=True)
    page = text_of(coordinator.get(f"/exports/{export.public_id}"))
    assert "Laurel Mockup refused it on November 23, 2026: “Take the list of one school.”" in page
    assert "were refused or not decided" in text_of(coordinator.get("/"))
    assert state(export) == "refused"


def test_nobody_approves_their_own(coordinator, laurel):
    export = waiting(coordinator)
    page = text_of(coordinator.get("/admin/exports"))
    assert "You asked for this export yourself; a second person decides. It waits for Laurel Mockup." in page
    answer = decide(coordinator, export, "approve")
    assert "You asked for this export yourself" in text_of(answer)
    assert state(export) == "waiting"
    with pytest.raises(IntegrityError), transaction.atomic():
        ListExport.objects.update(decided_by_id=export.by_id)


def test_another_district_and_whoever_may_not_find_nothing(small_world, coordinator, laurel, sign_in):
    export = waiting(coordinator)
    stranger = sign_in(pages.other_coordinator(small_world))
    assert decide(stranger, export, "approve").status_code == 404
    assert "Nothing waits" in text_of(stranger.get("/admin/exports"))
    assert sign_in(small_world.case_manager).get("/admin/exports").status_code == 403
    assert decide(sign_in(small_world.case_manager), export, "approve").status_code == 403
    assert state(export) == "waiting"


def test_after_three_days_it_lapses(coordinator, laurel, sign_in, noon, small_world):
    export = waiting(coordinator)
    noon.shift(timedelta(days=3))
    second, coordinator = sign_in(laurel), sign_in(small_world.coordinator)
    assert "Nothing waits" in text_of(second.get("/admin/exports"))
    assert "its three days are over" in text_of(decide(second, export, "approve"))
    assert "Nobody decided within three days." in text_of(coordinator.get(f"/exports/{export.public_id}"))
    run_jobs_now(raises_errors=True)
    assert state(export) == "lapsed"


# Who is a second person


def test_where_a_district_has_one_the_selpa_decides(coordinator, selpa, sign_in):
    export = waiting(coordinator)
    client = sign_in(selpa)
    assert "Exports that wait for your approval" in text_of(client.get("/"))
    decide(client, export, "approve")
    assert state(export) == "making"


def test_where_a_district_has_two_it_decides_itself(coordinator, selpa, laurel, sign_in):
    export = waiting(coordinator)
    client = sign_in(selpa)
    assert "Exports that wait for your approval" not in text_of(client.get("/"))
    page = text_of(decide(client, export, "approve"))
    assert "The district has somebody of its own who decides. It waits for Laurel Mockup." in page
    assert state(export) == "waiting"
    # The one who left is no longer somebody of its own.
    Grant.objects.filter(user=laurel).update(ends_on=date(2026, 11, 22))
    decide(client, export, "approve")
    assert state(export) == "making"


def test_somebody_without_the_right_to_approve_is_no_second_person(
    small_world, coordinator, selpa, sign_in, monkeypatch
):
    person("Oak Sample", "case_manager", w.LEA)
    export = waiting(coordinator)
    assert "It waits for Sequoia Mockup" in text_of(coordinator.get(f"/exports/{export.public_id}"))


def test_where_nobody_can_agree_it_says_so_before_it_is_asked_for(coordinator):
    confirmed(coordinator)
    page = text_of(coordinator.get("/exports/new?list=all"))
    assert "Nobody at your agency or its SELPA can approve exports" in page
    assert "whoever runs this installation" in page and "Ask for approval" not in page


def test_the_right_to_approve_is_asked_again(coordinator, laurel, sign_in, monkeypatch):
    export = waiting(coordinator)
    second = sign_in(laurel)
    pages.take_away(monkeypatch, "coordinator", Capability.APPROVE_EXPORT)
    assert decide(second, export, "approve").status_code == 403
    assert state(export) == "waiting"


@pytest.mark.parametrize("count", [1, 6])
def test_the_page_costs_the_same_for_few_and_many(
    coordinator, laurel, sign_in, django_assert_max_num_queries, count
):
    confirmed(coordinator)
    for number in range(count):
        ask(coordinator, key=f"key-of-page-{number}")
    second = sign_in(laurel)
    # session, user, grants, no block; waiting, decided, names, agencies; of each that waits who may decide
    with django_assert_max_num_queries(8 + 3 * count):
        assert text_of(second.get("/admin/exports")).count("Approve 3 students") == count
