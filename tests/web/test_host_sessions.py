"""Staff of the host: they see nothing anywhere until a district approves a session, and nothing after it."""

import datetime as dt
import re

import pytest
import time_machine

from manzanita.accounts.access_refusals import NotGiven
from manzanita.accounts.host_session_actions import approve_host_session
from manzanita.accounts.models import Grant, HostSession
from manzanita.accounts.queries import actor_of
from manzanita.auditing.models import ChangeEvent, ReadEvent
from manzanita.exchange.queries import open_findings
from manzanita.meetings.queries import open_meetings, recent_meetings
from manzanita.orgs.models import Agency
from manzanita.students.scope import listed_for, visible_to
from tests.support import world as w
from tests.support.guests import OWN_ACCOUNT, addresses, addresses_of, host_person
from tests.support.pages import finalized, opened, other_coordinator, text_of

ASKED = {
    "agency": w.LEA,
    "comment": "A list is empty that should not be",
    "ticket": "T-4711",
    "hours": "2",
    "do": "ask",
}


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def egret(small_world):
    return host_person()


@pytest.fixture
def host(egret, sign_in):
    """A browser of host staff, with nothing approved."""
    return sign_in(egret[0])


@pytest.fixture
def session(host):
    """A session that was asked for."""
    host.post("/host/sessions", ASKED)
    return HostSession.objects.get()


@pytest.fixture
def running(session, coordinator, egret, sign_in):
    """An approved session of two hours, and the browser of who uses it."""
    coordinator.post(f"/admin/host-sessions/{session.pk}", {"do": "approve", "answer": "Please look"})
    session.refresh_from_db()
    return session, sign_in(egret[0], session.grant)


@pytest.mark.parametrize("home", [w.LEA, w.OTHER_LEA])
def test_without_a_session_host_staff_see_no_row_of_any_tenant(small_world, sign_in, home):
    finalized(small_world, "alder")
    meeting = opened(small_world, "towhee")
    person, grant = host_person(home)
    actor = actor_of(person, grant)
    assert visible_to(actor).count() == 0
    assert listed_for(actor).count() == 0
    assert open_meetings(actor) == [] and recent_meetings(actor) == []
    assert list(open_findings(actor, limit=10)) == []
    client = sign_in(person)

    answered = set()
    ids = [*(student.public_id for student in small_world.students.values()), meeting.public_id]
    for name, path in addresses_of(ids):
        for answer in (client.get(path), client.post(path, {"q": "alder", "do": "x"})):
            assert answer.status_code in (200, 302, 403, 404, 405, 410, 422), (name, answer.status_code)
            assert "Testcase" not in answer.content.decode(), name
            if answer.status_code == 200:
                answered.add(name)
        # Some of the account's own pages end the session.
        client = sign_in(person) if name in OWN_ACCOUNT | {"sign_out"} else client
    # None of these shows a student; the first two say how to ask for a session. The calendar asked for is the home's.
    calendar = {"calendar", "calendar_file"} if home == w.OTHER_LEA else set()
    assert answered - OWN_ACCOUNT - calendar == {
        *("home", "host_desk", "directory", "directory_agency", "lend", "why"),
        *("rules", "rule", "calendars", "policies"),
    }
    assert not ReadEvent.objects.exists()


def test_home_leads_host_staff_to_asking(host):
    page = text_of(host.get("/"))

    assert "This perspective reads no student records." in page
    assert 'href="/host/sessions"' in page


def test_asking_tells_the_district_on_home_and_by_mail(
    small_world, host, coordinator, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = host.post("/host/sessions", ASKED, follow=True)

    assert "Asked. Chaparral Unified decides; until then you see nothing." in text_of(answer)
    assert "Waits for the district" in text_of(answer)
    session = HostSession.objects.get()
    assert (session.state, session.hours, session.ticket, session.grant) == ("asked", 2, "T-4711", None)
    assert ChangeEvent.objects.get(action="ask_host_session").subject_id == session.pk
    assert [mail.to for mail in mailoutbox] == [["juniper.mockup@example.org"]]
    assert "Nobody sees anything until you approve it." in " ".join(mailoutbox[0].body.split())
    assert "Egret" not in mailoutbox[0].body and "T-4711" not in mailoutbox[0].body
    home = text_of(coordinator.get("/"))
    assert "Host staff ask for a session" in home
    page = text_of(coordinator.get("/admin/host-sessions"))
    assert "Egret Placeholder" in page and "Waits for you" in page and "T-4711" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"agency": ""}, "Choose the district."),
        ({"agency": w.NPA}, "Choose the district."),
        ({"comment": "  "}, "The comment or the ticket is missing."),
        ({"ticket": ""}, "The comment or the ticket is missing."),
        ({"hours": "5"}, "A session lasts 1 to 4 hours."),
        ({"hours": "0"}, "A session lasts 1 to 4 hours."),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_asked(small_world, host, changes, words):
    answer = host.post("/host/sessions", {**ASKED, **changes})

    assert answer.status_code == 422 and words in text_of(answer)
    assert not HostSession.objects.exists()


def test_the_same_is_not_asked_twice(small_world, host, session):
    answer = host.post("/host/sessions", ASKED)

    assert answer.status_code == 422
    assert "You have a session at Chaparral Unified already" in text_of(answer)
    assert HostSession.objects.count() == 1
    assert host.post("/host/sessions", {**ASKED, "agency": w.OTHER_LEA}).status_code == 302


def test_an_open_question_opens_nothing(small_world, host, session):
    assert host.get("/students").status_code == 403
    assert not Grant.objects.filter(perspective_key="host_session").exists()


def test_approving_opens_it_for_the_hours_asked_to_read_current_students_only(
    small_world, coordinator, running, mailoutbox
):
    session, client = running

    assert (session.state, session.answer) == ("approved", "Please look")
    assert session.decided_by == small_world.coordinator
    assert session.ends_at == w.NOON + dt.timedelta(hours=2)
    assert (session.grant.perspective_key, session.grant.ends_at) == ("host_session", session.ends_at)
    page = text_of(client.get("/students"))
    assert "Testcase, Alder" in page and "Testcase, Towhee" in page and "Sage" not in page
    assert client.get(f"/students/{small_world.students['sage'].public_id}").status_code == 404
    assert "Host sessions open now" in text_of(coordinator.get("/"))


def test_every_page_of_a_session_says_what_it_is_and_how_long(small_world, running):
    _, client = running

    # Somebody at work: a session at rest is locked after half an hour.
    with time_machine.travel(w.NOON + dt.timedelta(minutes=20), tick=False):
        client.get("/students")
    with time_machine.travel(w.NOON + dt.timedelta(minutes=35), tick=False):
        for path in ("/", "/students", f"/students/{small_world.students['alder'].public_id}", "/state"):
            page = text_of(client.get(path))
            assert "Host staff, approved session" in page.split('class="band access"')[1], path
            assert (
                'Until 2:00 pm: <span class="nb" data-seconds-left="5100">1 h 25 min left</span>' in page
            ), path


def test_a_session_only_reads(small_world, running):
    _, client = running
    alder = small_world.students["alder"].public_id

    # What is only thought of changes nothing, so that a reader may ask it.
    asks = {"search", "search_suggestions", "view_as_end", "student_what_if", "calendar_what_if"}
    for name, path in addresses(alder):
        if name in OWN_ACCOUNT | {"sign_out"} | asks:
            continue
        assert client.post(path).status_code == 403, name


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 403), (1, 403)])
def test_it_ends_by_itself_to_the_second(small_world, running, egret, sign_in, seconds, status):
    session, _ = running

    with time_machine.travel(session.ends_at + dt.timedelta(seconds=seconds), tick=False):
        client = sign_in(egret[0], session.grant)
        assert client.get(f"/students/{small_world.students['alder'].public_id}").status_code == status
        assert ("Ended by itself" in text_of(client.get("/host/sessions"))) is (status == 403)


def test_a_session_goes_over_midnight(small_world, session, coordinator, egret, sign_in):
    late = dt.datetime.fromisoformat("2026-11-23T23:30:00-08:00")
    with time_machine.travel(late, tick=False):
        client = sign_in(small_world.coordinator)
        client.post(f"/admin/host-sessions/{session.pk}", {"do": "approve", "answer": "Go"})
    session.refresh_from_db()
    with time_machine.travel(late + dt.timedelta(hours=1), tick=False):
        assert sign_in(egret[0], session.grant).get("/students").status_code == 200


def test_the_district_ends_it_at_once_and_reads_each_look(
    small_world, coordinator, running, mailoutbox, django_capture_on_commit_callbacks
):
    session, client = running
    alder = small_world.students["alder"]
    client.get(f"/students/{alder.public_id}")

    with django_capture_on_commit_callbacks(execute=True):
        page = coordinator.post(
            f"/admin/host-sessions/{session.pk}", {"do": "end"}, follow=True
        ).content.decode()

    assert "Ended. Host staff see nothing any more." in page
    looks = page.split("Looks, newest first</caption>")[1].split("</table>")[0]
    rows = re.findall(
        r'nb">([^<]+)</th><td><a href="/students/([^"]+)">([^<]+)</a></td><td>([^<]+)</td>', looks
    )
    assert rows == [("11/23/2026, 12:00 pm", str(alder.public_id), "Alder Testcase", "Record")]
    assert client.get(f"/students/{alder.public_id}").status_code == 403
    assert [mail.subject for mail in mailoutbox] == ["Manzanita: a host session was ended"]
    assert "Alder" not in mailoutbox[0].body
    assert "Host sessions ended within 7 days" in text_of(coordinator.get("/"))
    again = coordinator.post(f"/admin/host-sessions/{session.pk}", {"do": "end"}, follow=True)
    assert "It had ended already." in text_of(again)
    assert ChangeEvent.objects.filter(action="end_host_session").count() == 1


def test_refusing_needs_a_word_and_opens_nothing(small_world, coordinator, host, session):
    here = f"/admin/host-sessions/{session.pk}"
    assert "A word to who asked is missing." in text_of(coordinator.post(here, {"do": "refuse"}, follow=True))
    assert "A word to who asked is missing." in text_of(
        coordinator.post(here, {"do": "approve"}, follow=True)
    )

    coordinator.post(here, {"do": "refuse", "answer": "Not during testing"})

    page = text_of(host.get("/host/sessions"))
    assert "Refused" in page and "Not during testing" in page and "Juniper Mockup" in page
    assert host.get("/students").status_code == 403
    late = text_of(coordinator.post(here, {"do": "approve", "answer": "Yes"}, follow=True))
    assert "this was answered already (refused)" in late
    assert not Grant.objects.filter(perspective_key="host_session").exists()


def test_who_asked_takes_the_question_back(small_world, coordinator, host, session):
    host.post("/host/sessions", {"do": "end", "session": session.pk})

    session.refresh_from_db()
    assert session.state == "ended"
    page = text_of(
        coordinator.post(
            f"/admin/host-sessions/{session.pk}", {"do": "approve", "answer": "Yes"}, follow=True
        )
    )
    assert "this was answered already (ended)" in page
    assert host.post("/host/sessions", {"do": "end", "session": "999"}).status_code == 404


def test_only_the_district_that_was_asked_answers(small_world, sign_in, session):
    here = f"/admin/host-sessions/{session.pk}"
    stranger = sign_in(other_coordinator(small_world))

    assert stranger.get(here).status_code == 404
    assert stranger.post(here, {"do": "approve", "answer": "Yes"}).status_code == 404
    assert "T-4711" not in text_of(stranger.get("/admin/host-sessions"))
    manager = sign_in(small_world.case_manager)
    assert manager.get(here).status_code == 403
    assert manager.post(here, {"do": "approve", "answer": "Yes"}).status_code == 403
    assert manager.get("/host/sessions").status_code == 404
    session.refresh_from_db()
    assert session.state == "asked"


def test_an_actor_who_may_not_give_it_is_refused_below_the_pages_too(small_world, session):
    with pytest.raises(NotGiven) as refused:
        approve_host_session(actor=small_world.case_manager_actor, session=session, answer="Yes")

    assert [reason.code for reason in refused.value.reasons] == ["not-the-giver"]


def test_the_selpa_of_the_district_sees_sessions_and_decides_none(small_world, sign_in, session):
    from tests.support.guests import person_of

    Agency.objects.create(code=w.SELPA, kind="selpa", name="Manzanita County SELPA", selpa_code=w.SELPA)
    kite, _ = person_of(w.SELPA, "selpa", "Kite Placeholder")
    client = sign_in(kite)

    assert "T-4711" in text_of(client.get("/admin/host-sessions"))
    page = client.post(f"/admin/host-sessions/{session.pk}", {"do": "approve", "answer": "Yes"}, follow=True)
    assert "The district that was asked decides." in text_of(page)
