"""State monitors: access to named students for a period, given, changed, ended; and every look, for the district."""

import datetime as dt
import re

import pytest
import time_machine

from manzanita.accounts.models import Grant, User
from manzanita.auditing.models import ChangeEvent, ReadEvent
from tests.support import world as w
from tests.support.guests import MONITOR_EMAIL, OWN_ACCOUNT, addresses, addresses_of, monitor_of, person_of
from tests.support.pages import NO_ID, finalized, many_students, opened, other_coordinator, text_of

FORM = {
    "name": "Bittern Example",
    "email": MONITOR_EMAIL,
    "starts_on": "2026-11-23",
    "ends_on": "2026-12-31",
    "reason": "Letter 26-117",
    "find": "",
    "ssids": "",
}


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def alders(small_world):
    """The monitor's grant for Alder alone."""
    return monitor_of(small_world, "alder")


def test_without_one_the_page_says_what_it_would_be(coordinator):
    page = text_of(coordinator.get("/admin/monitors"))

    assert "No state monitor has had access" in page and "for 90 days at most" in page


def test_the_form_offers_a_period_of_a_month(coordinator):
    page = text_of(coordinator.get("/admin/monitors/new"))

    assert 'name="starts_on" type="date" value="2026-11-23"' in page
    assert 'name="ends_on" type="date" value="2026-12-23"' in page


def test_found_by_name_or_pasted_the_students_are_shown_before_anything_is_given(small_world, coordinator):
    answer = coordinator.post(
        "/admin/monitors/new", {**FORM, "find": "towhee", "ssids": "9900000005 99 9900000009"}
    )

    page = text_of(answer)
    assert answer.status_code == 200
    alder, towhee = (small_world.students[name].public_id for name in ("alder", "towhee"))
    assert f'value="{alder}" aria-label="Name Alder Testcase" checked' in page
    assert f'value="{towhee}" aria-label="Name Towhee Testcase">' in page
    assert "2 entries left out" in page
    assert "no SSID: an SSID has ten digits" in page and "no student in your scope has this SSID" in page
    assert "Sage" not in page
    assert not Grant.objects.filter(perspective_key="cde_monitor").exists()
    assert not User.objects.filter(email=MONITOR_EMAIL).exists()


def test_it_is_previewed_and_given(small_world, coordinator):
    picked = str(small_world.students["alder"].public_id)

    page = text_of(coordinator.post("/admin/monitors/new", {**FORM, "picked": picked, "do": "check"}))
    assert "will read 1 student from November 23, 2026 to December 31, 2026" in page
    assert not User.objects.filter(email=MONITOR_EMAIL).exists()

    answer = coordinator.post("/admin/monitors/new", {**FORM, "picked": picked, "do": "give"})
    grant = Grant.objects.get(perspective_key="cde_monitor")
    assert answer.url == f"/admin/monitors/{grant.pk}"
    assert (grant.user.name, grant.user.email) == ("Bittern Example", MONITOR_EMAIL)
    assert (grant.starts_on, grant.ends_on) == (dt.date(2026, 11, 23), dt.date(2026, 12, 31))
    assert (grant.reason, grant.granted_by) == ("Letter 26-117", small_world.coordinator)
    assert [one.student_id for one in grant.named_students.all()] == [small_world.students["alder"].pk]
    event = ChangeEvent.objects.get(action="give_monitor_access")
    assert (event.actor_user_id, event.subject_id) == (small_world.coordinator.pk, grant.pk)
    assert event.detail == {"students": [small_world.students["alder"].pk], "ends_on": "2026-12-31"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ends_on": "2027-02-22"}, "for 90 days at most: until 02/21/2027"),
        ({"ends_on": "2026-11-22"}, "The last day is before the first, or has passed."),
        ({"starts_on": "2026-11-01", "ends_on": "2026-11-22"}, "or has passed."),
        ({"ends_on": "soon"}, "a day of it is no date"),
        ({"reason": " "}, "The reason is missing."),
        ({"name": ""}, "It is not said who the monitor is."),
        ({"email": "@"}, "It is not said who the monitor is."),
        ({"picked": ""}, "No student is named."),
        ({"picked": NO_ID}, "No student is named."),
    ],
)
def test_what_stands_against_it_is_said_and_nothing_is_given(small_world, coordinator, changes, words):
    sent = {**FORM, "picked": str(small_world.students["alder"].public_id), "do": "give", **changes}

    answer = coordinator.post("/admin/monitors/new", sent)

    assert answer.status_code == 422
    assert words in text_of(answer) and "(SEDS coordinator)" in text_of(answer)
    assert not User.objects.filter(email=MONITOR_EMAIL).exists()


def test_ninety_days_are_allowed(small_world, coordinator):
    sent = {
        **FORM,
        "ends_on": "2027-02-21",
        "picked": str(small_world.students["alder"].public_id),
        "do": "give",
    }

    assert coordinator.post("/admin/monitors/new", sent).status_code == 302


def test_a_student_of_another_district_cannot_be_named(small_world, coordinator):
    sage = str(small_world.students["sage"].public_id)

    answer = coordinator.post("/admin/monitors/new", {**FORM, "picked": sage, "do": "give"})

    assert answer.status_code == 422 and "No student is named." in text_of(answer)


def test_one_access_at_a_time_so_that_each_look_belongs_to_one(small_world, coordinator, alders):
    sent = {
        **FORM,
        "picked": str(small_world.students["towhee"].public_id),
        "do": "give",
        "ends_on": "2026-12-01",
    }

    page = text_of(coordinator.post("/admin/monitors/new", sent))

    assert "Bittern Example already has access here from 11/23/2026 to 12/31/2026." in page
    assert Grant.objects.filter(perspective_key="cde_monitor").count() == 1


def test_the_monitor_sees_the_named_student_and_no_other(small_world, sign_in, alders):
    client = sign_in(alders.user)

    page = text_of(client.get("/students"))
    assert "Testcase, Alder" in page and "Towhee" not in page and "Yarrow" not in page
    assert client.get(f"/students/{small_world.students['alder'].public_id}").status_code == 200
    for other in ("towhee", "yarrow", "sage"):
        assert client.get(f"/students/{small_world.students[other].public_id}").status_code == 404


def test_every_other_address_is_closed_to_the_monitor(small_world, sign_in, alders):
    meeting = opened(small_world, "towhee")
    finalized(small_world, "alder")
    client = sign_in(alders.user)

    seen = set()
    ids = (
        small_world.students["towhee"].public_id,
        small_world.students["sage"].public_id,
        meeting.public_id,
    )
    for name, path in addresses_of(ids, alders.pk):
        answer = client.get(path)
        assert answer.status_code in (200, 302, 403, 404, 405, 410), (name, answer.status_code)
        assert "Towhee" not in answer.content.decode() and "Sage Test" not in answer.content.decode(), name
        if answer.status_code == 200:
            seen.add(name)
    # They show the named student, or nobody. A due date with this very number may be Alder's.
    assert seen - OWN_ACCOUNT - {"due_date"} == {
        "home",
        "students",
        "meetings",
        "findings",
        "to_settle",
        "students_to_settle",
        "private_schools",
        "special_groups",
        "news",
        "next_year",
        "planned",
        "turns_five",
        "compliance",
        "compliance_students",
        "due_list",
        "due_clocks",
        "dinc",
        "rules",
        "rule",
        "own_requests",
        "directory",
        "directory_agency",
        "lend",
        "why",
        "calendars",
        "caseload_plan",
        "policies",
    }


def test_nothing_can_be_sent_by_the_monitor_but_a_search_a_thought_and_the_way_out(
    small_world, sign_in, alders
):
    alder = small_world.students["alder"].public_id

    passed = set()
    for name, path in addresses(alder):
        if name == "sign_out":
            continue
        # A session of its own for each: some of them end it.
        answer = sign_in(alders.user).post(path, {"q": "alder"})
        if answer.status_code != 403:
            passed.add(name)
        elif "text/html" in answer["Content-Type"]:
            assert "Nothing was changed." in text_of(answer), name
    searches, thoughts = {"search", "search_suggestions"}, {"student_what_if", "calendar_what_if"}
    assert passed == OWN_ACCOUNT | searches | thoughts | {"view_as_end"}


def test_each_page_of_the_monitor_carries_who_as_what_where_and_when(small_world, sign_in, alders):
    client = sign_in(alders.user)

    for path in (
        "/",
        "/students",
        f"/students/{small_world.students['alder'].public_id}",
        "/state",
        "/nowhere",
    ):
        page = text_of(client.get(path))
        mark = page.split('<svg class="watermark"')[1].split("</svg>")[0]
        assert "Bittern Example · State monitor" in mark, path
        assert "Chaparral Unified · 11/23/2026 12:00 pm" in mark, path
        assert "until December 31, 2026. Nothing can be changed or exported" in page, path
    assert "watermark" not in text_of(sign_in(small_world.coordinator).get("/students"))


def test_the_district_sees_exactly_each_look_and_whose(small_world, sign_in, coordinator):
    grant = monitor_of(small_world, "alder", "towhee")
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    client = sign_in(grant.user)
    client.get("/students")
    with time_machine.travel(w.NOON + dt.timedelta(minutes=7), tick=False):
        client.get(f"/students/{alder.public_id}")
    # Somebody else's looks, and looks that found nobody, are none of this access.
    coordinator.get(f"/students/{towhee.public_id}")
    client.get(f"/students/{small_world.students['sage'].public_id}")

    page = coordinator.get(f"/admin/monitors/{grant.pk}").content.decode()

    looks = page.split("Looks, newest first</caption>")[1].split("</table>")[0]
    rows = re.findall(
        r'nb">([^<]+)</th><td><a href="/students/([^"]+)">([^<]+)</a></td><td>([^<]+)</td>', looks
    )
    assert rows == [
        ("11/23/2026, 12:07 pm", str(alder.public_id), "Alder Testcase", "Record"),
        # One list, in its own order.
        ("11/23/2026, 12:00 pm", str(alder.public_id), "Alder Testcase", "Seen in a list"),
        ("11/23/2026, 12:00 pm", str(towhee.public_id), "Towhee Testcase", "Seen in a list"),
    ]
    assert "3 looks in all" in page


def test_many_looks_are_paged_and_none_is_lost(small_world, coordinator, alders):
    alder = small_world.students["alder"].pk
    ReadEvent.objects.bulk_create(
        [
            ReadEvent(
                at=w.NOON,
                actor_user_id=alders.user_id,
                grant_id=alders.pk,
                perspective="cde_monitor",
                student_ids=[alder],
                student_count=1,
                what="student.record",
            )
            for _ in range(201)
        ]
    )

    first = coordinator.get(f"/admin/monitors/{alders.pk}").content.decode()
    older = re.search(r'rel="next" href="([^"]+)"', first)[1]
    second = coordinator.get(older).content.decode()

    assert (first.count('<th scope="row" class="nb">'), second.count('<th scope="row" class="nb">')) == (
        200,
        1,
    )
    assert 'rel="next"' not in second
    assert coordinator.get(f"/admin/monitors/{alders.pk}?before=x").status_code == 404


def test_a_student_is_added_and_taken_out(small_world, sign_in, coordinator, alders):
    towhee, here = small_world.students["towhee"], f"/admin/monitors/{alders.pk}"
    client = sign_in(alders.user)

    found = text_of(coordinator.post(here, {"do": "find", "find": "towhee"}))
    assert f'value="{towhee.public_id}"' in found
    coordinator.post(here, {"do": "add", "picked": str(towhee.public_id)})
    assert client.get(f"/students/{towhee.public_id}").status_code == 200

    coordinator.post(here, {"do": "remove", "student": str(towhee.public_id)})
    assert client.get(f"/students/{towhee.public_id}").status_code == 404
    logged = ChangeEvent.objects.filter(student_id=towhee.pk, subject_id=alders.pk).order_by("pk")
    assert [event.action for event in logged] == ["name_student", "unname_student"]
    # The look while it was named stays.
    assert "Towhee Testcase" in text_of(coordinator.get(here)).split("What was looked at")[1]


def test_the_last_student_is_not_taken_out(small_world, coordinator, alders):
    alder = str(small_world.students["alder"].public_id)

    page = text_of(
        coordinator.post(f"/admin/monitors/{alders.pk}", {"do": "remove", "student": alder}, follow=True)
    )

    assert "This is the only student of this access. End the access instead." in page
    assert alders.named_students.count() == 1


def test_ending_it_closes_at_once_and_the_looks_stay(small_world, sign_in, coordinator, alders):
    alder = f"/students/{small_world.students['alder'].public_id}"
    client = sign_in(alders.user)
    assert client.get(alder).status_code == 200

    page = text_of(coordinator.post(f"/admin/monitors/{alders.pk}", {"do": "end"}, follow=True))

    assert "Ended: Bittern Example reads nothing any more." in page and "Alder Testcase" in page
    answer = client.get(alder)
    assert answer.status_code == 403 and "Alder" not in text_of(answer)
    again = coordinator.post(f"/admin/monitors/{alders.pk}", {"do": "end"}, follow=True)
    assert "It had ended already." in text_of(again)
    assert ChangeEvent.objects.filter(action="end_access").count() == 1
    # Ended is ended: nobody can be added any more.
    refused = coordinator.post(
        f"/admin/monitors/{alders.pk}", {"do": "add", "ssids": "9900000002"}, follow=True
    )
    assert "This access has ended. Give access again." in text_of(refused)
    assert alders.named_students.count() == 1


@pytest.mark.parametrize(("day", "status"), [("2026-12-31", 200), ("2027-01-01", 403)])
def test_it_ends_by_itself_after_its_last_day(small_world, sign_in, alders, day, status):
    client = sign_in(alders.user)

    # 23:30 in California
    with time_machine.travel(dt.datetime.fromisoformat(f"{day}T23:30:00-08:00"), tick=False):
        client = sign_in(alders.user)
        assert client.get(f"/students/{small_world.students['alder'].public_id}").status_code == status


def test_strangers_find_no_such_page(small_world, sign_in, coordinator, alders):
    stranger = sign_in(other_coordinator(small_world))

    assert stranger.get(f"/admin/monitors/{alders.pk}").status_code == 404
    assert stranger.post(f"/admin/monitors/{alders.pk}", {"do": "end"}).status_code == 404
    assert "Bittern" not in text_of(stranger.get("/admin/monitors"))
    assert coordinator.get("/admin/monitors/999999").status_code == 404
    for path in ("/admin/monitors", "/admin/monitors/new", f"/admin/monitors/{alders.pk}"):
        assert sign_in(small_world.case_manager).get(path).status_code == 403


def test_the_selpa_sees_it_and_does_not_give_it(small_world, sign_in, alders):
    from manzanita.orgs.models import Agency

    Agency.objects.create(code=w.SELPA, kind="selpa", name="Manzanita County SELPA", selpa_code=w.SELPA)
    selpa, _ = person_of(w.SELPA, "selpa", "Kite Placeholder")
    client = sign_in(selpa)

    assert "Bittern Example" in text_of(client.get("/admin/monitors"))
    page = text_of(client.post(f"/admin/monitors/{alders.pk}", {"do": "end"}, follow=True))
    assert "Only the district that gave this access changes it." in page
    sent = {
        **FORM,
        "picked": str(small_world.students["alder"].public_id),
        "do": "give",
        "email": "x@example.org",
    }
    assert "is given by the district whose students they are" in text_of(
        client.post("/admin/monitors/new", sent)
    )
    alders.refresh_from_db()
    assert alders.ends_at is None


def test_home_counts_the_monitors_who_have_access(small_world, coordinator, alders):
    assert 'aria-label="State monitors with access now: 1"' in text_of(coordinator.get("/"))
    coordinator.post(f"/admin/monitors/{alders.pk}", {"do": "end"})
    assert 'aria-label="State monitors with access now: 0"' in text_of(coordinator.get("/"))


def test_too_many_at_once_are_refused_in_words(small_world, coordinator, alders):
    many = " ".join(f"99001{number:05}" for number in range(5_001))

    page = coordinator.post(f"/admin/monitors/{alders.pk}", {"do": "add", "ssids": many}, follow=True)
    assert "Nobody was added. 5,001 entries: give at most 5,000 at a time." in text_of(page)
    found = coordinator.post(f"/admin/monitors/{alders.pk}", {"do": "find", "ssids": many})
    assert "5,001 entries: give at most 5,000 at a time." in text_of(found)
    new = coordinator.post("/admin/monitors/new", {**FORM, "ssids": many, "do": "give"})
    assert new.status_code == 422 and "5,001 entries" in text_of(new)


def test_one_access_names_two_hundred_at_most(small_world, coordinator):
    many_students(201)
    many = " ".join(f"99001{number:05}" for number in range(201))

    answer = coordinator.post("/admin/monitors/new", {**FORM, "ssids": many, "do": "give"})

    assert answer.status_code == 422
    assert "201 students: one access names at most 200." in text_of(answer)
    assert not Grant.objects.filter(perspective_key="cde_monitor").exists()


@pytest.mark.parametrize("count", [1, 4])
def test_the_list_costs_the_same_for_few_and_many(small_world, coordinator, django_assert_num_queries, count):
    for number in range(count):
        person_of(w.LEA, "case_manager", f"Plover Number{number}")
        grant = monitor_of(small_world, "alder", "towhee")
        grant.user = User.objects.get(email=f"plover.number{number}@example.org")
        grant.save()
    coordinator.get("/admin/monitors")

    # session, user, grants of the reader, no block; the grants, students named, looks
    with django_assert_num_queries(8):
        page = text_of(coordinator.get("/admin/monitors"))
    assert page.count("Letter 26-117") == count
