"""The pages of people: who gets them, what they show, and that each refusal keeps what was typed."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from manzanita.accounts import sessions
from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import Duty, Grant, Role, TransferRequest, User
from manzanita.auditing.models import ChangeEvent
from manzanita.orgs.models import Agency
from manzanita.students.caseload import managers_of
from manzanita.students.models import AssignmentBatch
from tests.support import five
from tests.support import staff as s
from tests.support import world as w
from tests.support.pages import many_students, reads, text_of, words

# session, user, grants, no block; people offered as filters and found 4, students of each, transfers; the agency, its
# schools
LIST_QUERIES = 12
# what 22 were, no block, the second row and the count of the read log, and who is planned
ASSIGN_QUERIES = 26


@pytest.fixture
def staff(small_world) -> s.Staff:
    return s.add_people()


@pytest.fixture
def coordinator(small_world, staff, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def selpa(staff, sign_in) -> Client:
    return sign_in(staff.selpa)


def add_form(**changes: object) -> dict[str, object]:
    return {
        "email": "moss@example.org",
        "name": "Moss Sample",
        "perspective": "case_manager",
        "agency": w.LEA,
        "starts_on": "2026-11-23",
        "ends_on": "",
        "reason": "Hired",
        **changes,
    }


# Access

PAGES = [
    *("/admin", "/admin/add", "/admin/roster", "/admin/roster/template.csv", "/admin/duties"),
    *("/admin/roles", "/admin/transfers", "/assign"),
]
ACTS = [
    "/admin/people/{person}/give",
    "/admin/people/{person}/close",
    "/admin/people/{person}/reopen",
    "/admin/people/{person}/sign-out",
    "/admin/people/{person}/hand-over",
    "/admin/grants/{grant}/end",
    "/admin/grants/{grant}/extend",
]


@pytest.mark.parametrize("address", PAGES)
def test_who_does_not_manage_people_is_told_who_does(small_world, staff, sign_in, address):
    client = sign_in(small_world.case_manager)
    for answer in (client.get(address), client.post(address)):
        assert answer.status_code in (403, 405), address
    assert "Ask the SEDS coordinator of Chaparral Unified" in text_of(client.get(address))


@pytest.mark.parametrize("address", ACTS)
def test_a_stranger_finds_neither_person_nor_grant(small_world, staff, sign_in, address):
    client = sign_in(staff.neighbor)
    target = address.format(person=small_world.case_manager.pk, grant=small_world.case_manager_grant.pk)
    assert client.post(target, {"reason": "x", "now": "1"}).status_code == 404
    assert client.get(f"/admin/people/{small_world.case_manager.pk}").status_code == 404
    assert Grant.objects.get(pk=small_world.case_manager_grant.pk).ends_on is None


@pytest.mark.parametrize("address", ACTS)
def test_who_reads_only_writes_nothing(small_world, staff, sign_in, address):
    client = sign_in(small_world.case_manager)
    target = address.format(person=staff.teacher.pk, grant=small_world.coordinator_grant.pk)
    assert client.post(target, {"reason": "x", "now": "1"}).status_code == 403


def test_the_acts_are_posts(small_world, coordinator):
    for address in ACTS:
        if "hand-over" not in address:
            target = address.format(
                person=small_world.case_manager.pk, grant=small_world.case_manager_grant.pk
            )
            assert coordinator.get(target).status_code == 405


def test_a_selpa_sees_people_of_members_and_assigns_nobody(small_world, staff, selpa):
    page = text_of(selpa.get("/admin"))
    assert "Wren Placeholder" in page and "Fern Sample" in page
    assert selpa.get("/assign").status_code == 403
    assert selpa.get(f"/admin/people/{small_world.case_manager.pk}/hand-over").status_code == 403
    assert selpa.get("/admin/duties").status_code == 404


# The list


def rows(client: Client, query: str = "") -> list[str]:
    page = client.get(f"/admin{query}").content.decode()
    return re.findall(r"data-open>([^<]*)</a> <span", page)


def test_the_list_filters_and_finds(small_world, staff, coordinator):
    coordinator.post("/admin/roster", {"rows": "Moss Sample,moss@example.org,School,9911002", "take": "1"})
    assert rows(coordinator) == ["Juniper Mockup", "Larkspur Sample", "Moss Sample", "Wren Placeholder"]
    assert rows(coordinator, "?perspective=coordinator") == ["Juniper Mockup"]
    assert rows(coordinator, "?school=9911002") == ["Moss Sample"]
    assert rows(coordinator, "?state=ended") == []
    coordinator.post(f"/admin/grants/{small_world.case_manager_grant.pk}/end", {"now": "1", "reason": "Left"})
    assert rows(coordinator, "?state=ended") == ["Wren Placeholder"]
    answer = coordinator.post("/admin/search", {"q": "lark"})
    assert answer.url == "/admin?found=1"
    assert rows(coordinator, "?found=1") == ["Larkspur Sample"]
    coordinator.post("/admin/search", {"q": "fern.sample@example.org"})
    assert rows(coordinator, "?found=1") == []
    assert "Somebody who works elsewhere is found when you add them." in text_of(
        coordinator.get("/admin?found=1")
    )


def test_the_list_says_since_until_students_and_last_sign_in(small_world, coordinator):
    page = text_of(coordinator.get("/admin"))
    row = page.split("Wren Placeholder")[1].split("</tr>")[0]
    for said in ("Case manager", "07/01/2025", "Open", '<td class="num">2</td>', "Never"):
        assert said in row, said


@pytest.mark.parametrize("count", [1, 40])
def test_the_list_costs_the_same_for_few_and_many(
    small_world, staff, coordinator, django_assert_num_queries, count
):
    lea = Agency.objects.get(code=w.LEA)
    for number in range(count):
        user = add_person(email=f"moss{number}@example.org", name=f"Moss Sample{number}", password=None)
        grant_perspective(
            user=user,
            perspective_key="case_manager",
            agency=lea,
            starts_on=s.SINCE,
            by=None,
            reason="test",
        )
    coordinator.get("/admin")
    with django_assert_num_queries(LIST_QUERIES):
        assert len(rows(coordinator)) == count + 3


def test_a_second_page_begins_where_the_first_ended(small_world, staff, coordinator):
    lines = "\n".join(f"Moss Sample{n:02},moss{n}@example.org" for n in range(60))
    another = [str(n) for n in range(1, 61)]
    coordinator.post("/admin/roster", {"rows": lines, "take": "1", "another": another})
    first = rows(coordinator)
    page = coordinator.get("/admin").content.decode()
    after = re.search(r'href="\?&amp;after=(\d+)"', page).group(1)
    second = rows(coordinator, f"?after={after}")
    assert (len(first), len(second)) == (50, 13)
    assert sorted({*first, *second}) == [*first, *second]
    assert coordinator.get("/admin?after=999999999").status_code == 404
    assert coordinator.get("/admin?after=x").status_code == 404


# Adding


def test_a_person_is_added_with_a_perspective(small_world, coordinator):
    answer = coordinator.post("/admin/add", add_form())
    moss = User.objects.get(email="moss@example.org")
    assert answer.url == f"/admin/people/{moss.pk}"
    assert coordinator.post("/admin/add", add_form()).url == f"/admin/people/{moss.pk}"
    assert Grant.objects.filter(user=moss).count() == 1


def test_a_refusal_keeps_what_was_typed(small_world, coordinator):
    answer = coordinator.post("/admin/add", add_form(perspective="coordinator", reason="First choice"))
    page = text_of(answer)
    assert answer.status_code == 422
    assert "SEDS coordinator is given by: SELPA. Ask one of them." in page
    assert 'value="moss@example.org"' in page and 'value="First choice"' in page
    assert not User.objects.filter(email="moss@example.org").exists()


def test_an_account_elsewhere_is_shown_shared_or_asked_for(small_world, staff, sign_in):
    client = sign_in(staff.neighbor)
    form = add_form(email="wren.placeholder@example.org", name="Wren Placeholder", agency=w.OTHER_LEA)
    answer = client.post("/admin/add", form)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "This person already has an account" in page
    assert "Wren Placeholder</b>: Case manager at Chaparral Unified." in page
    assert "Testcase" not in page
    assert ChangeEvent.objects.filter(action="find_account", actor_user_id=staff.neighbor.pk).count() == 1

    wren = small_world.case_manager
    lea = Agency.objects.get(code=w.LEA)
    client.post(f"/admin/add?decision=transfer&person={wren.pk}&agency_from={lea.pk}", form)
    assert TransferRequest.objects.get().to_agency.code == w.OTHER_LEA
    answer = client.post(f"/admin/add?decision=share&person={wren.pk}", form)
    assert answer.url == f"/admin/people/{wren.pk}"
    page = text_of(client.get(answer.url))
    assert "Also works elsewhere: Case manager at Chaparral Unified." in page


def test_a_key_alone_opens_no_account(small_world, staff, sign_in):
    """Whose address or name was not typed is not found by trying numbers."""
    client = sign_in(staff.neighbor)
    form = add_form(agency=w.OTHER_LEA)
    client.post(f"/admin/add?decision=share&person={small_world.case_manager.pk}", form)
    assert Grant.objects.filter(user=small_world.case_manager).count() == 1


def test_a_namesake_is_asked_about_and_may_be_another_person(small_world, staff, sign_in):
    client = sign_in(staff.neighbor)
    form = add_form(email="w.placeholder@example.org", name="Wren Placeholder", agency=w.OTHER_LEA)
    answer = client.post("/admin/add", form)
    assert answer.status_code == 422
    assert "Somebody of this name has an account" in text_of(answer)
    client.post("/admin/add?decision=another", form)
    assert User.objects.filter(name="Wren Placeholder").count() == 2


# One person


def test_a_grant_ended_in_mid_session_works_at_once(small_world, coordinator, sign_in):
    wren = sign_in(small_world.case_manager)
    assert wren.get("/students").status_code == 200
    coordinator.post(f"/admin/grants/{small_world.case_manager_grant.pk}/end", {"now": "1", "reason": "Left"})
    assert wren.get("/students").status_code == 403


def test_a_closed_account_is_out_at_once(small_world, coordinator, sign_in):
    wren = sign_in(small_world.case_manager)
    coordinator.post(f"/admin/people/{small_world.case_manager.pk}/close", {"reason": "Left"})
    assert wren.get("/students").status_code == 302


def test_whoever_manages_a_person_signs_them_out_everywhere_and_they_are_told_why(
    small_world, coordinator, sign_in, mailoutbox
):
    person = small_world.case_manager
    page = f"/admin/people/{person.pk}"
    clients = [sign_in(person), sign_in(person)]
    answer = coordinator.post(f"{page}/sign-out", {"reason": "Laptop lost on the bus."})

    assert answer.url == page
    assert [client.get("/students").status_code for client in clients] == [302, 302]
    # The one who asked is still there, and says so.
    assert "Wren Placeholder is signed out everywhere, and is told why." in text_of(coordinator.get(page))
    (event,) = ChangeEvent.objects.filter(action="end_sessions")
    assert (event.actor_user_id, event.subject_id, event.reason, event.detail) == (
        small_world.coordinator.pk,
        person.pk,
        "Laptop lost on the bus.",
        {"sessions": 2},
    )
    (mail,) = mailoutbox
    assert mail.to == [person.email] and "ended all your sessions: Laptop lost on the bus." in mail.body
    told = "Juniper Mockup signed you out everywhere on 11/23/2026: Laptop lost on the bus."
    for is_told in (True, False):
        again = Client()
        again.post("/sign-in", {"username": person.email, "password": w.PASSWORD})
        assert (told in text_of(again.get("/students"))) is is_told


def test_signing_somebody_out_asks_again_who_it_is(small_world, coordinator, sign_in, mailoutbox):
    person = small_world.case_manager
    wren = sign_in(person)
    session = coordinator.session
    session[sessions.KEY] = {**session[sessions.KEY], "proved_at": 0}
    session.save()
    answer = coordinator.post(f"/admin/people/{person.pk}/sign-out", {"reason": "Lost"})

    assert answer.url == f"/account/confirm?next=%2Fadmin%2Fpeople%2F{person.pk}"
    assert "Nobody was signed out yet." in text_of(coordinator.get(answer.url))
    assert wren.get("/students").status_code == 200
    assert not mailoutbox and not ChangeEvent.objects.filter(action="end_sessions").exists()


def test_nobody_is_signed_out_without_a_reason_or_from_their_own_page(small_world, coordinator, sign_in):
    wren = sign_in(small_world.case_manager)
    answer = coordinator.post(f"/admin/people/{small_world.case_manager.pk}/sign-out", {"reason": " "})
    assert answer.status_code == 422 and "The reason is missing." in text_of(answer)
    assert wren.get("/students").status_code == 200
    answer = coordinator.post(f"/admin/people/{small_world.coordinator.pk}/sign-out", {"reason": "Lost"})
    assert answer.status_code == 422 and "Sign out elsewhere on your account page." in text_of(answer)
    assert coordinator.get("/students").status_code == 200


def test_an_end_without_its_reason_is_refused_in_words(small_world, coordinator):
    answer = coordinator.post(f"/admin/grants/{small_world.case_manager_grant.pk}/end", {"now": "1"})
    assert answer.status_code == 422
    assert "The reason is missing. Say in a few words why it ends." in text_of(answer)


def test_ones_own_page_offers_nothing_to_give_oneself(small_world, coordinator):
    page = text_of(coordinator.get(f"/admin/people/{small_world.coordinator.pk}"))
    assert "Nobody gives themselves a perspective" in page
    answer = coordinator.post(f"/admin/people/{small_world.coordinator.pk}/give", add_form())
    assert answer.status_code == 422 and "Nobody gives a perspective to themselves." in text_of(answer)


# Assigning


def test_students_are_looked_at_assigned_and_taken_back(small_world, staff, coordinator):
    yarrow = small_world.students["yarrow"]
    pasted = {"pasted": f"{w.SSIDS['yarrow']}\n{w.SSIDS['sage']}", "then": "assign"}
    there = coordinator.post("/students/paste", pasted).url
    assert there.startswith("/assign?list=all&sort=pasted&set=")
    form = {
        **dict(parse_qsl(urlsplit(there).query)),
        "kind": "assignment",
        "to": staff.teacher.pk,
        "starts_on": "2026-11-23",
    }
    page = text_of(coordinator.post("/assign", form))
    assert "Testcase, Yarrow" in page and "Sage" not in page
    assert "1 of 2 found.</b> 1 line matches no student." in page
    assert reads() == [(yarrow.pk, "assignment.preview")]
    assert managers_of([yarrow.pk], w.TODAY) == {}

    ticked = {**form, "student": [f"{yarrow.public_id}:0"], "apply": "1"}
    assert coordinator.post("/assign", ticked).url == "/assign"
    again = coordinator.post("/assign", ticked)
    assert again.status_code == 422 and "Larkspur Sample has the case now." in text_of(again)
    assert managers_of([yarrow.pk], w.TODAY) == {yarrow.pk: staff.teacher.pk}

    batch = AssignmentBatch.objects.get()
    coordinator.post(f"/assign/{batch.public_id}/undo")
    assert managers_of([yarrow.pk], w.TODAY) == {}


def plan_for_july(student, user) -> None:
    five.stated("assignment", {"student_id": student.pk}, {"user_id": user.pk}, date(2027, 7, 1))


def test_who_is_planned_for_july_is_shown_and_stays(small_world, staff, coordinator):
    alder = small_world.students["alder"]
    plan_for_july(alder, small_world.coordinator)
    wren = small_world.case_manager.pk
    form = {"manager": wren, "kind": "assignment", "to": staff.teacher.pk, "starts_on": "2026-11-23"}
    page = words(coordinator.post("/assign", form))
    told = "through 06/30/2027; from 07/01/2027 Juniper Mockup, as planned"
    # Of Towhee nothing is planned.
    assert page.count(told) == 1

    ticked = [f"{alder.public_id}:{wren}"]
    coordinator.post("/assign", {**form, "student": ticked, "apply": "1"})
    days = (date(2027, 6, 30), date(2027, 7, 1))
    assert [managers_of([alder.pk], day)[alder.pk] for day in days] == [
        staff.teacher.pk,
        small_world.coordinator.pk,
    ]


def test_the_list_of_people_is_that_of_the_first_day(small_world, staff, coordinator):
    lea = Agency.objects.get(code=w.LEA)
    grant_perspective(
        user=staff.neighbor,
        perspective_key="case_manager",
        agency=lea,
        starts_on=date(2027, 7, 1),
        by=None,
        reason="test",
    )
    Grant.objects.filter(user=staff.teacher).update(ends_on=date(2027, 6, 30))

    def offered(address: str) -> list[str]:
        page = coordinator.get(address).content.decode()
        return re.findall(
            r'<option value="\d+">([^<]+)</option>', page.split('name="to"')[1].split("</select>")[0]
        )

    assert offered("/assign") == ["Juniper Mockup", "Larkspur Sample", "Wren Placeholder"]
    assert offered("/assign?starts_on=2027-07-01") == ["Fern Sample", "Juniper Mockup", "Wren Placeholder"]
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    wren = small_world.case_manager.pk
    form = {"manager": wren, "kind": "assignment", "to": staff.neighbor.pk, "starts_on": "2027-07-01"}
    ticked = [f"{one.public_id}:{wren}" for one in (alder, towhee)]
    assert coordinator.post("/assign", {**form, "student": ticked, "apply": "1"}).status_code == 302
    assert managers_of([alder.pk], date(2027, 7, 1)) == {alder.pk: staff.neighbor.pk}


def test_a_school_office_finds_the_way_to_assigning_from_its_students(small_world, staff, sign_in):
    grant_perspective(
        user=staff.therapist,
        perspective_key="office_clerk",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=s.SINCE,
        by=None,
        reason="test",
    )
    clerk = sign_in(staff.therapist, Grant.objects.get(perspective_key="office_clerk"))
    assert 'href="/assign"' in clerk.get("/students").content.decode()
    page = text_of(clerk.get("/assign?unassigned=1"))
    assert "Assign students" in page and 'href="/admin/duties"' not in page
    assert 'href="/assign"' not in sign_in(small_world.case_manager).get("/students").content.decode()


def test_another_districts_batch_is_not_there(small_world, staff, coordinator, sign_in):
    yarrow = small_world.students["yarrow"]
    coordinator.post(
        "/assign",
        {
            "kind": "assignment",
            "to": staff.teacher.pk,
            "starts_on": "2026-11-23",
            "student": [f"{yarrow.public_id}:0"],
            "apply": "1",
        },
    )
    batch = AssignmentBatch.objects.get()
    client = sign_in(staff.neighbor)
    assert client.post(f"/assign/{batch.public_id}/undo").status_code == 404
    assert "Larkspur" not in text_of(client.get("/assign"))


@pytest.mark.parametrize("count", [2, 60])
def test_a_preview_costs_the_same_for_few_and_many(
    small_world, staff, coordinator, django_assert_num_queries, count
):
    many_students(count)
    form = {"manager": "none", "kind": "assignment", "to": staff.teacher.pk, "starts_on": "2026-11-23"}
    # The first look of a day begins its count.
    coordinator.post("/assign", form)
    with django_assert_num_queries(ASSIGN_QUERIES):
        page = coordinator.post("/assign", form).content.decode()
    assert page.count('name="student"') == count


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": ""}, "Choose who gets the students."),
        ({"starts_on": "2026-11-22"}, "Students are assigned from today or a later day"),
        ({"starts_on": "soon"}, "From: “soon” is no day"),
        ({"apply": "1"}, "No student is ticked."),
        ({"to": "999"}, "Choose who gets the students."),
    ],
)
def test_a_slip_in_the_form_is_named(small_world, staff, coordinator, changes, words):
    form = {"kind": "assignment", "to": staff.teacher.pk, "starts_on": "2026-11-23", **changes}
    answer = coordinator.post("/assign", form)
    assert answer.status_code == 422 and words in text_of(answer)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": ""}, "Choose who gets the students."),
        ({"starts_on": "2026-11-22"}, "Students are assigned from today or a later day"),
    ],
)
def test_what_is_corrected_keeps_the_list_and_whom_one_unticked(
    small_world, staff, coordinator, changes, words
):
    yarrow, quail = many_students(2, first_names=["Yarrow", "Quail"])
    form = {"manager": "none", "kind": "assignment", "to": staff.teacher.pk, "starts_on": "2026-11-23"}
    ticked = {"student": [f"{yarrow.public_id}:0"], "apply": "1"}
    page = text_of(coordinator.post("/assign", {**form, **ticked, **changes}))

    assert words in page
    assert re.search(rf'value="{yarrow.public_id}:0"[^>]* checked>', page)
    assert re.search(rf'value="{quail.public_id}:0"[^>]* data-select>', page)
    assert coordinator.post("/assign", {**form, **ticked}).url == "/assign"
    assert managers_of([yarrow.pk, quail.pk], w.TODAY) == {yarrow.pk: staff.teacher.pk}


def test_students_to_assign_are_found_by_name(small_world, staff, coordinator):
    form = {"kind": "assignment", "to": staff.teacher.pk, "starts_on": "2026-11-23", "find": "tow"}
    page = text_of(coordinator.post("/assign", form))

    assert page.count('name="student"') == 1 and "Testcase, Towhee" in page
    # Sage is another district's.
    page = text_of(coordinator.post("/assign", {**form, "find": "Sage"}))
    assert "Nobody in your reach is meant by these choices." in page


# A person's page


def test_the_page_of_a_person_lists_the_students_within_reach_and_is_logged(small_world, staff, coordinator):
    page = text_of(coordinator.get(f"/admin/people/{small_world.case_manager.pk}"))

    for name in ("alder", "towhee"):
        student = small_world.students[name]
        assert f'href="/students/{student.public_id}"' in page
    assert {one for one in reads() if one[1] == "person.students"} == {
        (small_world.students[name].pk, "person.students") for name in ("alder", "towhee")
    }
    assert "Nobody in your reach is assigned to Larkspur Sample today." in text_of(
        coordinator.get(f"/admin/people/{staff.teacher.pk}")
    )


def test_an_invitation_is_sent_again_the_old_link_dies_and_three_a_day_are_enough(
    small_world, staff, coordinator, mailoutbox, noon
):
    coordinator.post("/admin/add", add_form())
    moss = User.objects.get(email="moss@example.org")
    page, again = f"/admin/people/{moss.pk}", f"/admin/people/{moss.pk}/invite"
    assert "Send the invitation again" in text_of(coordinator.get(page))
    noon.shift(60)
    answer = text_of(coordinator.post(again, follow=True))
    assert "Another invitation is on its way to moss@example.org." in answer
    old, new = (re.search(r"http://testserver(\S+)", mail.body)[1] for mail in mailoutbox)
    assert Client().get(old).status_code == 410 and Client().get(new).status_code == 200
    assert ChangeEvent.objects.filter(action="invite", subject_id=moss.pk).count() == 2

    coordinator.post(again)
    refused = coordinator.post(again)
    assert refused.status_code == 422
    assert "3 invitations went to moss@example.org within a day." in text_of(refused)
    assert len(mailoutbox) == 3
    # Whoever has a password needs none; whoever manages other people sends none.
    wren = small_world.case_manager
    assert "Send the invitation again" not in text_of(coordinator.get(f"/admin/people/{wren.pk}"))
    assert coordinator.post(f"/admin/people/{wren.pk}/invite").status_code == 422
    assert coordinator.post(f"/admin/people/{staff.neighbor.pk}/invite").status_code == 404
    assert len(mailoutbox) == 3


def test_who_has_not_followed_the_invitation_is_told_from_who_has(small_world, staff, coordinator):
    coordinator.post("/admin/add", add_form())
    page = text_of(coordinator.get("/admin?state=invited"))

    assert "Moss Sample" in page and "Invited 11/23/2026" in page and "Wren Placeholder" not in page
    User.objects.filter(email="moss@example.org").update(password="chosen")
    assert "Moss Sample" not in text_of(coordinator.get("/admin?state=invited"))
    assert "Invited 11/23/2026" not in text_of(coordinator.get("/admin"))


def test_from_somebody_new_a_link_leads_to_giving_students(small_world, staff, coordinator):
    teacher = staff.teacher.pk
    assert f'href="/assign?to={teacher}"' in coordinator.get(f"/admin/people/{teacher}").content.decode()
    page = text_of(coordinator.get(f"/assign?to={teacher}"))
    assert f'<option value="{teacher}" selected>Larkspur Sample</option>' in page


def test_that_nobody_is_without_a_case_manager_is_said(small_world, staff, coordinator):
    assert "Nobody is without a case manager" in text_of(coordinator.get("/assign?unassigned=1"))
    many_students(1)
    assert "Nobody is without a case manager" not in text_of(coordinator.get("/assign?unassigned=1"))


# Tabs


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/admin",
            "/admin/add",
            "/admin/roster",
            "/assign",
            "/admin/duties",
            "/admin/transfers",
            "/admin/roles",
        ),
        *("/admin/monitors", "/admin/monitors/new", "/admin/host-sessions", "/admin/requests"),
        *(
            "/admin/exports",
            "/admin/viewing",
            "/admin/audit",
            "/admin/audit/who-saw",
            "/calendars",
            "/policies",
        ),
    ],
)
def test_the_same_tabs_stand_on_every_page_of_the_administration(coordinator, path):
    page = text_of(coordinator.get(path))
    nav = re.search(r'<nav class="tabs" aria-label="Administration">(.*?)</nav>', page)[1]
    assert re.findall(r">([^<]+)</a>", nav) == [
        *("People", "Add a person", "Roster", "Assign students", "Duties", "Transfers", "Roles", "Guests"),
        *("Exports", "Stopped pages", "Who saw what", "Calendars", "Policies", "Upkeep"),
    ]
    assert nav.count('aria-current="page"') == 1


# Handing over


def test_a_hand_over_is_shown_then_done_and_a_second_click_does_nothing(small_world, staff, coordinator):
    wren = small_world.case_manager
    form = {
        "to_all": staff.teacher.pk,
        "starts_on": "2026-11-23",
        "reason": "Leaves",
        "last_day": "2026-11-23",
        "closing": "1",
    }
    address = f"/admin/people/{wren.pk}/hand-over"
    page = text_of(coordinator.post(address, form))
    assert "2 students would go over; nothing would be left." in page
    ids = {small_world.students[name].pk for name in ("alder", "towhee")}
    assert {student for student, what in reads() if what == "hand-over"} == ids
    assert set(managers_of(ids, w.TODAY).values()) == {wren.pk}

    for _ in range(2):
        assert coordinator.post(address, {**form, "apply": "1"}).url == f"/admin/people/{wren.pk}"
    assert set(managers_of(ids, w.TODAY).values()) == {staff.teacher.pk}
    assert AssignmentBatch.objects.count() == 1
    assert "This account is closed" in text_of(coordinator.get(f"/admin/people/{wren.pk}"))


def test_a_row_may_stay_and_is_said_to(small_world, staff, coordinator):
    towhee = small_world.students["towhee"]
    form = {
        "to_all": staff.teacher.pk,
        "starts_on": "2026-11-23",
        "reason": "Half a job",
        f"assignment-{towhee.public_id}": "stay",
    }
    page = text_of(coordinator.post(f"/admin/people/{small_world.case_manager.pk}/hand-over", form))
    assert "1 student would go over, 1 student would stay with Wren Placeholder" in page
    assert "Stays with Wren Placeholder" in page


def test_what_is_planned_for_july_is_handed_over_with_the_rest(small_world, staff, coordinator):
    """Wren goes in June and would have Yarrow from July 1 on; Fern Sample begins on July 1."""
    wren, yarrow = small_world.case_manager, small_world.students["yarrow"]
    plan_for_july(yarrow, wren)
    lea = Agency.objects.get(code=w.LEA)
    grant_perspective(
        user=staff.neighbor,
        perspective_key="case_manager",
        agency=lea,
        starts_on=date(2027, 7, 1),
        by=None,
        reason="test",
    )
    address = f"/admin/people/{wren.pk}/hand-over"
    form = {"starts_on": "2026-11-23", "reason": "Leaves", "last_day": "2026-11-23", "closing": "1"}
    form |= {"to_all": staff.teacher.pk}
    stays = {f"assignment-{yarrow.public_id}-2027-07-01": "stay"}
    page = words(coordinator.post(address, form | stays))
    assert "Case manager planned from 07/01/2027" in page
    assert "2 students would go over, 1 student would stay with Wren Placeholder" in page

    goes = {f"assignment-{yarrow.public_id}-2027-07-01": staff.neighbor.pk}
    assert "3 students would go over; nothing would be left." in words(coordinator.post(address, form | goes))
    answer = coordinator.post(address, {**form, **goes, "apply": "1"}, follow=True)
    assert "3 students handed over" in words(answer)
    assert managers_of([yarrow.pk], date(2027, 6, 30)) == {}
    assert managers_of([yarrow.pk], date(2027, 7, 1)) == {yarrow.pk: staff.neighbor.pk}


# Roster, roles, duties, lending


def test_a_roster_file_is_judged_and_what_is_bad_stays_in_the_box(small_world, staff, coordinator):
    rows_text = (
        "name,email,perspective\nMoss Sample,moss@example.org,\nRush Sample,rush@example.org,Gardener\n"
    )
    answer = coordinator.post("/admin/roster", {"rows": rows_text})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "1 row can be taken in" in page and "There is no perspective “Gardener”." in page
    answer = coordinator.post("/admin/roster", {"rows": rows_text, "take": "1"})
    assert "Rush Sample,rush@example.org,Gardener" in answer.content.decode()
    assert User.objects.filter(email="moss@example.org").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("roster.xlsx", b"PK\x03\x04\x00\xff\x00", "This is no text file. Save the spreadsheet as CSV"),
        ("roster.csv", b"x" * 1_000_001, "The file is larger than 1 MB"),
        ("roster.csv", b"", "There is no row in it."),
    ],
)
def test_a_file_that_is_no_roster_says_what_to_do(small_world, coordinator, tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with path.open("rb") as file:
        answer = coordinator.post("/admin/roster", {"file": file})
    assert answer.status_code in (200, 422)
    assert words in text_of(answer)


def test_the_template_is_a_file(coordinator):
    answer = coordinator.get("/admin/roster/template.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="roster.csv"'
    assert answer.content.startswith(b"name,email,perspective,")


def test_a_role_is_defined_by_the_selpa_and_only_read_by_a_district(staff, selpa, coordinator):
    form = {"label": "Looks", "for_whom": "Visitors", "perspective": "office_clerk", "may": ["read_student"]}
    assert coordinator.post("/admin/roles", form).status_code == 422
    assert selpa.post("/admin/roles", form).url == "/admin/roles"
    role = Role.objects.get()
    assert "Looks" in text_of(coordinator.get("/admin/roles"))
    assert f"role:{role.pk}" in coordinator.get("/admin/add").content.decode()
    coordinator.post("/admin/add", add_form(perspective=f"role:{role.pk}"))
    assert Grant.objects.get(user__email="moss@example.org").role == role
    selpa.post(f"/admin/roles/{role.pk}/retire")
    assert f"role:{role.pk}" not in coordinator.get("/admin/add").content.decode()


def test_duties_stand_on_home_for_holder_and_who_stands_in(small_world, staff, coordinator, sign_in):
    assert "Duties without a person" in text_of(coordinator.get("/"))
    grant_perspective(
        user=staff.teacher,
        perspective_key="coordinator",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=date(2026, 7, 1),
        by=None,
        reason="test",
    )
    for kind in ("send", "fix", "certify", "arrivals"):
        answer = coordinator.post(
            "/admin/duties",
            {"kind": kind, "holder": small_world.coordinator.pk, "backup": staff.teacher.pk},
        )
        assert answer.url == "/admin/duties"
    page = text_of(coordinator.get("/"))
    assert "Duties without a person" not in page
    assert "Larkspur Sample stands in" in page
    assert "you stand in for Juniper Mockup" in text_of(sign_in(staff.teacher).get("/"))
    assert coordinator.post("/admin/duties", {"kind": "nap"}).status_code == 404
    assert Duty.objects.count() == 4


def test_a_perspective_is_lent_and_taken_back(small_world, staff, coordinator, sign_in):
    form = {
        "grant": small_world.coordinator_grant.pk,
        "to": staff.teacher.pk,
        "ends_on": "2026-12-11",
        "reason": "Away",
        "may": ["read_student", "send_to_state"],
    }
    assert coordinator.post("/lend", {**form, "ends_on": "2027-02-01"}).status_code == 422
    assert coordinator.post("/lend", form).url == "/lend"
    lent = Grant.objects.get(delegated_from=small_world.coordinator_grant)
    teacher = sign_in(staff.teacher, lent)
    assert teacher.get("/state").status_code == 200
    assert teacher.get("/admin").status_code == 403
    assert sign_in(staff.neighbor).post(f"/lend/{lent.pk}/take-back").status_code == 404
    coordinator.post(f"/lend/{lent.pk}/take-back")
    assert teacher.get("/state").status_code == 403


def test_who_has_only_a_caseload_is_told_why_nothing_can_be_lent(small_world, staff, sign_in):
    page = text_of(sign_in(small_world.case_manager).get("/lend"))
    assert "You hold nothing that can be lent" in page
