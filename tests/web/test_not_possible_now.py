"""Every refusal gives its reason: each disabled action of a record, in every status and for different readers, says
which rule or policy stands against it, whose job that is, and links to where it is mended; the link opens for that
reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client

from manzanita.accounts.models import User
from manzanita.arrivals.models import Arrival
from manzanita.domain.findings import Owner
from manzanita.domain.statuses import Kind, Unsettled
from manzanita.leaving.actions import report_participation
from manzanita.meetings.models import Meeting
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures import standing
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.students.actions import state_one, state_student_facts
from manzanita.students.models import BatchEdit, Merge, SsidRetirement, Student
from tests.support import pages
from tests.support import world as w
from tests.support.cast import add_cast
from tests.support.guests import monitor_of, person_of
from tests.support.merging import entered_again, pair_of
from tests.support.pages import text_of
from tests.web.test_student_transfers import asked

STATEMENTS = 14
OWNERS = {str(one) for one in Owner}


class Reader(HTMLParser):
    """``buttons``: the disabled ones, words and what describes them. ``blocks``: by id the reasons of a page, each with
    its words and its links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.buttons: list[tuple[str, str]] = []
        self.blocks: dict[str, list[tuple[str, list[str]]]] = {}
        self._block = ""
        self._in_button = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "button" and given.get("aria-disabled") == "true":
            self.buttons.append(("", given.get("aria-describedby", "")))
            self._in_button = True
        elif "whynot" in given.get("class", "").split():
            assert tag == "div" and given["id"] not in self.blocks, given
            self._block = given["id"]
            self.blocks[self._block] = []
        elif self._block and tag == "p":
            self.blocks[self._block].append(("", []))
        elif self._block and tag == "a":
            self.blocks[self._block][-1][1].append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        self._in_button = self._in_button and tag != "button"
        if tag == "div":
            self._block = ""

    def handle_data(self, data: str) -> None:
        if self._in_button:
            label, told_by = self.buttons[-1]
            self.buttons[-1] = " ".join(f"{label} {data}".split()), told_by
        if self._block and self.blocks[self._block]:
            text, links = self.blocks[self._block][-1]
            self.blocks[self._block][-1] = " ".join(f"{text} {data}".split()), links


def told_on(client: Client, address: str) -> set[str]:
    """Checks every disabled action and every block of reasons of the page; the labels of those actions."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    page = Reader(answer.content.decode())
    opened: set[str] = client.__dict__.setdefault("opened", set())
    for label, told_by in page.buttons:
        assert page.blocks.get(told_by), f"{label}: nothing describes it"
    for name, reasons in page.blocks.items():
        assert reasons, name
        for text, links in reasons:
            said = re.search(r"Owner: (.+?) · (.+)$", text)
            assert said, f"neither owner nor rule: {text}"
            assert said[1] in OWNERS, text
            assert links, f"no way out: {text}"
            for link in set(links) - opened:
                assert client.get(link).status_code == 200, (text, link)
            opened |= set(links)
    return {label for label, _ in page.buttons}


# Who looks


def _clerk(world: w.World) -> User:
    return person_of(w.LEA, "office_clerk", "Rail Placeholder")[0]


def _assigned(world: w.World, student: Student) -> User:
    values = {"user_id": world.case_manager.pk}
    slot = {"student_id": student.pk}
    state_one(
        "assignment", slot=slot, values=values, effective_from=date(2025, 8, 1), by_id=None, cause="test"
    )
    return world.case_manager


# How the record stands


def _status(student: Student, code: str) -> Student:
    slot = {"student_id": student.pk}
    statement = Statement(slot, pages.status(code), date(2026, 11, 2))
    state_student_facts("status", [statement], by_id=None, cause="test")
    return student


def _initial(world: w.World, student: Student) -> Student:
    Meeting.objects.create(
        student=student,
        lea_code=w.LEA,
        event_key="b_initial",
        evaluation_type_code="10",
        consent_on=date(2026, 11, 9),
        opened_at=w.NOON,
        opened_by_id=world.coordinator.pk,
    )
    return student


def _left(world: w.World, name: str, reason: str) -> Student:
    student = world.students[name]
    asked = LeavingAsked(reason, date(2026, 11, 13), "Told by the school.")
    record_leaving(actor=world.coordinator_actor, student=student, asked=asked)
    return student


def _returning(world: w.World) -> Student:
    student = world.students["alder"]
    asked = LeavingAsked("dropped_out", date(2026, 10, 5), "Told by the school.")
    record_leaving(actor=world.coordinator_actor, student=student, asked=asked)
    pages.leaves(student, date(2026, 10, 5))
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": date(2026, 11, 16)}
    statement = Statement(slot, pages.enrollment("L9"), date(2026, 11, 16))
    state_student_facts("enrollment", [statement], by_id=None, cause="test")
    return student


def _reported(world: w.World) -> Student:
    student = world.students["towhee"]
    report_participation(
        actor=world.case_manager_actor,
        student=student,
        reason_key="unknown_continuing",
        last_on=None,
        note="Gone since Monday.",
    )
    return student


def _gone(world: w.World) -> Student:
    pages.leaves(world.students["towhee"], date(2026, 11, 13))
    return world.students["towhee"]


def _former(world: w.World) -> Student:
    student = world.students["alder"]
    pages.leaves(student, date(2026, 10, 30))
    pages.enrolled_elsewhere(student, date(2026, 11, 2))
    return student


def _incoming(world: w.World) -> Student:
    student = world.students["sage"]
    slot = {"student_id": student.pk, "relationship": "next_year"}
    values = {"agency_code": w.LEA, "school_code": w.SCHOOL}
    state_one("agency", slot=slot, values=values, effective_from=w.TODAY, by_id=None, cause="test")
    return student


def _no_ssid(world: w.World) -> Student:
    student = world.students["yarrow"]
    slot = {"student_id": student.pk}
    state_student_facts("ssid", [Statement(slot, None, date(2023, 8, 14))], by_id=None, cause="test")
    return student


def _opened(world: w.World) -> Student:
    pages.opened(world, "alder")
    return world.students["alder"]


def _held(world: w.World) -> Student:
    pages.held(world, "alder")
    return world.students["alder"]


ANNUAL, AMEND, INITIAL = "Open annual plan review", "Open amendment", "Open initial evaluation"
CHANGE, LEAVE, SSID, ARRIVED, REPORT, ALL = (
    "Change without a meeting",
    "Leaving special education",
    "SSID retired by the state",
    "Student arrived",
    "Student has left or stops taking part",
    "All kinds of meetings",
)
OFFICE = {CHANGE, LEAVE, ARRIVED}
# Each way in which a record may stand, and what the coordinator and the case manager may not do then.
SITUATIONS: dict[str, tuple[Callable[[w.World], Student], set[str], set[str]]] = {
    "active": (lambda world: world.students["towhee"], {ARRIVED}, OFFICE),
    "no status": (lambda world: world.students["yarrow"], set(), OFFICE),
    "no ssid": (_no_ssid, {SSID}, OFFICE),
    "inactive, not participating": (lambda one: _status(one.students["towhee"], "2"), {ARRIVED}, OFFICE),
    "inactive, not enrolled": (lambda one: _status(one.students["towhee"], "3"), {ARRIVED}, OFFICE),
    "inactive, not eligible": (lambda one: _status(one.students["towhee"], "4"), {ARRIVED}, OFFICE),
    "status without a plan": (
        lambda one: _status(one.students["yarrow"], "1"),
        {ANNUAL, AMEND},
        OFFICE | {ANNUAL, AMEND},
    ),
    "referral": (lambda one: _initial(one, one.students["yarrow"]), {INITIAL}, OFFICE | {INITIAL}),
    "arriving": (lambda _: add_cast(["grebe"])["grebe"], {AMEND}, OFFICE | {AMEND}),
    "returning": (_returning, set(), OFFICE),
    "leaving, reported": (_reported, {ARRIVED}, OFFICE | {REPORT}),
    "leaving, says the SIS": (_gone, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}),
    "left, told": (
        lambda one: _left(one, "towhee", "dropped_out"),
        {LEAVE},
        OFFICE | {REPORT},
    ),
    "left, untold": (
        lambda one: _left(one, "towhee", "moved_continuing"),
        {LEAVE, ANNUAL, AMEND, ARRIVED},
        OFFICE | {ANNUAL, AMEND, REPORT},
    ),
    "follow-up": (
        lambda one: _initial(one, _status(one.students["towhee"], "2")),
        {INITIAL, ARRIVED},
        OFFICE | {INITIAL},
    ),
    "meeting open": (_opened, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}),
    "meeting held": (_held, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}),
    "former LEA": (_former, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}),
    "incoming": (_incoming, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}),
}


def page_of(student: Student) -> str:
    return f"/students/{student.public_id}"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_coordinator_is_told_why_not(small_world, sign_in, situation):
    make, not_now, _ = SITUATIONS[situation]
    student = make(small_world)
    client = sign_in(small_world.coordinator)
    for tab in ("record", "meetings", "state", "history"):
        assert told_on(client, f"{page_of(student)}?tab={tab}") == not_now
    for more in ("people", "changes", "leaving", "ssids", "meetings/new", "enrollments"):
        told_on(client, f"{page_of(student)}/{more}")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_case_manager_is_told_why_not(small_world, sign_in, situation):
    make, _, not_now = SITUATIONS[situation]
    student = make(small_world)
    client = sign_in(_assigned(small_world, student))
    assert told_on(client, page_of(student)) == not_now
    for more in ("meetings/new", "participation", "people"):
        told_on(client, f"{page_of(student)}/{more}")


@pytest.mark.parametrize(
    "situation", [one for one in SITUATIONS if one not in ("leaving, says the SIS", "former LEA")]
)
def test_somebody_who_only_reads_is_told_why_not(small_world, sign_in, situation):
    student = SITUATIONS[situation][0](small_world)
    not_now = told_on(sign_in(_clerk(small_world)), page_of(student))
    assert not_now >= OFFICE and {one for one in not_now - OFFICE if one.startswith("Open ")}
    assert not_now - OFFICE <= {ANNUAL, AMEND, INITIAL, REPORT}


def test_held_from_rollover(small_world, sign_in, monkeypatch):
    student = small_world.students["towhee"]
    item = Unsettled(Kind.HELD, date(2026, 5, 20), Owner.COORDINATOR)
    monkeypatch.setattr(
        standing,
        "SOURCES",
        [lambda actor, ids: standing.Asked(Arrival.objects.none(), lambda _: [(student.pk, item)])],
    )
    assert told_on(sign_in(small_world.coordinator), page_of(student)) == {ARRIVED}


def test_staff_of_the_former_district_are_told_why_not(small_world, sign_in):
    student = _former(small_world)
    person, _ = person_of(w.LEA, "former_lea", "Rail Placeholder")
    assert told_on(sign_in(person), page_of(student)) == {ANNUAL, AMEND, ARRIVED}


def test_a_guest_of_the_state_is_told_why_no_meeting_and_not_asked_to_do_the_office_s_work(
    small_world, sign_in
):
    student = small_world.students["alder"]
    grant = monitor_of(small_world, "alder")
    assert told_on(sign_in(grant.user), page_of(student)) == {ANNUAL, AMEND}


def test_in_a_view_as_a_colleague_nothing_is_done(small_world, sign_in):
    client = sign_in(small_world.coordinator)
    client.post("/view-as", {"grant": small_world.case_manager_grant.pk, "reason": "Cannot find the page"})
    assert told_on(client, page_of(small_world.students["towhee"])) == OFFICE | {ANNUAL, AMEND, ALL}


def test_a_transfer_that_waits_changes_nothing_of_what_is_told(small_world, sign_in):

    neighbor = sign_in(pages.other_coordinator(small_world))
    transfer = asked(neighbor)
    client = sign_in(small_world.coordinator)
    assert told_on(client, page_of(small_world.students["alder"])) == {ARRIVED}
    for one in (client, neighbor):
        told_on(one, f"/transfers/{transfer.public_id}")


def test_a_merge_and_what_it_was_built_on(small_world, sign_in):
    alder, client = small_world.students["alder"], sign_in(small_world.coordinator)
    second = entered_again()
    pair = pair_of(alder, second)
    answer = client.get(f"/students/duplicates/{pair.pk}").content.decode()
    sent = dict(re.findall(r'<input type="hidden" name="(seen|shown_\w+)" value="([^"]*)"', answer))
    sent |= dict(re.findall(r'type="radio" name="([^"]+)" value="([^"]+)" checked', answer))
    client.post(f"/students/duplicates/{pair.pk}", sent | {"do": "merge", "reason": "Both parents the same"})
    merge = Merge.objects.get()
    assert told_on(client, f"/students/merges/{merge.public_id}") == set()
    # The old address leads to the record that stays, and tells what it tells.
    assert client.get(page_of(second)).url == page_of(alder)
    assert told_on(client, page_of(alder)) == {ARRIVED}

    pages.opened(small_world, "alder")
    assert told_on(client, f"/students/merges/{merge.public_id}") == {"Undo the merge"}


def test_a_retired_ssid_that_something_was_built_on(small_world, sign_in):
    alder, client = small_world.students["alder"], sign_in(small_world.coordinator)
    address = f"{page_of(alder)}/ssids"
    told = {
        "ssid": "9900000005",
        "kind": "merged",
        "on": "2026-11-20",
        "new_ssid": "9900000555",
        "source": "CALPADS history",
    }
    page = client.post(address, told | {"do": "look"}).content.decode()
    seen = dict(re.findall(r'<input type="hidden" name="(seen)" value="([^"]*)"', page))
    client.post(address, told | seen | {"do": "retire"})
    assert SsidRetirement.objects.count() == 1 and told_on(client, address) == set()
    slot = {"student_id": alder.pk}
    state_one(
        "ssid", slot=slot, values={"ssid": "9900000777"}, effective_from=w.TODAY, by_id=None, cause="test"
    )
    assert told_on(client, address) == {"Take it back"}


def test_a_leaving_that_something_was_built_on(small_world, sign_in):
    towhee, client = _left(small_world, "towhee", "moved_continuing"), sign_in(small_world.coordinator)
    assert told_on(client, f"{page_of(towhee)}/leaving") == set()
    _assigned(small_world, towhee)
    assert told_on(client, f"{page_of(towhee)}/leaving") == {"Take it back"}


def test_a_batch_that_is_too_old(small_world, sign_in):
    client = sign_in(small_world.coordinator)
    sent = {"field": "next_grade", "value_next_grade": "05", "reason": "By hand", "pasted": "9900000005"}
    address = client.post("/students/edit", sent).url
    client.post(address, {"do": "apply"})
    run_jobs_now(raises_errors=True)
    assert told_on(client, address) == set()
    BatchEdit.objects.update(made_on=w.TODAY - timedelta(days=31))
    assert told_on(client, address) == {"Take it back"}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_page_takes_its_statements_and_no_more(
    small_world, sign_in, django_assert_max_num_queries, situation
):
    student = SITUATIONS[situation][0](small_world)
    client = sign_in(small_world.coordinator)
    client.get(page_of(student))
    with django_assert_max_num_queries(STATEMENTS):
        client.get(page_of(student))


def test_it_is_folded_away_under_one_line(small_world, sign_in):
    page = text_of(sign_in(small_world.case_manager).get(page_of(small_world.students["towhee"])))
    assert page.count("Not possible now (3)") == 1
    fold = page.split("Not possible now (3)")[1].split("</details>")[0]
    # Three actions against which the same stands: said once.
    assert fold.count("aria-disabled") == 3 and fold.count("Owner: SEDS coordinator") == 1
