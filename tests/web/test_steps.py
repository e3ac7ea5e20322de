"""The wrong order cannot happen: of every step each need is taken away, and the step tried by the addresses of the
site; so is each step that cannot be taken twice, and each that cannot be taken of a student who left.

The refusal says why, whose job it is and by which rule, and links to the page of the step that comes first; that page
opens for who was refused, and offers that step. What is expected is written by hand; that no step and no need is left
out is read off the data."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client, override_settings

from manzanita.archive.models import Archive
from manzanita.arrivals.actions import look_at, say_arrived
from manzanita.arrivals.models import AdoptionBatch, Arrival
from manzanita.domain.statuses.conditions import CONDITIONS
from manzanita.domain.statuses.steps import STEPS
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.models import Operation, Submission, SubmissionLine
from manzanita.leaving.models import Leaving
from manzanita.meetings.actions import cancel_meeting
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.meetings.models import Meeting
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.students.actions import FACT_MODELS
from manzanita.students.models import DuplicatePair, Merge, SsidRetirement, Student
from manzanita.transfers.models import StudentTransfer
from tests.support import later, pages
from tests.support import world as w
from tests.support.cast import add_cast
from tests.support.merging import entered_again, pair_of
from tests.web.test_portable_file import looks, stranger

REASON = "The office knows it."
EXITS, MEET = "SPED Data Guide, exits", "SPED Data Guide, MEET"
ADOPTION = "SPED Data Guide, plan adoption"
BUILT_ON = "Taken back only while nothing builds on it"
TAKEN_BACK = "Taking back needs what is taken back"
ONE_RECORD, ONE_MEETING = "One record a student", "One open meeting a student"
ANSWERED = "Nothing is moved while the state has not answered"
TEAM, OFFICE, SIS, STATE = "IEP team", "SEDS coordinator", "SIS staff", "State"


class Refusals(HTMLParser):
    """``told``: of a page the innermost paragraphs, rows and alerts that name an owner, each with its words and its
    links. What the frame says around the page is none of them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.told: list[tuple[str, list[str]]] = []
        self._open: list[tuple[str, list[str], list[str]]] = []
        self.feed(html.split("<main", 1)[1])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("li", "p", "div"):
            self._open.append((tag, [], []))
        elif tag == "a" and given.get("href"):
            for _, _, links in self._open:
                links.append(given["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("li", "p", "div") or not self._open:
            return
        _, words, links = self._open.pop()
        text = " ".join(" ".join(words).split())
        if "Owner: " in text and not any(told in text for told, _ in self.told):
            self.told.append((text, links))

    def handle_data(self, data: str) -> None:
        for _, words, _ in self._open:
            words.append(data)


@dataclass
class Tried:
    """A step about to be taken out of order: where and with what, and what may be named in the expectations."""

    address: str
    sent: dict[str, Any] = field(default_factory=dict)
    student: Student | None = None
    names: dict[str, Any] = field(default_factory=dict)


Made = Callable[[w.World, Client], Tried]


@dataclass(frozen=True)
class Case:
    """``step`` is tried without what it ``needs``. Expected: the words, the rule, the owner, the step to which the
    refusal leads (``first``), its page and what that page offers. ``after`` is the step that took the need away, where
    one did."""

    step: str
    needs: str
    made: Made
    says: str
    rule: str
    owner: str
    first: str
    link: str
    offers: str
    after: str = ""


# How far a record is


def _of(student: Student) -> str:
    return f"/students/{student.public_id}"


def _left(world: w.World, student: Student, reason: str = "moved_continuing") -> Leaving:
    asked = LeavingAsked(reason, date(2026, 11, 13), "Told by the school.")
    return record_leaving(actor=world.coordinator_actor, student=student, asked=asked)


def _sent(world: w.World, student: Student) -> None:
    ids = list(Operation.objects.filter(student_id=student.pk).values_list("pk", flat=True))
    made = prepare_submission(
        actor=world.coordinator_actor, operation_ids=ids, form="api", destination="sandbox"
    )
    assert made is not None


def _on_its_way(student: Student) -> None:
    submission = Submission.objects.create(
        lea_code=w.LEA, form="files", destination="sandbox", file_name="SANDBOX_x", created_at=w.NOON
    )
    SubmissionLine.objects.create(
        submission=submission,
        position=1,
        transaction_id="t1",
        kind="add",
        record="SWDS",
        record_key="SWDS|x",
        student_id=student.pk,
        values={},
    )


def _grebe() -> Student:
    """Enrolled here since November 2 with the plan of the other district."""
    return add_cast(["grebe"])["grebe"]


def _canceled(world: w.World) -> Meeting:
    meeting = pages.opened(world, "alder")
    cancel_meeting(actor=world.coordinator_actor, meeting=meeting, reason="Not needed.")
    return meeting


def _agreed(world: w.World) -> Student:
    """Found eligible in May, with a start put off to the enrollment of next year; the old enrollment has ended."""
    yarrow = world.students["yarrow"]
    with override_settings(TODAY=later.HELD):
        later.agree_on_a_later_start(world.coordinator_actor, yarrow)
    later.ends(yarrow, date(2026, 6, 5))
    return yarrow


def _back(world: w.World) -> Student:
    yarrow = _agreed(world)
    later.comes(yarrow, date(2026, 8, 13))
    return yarrow


def _arrival(student: Student) -> Arrival:
    look_at(w.LEA, [student.pk], found_by="test")
    return Arrival.objects.get(student=student)


def _settled(world: w.World, client: Client) -> Arrival:
    """Of yarrow somebody said that the student came with a plan, and then that nothing is to be done."""
    arrival = say_arrived(actor=world.coordinator_actor, student=world.students["yarrow"])
    assert arrival is not None
    _done(client, f"/arrivals/{arrival.public_id}", {"settle": "1", "reason": REASON})
    return arrival


def _done(client: Client, address: str, sent: dict[str, Any]) -> None:
    """The step is taken in its order."""
    assert client.post(address, sent).status_code == 302, (address, sent)


def _adopted(client: Client, student: Student) -> tuple[Arrival, str]:
    """Adopted on the page of the arrival; where that is taken back."""
    arrival = _arrival(student)
    address = f"/arrivals/{arrival.public_id}"
    token = re.search(r'name="token" value="([^"]+)"', client.get(address).content.decode())
    assert token is not None
    _done(client, address, {"adopt": "1", "token": token[1], "reason": REASON})
    return arrival, f"/arrivals/adoptions/{AdoptionBatch.objects.get().public_id}/undo"


def _pair(world: w.World):
    alder, second = world.students["alder"], entered_again()
    return alder, second, pair_of(alder, second)


def _form(client: Client, address: str) -> dict[str, str]:
    """What the page of a pair would send."""
    html = client.get(address).content.decode()
    sent = dict(re.findall(r'<input type="hidden" name="(seen|shown_\w+)" value="([^"]*)"', html))
    return sent | dict(re.findall(r'type="radio" name="([^"]+)" value="([^"]+)" checked', html))


def _merged(world: w.World, client: Client) -> tuple[Student, Merge]:
    alder, _, pair = _pair(world)
    address = f"/students/duplicates/{pair.pk}"
    _done(client, address, _form(client, address) | {"do": "merge", "reason": REASON})
    return alder, Merge.objects.get()


SSID = {"ssid": "9900000005", "kind": "withdrawn", "on": "2026-11-20", "source": "CALPADS history"}


def _retired(world: w.World, client: Client) -> tuple[Student, str]:
    alder = world.students["alder"]
    page = client.post(f"{_of(alder)}/ssids", SSID | {"do": "look"}).content.decode()
    seen = dict(re.findall(r'<input type="hidden" name="(seen)" value="([^"]*)"', page))
    _done(client, f"{_of(alder)}/ssids", SSID | seen | {"do": "retire"})
    return alder, f"{_of(alder)}/ssids/{SsidRetirement.objects.get().pk}/undo"


# Each step tried


def _opening(event: str, student: Student, **names: Any) -> Tried:
    return Tried(f"{_of(student)}/meetings", {"event": event}, student, names)


def open_after_leaving(world: w.World, client: Client) -> Tried:
    _left(world, world.students["alder"])
    return _opening("annual", world.students["alder"])


def open_a_second(world: w.World, client: Client) -> Tried:
    alder = world.students["alder"]
    _done(client, f"{_of(alder)}/meetings", {"event": "annual"})
    return _opening("amendment", alder, meeting=Meeting.objects.get(student=alder, state="open").public_id)


def _at_meeting(step: str, meeting: Meeting) -> Tried:
    sent = {"held_on": "2026-11-19", "delay": "90", "conclusion": "offer"} if step == "hold" else {}
    names = {"meeting": meeting.public_id}
    return Tried(f"/meetings/{meeting.public_id}/{step}", sent, meeting.student, names)


def hold_what_is_canceled(world: w.World, client: Client) -> Tried:
    return _at_meeting("hold", _canceled(world))


def hold_after_leaving(world: w.World, client: Client) -> Tried:
    meeting = pages.opened(world, "alder")
    _left(world, world.students["alder"], "dropped_out")
    return _at_meeting("hold", meeting)


def finalize_what_is_canceled(world: w.World, client: Client) -> Tried:
    return _at_meeting("finalize", _canceled(world))


def finalize_after_leaving(world: w.World, client: Client) -> Tried:
    meeting = pages.opened(world, "alder")
    _left(world, world.students["alder"], "dropped_out")
    return _at_meeting("finalize", meeting)


def finalize_twice(world: w.World, client: Client) -> Tried:
    # A colleague has made it final.
    return _at_meeting("finalize", pages.finalized(world)[0])


def finalize_before_it_was_held(world: w.World, client: Client) -> Tried:
    return _at_meeting("finalize", pages.opened(world, "alder"))


def _changing(key: str, student: Student, **more: Any) -> Tried:
    names = more.pop("names", {})
    return Tried(
        f"{_of(student)}/changes/{key}", {"on": "2026-11-16", "reason": REASON} | more, student, names
    )


def adopt_after_leaving(world: w.World, client: Client) -> Tried:
    grebe = _grebe()
    _left(world, grebe)
    return _changing("adopt", grebe, on="2026-11-02")


def adopt_one_s_own(world: w.World, client: Client) -> Tried:
    return _changing("adopt", world.students["alder"])


def adopt_twice(world: w.World, client: Client) -> Tried:
    grebe = _grebe()
    _done(client, f"{_of(grebe)}/changes/adopt", {"on": "2026-11-02", "reason": REASON})
    return _changing("adopt", grebe)


def start_after_leaving(world: w.World, client: Client) -> Tried:
    yarrow = _back(world)
    _left(world, yarrow)
    return _changing("services_start", yarrow)


def start_what_nobody_agreed(world: w.World, client: Client) -> Tried:
    return _changing("services_start", world.students["yarrow"])


def start_twice(world: w.World, client: Client) -> Tried:
    yarrow = _back(world)
    sent = {"on": "2026-08-13", "consented_on": "2026-05-14", "reason": REASON}
    _done(client, f"{_of(yarrow)}/changes/services_start", sent)
    return _changing("services_start", yarrow)


def start_without_an_enrollment(world: w.World, client: Client) -> Tried:
    return _changing("services_start", _agreed(world))


def start_while_a_meeting_is_held(world: w.World, client: Client) -> Tried:
    yarrow = _back(world)
    meeting = pages.opened_initial(world, yarrow, "b_initial")
    hold_meeting(
        actor=world.coordinator_actor,
        meeting=meeting,
        held_on=date(2026, 11, 19),
        delay_code="90",
        conclusion_key="offer",
    )
    return _changing("services_start", yarrow, names={"meeting": meeting.public_id})


def setting_after_leaving(world: w.World, client: Client) -> Tried:
    _left(world, world.students["alder"])
    return _changing("setting", world.students["alder"], **{"23.23": "60", "ground": "said"})


def setting_of_a_plan_that_arrived(world: w.World, client: Client) -> Tried:
    return _changing("setting", _grebe(), **{"23.23": "60", "ground": "said"})


def takes_part_without_a_plan(world: w.World, client: Client) -> Tried:
    return _changing("status", world.students["yarrow"], status="1")


def never_came_before_adopting(world: w.World, client: Client) -> Tried:
    return _changing("never_came", _grebe(), on="2026-11-02")


def never_came_of_one_s_own(world: w.World, client: Client) -> Tried:
    return _changing("never_came", world.students["alder"])


def never_came_twice(world: w.World, client: Client) -> Tried:
    grebe = _grebe()
    _done(client, f"{_of(grebe)}/changes/adopt", {"on": "2026-11-02", "reason": REASON})
    _done(client, f"{_of(grebe)}/changes/never_came", {"on": "2026-11-02", "reason": REASON})
    return _changing("never_came", grebe, on="2026-11-02")


def _leaving(student: Student, part: str = "", on: str = "2026-11-20", **names: Any) -> Tried:
    sent = {} if part else {"reason": "dropped_out", "on": on, "note": REASON}
    return Tried(f"{_of(student)}/leaving{part}", sent, student, names)


def leave_twice(world: w.World, client: Client) -> Tried:
    alder = world.students["alder"]
    sent = {"reason": "moved_continuing", "on": "2026-11-13", "note": REASON}
    _done(client, f"{_of(alder)}/leaving", sent)
    return _leaving(alder)


def leave_while_a_meeting_is_held(world: w.World, client: Client) -> Tried:
    meeting = pages.held(world, "alder")
    return _leaving(world.students["alder"], meeting=meeting.public_id)


def undo_what_was_not_recorded(world: w.World, client: Client) -> Tried:
    return _leaving(world.students["alder"], "/undo")


def undo_leaving_twice(world: w.World, client: Client) -> Tried:
    alder = world.students["alder"]
    _left(world, alder)
    _done(client, f"{_of(alder)}/leaving/undo", {})
    return _leaving(alder, "/undo")


def undo_leaving_on_which_something_was_built(world: w.World, client: Client) -> Tried:
    alder = world.students["alder"]
    _left(world, alder)
    sent = {"on": "2026-11-16", "reason": REASON, "status": "2", "status_reason": "13"}
    _done(client, f"{_of(alder)}/changes/status", sent)
    since = Archive.objects.order_by("pk").last()
    assert since is not None
    return _leaving(alder, "/undo", archive=since.public_id)


def undo_leaving_of_which_the_state_knows(world: w.World, client: Client) -> Tried:
    alder = world.students["alder"]
    _left(world, alder, "dropped_out")
    _sent(world, alder)
    return _leaving(alder, "/undo")


def plan_after_leaving(world: w.World, client: Client) -> Tried:
    _left(world, world.students["alder"])
    return _leaving(world.students["alder"], on="2026-12-04")


def cancel_what_was_not_planned(world: w.World, client: Client) -> Tried:
    return _leaving(world.students["alder"], "/cancel")


def cancel_twice(world: w.World, client: Client) -> Tried:
    alder = world.students["alder"]
    _done(client, f"{_of(alder)}/leaving", {"reason": "dropped_out", "on": "2026-12-04", "note": REASON})
    _done(client, f"{_of(alder)}/leaving/cancel", {})
    return _leaving(alder, "/cancel")


def cancel_after_leaving(world: w.World, client: Client) -> Tried:
    alder = world.students["alder"]
    _done(client, f"{_of(alder)}/leaving", {"reason": "dropped_out", "on": "2026-12-04", "note": REASON})
    _left(world, alder)
    return _leaving(alder, "/cancel")


def arrive_without_an_enrollment(world: w.World, client: Client) -> Tried:
    yarrow = world.students["yarrow"]
    pages.leaves(yarrow, date(2026, 10, 30))
    return Tried(f"{_of(yarrow)}/arrived", {}, yarrow)


def arrive_with_a_plan_of_this_district(world: w.World, client: Client) -> Tried:
    alder = world.students["alder"]
    return Tried(f"{_of(alder)}/arrived", {}, alder)


def _arriving(arrival: Arrival, sent: dict[str, str], part: str = "", **names: Any) -> Tried:
    return Tried(f"/arrivals/{arrival.public_id}{part}", sent, arrival.student, names)


INACTIVE = {"inactive": "1", "status": "2", "status_reason": "13", "reason": REASON}


def answer_what_is_settled(world: w.World, client: Client) -> Tried:
    return _arriving(_settled(world, client), {"answer": "1", "here": "no"})


def arrive_inactive_when_settled(world: w.World, client: Client) -> Tried:
    return _arriving(_settled(world, client), INACTIVE)


def arrive_inactive_after_adopting(world: w.World, client: Client) -> Tried:
    arrival, _ = _adopted(client, _grebe())
    return _arriving(arrival, INACTIVE, batch=AdoptionBatch.objects.get().public_id)


def arrive_inactive_twice(world: w.World, client: Client) -> Tried:
    arrival = _arrival(_grebe())
    address = f"/arrivals/{arrival.public_id}"
    _done(client, address, {"answer": "1", "here": "no"})
    _done(client, address, INACTIVE)
    return _arriving(arrival, INACTIVE)


def arrive_inactive_before_the_questions(world: w.World, client: Client) -> Tried:
    arrival = _arrival(_grebe())
    return replace(_arriving(arrival, INACTIVE), names={"arrival": arrival.public_id})


def paper_when_settled(world: w.World, client: Client) -> Tried:
    return _arriving(_settled(world, client), {"reason": REASON}, "/plan")


def paper_beside_a_plan(world: w.World, client: Client) -> Tried:
    return _arriving(_arrival(_grebe()), {"reason": REASON}, "/plan")


def undo_adoption_twice(world: w.World, client: Client) -> Tried:
    grebe = _grebe()
    arrival, undo = _adopted(client, grebe)
    _done(client, undo, {})
    return Tried(undo, {}, grebe, {"arrival": arrival.public_id})


def undo_adoption_on_which_something_was_built(world: w.World, client: Client) -> Tried:
    grebe = _grebe()
    _, undo = _adopted(client, grebe)
    sent = {"on": "2026-11-16", "reason": REASON, "23.23": "61", "ground": "said"}
    _done(client, f"{_of(grebe)}/changes/setting", sent)
    since = Archive.objects.order_by("pk").last()
    assert since is not None
    return Tried(undo, {}, grebe, {"archive": since.public_id})


def undo_adoption_of_which_the_state_knows(world: w.World, client: Client) -> Tried:
    grebe = _grebe()
    _, undo = _adopted(client, grebe)
    _sent(world, grebe)
    return Tried(undo, {}, grebe)


def _merging(world: w.World, client: Client, between: Callable[[Student, Student], dict[str, Any]]) -> Tried:
    alder, second, pair = _pair(world)
    address = f"/students/duplicates/{pair.pk}"
    sent = _form(client, address) | {"do": "merge", "reason": REASON}
    return Tried(address, sent, alder, between(alder, second) | {"pair": pair.pk})


def merge_two_people(world: w.World, client: Client) -> Tried:
    def said(alder: Student, second: Student) -> dict[str, Any]:
        _done(client, f"/students/duplicates/{pair_of(alder, second).pk}", {"do": "two", "reason": "Twins"})
        return {}

    return _merging(world, client, said)


def merge_two_who_meet(world: w.World, client: Client) -> Tried:
    def meet(alder: Student, second: Student) -> dict[str, Any]:
        pages.opened(world, "alder")
        meeting = pages.opened_initial(world, second, "b_initial")
        # Of the two records the one that does not stay is told.
        return {"meeting": meeting.public_id}

    return _merging(world, client, meet)


def merge_one_in_a_transfer(world: w.World, client: Client) -> Tried:
    def asked(alder: Student, second: Student) -> dict[str, Any]:
        transfer = StudentTransfer.objects.create(
            student_id=alder.pk,
            receiving_code=w.OTHER_LEA,
            sending_code=w.LEA,
            called="A.",
            enroll_on=w.TODAY,
            state="requested",
            asked_by_id=world.coordinator.pk,
            asked_at=w.NOON,
        )
        return {"transfer": transfer.public_id}

    return _merging(world, client, asked)


def merge_while_lines_are_on_their_way(world: w.World, client: Client) -> Tried:
    def send(alder: Student, second: Student) -> dict[str, Any]:
        _on_its_way(alder)
        return {}

    return _merging(world, client, send)


def undo_merge_twice(world: w.World, client: Client) -> Tried:
    alder, merge = _merged(world, client)
    _done(client, f"/students/merges/{merge.public_id}", {"do": "undo"})
    names = {"pair": DuplicatePair.objects.get().pk}
    return Tried(f"/students/merges/{merge.public_id}", {"do": "undo"}, alder, names)


def undo_merge_on_which_something_was_built(world: w.World, client: Client) -> Tried:
    alder, merge = _merged(world, client)
    pages.opened(world, "alder")
    return Tried(f"/students/merges/{merge.public_id}", {"do": "undo"}, alder)


def retire_without_an_ssid(world: w.World, client: Client) -> Tried:
    _, second, _ = _pair(world)
    return Tried(f"{_of(second)}/ssids", SSID | {"do": "retire"}, second)


def retire_twice(world: w.World, client: Client) -> Tried:
    alder, _ = _retired(world, client)
    number = SsidRetirement.objects.get().pk
    return Tried(
        f"{_of(alder)}/ssids", SSID | {"on": "2026-11-18", "do": "retire"}, alder, {"number": number}
    )


def retire_while_lines_are_on_their_way(world: w.World, client: Client) -> Tried:
    alder = world.students["alder"]
    _on_its_way(alder)
    return Tried(f"{_of(alder)}/ssids", SSID | {"do": "retire"}, alder)


def undo_retirement_twice(world: w.World, client: Client) -> Tried:
    alder, undo = _retired(world, client)
    _done(client, undo, {})
    return Tried(undo, {}, alder)


def undo_retirement_after_a_line_was_sent(world: w.World, client: Client) -> Tried:
    alder, undo = _retired(world, client)
    _on_its_way(alder)
    return Tried(undo, {}, alder)


def _taking(client: Client, content: bytes) -> Tried:
    page = looks(client, content).content.decode()
    carried = re.search(r'name="carried" value="([^"]+)"', page)
    assert carried is not None
    return Tried("/students/portable", {"do": "take", "carried": carried[1], "target": "new"})


def take_a_record_of_another_district(world: w.World, client: Client) -> Tried:
    # Sage is the other district's.
    ssids = [{"ssid": "9900000009", "from": "2025-08-14", "to": None}]
    tried = _taking(client, stranger(ssids=ssids))
    return Tried(tried.address, tried.sent | {"unverified": "on", "reason": REASON})


def take_with_an_unknown_key(world: w.World, client: Client) -> Tried:
    return _taking(client, stranger())


S, NEW = "/students/{student}", "/students/{student}/meetings/new"
OPENS = 'action="/students/{student}/meetings"'
UNDO_LEAVING = 'action="/students/{student}/leaving/undo"'
LEAVES = 'reason=dropped_out"'
FINALIZES = 'href="/meetings/{meeting}/finalize"'
CANCELED = "Nothing was changed: this meeting was canceled."

CASES = [
    # Meetings
    Case("open_meeting", "here", open_after_leaving, "It is recorded that the student left on 11/13/2026.", EXITS,
         OFFICE, "undo_leave", f"{S}/leaving", UNDO_LEAVING, after="leave"),
    Case("open_meeting", "no-meeting-open", open_a_second, "it would amend a plan still being decided", ONE_MEETING,
         TEAM, "finalize", "/meetings/{meeting}", FINALIZES, after="open_meeting"),
    Case("hold", "meeting-open", hold_what_is_canceled, CANCELED, MEET, TEAM, "open_meeting", NEW, OPENS),
    Case("hold", "meeting-open", hold_after_leaving, CANCELED, MEET, TEAM, "open_meeting", NEW,
         OPENS, after="leave"),
    Case("finalize", "meeting-open", finalize_what_is_canceled, CANCELED, MEET, TEAM, "open_meeting", NEW,
         OPENS),
    Case("finalize", "meeting-open", finalize_after_leaving, CANCELED, MEET, TEAM, "open_meeting", NEW,
         OPENS, after="leave"),
    Case("finalize", "meeting-open", finalize_twice, "this meeting is final, and its answers stand", MEET, OFFICE,
         "open_meeting", NEW, OPENS, after="finalize"),
    Case("finalize", "meeting-held", finalize_before_it_was_held, "The meeting has no date on which it was held.",
         f"{MEET}: a meeting is reported when it was held", TEAM, "hold", "/meetings/{meeting}?step=hold",
         'action="/meetings/{meeting}/hold"'),
    # Plans and status
    Case("adopt", "here", adopt_after_leaving, "It is recorded that the student left.", EXITS, OFFICE, "undo_leave",
         f"{S}/leaving", UNDO_LEAVING, after="leave"),
    Case("adopt", "plan-arrived", adopt_one_s_own, "No plan waits to be adopted",
         f"{ADOPTION}: PLAN starts with the enrollment", TEAM, "open_meeting", NEW, OPENS),
    Case("adopt", "plan-arrived", adopt_twice, "No plan waits to be adopted",
         f"{ADOPTION}: PLAN starts with the enrollment", TEAM, "open_meeting", NEW, OPENS, after="adopt"),
    Case("services_start", "here", start_after_leaving, "It is recorded that the student left.", EXITS, OFFICE,
         "undo_leave", f"{S}/leaving", UNDO_LEAVING, after="leave"),
    Case("services_start", "start-agreed", start_what_nobody_agreed, "no status here that waits for a later start",
         "SWDS0618", TEAM, "open_meeting", NEW, OPENS),
    Case("services_start", "start-agreed", start_twice, "The status is 1 since 08/13/2026", "SWDS0618", TEAM,
         "open_meeting", NEW, OPENS, after="services_start"),
    Case("services_start", "enrolled", start_without_an_enrollment, "no enrollment here of that school year is known",
         "GERR0005", SIS, "enroll", f"{S}/enrollments", "No enrollment here"),
    Case("services_start", "no-meeting-held", start_while_a_meeting_is_held,
         "A meeting was held and is not finalized", MEET, TEAM, "finalize", "/meetings/{meeting}", FINALIZES),
    Case("setting", "here", setting_after_leaving, "It is recorded that the student left.", EXITS, OFFICE,
         "undo_leave", f"{S}/leaving", UNDO_LEAVING, after="leave"),
    Case("setting", "plan-own", setting_of_a_plan_that_arrived, "This district has no plan of its own", ADOPTION,
         OFFICE, "adopt", f"{S}/changes/adopt", "Plan starts here on"),
    Case("status", "plan-known", takes_part_without_a_plan, "A student who takes part has a plan", ADOPTION, TEAM,
         "open_meeting", NEW, OPENS),
    Case("never_came", "adopted", never_came_before_adopting, "No plan of this student was adopted here", ADOPTION,
         OFFICE, "adopt", f"{S}/changes/adopt", "Plan starts here on"),
    Case("never_came", "adopted", never_came_of_one_s_own, "No plan of this student was adopted here", ADOPTION,
         OFFICE, "leave", f"{S}/leaving", LEAVES),
    Case("never_came", "adopted", never_came_twice, "No plan of this student was adopted here", ADOPTION, OFFICE,
         "leave", f"{S}/leaving", LEAVES, after="never_came"),
    # Leaving
    Case("leave", "here", leave_twice, "It is recorded already that the student left on 11/13/2026", EXITS, OFFICE,
         "undo_leave", f"{S}/leaving", UNDO_LEAVING, after="leave"),
    Case("leave", "no-meeting-held", leave_while_a_meeting_is_held, "was held and is not finalized", MEET, TEAM,
         "finalize", "/meetings/{meeting}", FINALIZES),
    Case("undo_leave", "left", undo_what_was_not_recorded, "No leaving is recorded", TAKEN_BACK, OFFICE, "leave",
         f"{S}/leaving", LEAVES),
    Case("undo_leave", "left", undo_leaving_twice, "No leaving is recorded", TAKEN_BACK, OFFICE, "leave",
         f"{S}/leaving", LEAVES, after="undo_leave"),
    Case("undo_leave", "leaving-newest", undo_leaving_on_which_something_was_built,
         "Status, plan, services, case manager or a planned setting were recorded anew since.", BUILT_ON, OFFICE,
         "take_back", f"{S}?tab=history", 'href="/archives/{archive}/take-back"'),
    Case("undo_leave", "leaving-untold", undo_leaving_of_which_the_state_knows,
         "The state was told of it already: Juniper Mockup sent it",
         "SWDS0618: a status stands until the next one starts", OFFICE, "status", f"{S}/changes/status",
         'name="status"'),
    Case("plan_leave", "here", plan_after_leaving, "It is recorded already that the student left on 11/13/2026", EXITS,
         OFFICE, "undo_leave", f"{S}/leaving", UNDO_LEAVING, after="leave"),
    Case("cancel_leave", "planned", cancel_what_was_not_planned, "No leaving is planned",
         "Canceling needs what is canceled", OFFICE, "plan_leave", f"{S}/leaving", LEAVES),
    Case("cancel_leave", "planned", cancel_twice, "No leaving is planned", "Canceling needs what is canceled", OFFICE,
         "plan_leave", f"{S}/leaving", LEAVES, after="cancel_leave"),
    Case("cancel_leave", "planned", cancel_after_leaving, "No leaving is planned", "Canceling needs what is canceled",
         OFFICE, "plan_leave", f"{S}/leaving", UNDO_LEAVING, after="leave"),
    # Arrival and adoption
    Case("say_arrived", "enrolled", arrive_without_an_enrollment, "The student has no enrollment here today.",
         "GERR0005", SIS, "enroll", f"{S}/enrollments", "No enrollment here"),
    Case("say_arrived", "plan-foreign", arrive_with_a_plan_of_this_district,
         "The plan in force is this district's own, so nothing is to be adopted.", ADOPTION, TEAM, "open_meeting", NEW,
         OPENS),
    Case("answer", "arrival-open", answer_what_is_settled, "This arrival is settled.", "An arrival is settled once",
         OFFICE, "say_arrived", f"{S}?tab=record", 'action="/students/{student}/arrived"'),
    Case("arrive_inactive", "arrival-open", arrive_inactive_when_settled, "This arrival is settled.",
         "An arrival is settled once", OFFICE, "say_arrived", f"{S}?tab=record",
         'action="/students/{student}/arrived"'),
    Case("arrive_inactive", "arrival-open", arrive_inactive_after_adopting, "This arrival is settled.",
         "An arrival is settled once", OFFICE, "undo_adoption", f"{S}?tab=history",
         'href="/arrivals/adoptions/{batch}"'),
    Case("arrive_inactive", "arrival-open", arrive_inactive_twice, "This arrival is settled.",
         "An arrival is settled once", OFFICE, "say_arrived", f"{S}?tab=record",
         'action="/students/{student}/arrived"', after="arrive_inactive"),
    Case("arrive_inactive", "answered-inactive", arrive_inactive_before_the_questions, "By the four questions",
         "The four questions of an arrival say what follows", OFFICE, "answer",
         "/arrivals/{arrival}#ask-head", 'name="answer"'),
    Case("paper_plan", "arrival-open", paper_when_settled, "This arrival is settled.", "An arrival is settled once",
         OFFICE, "say_arrived", f"{S}?tab=record", 'action="/students/{student}/arrived"'),
    Case("paper_plan", "plan-unknown", paper_beside_a_plan, "A plan of this student is known from a file", ADOPTION,
         OFFICE, "adopt", f"{S}/changes/adopt", "Plan starts here on"),
    Case("undo_adoption", "adopted", undo_adoption_twice, "Nothing of it is left to take back.", TAKEN_BACK, OFFICE,
         "adopt", "/arrivals", 'href="/arrivals/{arrival}"', after="undo_adoption"),
    Case("undo_adoption", "adoption-newest", undo_adoption_on_which_something_was_built,
         "Not taken back: the record was corrected, changed", BUILT_ON, OFFICE, "take_back", f"{S}?tab=history",
         'href="/archives/{archive}/take-back"'),
    Case("undo_adoption", "adoption-untold", undo_adoption_of_which_the_state_knows,
         "Not taken back: something of it was sent to the state.", "Taken back only until the state is told", OFFICE,
         "never_came", f"{S}/changes/never_came", "Expected on"),
    # Two records of one student
    Case("merge", "not-two", merge_two_people, "Somebody has said that these are two people.", ONE_RECORD, OFFICE,
         "ask_again", "/students/duplicates", 'value="again"'),
    Case("merge", "one-meeting", merge_two_who_meet, "A meeting is under way on each of the two records", ONE_MEETING,
         TEAM, "finalize", "/meetings/{meeting}", FINALIZES),
    Case("merge", "no-transfer", merge_one_in_a_transfer, "One of the two is asked for by another district",
         "A transfer is asked for, answered, completed, in this order", OFFICE, "end_transfer", "/transfers",
         'href="/transfers/{transfer}"'),
    Case("merge", "lines-answered", merge_while_lines_are_on_their_way, "Lines of one of the two are on their way",
         ANSWERED, STATE, "state_answers", "/state", "Last sends"),
    Case("undo_merge", "merged", undo_merge_twice, "The merge has been taken back already.", TAKEN_BACK, OFFICE,
         "merge", "/students/duplicates/{pair}", 'value="merge"', after="undo_merge"),
    Case("undo_merge", "merge-newest", undo_merge_on_which_something_was_built,
         "It can be taken back no longer: there is a new meeting", BUILT_ON, OFFICE, "enter", "/students/new",
         'action="/students/new"'),
    # SSIDs and files
    Case("retire_ssid", "ssid", retire_without_an_ssid, "The student has no SSID yet.", "CALPADS, SSID enrollment",
         SIS, "enroll", f"{S}/enrollments", "Message to the SIS staff"),
    Case("retire_ssid", "ssid-counts", retire_twice, "This is no SSID of the student that the state has not retired",
         "CALPADS, SSID history", OFFICE, "undo_retire", f"{S}/ssids",
         'action="/students/{student}/ssids/{number}/undo"', after="retire_ssid"),
    Case("retire_ssid", "lines-answered", retire_while_lines_are_on_their_way, "Lines of the student are on their way",
         ANSWERED, STATE, "state_answers", "/state", "Last sends"),
    Case("undo_retire", "retired", undo_retirement_twice, "That was taken back already", TAKEN_BACK, OFFICE,
         "retire_ssid", f"{S}/ssids", 'name="do" value="look"', after="undo_retire"),
    Case("undo_retire", "retirement-newest", undo_retirement_after_a_line_was_sent,
         "It can be taken back no longer: lines were sent to the state since.", BUILT_ON, OFFICE, "retire_ssid",
         f"{S}/ssids", "Retired by the state"),
    Case("take_file", "record-free", take_a_record_of_another_district,
         "A district of this installation has the record of this SSID.", ONE_RECORD, OFFICE, "ask_transfer",
         "/students/elsewhere", 'name="born"'),
    Case("take_file", "key-known", take_with_an_unknown_key, "Nobody here knows the key that signed the file.",
         "A file is taken on a key that somebody compared", OFFICE, "trust_key", "#sign-head", 'value="trust"'),
]  # fmt: skip


def stands() -> dict[str, list[Any]]:
    """Everything that a step of a record changes."""
    kept = [Student.unscoped, *(one.objects for one in (Archive, Meeting, Leaving, Merge, SsidRetirement))]
    found = {str(one.model): list(one.order_by("pk").values()) for one in kept}
    found["arrivals"] = list(Arrival.objects.order_by("pk").values("settled_how", "answers"))
    found["facts"] = [list(model.objects.order_by("pk").values()) for model in FACT_MODELS.values()]
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.step}-{case.made.__name__}")
def test_a_step_without_what_it_needs_is_refused(small_world, sign_in, case):
    client = sign_in(small_world.coordinator)
    tried = case.made(small_world, client)
    names = tried.names | ({"student": tried.student.public_id} if tried.student else {})
    # What was said of the steps before is read, and gone.
    client.get("/students")
    before = stands()

    answer = client.post(tried.address, tried.sent, follow=True)

    assert stands() == before, "nothing was done"
    page = answer.content.decode()
    found = [(text, links) for text, links in Refusals(page).told if case.says in text]
    assert found, (case.says, Refusals(page).told)
    link = case.link.format(**names)
    # What the page that follows says of the same by itself is no other.
    for text, links in found:
        assert text.endswith(f"Owner: {case.owner} · {case.rule}"), text
        assert link in links, links
    shown = page
    if not link.startswith("#"):
        there = client.get(link)
        assert there.status_code == 200, link
        shown = there.content.decode()
    else:
        assert f'id="{link[1:]}"' in page
    offered = unescape(shown.split("<main", 1)[1])
    assert case.offers.format(**names) in offered, f"{link} does not offer: {case.first}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.step}-{case.made.__name__}")
def test_it_leads_to_the_step_that_the_data_name(case):
    condition = CONDITIONS[case.needs]
    assert case.needs in STEPS[case.step].needs
    assert case.first in (condition.brought_by, condition.instead)


def test_no_need_of_no_step_is_left_out():
    tried = {(case.step, case.needs) for case in CASES}
    assert tried == {(step.key, need) for step in STEPS.values() for need in step.needs}
    assert {need for _, need in tried} == set(CONDITIONS)


def test_what_ends_its_own_need_is_tried_twice_and_anything_else_says_why_it_may_be():
    once = {step.key for step in STEPS.values() if set(step.needs) & set(step.ends)}
    assert {case.step for case in CASES if case.after == case.step} == once
    assert {step.key for step in STEPS.values() if step.again} == set(STEPS) - once


def test_what_a_leaving_ends_is_tried_after_it_and_anything_else_says_why_it_may_be():
    ended = {step.key for step in STEPS.values() if set(step.needs) & set(STEPS["leave"].ends)}
    assert {case.step for case in CASES if case.after == "leave"} == ended
    assert {step.key for step in STEPS.values() if step.gone} == set(STEPS) - ended


def test_the_page_of_changes_says_which_are_not_for_now_and_what_comes_first(small_world, sign_in):
    client = sign_in(small_world.coordinator)
    alder, grebe = small_world.students["alder"], _grebe()
    page = " ".join(client.get(f"{_of(alder)}/changes").content.decode().split())
    assert "Not now: No plan waits to be adopted" in page
    assert "Not now: This district has no plan of its own" not in page
    page = " ".join(client.get(f"{_of(grebe)}/changes").content.decode().split())
    assert "Not now: No plan waits to be adopted" not in page
    assert "Not now: This district has no plan of its own" in page
    assert f'href="{_of(grebe)}/changes/adopt"' in page
