"""Every refusal gives its reason: each disabled action of a record, in every status and for different readers, says
which rule or policy stands against it, whose job that is, and links to where it is mended; the link opens for that
reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client

from manzanita.accounts.models import User
from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import Arrival
from manzanita.domain.findings import Owner
from manzanita.domain.record_fields import RECORD_FIELDS
from manzanita.domain.statuses import Kind
from manzanita.leaving.actions import report_participation
from manzanita.meetings.models import Meeting
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.students.actions import state_one, state_student_facts
from manzanita.students.models import BatchEdit, Merge, Referral, SsidRetirement, Student
from manzanita.web.student_file import load_student
from manzanita.web.student_status import standing_in
from tests.support import arrivals as hand
from tests.support import later, pages
from tests.support import world as w
from tests.support.cast import add_cast
from tests.support.guests import monitor_of, person_of
from tests.support.merging import entered_again, pair_of
from tests.support.pages import text_of
from tests.support.special import enroll_privately, give_isp, state, student_of
from tests.web.test_student_transfers import asked

STATEMENTS = 14
# Of who waits for a start what was agreed is read too, and of both the days of the calendar.
MORE_STATEMENTS = {"services to start": 8, "services to start, not yet": 8, "held from rollover": 1}
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


def _referred(student: Student) -> Student:
    values = dict.fromkeys(Referral.content, "") | {"referred_by_code": "20", "plan_given_on": None}
    slot = {"student_id": student.pk, "lea_code": w.LEA}
    state_one("referral", slot=slot, values=values, effective_from=w.TODAY, by_id=None, cause="test")
    return student


def _left(world: w.World, name: str, reason: str, on: date = date(2026, 11, 13)) -> Student:
    student = world.students[name]
    asked = LeavingAsked(reason, on, "Told by the school.")
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


def _infant_elsewhere(world: w.World) -> Student:
    """Sage is to come next year, and has an IFSP of the other district until then."""
    values = {**pages.plan(), "lea_code": w.OTHER_LEA, "dsea_code": w.OTHER_LEA, "plan_type_code": "150"}
    slot = {"student_id": world.students["sage"].pk}
    state_one("plan", slot=slot, values=values, effective_from=w.TODAY, by_id=None, cause="test")
    return _incoming(world)


def _starting(world: w.World) -> Student:
    """Found eligible in May, and enrolled since August."""
    student = world.students["yarrow"]
    later.agreed_in_spring(world.coordinator_actor, student)
    return student


def _starting_later(world: w.World) -> Student:
    """Found eligible today: the start is the next school year's."""
    student = world.students["yarrow"]
    later.agree_on_a_later_start(world.coordinator_actor, student, held_on=w.TODAY)
    return student


def _held_from_rollover(world: w.World) -> Student:
    student = world.students["towhee"]
    later.ends(student, date(2026, 6, 5))
    return student


def _expected(world: w.World) -> Student:
    """Of the other district until June, planned for ours, and enrolled nowhere yet."""
    student = world.students["sage"]
    slot = {"student_id": student.pk, "lea_code": w.OTHER_LEA, "started_on": pages.START}
    ended = pages.enrollment() | {"school_code": w.OTHER_SCHOOL, "exit_reason_code": "E155"}
    state("enrollment", slot, ended, pages.START, date(2027, 6, 11))
    slot = {"student_id": student.pk, "relationship": "next_year"}
    values = {"agency_code": w.LEA, "school_code": w.SCHOOL}
    state("agency", slot, values, w.TODAY, date(2027, 6, 30))
    return student


def _services_plan(world: w.World) -> Student:
    student = world.students["towhee"]
    enroll_privately(student)
    give_isp(student)
    return student


def _infant(world: w.World) -> Student:
    return student_of(
        "Killdeer", date(2024, 5, 24), plan={"plan_type_code": "150"}, enrolled={"grade_code": "IN"}
    )


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


C_TO_B = "Open C to B transition evaluation"
ANNUAL, AMEND, INITIAL = "Open annual plan review", "Open amendment", "Open initial evaluation"
CHANGE, LEAVE, SSID, ARRIVED, REPORT, ALL, START = (
    "Change without a meeting",
    "Leaving special education",
    "SSID retired by the state",
    "Student arrived",
    "Student has left or stops taking part",
    "All kinds of meetings",
    "Services start",
)
# Of who is referred already, whose evaluation is open, and who is another district's.
REFER = "Record a referral"
OFFICE = {CHANGE, LEAVE, ARRIVED}


@dataclass(frozen=True)
class Situation:
    """A way in which a record may stand: the student, made of the small world; the status it is called by; what the
    coordinator and the case manager may not do then. ``moment``: on another day than November 23, 2026."""

    make: Callable[[w.World], Student]
    kind: Kind
    coordinator: set[str]
    manager: set[str]
    moment: datetime | None = None


SITUATIONS: dict[str, Situation] = {
    "active": Situation(lambda world: world.students["towhee"], Kind.ACTIVE, {ARRIVED}, OFFICE),
    "no status": Situation(lambda world: world.students["yarrow"], Kind.NONE, set(), OFFICE),
    "no ssid": Situation(_no_ssid, Kind.NONE, {SSID}, OFFICE),
    "inactive, not participating": Situation(
        lambda one: _status(one.students["towhee"], "2"), Kind.INACTIVE, {ARRIVED}, OFFICE
    ),
    "inactive, not enrolled": Situation(
        lambda one: _status(one.students["towhee"], "3"), Kind.INACTIVE, {ARRIVED}, OFFICE
    ),
    "inactive, not eligible": Situation(
        lambda one: _status(one.students["towhee"], "4"), Kind.INACTIVE, {ARRIVED}, OFFICE
    ),
    "status without a plan": Situation(
        lambda one: _status(one.students["yarrow"], "1"),
        Kind.ACTIVE,
        {ANNUAL, AMEND},
        OFFICE | {ANNUAL, AMEND},
    ),
    "referral": Situation(
        lambda one: _referred(one.students["yarrow"]), Kind.REFERRAL, {REFER}, OFFICE | {REFER}
    ),
    "evaluation": Situation(
        lambda one: _initial(one, one.students["yarrow"]),
        Kind.REFERRAL,
        {INITIAL, REFER},
        OFFICE | {INITIAL, REFER},
    ),
    "services to start": Situation(_starting, Kind.STARTING, set(), OFFICE | {START}),
    "services to start, not yet": Situation(_starting_later, Kind.STARTING, {START}, OFFICE | {START}),
    "arriving": Situation(lambda _: add_cast(["grebe"])["grebe"], Kind.ARRIVING, {AMEND}, OFFICE | {AMEND}),
    "returning": Situation(_returning, Kind.RETURNING, set(), OFFICE),
    "leaving, reported": Situation(_reported, Kind.LEAVING, {ARRIVED}, OFFICE | {REPORT}),
    "leaving, says the SIS": Situation(
        _gone, Kind.LEAVING, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}
    ),
    "leaving, planned": Situation(
        lambda one: _left(one, "towhee", "dropped_out", date(2026, 12, 18)), Kind.ACTIVE, {ARRIVED}, OFFICE
    ),
    "left, told": Situation(
        lambda one: _left(one, "towhee", "dropped_out"), Kind.INACTIVE, {LEAVE}, OFFICE | {REPORT}
    ),
    "left, untold": Situation(
        lambda one: _left(one, "towhee", "moved_continuing"),
        Kind.INACTIVE,
        {LEAVE, ANNUAL, AMEND, ARRIVED},
        OFFICE | {ANNUAL, AMEND, REPORT},
    ),
    "follow-up": Situation(
        lambda one: _initial(one, _status(one.students["towhee"], "2")),
        Kind.FOLLOW_UP,
        {INITIAL, ARRIVED, REFER},
        OFFICE | {INITIAL, REFER},
    ),
    "held from rollover": Situation(
        _held_from_rollover, Kind.HELD, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}
    ),
    "expected": Situation(
        _expected,
        Kind.EXPECTED,
        {ANNUAL, AMEND, ARRIVED},
        OFFICE | {ANNUAL, AMEND},
        datetime(2027, 9, 14, 19, tzinfo=UTC),
    ),
    "services plan": Situation(_services_plan, Kind.ACTIVE, {ARRIVED}, OFFICE),
    "infant": Situation(_infant, Kind.ACTIVE, {ARRIVED, SSID}, OFFICE),
    "meeting open": Situation(_opened, Kind.ACTIVE, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}),
    "meeting held": Situation(_held, Kind.ACTIVE, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}),
    "former LEA": Situation(_former, Kind.LEAVING, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}),
    "incoming": Situation(_incoming, Kind.INACTIVE, {ANNUAL, AMEND, ARRIVED}, OFFICE | {ANNUAL, AMEND}),
    "infant elsewhere": Situation(
        _infant_elsewhere, Kind.INFANT, {ANNUAL, AMEND, ARRIVED, C_TO_B}, OFFICE | {ANNUAL, AMEND, C_TO_B}
    ),
}
# Fields that are changed by a meeting, without one, by leaving, of many at once, and by correcting what was archived.
FIELDS = (
    "plan.program_setting_code",
    "status.status_code",
    "service.duration_minutes",
    "meeting.delay_code",
    "student.local_sped_id",
)


def field_page(student: Student, key: str) -> str:
    kind, _, attribute = key.partition(".")
    slot = {"service": "-1", "meeting": "-review"}.get(kind, "")
    return f"{page_of(student)}/fields/{kind}{slot}.{attribute}"


@pytest.fixture
def made(small_world, noon):
    """``made(name)``: the student of a situation, on its day."""

    def make(name: str) -> Student:
        situation = SITUATIONS[name]
        if situation.moment is not None:
            noon.move_to(situation.moment)
        return situation.make(small_world)

    return make


def test_every_status_is_walked():
    assert {one.kind for one in SITUATIONS.values()} == set(Kind)


def page_of(student: Student) -> str:
    return f"/students/{student.public_id}"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_coordinator_is_told_why_not(small_world, sign_in, made, situation):
    student, not_now = made(situation), SITUATIONS[situation].coordinator
    assert (
        standing_in(load_student(small_world.coordinator_actor, student.public_id)).kind
        is SITUATIONS[situation].kind
    )
    client = sign_in(small_world.coordinator)
    for tab in ("record", "meetings", "state", "history"):
        assert told_on(client, f"{page_of(student)}?tab={tab}") == not_now
    for more in ("people", "changes", "leaving", "ssids", "meetings/new", "enrollments"):
        told_on(client, f"{page_of(student)}/{more}")
    for key in FIELDS:
        told_on(client, field_page(student, key))
    for arrival in Arrival.objects.filter(student=student, lea_code=w.LEA):
        told_on(client, f"/arrivals/{arrival.public_id}")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_case_manager_is_told_why_not(small_world, sign_in, made, situation):
    student, not_now = made(situation), SITUATIONS[situation].manager
    client = sign_in(_assigned(small_world, student))
    assert told_on(client, page_of(student)) == not_now
    for more in ("meetings/new", "participation", "people"):
        told_on(client, f"{page_of(student)}/{more}")
    for key in FIELDS:
        told_on(client, field_page(student, key))


@pytest.mark.parametrize(
    "situation",
    [one for one in SITUATIONS if one not in ("leaving, says the SIS", "held from rollover", "former LEA")],
)
def test_somebody_who_only_reads_is_told_why_not(small_world, sign_in, made, situation):
    student = made(situation)
    client = sign_in(_clerk(small_world))
    not_now = told_on(client, page_of(student))
    for key in FIELDS:
        told_on(client, field_page(student, key))
    meetings = {one for one in not_now - OFFICE if one.startswith("Open ")}
    assert not_now >= OFFICE and meetings
    assert not_now - OFFICE - meetings <= {START, REFER, REPORT}


def test_every_field_says_why_it_is_not_changed(small_world, sign_in):
    client = sign_in(_clerk(small_world))
    for one in RECORD_FIELDS:
        told_on(client, field_page(small_world.students["towhee"], one.key))


@pytest.mark.parametrize("name", [one["name"] for one in hand.rows() if one["kind"]])
def test_whoever_arrives_is_told_what_is_missing(small_world, sign_in, name):
    (student,) = hand.add([hand.row(name)]).values()
    look_at(w.LEA, [student.pk], found_by="test")
    here = f"/arrivals/{Arrival.objects.get().public_id}"
    client = sign_in(small_world.coordinator)
    told_on(client, here)
    client.post(here, {"answer": "1", "eligible": "yes", "here": "yes", "enrolled": "yes"})
    told_on(client, here)


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
    small_world, sign_in, made, django_assert_max_num_queries, situation
):
    student = made(situation)
    client = sign_in(small_world.coordinator)
    client.get(page_of(student))
    with django_assert_max_num_queries(STATEMENTS + MORE_STATEMENTS.get(situation, 0)):
        client.get(page_of(student))


def test_it_is_folded_away_under_one_line(small_world, sign_in):
    page = text_of(sign_in(small_world.case_manager).get(page_of(small_world.students["towhee"])))
    assert page.count("Not possible now (3)") == 1
    fold = page.split("Not possible now (3)")[1].split("</details>")[0]
    # Against all of them the same stands: said once.
    assert fold.count("aria-disabled") == 3 and fold.count("Owner: SEDS coordinator") == 1
