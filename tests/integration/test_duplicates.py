"""Students entered twice: which pairs are found, what stays settled, and who is asked."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.auditing.models import ChangeEvent
from manzanita.students.actions import Identity, register_students, state_one, update_identities
from manzanita.students.duplicates import find_duplicates, open_pairs
from manzanita.students.models import DuplicatePair, NameKey, Student
from tests.support import world as w
from tests.support.pages import enrollment, other_coordinator, text_of


def entered(first: str, last: str, born: date, *, lea: str = w.LEA, ssid: str = "") -> Student:
    (student,) = register_students([Identity(first, "", last, "", born)])
    slot = {"student_id": student.pk}
    known = {"by_id": None, "cause": "test", "effective_from": date(2026, 8, 14)}
    state_one(
        "enrollment",
        slot=slot | {"lea_code": lea, "started_on": date(2026, 8, 14)},
        values=enrollment(),
        **known,
    )
    if ssid:
        state_one("ssid", slot=slot, values={"ssid": ssid}, **known)
    return student


def actor_of(user):
    return actor_of_grant_id(user.grants.get().pk, w.TODAY)


def found() -> list[tuple[int, int, str]]:
    return list(DuplicatePair.objects.order_by("pk").values_list("student_id", "other_id", "because"))


@pytest.mark.parametrize(
    ("first", "last", "born", "because"),
    [
        ("Alder", "Testcase", date(2016, 4, 9), "same birth date; same name"),
        ("Testcase", "Álder", date(2016, 4, 9), "same birth date; names swapped"),
        ("Aldair", "Testcase", date(2016, 4, 9), "same birth date; same last name; first name sounds alike"),
        ("Alder", "Testcase", date(2016, 9, 4), "month and day of the birth date swapped; same name"),
        ("Alder", "Testcase", date(2016, 4, 8), "birth date differs in one digit; same name"),
    ],
)
def test_who_is_nearly_the_same_is_a_pair(small_world, first, last, born, because):
    second = entered(first, last, born)
    assert find_duplicates() == {"new": 1, "gone": 0, "open": 1}
    assert found() == [(small_world.students["alder"].pk, second.pk, because)]


@pytest.mark.parametrize(
    ("first", "last", "born"),
    [
        ("Fern", "Testcase", date(2016, 4, 9)),  # a twin
        ("Alder", "Quillwort", date(2016, 4, 9)),
        ("Alder", "Testcase", date(2016, 5, 18)),
        ("Alder", "Testcase", None),
    ],
)
def test_a_twin_and_whoever_shares_only_a_name_are_none(small_world, first, last, born):
    entered(first, last, born)
    assert find_duplicates() == {"new": 0, "gone": 0, "open": 0}


def test_one_ssid_of_two_students_is_a_pair_whatever_their_names(small_world):
    second = entered("Juncus", "Quillwort", date(2011, 1, 1), ssid="9900000005")
    find_duplicates()
    assert found() == [
        (
            small_world.students["alder"].pk,
            second.pk,
            "same SSID; another birth date; another first name; another last name",
        )
    ]


def test_looking_again_changes_nothing_and_a_pair_that_is_alike_no_more_goes(small_world):
    second = entered("Adler", "Testcase", date(2016, 4, 9))
    find_duplicates()
    before = found()
    assert find_duplicates() == {"new": 0, "gone": 0, "open": 1}
    assert found() == before

    # Born on another day: the name and day that were given up are still alike, so the pair stays, in other words.
    update_identities(
        {second.pk: Identity(first_name="Juncus", last_name="Quillwort", birth_on=date(2011, 1, 1))}
    )
    find_duplicates()
    assert len(found()) == 1
    NameKey.objects.filter(student=second, given_up_at__isnull=False).delete()
    assert find_duplicates() == {"new": 0, "gone": 1, "open": 0}


def test_two_people_stay_two_with_the_reason_and_can_be_asked_about_again(small_world, sign_in):
    entered("Adler", "Testcase", date(2016, 4, 9))
    find_duplicates()
    pair = DuplicatePair.objects.get()
    client = sign_in(small_world.coordinator)
    page = text_of(client.get("/students/duplicates"))
    assert "Testcase, Adler" in page and "Testcase, Alder" in page
    assert "same birth date; same last name; first name" in page

    client.post(f"/students/duplicates/{pair.pk}", {"reason": " "})
    assert "Not recorded: the reason is empty." in text_of(client.get("/students/duplicates"))
    for reason in ("Twins, says the registrar", "Something else"):
        client.post(f"/students/duplicates/{pair.pk}", {"reason": reason})
    pair.refresh_from_db()
    assert (pair.reason, pair.settled_by) == ("Twins, says the registrar", small_world.coordinator)
    events = ChangeEvent.objects.filter(action="not_same_student")
    assert {one.student_id for one in events} == {pair.student_id, pair.other_id}

    assert find_duplicates() == {"new": 0, "gone": 0, "open": 0}
    page = text_of(client.get("/students/duplicates"))
    assert "No pair to look at" in page
    assert "Two people, says Juniper Mockup on 11/23/2026: Twins, says the registrar" in page

    client.post(f"/students/duplicates/{pair.pk}", {"do": "again"})
    pair.refresh_from_db()
    assert pair.settled_at is None and pair.reason == ""


def test_a_pair_of_which_one_is_elsewhere_is_shown_to_neither(small_world, sign_in):
    entered("Alder", "Testcase", date(2016, 4, 9), lea=w.OTHER_LEA)
    find_duplicates()
    assert DuplicatePair.objects.count() == 1
    for person in (small_world.coordinator, other_coordinator(small_world)):
        assert "No pair to look at" in text_of(sign_in(person).get("/students/duplicates"))


def test_pairs_of_others_never_hide_one_s_own(small_world, monkeypatch):
    """Home counts no further than so many: of the own ones, however many likelier ones there are elsewhere."""
    monkeypatch.setattr("manzanita.students.duplicates.MOST_COUNTED", 2)
    entered("Aldair", "Testcase", date(2016, 4, 9))
    for name in ("Quillwort", "Rushlight", "Sagebrush"):
        for _ in range(2):
            entered("Fern", name, date(2015, 1, 2), lea=w.OTHER_LEA)
    find_duplicates()
    assert [one.because for one in DuplicatePair.objects.order_by("strength")][-1].endswith("sounds alike")
    count, found_at = open_pairs(actor_of(small_world.coordinator))
    assert (count, found_at) == (1, DuplicatePair.objects.order_by("strength").last().found_at)
    assert open_pairs(actor_of(other_coordinator(small_world)))[0] == 2


def test_comparing_now_makes_one_job_and_its_end_shows_the_pairs(small_world, sign_in):
    from manzanita.platform.jobs import run_jobs_now
    from manzanita.platform.models import Job

    entered("Adler", "Testcase", date(2016, 4, 9))
    client = sign_in(small_world.coordinator)
    for _ in range(2):
        client.post("/students/duplicates/look")
    assert Job.objects.filter(kind="students.find-duplicates").count() == 1
    assert "Being compared now." in text_of(client.get("/students/duplicates"))
    run_jobs_now(raises_errors=True)
    page = text_of(client.get("/students/duplicates"))
    assert "Testcase, Adler" in page and "Compared last on 11/23/2026" in page
