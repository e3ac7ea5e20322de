"""Looking at the product as a colleague sees it: read-only, within one's own scope, half an hour, under both names."""

import datetime as dt

import pytest
import time_machine

from manzanita.accounts.models import Grant, ViewAsSession
from manzanita.accounts.second_factor import enroll_totp, has_second_factor
from manzanita.auditing.models import ChangeEvent, ReadEvent
from manzanita.orgs.models import Agency
from manzanita.students.scope import listed_for, visible_to
from tests.support import world as w
from tests.support.guests import OWN_ACCOUNT, addresses_of, host_person, monitor_of, person_of
from tests.support.pages import decided, opened, other_coordinator, text_of
from tests.support.sign_in import code_now
from tests.support.state_files import TOTP_KEY


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def viewing(small_world, coordinator):
    """The coordinator's browser, looking as the case manager."""
    answer = coordinator.post(
        "/view-as", {"grant": small_world.case_manager_grant.pk, "reason": "Cannot find the service page"}
    )
    assert answer.url == "/"
    return coordinator


def test_colleagues_of_the_own_agency_are_offered_and_nobody_else(small_world, sign_in, coordinator):
    other_coordinator(small_world)
    host_person(w.LEA)
    person_of(w.LEA, "sis_staff", "Grebe Placeholder")
    gone, grant = person_of(w.LEA, "case_manager", "Rail Placeholder")
    Grant.objects.filter(pk=grant.pk).update(ends_on=dt.date(2026, 11, 22))

    page = text_of(coordinator.get("/view-as")).split("<main")[1].split("</main>")[0]

    assert "Wren Placeholder" in page
    for name in ("Fern Sample", "Egret", "Grebe", gone.name, "Juniper Mockup"):
        assert name not in page
    assert "No colleague is found" in text_of(coordinator.get("/view-as?who=zzz"))


def test_every_page_says_whose_view_it_is_and_offers_the_end(small_world, viewing):
    with time_machine.travel(w.NOON + dt.timedelta(minutes=10), tick=False):
        for path in (
            "/",
            "/students",
            f"/students/{small_world.students['alder'].public_id}",
            "/state",
            "/nowhere",
        ):
            page = text_of(viewing.get(path))
            band = page.split('class="band access"')[1]
            assert "You see what Wren Placeholder sees" in band, path
            assert "as Case manager at Chaparral Unified" in band
            assert 'data-seconds-left="1200">20 min left' in band
            assert '<form method="post" action="/view-as/end">' in band and "End the view" in band


def test_the_helper_sees_what_the_colleague_sees(small_world, viewing):
    page = text_of(viewing.get("/students"))

    assert "Testcase, Alder" in page and "Testcase, Towhee" in page
    # The coordinator's own list has Yarrow, too; the case manager's has not.
    assert "Yarrow" not in page
    assert viewing.get(f"/students/{small_world.students['yarrow'].public_id}").status_code == 404


def test_start_and_end_are_logged_with_both_people(small_world, viewing):
    view = ViewAsSession.objects.get()
    assert (view.helper, view.viewed) == (small_world.coordinator, small_world.case_manager)
    assert view.ends_at == w.NOON + dt.timedelta(minutes=30)

    page = text_of(viewing.post("/view-as/end", follow=True))

    assert "You look as yourself again: the view as Wren Placeholder has ended." in page
    assert 'class="band access"' not in page
    logged = list(ChangeEvent.objects.order_by("pk").filter(subject_type="accounts.viewassession"))
    assert [(event.action, event.actor_user_id) for event in logged] == [
        ("start_view_as", small_world.coordinator.pk),
        ("end_view_as", small_world.coordinator.pk),
    ]
    assert logged[0].reason == "Cannot find the service page"
    assert {event.detail["viewed_user"] for event in logged} == {small_world.case_manager.pk}
    assert "Testcase, Yarrow" in text_of(viewing.get("/students"))


def test_each_read_stands_under_the_helper_through_the_colleagues_grant(small_world, viewing):
    alder = small_world.students["alder"]
    viewing.get(f"/students/{alder.public_id}")

    read = ReadEvent.objects.get(what="student.record")
    assert read.actor_user_id == small_world.coordinator.pk
    assert read.grant_id == small_world.case_manager_grant.pk
    actor = viewing.get("/").wsgi_request.actor
    assert (actor.reader_id, actor.viewed_as_user_id) == (
        small_world.coordinator.pk,
        small_world.case_manager.pk,
    )
    assert small_world.coordinator_actor.viewed_as_user_id is None


def test_nothing_can_be_changed_whatever_the_colleague_may(small_world, sign_in, viewing):
    meeting = opened(small_world, "alder")
    view = ViewAsSession.objects.get()
    before = ChangeEvent.objects.latest("pk").pk

    def looking():
        client = sign_in(small_world.coordinator)
        session = client.session
        session["view_as"] = view.pk
        session.save()
        return client

    passed = set()
    for name, path in addresses_of((small_world.students["alder"].public_id, meeting.public_id)):
        if name in ("sign_out", "view_as_end"):
            continue
        # A session of its own for each: some of them end it.
        if looking().post(path, {"q": "alder", "reason": "x", "plan.23.20": "400"}).status_code != 403:
            passed.add(name)
    assert passed == OWN_ACCOUNT | {"search", "search_suggestions", "student_what_if", "calendar_what_if"}
    # What was done was done to the helper's own account.
    changes = ChangeEvent.objects.filter(pk__gt=before)
    assert {(one.subject_type, one.subject_id, one.viewed_as_user_id) for one in changes} == {
        ("accounts.user", small_world.coordinator.pk, None)
    }
    page = text_of(looking().post(f"/meetings/{meeting.public_id}/cancel", {"reason": "x"}))
    assert "Nothing was changed. You look at the product as Wren Placeholder sees it" in page
    meeting.refresh_from_db()
    assert meeting.state == "open"


def test_a_part_of_a_page_is_told_in_words(small_world, viewing):
    meeting = opened(small_world, "alder")

    answer = viewing.post(
        f"/meetings/{meeting.public_id}/answer", {"plan.23.20": "400"}, headers={"HX-Request": "true"}
    )

    assert answer.status_code == 403
    assert text_of(answer) == "Not saved: a view as a colleague only reads."


def test_a_page_that_the_colleague_may_open_and_a_view_may_not_says_why(small_world, viewing):
    answer = viewing.get(f"/students/{small_world.students['alder'].public_id}/meetings/new")

    assert answer.status_code == 403
    page = text_of(answer)
    assert "there nobody can open and hold meetings. End the view, and do it as yourself." in page


def test_the_student_page_gives_the_colleagues_reasons_and_else_that_a_view_only_reads(small_world, viewing):
    here = f"/students/{small_world.students['alder'].public_id}"
    page = text_of(viewing.get(here))
    assert "there nobody can open and hold meetings. End the view, and do it as yourself." in page
    assert "Your perspective does not open meetings" not in page

    opened(small_world, "alder")
    page = text_of(viewing.get(here))
    # What stands in the colleague's way, as the colleague reads it.
    assert "Not now: the open annual plan review comes first." in page


def test_a_meeting_is_seen_without_its_controls(small_world, viewing):
    meeting = opened(small_world, "alder")

    page = text_of(viewing.get(f"/meetings/{meeting.public_id}"))

    assert "Placement and setting" in page
    assert "data-autosave" not in page and "Cancel the meeting" not in page


def test_a_search_is_possible_and_finds_what_the_colleague_finds(viewing):
    assert "Testcase, Towhee" in text_of(viewing.post("/students/search", {"q": "towhee"}, follow=True))
    assert "No student found" in text_of(viewing.post("/students/search", {"q": "yarrow"}, follow=True))


@pytest.fixture
def wide_colleague(small_world):
    """Kestrel Example coordinates the other district, too; and at this district only follows the students of a
    school. The helper has only this district."""
    person, _ = person_of(w.OTHER_LEA, "coordinator", "Kestrel Example")
    return person


def test_a_colleague_with_two_districts_is_seen_in_the_helpers_only(small_world, coordinator, wide_colleague):
    person, here = person_of(w.LEA, "district_provider", "Kestrel Example")
    assert person == wide_colleague
    elsewhere = Grant.objects.get(user=person, agency__code=w.OTHER_LEA)

    refused = coordinator.post("/view-as", {"grant": elsewhere.pk, "reason": "x"})
    assert refused.status_code == 422 and "There is no such colleague at your agency" in text_of(refused)
    coordinator.post("/view-as", {"grant": here.pk, "reason": "x"})
    page = text_of(coordinator.get("/students"))
    assert "Testcase, Alder" in page and "Sage" not in page
    # No other of the colleague's perspectives can be chosen from within.
    coordinator.post("/perspective", {"grant": elsewhere.pk})
    assert coordinator.get("/").wsgi_request.actor.agency_code == w.LEA


def test_whom_the_helper_does_not_reach_is_not_seen_as_the_colleague_either(small_world, sign_in):
    """A helper whose own perspective reaches one student of the colleague's two."""
    from dataclasses import replace

    from manzanita.domain.access import Capability, Scope
    from manzanita.domain.perspectives import PERSPECTIVES

    manager = small_world.case_manager_actor
    grant = monitor_of(small_world, "alder")
    narrow = replace(
        small_world.coordinator_actor,
        perspective=PERSPECTIVES["cde_monitor"],
        grant_ids=(grant.pk,),
        capabilities=frozenset({Capability.READ_STUDENT}),
    )
    assert narrow.perspective.scope is Scope.NAMED
    seen = replace(manager, acting_for_id=narrow.user_id, within=narrow)

    assert {one.first_name for one in visible_to(manager)} == {"Alder", "Towhee"}
    assert {one.first_name for one in visible_to(seen)} == {"Alder"}
    assert {one.first_name for one in listed_for(seen)} == {"Alder"}


def test_what_the_helper_may_not_read_of_other_leas_stays_unread(small_world):
    from dataclasses import replace

    from manzanita.domain.perspectives import PERSPECTIVES

    helper, colleague = small_world.coordinator_actor, small_world.case_manager_actor
    reads_all = replace(colleague, perspective=PERSPECTIVES["dsea"])
    assert reads_all.record_leas is None
    assert replace(reads_all, within=helper).record_leas == (w.LEA,)
    assert replace(reads_all, within=reads_all).record_leas is None
    wide = replace(colleague, agency_codes=(w.LEA, w.OTHER_LEA))
    assert replace(wide, within=helper).record_leas == (w.LEA,)
    assert replace(wide, within=reads_all).record_leas == (w.LEA, w.OTHER_LEA)


@pytest.mark.parametrize(("minutes", "is_over"), [(29, False), (30, True), (45, True)])
def test_it_ends_by_itself_after_half_an_hour(small_world, viewing, minutes, is_over):
    # Somebody at work: a session at rest is locked after half an hour as well.
    with time_machine.travel(w.NOON + dt.timedelta(minutes=20), tick=False):
        viewing.get("/students")
    with time_machine.travel(w.NOON + dt.timedelta(minutes=minutes), tick=False):
        page = text_of(viewing.get("/students"))

    assert ("Testcase, Yarrow" in page) is is_over
    assert ("You look as yourself again" in page) is is_over
    view = ViewAsSession.objects.get()
    assert view.ended_at == (view.ends_at if is_over else None)
    assert ChangeEvent.objects.filter(action="end_view_as", actor_user_id=None).count() == int(is_over)


@pytest.mark.parametrize("whose", ["helper", "colleague"])
def test_it_ends_with_either_grant(small_world, viewing, whose):
    grant = small_world.coordinator_grant if whose == "helper" else small_world.case_manager_grant
    Grant.objects.filter(pk=grant.pk).update(ends_at=w.NOON)

    answer = viewing.get("/students")

    assert answer.wsgi_request.view_as is None
    assert answer.status_code == (403 if whose == "helper" else 200)
    assert ViewAsSession.objects.get().ended_at == w.NOON


def test_a_reason_is_asked_and_the_page_is_not_for_everybody(small_world, sign_in, coordinator):
    answer = coordinator.post("/view-as", {"grant": small_world.case_manager_grant.pk, "reason": " "})
    assert answer.status_code == 422 and "Say for what help you look; it is logged." in text_of(answer)
    assert not ViewAsSession.objects.exists()

    manager = sign_in(small_world.case_manager)
    assert manager.get("/view-as").status_code == 403
    assert (
        manager.post("/view-as", {"grant": small_world.coordinator_grant.pk, "reason": "x"}).status_code
        == 403
    )
    assert 'href="/view-as"' not in text_of(manager.get("/"))
    assert 'href="/view-as"' in text_of(coordinator.get("/"))


def test_a_view_of_somebody_else_is_not_taken_over(small_world, sign_in, viewing):
    client = sign_in(small_world.case_manager)
    session = client.session
    session["view_as"] = ViewAsSession.objects.get().pk
    session.save()

    answer = client.get("/")

    assert answer.wsgi_request.view_as is None
    assert answer.wsgi_request.actor.user_id == small_world.case_manager.pk
    assert ViewAsSession.objects.get().ended_at is None


def test_the_selpa_sees_as_people_of_its_members(small_world, sign_in):
    Agency.objects.create(code=w.SELPA, kind="selpa", name="Manzanita County SELPA", selpa_code=w.SELPA)
    kite, _ = person_of(w.SELPA, "selpa", "Kite Placeholder")
    client = sign_in(kite)
    client.post("/view-as", {"grant": small_world.case_manager_grant.pk, "reason": "Call for help"})

    assert "Testcase, Alder" in text_of(client.get("/students"))
    assert client.post("/view-as/end").status_code == 302
    assert client.get("/").wsgi_request.actor.perspective_key == "selpa"


def test_the_end_without_a_view_changes_nothing(small_world, coordinator):
    assert coordinator.post("/view-as/end").url == "/"
    assert not ChangeEvent.objects.filter(action="end_view_as").exists()


def test_how_a_meeting_is_doing_is_told_to_who_may_help(small_world, sign_in, viewing):
    meeting = decided(small_world, "alder")
    here = f"/meetings/{meeting.public_id}"

    for page in (
        text_of(viewing.get(here)),
        text_of(sign_in(small_world.coordinator).get(f"{here}?step=answer")),
    ):
        health = page.split("This meeting: locks and drafts")[1]
        assert "1 save · nothing missing" in health
        assert "11/23/2026, 12:00 pm, by Wren Placeholder" in health
        assert "11/23/2026, 12:00 pm · Wren Placeholder · Service 2, Minutes" in health
        assert "None: two people may write at once" in health
    assert "This meeting: locks and drafts" not in text_of(sign_in(small_world.case_manager).get(here))


def test_what_is_missing_in_a_meeting_is_named(small_world, coordinator):
    meeting = opened(small_world, "towhee")

    health = text_of(coordinator.get(f"/meetings/{meeting.public_id}")).split(
        "This meeting: locks and drafts"
    )[1]

    assert "Nothing of the offer was changed yet." in health and "nobody yet" in health
    assert "The meeting has no date on which it was held." in health


def test_one_s_own_last_second_factor_stays_in_a_view_too(small_world, sign_in, viewing):
    enroll_totp(user=small_world.coordinator, secret=TOTP_KEY, code=code_now())

    page = text_of(viewing.post("/account/app/remove", follow=True))

    assert "The second factor was removed." not in page
    assert has_second_factor(small_world.coordinator)
