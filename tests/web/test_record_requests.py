"""A student out of one's scope: that a record exists is told to who knows exactly, and its LEA decides the rest."""

import datetime as dt
import re

import pytest
import time_machine

from manzanita.accounts.models import Grant, RecordRequest
from manzanita.auditing.models import ChangeEvent
from manzanita.auditing.queries import reads_of_student
from manzanita.students.actions import Identity, register_students
from manzanita.students.exact_search import lea_of, student_named, student_with_ssid
from tests.support import world as w
from tests.support.guests import host_person, monitor_of
from tests.support.pages import other_coordinator, reads, text_of

SAGE = {"first": "Sage", "last": "Testcase", "born": "2015-06-20"}


@pytest.fixture
def manager(small_world, sign_in):
    return sign_in(small_world.case_manager)


@pytest.fixture
def elsewhere(small_world, sign_in):
    """The coordinator of the other district, Sage's."""
    return sign_in(other_coordinator(small_world))


def asks(client, **values):
    return client.post("/students/elsewhere", values)


def requested(client) -> RecordRequest:
    page = asks(client, **SAGE).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    client.post("/students/elsewhere/ask", {"token": token, "reason": "Enrolls here on Monday"})
    return RecordRequest.objects.get()


def without_tokens(answer) -> str:
    return re.sub(r"[A-Za-z0-9]{64}", "TOKEN", answer.content.decode())


@pytest.mark.parametrize(
    "asked",
    [
        {"ssid": "9900000009"},
        {"ssid": "9900-000 009"},
        SAGE,
        {**SAGE, "first": "SAGE", "last": "testcase"},
    ],
)
def test_the_exact_ssid_or_name_and_birth_date_tell_that_a_record_exists_and_whom_to_ask(manager, asked):
    page = text_of(asks(manager, **asked)).split("<main")[1]

    assert "A record exists; request it. The agency to ask is <b>Heron Creek Unified</b>." in page
    assert (
        "Sage" not in page and "2015" not in page and "Willow Bend" not in page and "9900000009" not in page
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"ssid": "9900000008"},
        {**SAGE, "born": "2015-06-21"},
        {**SAGE, "first": "Sag"},
        {**SAGE, "first": "Sages"},
        {**SAGE, "last": "Testcas"},
        {**SAGE, "last": "Tester"},
    ],
)
def test_nearly_right_looks_exactly_like_none(manager, asked):
    none = asks(manager, first="Nobody", last="Atall", born="2010-01-01")
    nearly = asks(manager, **asked)

    left = [("9 questions left", "N left"), ("8 questions left", "N left")]
    pages = [without_tokens(none), without_tokens(nearly)]
    for old, new in left:
        pages = [page.replace(old, new) for page in pages]
    assert pages[0] == pages[1]
    assert none.status_code == nearly.status_code == 200
    assert "No record is found with exactly this" in pages[0]


def test_nearly_right_costs_the_same_queries_as_none(small_world, manager, django_assert_num_queries):
    asks(manager, **SAGE)
    counts = []
    for asked in ({**SAGE, "first": "Sagy"}, {"first": "Nobody", "last": "Atall", "born": "2010-01-01"}):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            asks(manager, **asked)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_two_of_one_name_and_day_are_not_told_apart(small_world, manager):
    register_students([Identity("Sage", "", "Testcase", "", dt.date(2015, 6, 20), "F")])

    assert student_named("Sage", "Testcase", dt.date(2015, 6, 20)) is None
    assert "No record is found with exactly this" in text_of(asks(manager, **SAGE))


def test_accents_and_marks_do_not_hide_a_record(small_world):
    (made,) = register_students([Identity("José", "", "O’Hara", "", dt.date(2014, 2, 3), "M")])

    assert student_named("jose", "ohara", dt.date(2014, 2, 3)) == made.pk
    assert student_named("Jose", "Hara", dt.date(2014, 2, 3)) is None
    assert student_named("", "O’Hara", dt.date(2014, 2, 3)) is None


def test_whom_to_ask_is_who_enrolls_the_student_now(small_world):
    assert lea_of(small_world.students["sage"].pk) == w.OTHER_LEA
    assert lea_of(small_world.students["alder"].pk) == w.LEA
    (nowhere,) = register_students([Identity("Teal", "", "Testcase", "", dt.date(2014, 2, 3), "M")])
    assert lea_of(nowhere.pk) == ""
    assert student_with_ssid("9900000009") == small_world.students["sage"].pk


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"ssid": "99000"},
        {"ssid": "99000000090"},
        {**SAGE, "born": ""},
        {**SAGE, "last": " "},
        {"ssid": "٩٩٠٠٠٠٠٠٠٩"},
    ],
)
def test_what_is_not_exact_is_not_asked_and_costs_nothing(small_world, manager, asked):
    answer = asks(manager, **asked)

    assert answer.status_code == 422
    assert "10 of 10 are left today" in text_of(answer)
    assert not ChangeEvent.objects.filter(action="exact-search").exists()


def test_ten_questions_a_day_then_no_more(small_world, manager, sign_in):
    for _ in range(10):
        assert asks(manager, ssid="9900000008").status_code == 200

    refused = asks(manager, ssid="9900000009")
    assert refused.status_code == 429
    page = text_of(refused)
    assert "You have asked 10 times today" in page and "(SEDS coordinator)" in page
    assert "Heron Creek" not in page
    # Another person's questions are their own, and tomorrow is another day.
    assert asks(sign_in(small_world.coordinator), ssid="9900000009").status_code == 200
    with time_machine.travel(dt.datetime.fromisoformat("2026-11-23T23:59:00-08:00"), tick=False):
        assert asks(sign_in(small_world.case_manager), ssid="9900000009").status_code == 429
    with time_machine.travel(dt.datetime.fromisoformat("2026-11-24T00:00:00-08:00"), tick=False):
        assert asks(sign_in(small_world.case_manager), ssid="9900000009").status_code == 200


def test_each_question_is_logged_without_what_was_typed(small_world, manager):
    asks(manager, **SAGE)
    asks(manager, ssid="9900000008")

    logged = ChangeEvent.objects.filter(action="exact-search").order_by("pk")
    assert [(one.actor_user_id, one.student_id, one.detail) for one in logged] == [
        (small_world.case_manager.pk, small_world.students["sage"].pk, {"by": "name", "found": True}),
        (small_world.case_manager.pk, None, {"by": "ssid", "found": False}),
    ]
    assert all(one.reason == "" for one in logged)


@pytest.mark.parametrize(
    "asked", [{"ssid": "9900000005"}, {"first": "Alder", "last": "Testcase", "born": "2016-04-09"}]
)
def test_whoever_is_in_scope_is_here_already_and_no_question_is_counted(small_world, manager, asked):
    alder = small_world.students["alder"]

    page = text_of(asks(manager, **asked))
    assert "The record is here already" in page and "no question was counted" in page
    assert f'href="/students/{alder.public_id}">Alder Testcase</a>' in page
    assert not ChangeEvent.objects.filter(action="exact-search").exists()
    assert "10 of 10 are left today" in text_of(manager.get("/students/elsewhere"))
    assert reads()[-1] == (alder.pk, "student.elsewhere")
    # A case manager asks for no transfer, and settles no arrival.
    assert "Ask for a transfer" not in page and "Open the arrival" not in page


def test_who_has_no_question_left_is_still_told_of_the_own_students(manager):
    for _ in range(10):
        asks(manager, ssid="9900000008")
    assert asks(manager, ssid="9900000008").status_code == 429
    assert "The record is here already" in text_of(asks(manager, ssid="9900000005"))


def test_a_student_of_the_own_district_is_asked_of_the_own_coordinator(small_world, manager):
    page = text_of(asks(manager, ssid="9900000003"))

    assert "The agency to ask is <b>Chaparral Unified</b>" in page
    assert "Its SEDS coordinator can assign the student to you" in page


def test_the_search_that_finds_nobody_leads_here(small_world, manager):
    page = text_of(manager.post("/students/search", {"q": "sage"}, follow=True))

    assert 'href="/students/elsewhere"' in page and "ask whether a record exists" in page
    assert "10 of 10 are left today" in text_of(manager.get("/students/elsewhere"))


def test_guests_do_not_ask(small_world, sign_in):
    monitor = sign_in(monitor_of(small_world, "alder").user)
    assert monitor.get("/students/elsewhere").status_code == 404
    assert asks(monitor, **SAGE).status_code == 403
    assert "/students/elsewhere" not in text_of(monitor.post("/students/search", {"q": "x"}, follow=True))
    assert asks(sign_in(host_person()[0]), **SAGE).status_code == 403


def test_the_request_goes_to_the_other_district_with_its_reason(
    small_world, manager, elsewhere, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        request = requested(manager)

    sage = small_world.students["sage"]
    assert (request.state, request.student_id, request.agency.code) == ("asked", sage.pk, w.OTHER_LEA)
    assert [mail.to for mail in mailoutbox] == [["fern.sample@example.org"]]
    assert "Sage" not in mailoutbox[0].body and "Wren" not in mailoutbox[0].body
    own = text_of(manager.get("/requests"))
    assert "Enrolls here on Monday" in own and "Waits for the LEA" in own and "Sage" not in own
    assert "Records that another agency asks for" in text_of(elsewhere.get("/"))
    page = text_of(elsewhere.get(f"/admin/requests/{request.pk}"))
    assert "Sage Testcase" in page and "Wren Placeholder" in page and "Enrolls here on Monday" in page
    assert "Sage Testcase" in text_of(elsewhere.get("/admin/requests"))
    assert reads_of_student(sage.pk).filter(what="request").count() == 1


def test_asking_again_while_it_waits_is_the_same_request(small_world, manager):
    first = requested(manager)

    assert requested(manager) == first
    assert ChangeEvent.objects.filter(action="request_record").count() == 1


def test_a_request_needs_a_reason_and_its_answer(small_world, manager):
    page = asks(manager, **SAGE).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)[1]

    answer = manager.post("/students/elsewhere/ask", {"token": token, "reason": " "})
    assert answer.status_code == 422 and "The reason is missing." in text_of(answer)
    gone = manager.post("/students/elsewhere/ask", {"token": "zzz", "reason": "x"}, follow=True)
    assert "that answer is no longer kept" in text_of(gone)
    assert not RecordRequest.objects.exists()


def test_granted_it_opens_this_record_for_some_days_to_read(small_world, manager, elsewhere, sign_in):
    request = requested(manager)
    sage = small_world.students["sage"]

    page = elsewhere.post(
        f"/admin/requests/{request.pk}", {"do": "grant", "days": "14", "answer": "Welcome"}, follow=True
    )

    assert "Wren Placeholder may read this record, and nothing else of the district." in text_of(page)
    request.refresh_from_db()
    grant = request.grant
    assert (request.state, grant.perspective_key, grant.agency.code) == (
        "granted",
        "requested_record",
        w.OTHER_LEA,
    )
    assert (grant.starts_on, grant.ends_on) == (dt.date(2026, 11, 23), dt.date(2026, 12, 6))
    assert f'name="grant" value="{grant.pk}"' in text_of(manager.get("/requests"))

    reader = sign_in(small_world.case_manager, grant)
    record = text_of(reader.get(f"/students/{sage.public_id}"))
    assert "Sage Testcase" in record and "Wren Placeholder · Requested record" in record
    assert reader.get(f"/students/{small_world.students['alder'].public_id}").status_code == 404
    assert reader.post(f"/students/{sage.public_id}/meetings", {"event": "annual"}).status_code == 403
    looks = text_of(elsewhere.get(f"/admin/requests/{request.pk}")).split("What was looked at")[1]
    assert "11/23/2026, 12:00 pm · Record" in looks
    with time_machine.travel(dt.datetime.fromisoformat("2026-12-07T00:00:01-08:00"), tick=False):
        late = sign_in(small_world.case_manager, grant)
        assert late.get(f"/students/{sage.public_id}").status_code == 404
        assert "Ended" in text_of(late.get("/requests"))


@pytest.mark.parametrize("days", ["0", "31", "x", "", "-1", "9999"])
def test_the_days_are_bounded(small_world, manager, elsewhere, days):
    request = requested(manager)

    page = elsewhere.post(
        f"/admin/requests/{request.pk}", {"do": "grant", "days": days, "answer": "Yes"}, follow=True
    )

    assert "Access lasts 1 to 30 days." in text_of(page)
    assert not Grant.objects.filter(perspective_key="requested_record").exists()


def test_refused_it_says_why_and_can_be_asked_again(small_world, manager, elsewhere):
    request = requested(manager)
    elsewhere.post(f"/admin/requests/{request.pk}", {"do": "refuse", "answer": "Wait for the transfer"})

    assert "Wait for the transfer" in text_of(manager.get("/requests"))
    late = elsewhere.post(
        f"/admin/requests/{request.pk}", {"do": "grant", "days": "3", "answer": "Yes"}, follow=True
    )
    assert "this was answered already (refused)" in text_of(late)
    page = asks(manager, **SAGE).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    manager.post("/students/elsewhere/ask", {"token": token, "reason": "Now enrolled"})
    assert list(RecordRequest.objects.order_by("pk").values_list("state", flat=True)) == ["refused", "asked"]


def test_only_the_asked_district_sees_and_decides(small_world, manager, sign_in):
    request = requested(manager)
    own_coordinator = sign_in(small_world.coordinator)

    assert own_coordinator.get(f"/admin/requests/{request.pk}").status_code == 404
    assert (
        own_coordinator.post(
            f"/admin/requests/{request.pk}", {"do": "grant", "days": "3", "answer": "x"}
        ).status_code
        == 404
    )
    assert "Enrolls here" not in text_of(own_coordinator.get("/admin/requests"))
    assert manager.get("/admin/requests").status_code == 403
    assert manager.get(f"/admin/requests/{request.pk}").status_code == 403
