"""The pages on which two records are put together, and taken apart again."""

from __future__ import annotations

import re

import pytest

from manzanita.auditing.models import ReadEvent
from manzanita.students.actions import state_one
from manzanita.students.models import DuplicatePair, Merge
from tests.support import world as w
from tests.support.merging import ENTERED, entered_again, pair_of
from tests.support.pages import enrollment, other_coordinator, reads, text_of, words

# Two records side by side, and what would come of it: it is tried and taken back, so it costs what a merge costs.
# Five of them carry the district of residence anew from the enrollments that are left.
COMPARE_QUERIES = 104


@pytest.fixture
def twice(small_world, sign_in):
    alder = small_world.students["alder"]
    second = entered_again()
    return alder, second, pair_of(alder, second), sign_in(small_world.coordinator)


def form_of(answer) -> dict[str, str]:
    """What the browser would send of the form: hidden fields, and what is chosen."""
    html = answer.content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(seen|shown_\w+)" value="([^"]*)"', html))
    chosen = dict(re.findall(r'type="radio" name="([^"]+)" value="([^"]+)" checked', html))
    return hidden | chosen


def test_both_are_shown_side_by_side_with_what_comes_of_it(twice):
    alder, second, pair, client = twice
    page = words(client.get("/students/duplicates"))
    assert "Compare and put together" in page
    answer = client.get(f"/students/duplicates/{pair.pk}")
    page = words(answer)
    assert "The left one stays: the state holds more of it." in page
    assert "Alder Testcase Adler Testcase Differs" in page
    assert "Buckeye Elementary, grade 4, local ID L777, from 11/02/2026" in page
    assert (
        "Proposed: as on the left. Then enrolled: L0005, 08/14/2023 to open. Taken away: L777 of 11/02/2026."
        in page
    )
    assert "(it has all days of the other one, which looks entered twice)" in page
    assert "The one that does not go on" not in page
    assert "Maple Testcase, Mother, 555-0100, from 08/01/2025" in page
    assert "Oak Testcase, Father, 555-0111, from 11/02/2026" in page
    assert "nothing to send: it stays as it is" in page
    assert "The SIS has the student twice, with the local IDs L0005 and L777." in page
    event = ReadEvent.objects.order_by("-pk").first()
    assert (event.what, sorted(event.student_ids)) == ("student.merge", [alder.pk, second.pk])


def test_another_choice_is_looked_at_before_it_is_done(twice):
    alder, _, pair, client = twice
    address = f"/students/duplicates/{pair.pk}"
    sent = form_of(client.get(address)) | {"choice.name": "other", "reason": "Birth certificate seen"}
    answer = client.post(address, sent | {"do": "merge"})
    assert answer.status_code == 422
    assert "You have chosen otherwise than the page showed what comes of it." in words(answer)
    assert "Chosen: Adler Testcase (by you)" in words(answer)
    sent = form_of(answer) | {"reason": "Birth certificate seen"}
    assert sent["choice.name"] == "other"
    answer = client.post(address, sent | {"do": "merge"})
    merge = Merge.objects.get()
    assert answer.url == f"/students/merges/{merge.public_id}"
    alder.refresh_from_db()
    assert alder.full_name == "Adler Testcase"
    # The second click, and whoever still has the page: what became of it.
    again = client.post(address, sent | {"do": "merge"})
    assert again.url == answer.url
    assert Merge.objects.count() == 1


def test_each_choice_shows_the_days_that_come_of_it(twice):
    _alder, _second, pair, client = twice
    address = f"/students/duplicates/{pair.pk}"
    sent = form_of(client.get(address)) | {f"choice.primary.{w.LEA}": "other", "do": "look"}
    page = words(client.post(address, sent))
    assert (
        "Chosen: as on the right. Then enrolled: L0005, 08/14/2023 to 11/01/2026; L777, 11/02/2026 to open."
        in page
    )
    assert "The one that does not go on It ended: its own days stay It never was: it is taken away" in page
    page = words(client.post(address, sent | {f"choice.never.{w.LEA}": "other"}))
    assert "Then enrolled: L777, 11/02/2026 to open. Taken away: L0005 of 08/14/2023." in page


def test_the_other_record_may_be_the_one_that_stays(twice):
    _alder, second, pair, client = twice
    address = f"/students/duplicates/{pair.pk}"
    sent = form_of(client.get(address)) | {"stays": str(second.pk), "do": "look"}
    answer = client.post(address, sent)
    assert "The left one stays: you have chosen it." in words(answer)
    # Whose name it was still is: it stands on the right now.
    assert form_of(answer)["choice.name"] == "other"
    client.post(address, form_of(answer) | {"do": "merge", "reason": "Same child"})
    assert Merge.objects.get().student == second
    second.refresh_from_db()
    assert second.full_name == "Alder Testcase"


def test_an_old_address_leads_to_the_record_that_stays_with_a_word(twice):
    alder, second, pair, client = twice
    address = f"/students/duplicates/{pair.pk}"
    client.post(address, form_of(client.get(address)) | {"do": "merge", "reason": "Same child"})
    answer = client.get(f"/students/{second.public_id}?tab=history")
    assert answer.url == f"/students/{alder.public_id}?tab=history"
    page = words(client.get(answer.url))
    assert "was put together with this one: both were the same student." in page
    # The history has what was written of either key.
    assert "Two records put together" in page
    # What is sent for a record that is no more is not saved, and not lost.
    answer = client.post(f"/students/{second.public_id}/purpose", {"purpose": "Parent asked"})
    page = words(answer)
    assert answer.status_code == 409
    assert "Juniper Mockup, 12:00 pm on 11/23/2026, has put the record together with that of Alder" in page
    assert "What you had entered Parent asked" in page
    # The page names the one who stays: seen is seen.
    newest = ReadEvent.objects.order_by("pk").last()
    assert (newest.what, newest.student_ids) == ("student.merge", [alder.pk])


def test_it_is_taken_back_from_the_list_of_what_was_put_together(twice):
    alder, second, pair, client = twice
    address = f"/students/duplicates/{pair.pk}"
    client.post(address, form_of(client.get(address)) | {"do": "merge", "reason": "Same child"})
    merge = Merge.objects.get()
    page = words(client.get("/students/duplicates"))
    assert "Put together" in page and "Testcase, Alder : Juniper Mockup, 11/23/2026, Same child" in page
    page = words(client.get(f"/students/merges/{merge.public_id}"))
    # Two of one name are told apart.
    assert f"Stays Alder Testcase, SSID {w.SSIDS['alder']}, local ID L0005, Buckeye Elementary" in page
    assert "Was put into it Adler Testcase, no SSID, local ID L777, Buckeye Elementary" in page
    # What became of each difference, and what the SIS has still to do.
    assert (
        "Enrollment: Buckeye Elementary, grade 4, local ID L0005, from 08/14/2023 Taken away, all its days: "
        "Buckeye Elementary, grade 4, local ID L777, from 11/02/2026" in page
    )
    assert "Name: as on the record that stays" in page
    assert (
        "The SIS has the student twice, with the local IDs L0005 and L777. End one of the two in the SIS"
        in page
    )
    assert "1 name to be found by" in page and "Nothing new was recorded or sent since" in page
    answer = client.post(f"/students/merges/{merge.public_id}", {"do": "undo"})
    assert answer.url == "/students/duplicates"
    page = words(client.get("/students/duplicates"))
    assert "Taken back: there are two records again, each as it was." in page
    assert "Testcase, Adler" in page
    assert client.get(f"/students/{second.public_id}").status_code == 200
    # The page of the merge shows the names of both now, so both were seen.
    client.get(f"/students/merges/{merge.public_id}")
    assert reads()[-2:] == [(alder.pk, "student.merge"), (second.pk, "student.merge")]
    client.post(f"/students/merges/{merge.public_id}", {"do": "undo"})
    assert "The merge has been taken back already." in words(client.get("/students/duplicates"))


def test_without_a_reason_nothing_is_done_and_two_people_can_be_said_here(twice):
    _, _, pair, client = twice
    address = f"/students/duplicates/{pair.pk}"
    sent = form_of(client.get(address))
    answer = client.post(address, sent | {"do": "merge", "reason": " "})
    assert answer.status_code == 422 and "Why the two are one student: not said." in words(answer)
    # The reader's own form: nobody else's office.
    assert "Clerk or coordinator" not in words(answer)
    client.post(address, sent | {"do": "two", "reason": "Twins"})
    pair.refresh_from_db()
    assert pair.reason == "Twins" and not Merge.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [{"stays": "x", "choice.name": "third"}, {"stays": "99999999999999999999", "choice.nowhere": "other"}],
)
def test_what_no_form_sends_is_as_if_nothing_was_chosen(twice, sent):
    _, _, pair, client = twice
    answer = client.post(f"/students/duplicates/{pair.pk}", sent | {"do": "look"})
    assert answer.status_code == 200
    assert "The left one stays: the state holds more of it." in words(answer)


def test_strangers_and_those_who_may_not_get_nothing(twice, small_world, sign_in):
    _, second, pair, client = twice
    stranger = sign_in(other_coordinator(small_world))
    address = f"/students/duplicates/{pair.pk}"
    assert stranger.get(address).status_code == 404
    assert sign_in(small_world.case_manager).get(address).status_code == 403
    client.post(address, form_of(client.get(address)) | {"do": "merge", "reason": "Same child"})
    merge = Merge.objects.get()
    assert stranger.get(f"/students/merges/{merge.public_id}").status_code == 404
    assert stranger.post(f"/students/merges/{merge.public_id}").status_code == 404
    assert stranger.get(f"/students/{second.public_id}").status_code == 404
    assert "Put together" not in text_of(stranger.get("/students/duplicates"))
    assert DuplicatePair.objects.count() == 0


def test_what_comparing_costs(twice, django_assert_num_queries):
    _, _, pair, client = twice
    with django_assert_num_queries(COMPARE_QUERIES):
        client.get(f"/students/duplicates/{pair.pk}")


def test_two_primary_enrollments_at_once_stand_first_on_the_record_with_the_way_to_them(small_world, sign_in):
    alder = small_world.students["alder"]
    client, here = sign_in(small_world.coordinator), f"/students/{alder.public_id}"
    assert "Enrolled twice" not in words(client.get(here))
    slot = {"student_id": alder.pk, "lea_code": w.LEA, "started_on": ENTERED}
    values = enrollment() | {"school_code": w.SCHOOL, "local_student_id": "L777"}
    state_one("enrollment", slot=slot, values=values, by_id=None, cause="test", effective_from=ENTERED)
    answer = client.get(here)
    page = words(answer)
    assert "Enrolled twice" in page
    assert (
        "Two primary enrollments at once: Buckeye Elementary since 08/14/2023, local ID L0005; Buckeye Elementary "
        "since 11/02/2026, local ID L777. The SIS staff end the one that is wrong."
    ) in page
    assert f'href="{here}/enrollments"' in answer.content.decode()
