"""The pages of transfers: both sides, the record read before, home, and what a stranger is told."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.urls import reverse

from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of
from manzanita.auditing.models import Disclosure
from manzanita.auditing.queries import reads_of_student
from manzanita.domain.referrals import Answer, Asked
from manzanita.meetings.referral_actions import Received, answer_referral, record_referral
from manzanita.platform.facts import Statement
from manzanita.procedures.student_transfer_asking import Wanted, request_student
from manzanita.students.actions import state_student_facts
from manzanita.transfers.models import StudentTransfer
from tests.support import pages
from tests.support import world as w
from tests.support.pages import addresses_in, enrollment, other_coordinator, text_of

ALDER = {"first": "Alder", "last": "Testcase", "born": "2016-04-09"}
ATTESTED = {
    "attested_name": "Fern Sample",
    "attested_role": "SEDS coordinator",
    "attested_on": "2026-11-23",
    "attested_words": "The mother came to the office today.",
}


@pytest.fixture
def juniper(small_world, sign_in):
    """The district that has Alder's record."""
    return sign_in(small_world.coordinator)


@pytest.fixture
def fern(small_world, sign_in):
    """The district that asks."""
    return sign_in(other_coordinator(small_world))


def found(client) -> str:
    page = client.post("/students/elsewhere", ALDER).content.decode()
    return re.search(r"/transfers/new\?token=([^\"]+)\"", page)[1]


def asked(client, **values) -> StudentTransfer:
    token = found(client)
    sent = {"token": token, "called": "A. from Chaparral", "enroll_on": "2026-11-30", "ground": "none"}
    answer = client.post("/transfers/new", sent | values)
    assert answer.status_code == 302, text_of(answer)
    return StudentTransfer.objects.get()


def step(client, transfer, do, **values):
    return client.post(f"/transfers/{transfer.public_id}/step", {"do": do, **values}, follow=True)


def test_from_exact_search_to_a_request_that_shows_nothing_of_the_student(small_world, fern):
    alder = small_world.students["alder"]
    token = found(fern)
    form = text_of(fern.get(f"/transfers/new?token={token}"))
    assert "The record is at Chaparral Unified" in form
    assert "Checked: no SIS file of your district names an enrollment yet." in form
    assert "Alder" not in form and "9900000005" not in form

    transfer = asked(fern)
    page = text_of(fern.get(f"/transfers/{transfer.public_id}")).split("<main")[1]
    assert "A. from Chaparral" in page and "Waits for an answer" in page
    assert '<span class="mid">Chaparral Unified has to act.</span>' in page
    assert "The record is not open to your district" in page
    assert "Alder" not in page and "Buckeye" not in page
    assert fern.get(f"/transfers/{transfer.public_id}/record").status_code == 403
    assert fern.get(f"/students/{alder.public_id}").status_code == 404
    assert not Disclosure.objects.filter(kind="disclosed").exists()


def test_what_is_missing_is_told_and_nothing_typed_is_lost(fern):
    token = found(fern)
    answer = fern.post(
        "/transfers/new", {"token": token, "called": "", "enroll_on": "", "ground": "attested"}
    )

    assert answer.status_code == 422
    page = text_of(answer)
    assert "What you call the student: nothing is written." in page
    assert "Day of enrollment: missing, or no date." in page and "Statement: nothing is written." in page
    assert "no longer kept" in text_of(fern.get("/transfers/new?token=none", follow=True))
    assert not StudentTransfer.objects.exists()


@pytest.mark.parametrize("ground", ["none", "sis"])
def test_a_statement_beside_another_right_is_neither_used_nor_thrown_away(fern, ground):
    sent = {"token": found(fern), "called": "A. from Chaparral", "enroll_on": "2026-11-30", "ground": ground}
    answer = fern.post("/transfers/new", sent | {"attested_words": "The mother was here on Friday."})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "Statement: it is written, and it counts only where" in page
    assert 'value="The mother was here on Friday."' in page
    assert not StudentTransfer.objects.exists()


def test_the_sender_sees_who_asks_and_why_and_what_blocks(small_world, fern, juniper):
    pages.opened(small_world, "alder")
    transfer = asked(fern, ground="attested", **ATTESTED)

    home = text_of(juniper.get("/"))
    assert "Transfers of students that wait for your district" in home
    assert "Transfers of students that wait for others" in text_of(fern.get("/"))
    assert "Testcase, Alder" in text_of(juniper.get("/transfers"))
    page = text_of(juniper.get(f"/transfers/{transfer.public_id}"))
    assert "Alder Testcase" in page and "Fern Sample, Heron Creek Unified" in page
    assert "The mother came to the office today." in page
    assert "A meeting is being prepared. Say below what becomes of it." in page
    kind = text_of(fern.get(f"/transfers/{transfer.public_id}"))
    assert "the district says what becomes of it when it accepts" in kind and "annual" not in kind.lower()
    refused = step(juniper, transfer, "accept", words="Take good care")
    assert refused.status_code == 422 and "nothing is said of what becomes of it" in text_of(refused)
    assert 'value="Take good care"' in text_of(refused)
    assert "Accepted." in text_of(step(juniper, transfer, "accept", meeting="hand_over"))
    assert "Nothing was changed: that was done already." in text_of(
        step(juniper, transfer, "accept", meeting="hand_over")
    )


def test_accepting_is_looked_at_first_taken_back_and_leads_to_the_leaving(small_world, fern, juniper):
    alder = small_world.students["alder"]
    transfer = asked(fern)
    here = f"/transfers/{transfer.public_id}"
    page = text_of(juniper.get(here))
    assert "Accept: check first what it will do" in page and ">Accept<" not in page
    # Whose contact it is, and whose SIS.
    assert "What stands in the way at your district" in page and "Whom to ask at Heron Creek Unified" in page
    assert "By your district&#39;s SIS the student has not left yet." in page

    looked = text_of(step(juniper, transfer, "accept", check="1"))
    for words in (
        "From today Heron Creek Unified has the record, and reads the whole of it.",
        "Nothing goes to the state, and no status, plan or service changes.",
        "with November 29, 2026 as the last day here.",
        "your district can take the acceptance back",
    ):
        assert words in looked
    transfer.refresh_from_db()
    assert transfer.state == "requested"

    accepted = text_of(step(juniper, transfer, "accept"))
    assert accepted.count("The transfer is accepted already") == 1, "three locked steps, one reason"
    leaving = f"/students/{alder.public_id}/leaving"
    assert f'href="{leaving}?reason=moved_continuing"' in accepted
    assert "The record was handed over to Heron Creek Unified" in text_of(juniper.get(leaving))
    form = text_of(juniper.get(f"{leaving}?reason=moved_continuing"))
    assert 'value="2026-11-29"' in form
    assert "who enrolls there on 11/30/2026; the transfer was accepted on 11/23/2026." in form
    # What would tell the state that the student left California is doubted.
    false = {"reason": "unknown_continuing", "on": "2026-11-20", "note": "Gone", "check": "1"}
    assert "Your district accepted a transfer of the record to Heron Creek Unified" in text_of(
        juniper.post(leaving, false)
    )
    sent = {"reason": "moved_continuing", "on": "2026-11-20", "note": "Moved"}
    assert juniper.post(leaving, sent).status_code == 302
    after = text_of(juniper.get(here))
    assert "Show the leaving" in after and "Record that the student leaves" not in after

    assert step(juniper, transfer, "take_back", words="").status_code == 422
    assert "Taken back: the request waits" in text_of(step(juniper, transfer, "take_back", words="Not she"))
    assert fern.get(f"/students/{alder.public_id}").status_code == 404


def test_each_look_before_is_a_line_for_the_parent_and_for_the_log(small_world, fern, juniper):
    alder = small_world.students["alder"]
    transfer = asked(fern, ground="attested", **ATTESTED)

    for _ in range(2):
        page = text_of(fern.get(f"/transfers/{transfer.public_id}/record"))
    assert "Alder" in page and "290 Specific learning disability" in page and "Maple Testcase" in page
    assert "415 " in page and "11/14/2025" in page
    assert "555-0100" not in page
    looks = Disclosure.objects.filter(student_id=alder.pk, kind="disclosed")
    assert looks.count() == 2
    assert {one.party for one in looks} == {"Heron Creek Unified: Fern Sample, SEDS coordinator"}
    assert reads_of_student(alder.pk).filter(what="transfer.preview").count() == 2
    # What the parent may print at the district that has the record, and what its coordinator sees of it.
    printed = text_of(juniper.get(f"/students/{alder.public_id}/disclosures"))
    assert printed.count("Heron Creek Unified: Fern Sample, SEDS coordinator") >= 2
    assert "34 CFR 99.31(a)(2)" in printed
    assert "read on screen" in text_of(juniper.get(f"/transfers/{transfer.public_id}"))
    # The student's own page stays closed until the record is handed over.
    assert fern.get(f"/students/{alder.public_id}").status_code == 404
    step(fern, transfer, "withdraw", words="Does not come")
    assert fern.get(f"/transfers/{transfer.public_id}/record").status_code == 404
    assert looks.count() == 2


def test_requester_before_and_sender_after(small_world, fern, juniper):
    """The boundary at completion: what Heron Creek reads before, and what Chaparral reads after (F22)."""
    alder = small_world.students["alder"]
    transfer = asked(fern)
    own_page = f"/students/{alder.public_id}"
    assert fern.get(own_page).status_code == 404
    step(juniper, transfer, "accept")
    assert "Alder Testcase" in text_of(fern.get(own_page))
    blocked = step(fern, transfer, "complete")
    assert blocked.status_code == 422 and "No enrollment at your district holds today" in text_of(blocked)
    pages.leaves(alder, date(2026, 11, 20))
    pages.enrolled_elsewhere(alder, date(2026, 11, 23))
    assert "the student is your district" in text_of(step(fern, transfer, "complete"))

    assert "Alder Testcase" in text_of(fern.get(own_page))
    former = text_of(juniper.get(own_page))
    assert "Alder Testcase" in former and "Willow Bend" not in former
    assert "Completed" in text_of(juniper.get(f"/transfers/{transfer.public_id}"))
    assert "Ended within 30 days" in text_of(fern.get("/transfers"))


def test_an_own_student_whose_record_is_elsewhere_is_asked_for_by_page(small_world, fern):
    alder = small_world.students["alder"]
    pages.enrolled_elsewhere(alder, date(2026, 11, 20))

    form = text_of(fern.get(f"/transfers/new?student={alder.public_id}"))
    assert "The record is at Chaparral Unified" in form and 'value="Alder Testcase"' in form
    assert "the record is not shown yet" not in form
    # What somebody typed names no school; what the SIS sent does.
    assert f'<option value="{w.OTHER_SCHOOL}" selected>' not in form
    slot = {"student_id": alder.pk, "lea_code": w.OTHER_LEA, "started_on": date(2026, 11, 20)}
    statement = Statement(slot, pages.enrollment() | {"school_code": w.OTHER_SCHOOL}, date(2026, 11, 20))
    state_student_facts("enrollment", [statement], by_id=None, cause="sis-import:1")
    form = text_of(fern.get(f"/transfers/new?student={alder.public_id}"))
    assert f'<option value="{w.OTHER_SCHOOL}" selected>' in form
    assert fern.get("/transfers/new?student=x").status_code == 404


def test_a_stranger_is_told_nothing(small_world, fern, sign_in):
    transfer = asked(fern)
    addresses = [
        "/transfers",
        f"/transfers/{transfer.public_id}",
        f"/transfers/{transfer.public_id}/record",
        "/transfers/new",
    ]
    manager = sign_in(small_world.case_manager)
    assert [manager.get(address).status_code for address in addresses] == [403] * 4
    StudentTransfer.objects.filter(pk=transfer.pk).update(receiving_code="9910098", sending_code="9910099")
    assert [fern.get(address).status_code for address in addresses[:3]] == [200, 404, 404]
    assert fern.post(f"/transfers/{transfer.public_id}/step", {"do": "accept"}).status_code == 404
    assert "No district asks yours for a student" in text_of(fern.get("/transfers"))


def test_a_notice_that_is_owed_here_keeps_it_from_being_completed_and_is_led_to(small_world, fern, juniper):
    alder, transfer = small_world.students["alder"], asked(fern)
    step(juniper, transfer, "accept")
    slot = {"student_id": alder.pk, "lea_code": w.OTHER_LEA, "started_on": w.TODAY}
    values = enrollment("H1") | {"school_code": w.OTHER_SCHOOL}
    state_student_facts("enrollment", [Statement(slot, values, w.TODAY)], by_id=None, cause="sis-import:1")
    theirs = User.objects.get(email="fern.sample@example.org")
    actor = actor_of(theirs, theirs.grants.get())
    for one in (small_world.coordinator_actor, actor):
        received = Received(date(2026, 11, 20), "20", "")
        row = record_referral(actor=one, student=alder, asked=Asked(True), received=received)
    answer_referral(
        actor=actor, student=alder, seen=row.pk, answer=Answer.DECLINED, on=None, reason="Progress."
    )
    refused = step(fern, transfer, "complete", referral="continue")
    page = text_of(refused)
    assert refused.status_code == 422
    assert "Your district has declined a referral of 11/20/2026 itself" in page
    assert "Record the notice first." in page and "IEP team · 34 CFR 300.503; EC 56500.4" in page
    way = f"/students/{alder.public_id}/referral"
    assert way in addresses_in(refused) and fern.get(way).status_code == 200
    transfer.refresh_from_db()
    assert transfer.state == "accepted"


def test_an_unknown_step_is_none(fern):
    transfer = asked(fern)
    assert step(fern, transfer, "steal").status_code == 404
    assert fern.get(reverse("student_transfer_step", args=[transfer.public_id])).status_code == 405


def test_what_waits_for_the_reader_stands_before_what_was_answered(small_world, fern, juniper):
    step(juniper, asked(fern), "accept")
    neighbor = User.objects.get(email="fern.sample@example.org")
    request_student(
        actor=actor_of(neighbor, neighbor.grants.get()),
        student_id=small_world.students["towhee"].pk,
        wanted=Wanted("T. from Chaparral", date(2026, 11, 30)),
    )
    rows = re.findall(
        r'<tr data-row><th scope="row"><a [^>]*>([^<]+)<', juniper.get("/transfers").content.decode()
    )
    assert rows == ["Testcase, Towhee", "Testcase, Alder"]


def test_the_pages_cost_few_queries(small_world, fern, juniper, django_assert_max_num_queries):
    transfer = asked(fern)
    for client in (fern, juniper):
        client.get("/transfers")
        with django_assert_max_num_queries(24):
            client.get("/transfers")
        with django_assert_max_num_queries(60):
            client.get(f"/transfers/{transfer.public_id}")
