"""Two people change one record in the same moment, over connections of their own: one is done, the other is told by
whom and when, with everything that was typed. Which of them is faster is left to the machine."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.arrivals.actions import say_arrived
from manzanita.arrivals.models import Arrival
from manzanita.exchange.models import SubmissionLine
from manzanita.leaving.models import Leaving
from manzanita.meetings.models import Meeting
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.assigning import Term, Wanted, apply_assignments
from manzanita.students.models import BatchLine, CaseAssignment, Merge, Student
from manzanita.students.queries import facts_of
from tests.support import world as w
from tests.support.cast import add_cast
from tests.support.guests import person_of
from tests.support.merging import entered_again, pair_of
from tests.support.pages import other_coordinator, words
from tests.web.test_paper_plan import TOLD
from tests.web.test_student_transfers import asked

pytestmark = pytest.mark.django_db(transaction=True)

FIRST, SECOND = "Juniper Mockup", "Larkspur Sample"
WORDS = {FIRST: "The first one's own words.", SECOND: "The second one's own words."}


@dataclass
class Sent:
    """One form: where it goes, what is typed, and the page that it was read off."""

    client: Client
    address: str
    values: dict[str, str]
    page: str = ""
    answer: object = None
    fields: dict[str, str] = field(default_factory=dict)

    def read(self) -> Sent:
        """The hidden fields of the form, as the browser had them before the other one acted."""
        self.fields = hidden(self.client.get(self.page or self.address))
        return self

    def send(self) -> None:
        self.answer = self.client.post(self.address, self.fields | self.values)


def hidden(answer) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode())
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def chosen(answer, name: str) -> str:
    """What stands in a control of the page: the value of a field, or the option that is chosen."""
    html = unescape(answer.content.decode())
    if select := re.search(rf'<select [^>]*name="{name}"[^>]*>(.*?)</select>', html, re.DOTALL):
        option = re.search(r'<option value="([^"]*)" selected', select[1])
        return option[1] if option else ""
    return re.search(rf'<input [^>]*name="{name}"[^>]* value="([^"]*)"', html)[1]


def in_one_moment(*forms: Sent) -> None:
    begin, errors = threading.Barrier(len(forms)), []

    def go(one: Sent) -> None:
        try:
            begin.wait(timeout=30)
            one.send()
        except Exception as error:  # told by the test, and not only by the thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=(one,)) for one in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not errors, errors


def at_once(first: Sent, second: Sent) -> tuple[Sent, Sent]:
    """Both in the same moment; whoever was done, and whoever was told."""
    for one in (first, second):
        one.read()
    in_one_moment(first, second)
    statuses = sorted(one.answer.status_code for one in (first, second))
    assert statuses == [302, 409], (statuses, words(first.answer), words(second.answer))
    return (first, second) if first.answer.status_code == 302 else (second, first)


@pytest.fixture
def two(small_world, sign_in) -> tuple[Client, Client]:
    person, grant = person_of(w.LEA, "coordinator", SECOND)
    return sign_in(small_world.coordinator), sign_in(person, grant)


def name_of(one: Sent, clients: tuple[Client, Client]) -> str:
    return FIRST if one.client is clients[0] else SECOND


def told(won: Sent, lost: Sent, two: tuple[Client, Client], *, keeps: str = "value=") -> str:
    """The page of who was slower: names the other one and the time, and has what was typed."""
    page = words(lost.answer)
    assert f"{name_of(won, two)}, 12:00 pm on 11/23/2026" in page, page
    typed = WORDS[name_of(lost, two)]
    html = unescape(lost.answer.content.decode())
    assert f'{keeps}"{typed}"' in html if keeps else typed in html
    return page


def again(lost: Sent):
    """Sent once more, off the page on which the other one's deed was told."""
    return lost.client.post(lost.address, hidden(lost.answer) | lost.values)


def status_change(client: Client, student: Student, who: str) -> Sent:
    values = {"on": "2026-11-20", "status": "2", "status_reason": "11", "reason": WORDS[who]}
    return Sent(client, f"/students/{student.public_id}/changes/status", values)


def adoption(client: Client, student: Student, who: str) -> Sent:
    values = {"on": "2026-11-02", "reason": WORDS[who]}
    return Sent(client, f"/students/{student.public_id}/changes/adopt", values)


def leaving(client: Client, student: Student, who: str, reason: str = "dropped_out") -> Sent:
    here = f"/students/{student.public_id}/leaving"
    values = {"reason": reason, "on": "2026-11-20", "note": WORDS[who]}
    return Sent(client, here, values, f"{here}?reason={reason}")


def test_the_same_change_saved_by_two(small_world, two):
    alder = small_world.students["alder"]
    before = Archive.objects.count()
    won, lost = at_once(status_change(two[0], alder, FIRST), status_change(two[1], alder, SECOND))
    page = told(won, lost, two)
    assert "recorded a change without a meeting" in page
    assert "This status stands already, since 11/20/2026" in page
    assert Archive.objects.count() == before + 1
    # The second time it is refused for what it is now.
    assert again(lost).status_code == 422
    assert Archive.objects.count() == before + 1


def test_a_leaving_and_an_adoption(small_world, two):
    grebe = add_cast(["grebe"])["grebe"]
    won, lost = at_once(leaving(two[0], grebe, FIRST), adoption(two[1], grebe, SECOND))
    told(won, lost, two)
    assert Leaving.objects.count() + Archive.objects.filter(title__startswith="Plan adoption").count() == 1


def test_a_merge_and_a_meeting_that_is_opened_on_the_other_record(small_world, two):
    alder, second = small_world.students["alder"], entered_again()
    pair = pair_of(alder, second)
    merge = Sent(two[0], f"/students/duplicates/{pair.pk}", {"do": "merge", "reason": WORDS[FIRST]})
    opens = Sent(
        two[1],
        f"/students/{second.public_id}/meetings",
        {"event": "b_initial", "consent_on": "2026-11-20", "referred_on": "", "referred_by": ""},
        f"/students/{second.public_id}/meetings/new",
    )
    won, lost = at_once(merge, opens)
    page = words(lost.answer)
    if won is merge:
        assert (
            "Juniper Mockup, 12:00 pm on 11/23/2026, has put the record together with that of Alder" in page
        )
        assert "2026-11-20" in page
        assert Merge.objects.count() == 1 and not Meeting.objects.filter(state="open").exists()
    else:
        assert "Larkspur Sample, 12:00 pm on 11/23/2026: opened a meeting." in page
        assert WORDS[FIRST] in unescape(lost.answer.content.decode())
        assert not Merge.objects.exists()
        assert Meeting.objects.get(state="open").student_id == second.pk


def test_a_transfer_that_is_accepted_and_a_leaving(small_world, two, sign_in):
    alder = small_world.students["alder"]
    transfer = asked(sign_in(other_coordinator(small_world)))
    page = f"/transfers/{transfer.public_id}"
    accept = Sent(two[0], f"{page}/step", {"do": "accept", "words": WORDS[FIRST]}, page)
    won, lost = at_once(accept, leaving(two[1], alder, SECOND, "moved_continuing"))
    told(won, lost, two)
    transfer.refresh_from_db()
    assert (transfer.state == "accepted") is not Leaving.objects.exists()
    # It is known now, and both may be right: sent again it goes through.
    assert again(lost).status_code == 302


def test_taking_back_and_sending(small_world, two):
    alder = small_world.students["alder"]
    here = f"/students/{alder.public_id}/leaving"
    left = leaving(two[0], alder, FIRST).read()
    left.send()
    assert left.answer.status_code == 302
    archive = Leaving.objects.get().archive_id
    undo = Sent(two[0], f"{here}/undo", {}, here).read()
    send = Sent(two[1], "/state/send", {"form": "api", "destination": "sandbox"}, "/state").read()
    in_one_moment(undo, send)
    is_sent = SubmissionLine.objects.filter(archive_id=archive).exists()
    assert send.answer.status_code == 302
    assert undo.answer.status_code == (409 if is_sent else 302)
    assert Leaving.objects.get().state == ("done" if is_sent else "undone")
    if is_sent:
        assert "Larkspur Sample sent it at 12:00 PM on 11/23/2026." in words(undo.answer)


def test_a_send_locks_the_students_and_then_their_operations(small_world, two):
    """In the other order it waits in a ring with who takes something back, who has the student first."""
    leaving(two[0], small_world.students["alder"], FIRST).read().send()
    send = Sent(two[1], "/state/send", {"form": "api", "destination": "sandbox"}, "/state").read()
    with CaptureQueriesContext(connection) as asked:
        send.send()
    assert send.answer.status_code == 302
    locking = [one["sql"] for one in asked if "FOR UPDATE" in one["sql"]]
    if connection.vendor == "postgresql":
        students, operations, *_ = locking
        # One lock in a statement: none on the operations that it asks for students.
        assert students.count("FOR UPDATE") == 1 and students.rstrip().endswith("FOR UPDATE")
        assert students.startswith('SELECT "students_student"')
        assert operations.startswith('SELECT "exchange_operation"')
    else:
        assert locking == []


@pytest.mark.parametrize("is_sent_first", [True, False])
def test_taking_back_after_sending_and_sending_after_taking_back(small_world, two, is_sent_first):
    alder = small_world.students["alder"]
    here = f"/students/{alder.public_id}/leaving"
    left = leaving(two[0], alder, FIRST).read()
    left.send()
    undo = Sent(two[0], f"{here}/undo", {}, here).read()
    send = Sent(two[1], "/state/send", {"form": "api", "destination": "sandbox"}, "/state").read()
    for one in (send, undo) if is_sent_first else (undo, send):
        one.send()
    assert undo.answer.status_code == (409 if is_sent_first else 302)
    assert SubmissionLine.objects.filter(student_id=alder.pk, record="SWDS").exists() is is_sent_first


def test_a_batch_and_a_correction_of_one_of_its_students(small_world, two):
    """The batch is looked at; a colleague gives one student to somebody else; the batch changes the other one only."""
    wren, alder = small_world.case_manager, small_world.students["alder"]
    rail, _ = person_of(w.LEA, "case_manager", "Rail Placeholder")
    sora, _ = person_of(w.LEA, "case_manager", "Sora Placeholder")
    pasted = f"{w.SSIDS['alder']}\n{w.SSIDS['towhee']}\n"
    sent = {
        "field": "case_manager",
        "value_case_manager": str(rail.pk),
        "reason": "New team",
        "pasted": pasted,
    }
    batch = two[0].post("/students/edit", sent).url
    with time_machine.travel(w.NOON + timedelta(minutes=5), tick=False):
        give(User.objects.get(name=SECOND), alder, seen=wren.pk, to=sora.pk)
        two[0].post(batch, {"do": "apply"})
        run_jobs_now(raises_errors=True)
        page = words(two[0].get(f"{batch}?show=refused"))
    assert "Larkspur Sample has changed the record at 12:05 PM on 11/23/2026, since you looked." in page
    standing = CaseAssignment.objects.as_of(effective=w.TODAY).filter(student=alder).get()
    assert standing.user_id == sora.pk
    assert BatchLine.objects.filter(state="done").count() == 1


def give(person: User, student: Student, *, seen: int, to: int) -> None:
    actor = actor_of(person, next(iter(grants_in_force(person, w.TODAY))))
    wanted = Wanted(str(student.public_id), "assignment", to, seen_id=seen)
    apply_assignments(actor=actor, wanted=[wanted], term=Term(w.TODAY), title="By hand", is_whole=True)


def test_one_s_own_second_window_is_told_like_anybody_s(small_world, two):
    alder = small_world.students["alder"]
    form = status_change(two[0], alder, FIRST).read()
    other = leaving(two[0], alder, FIRST).read()
    other.send()
    assert other.answer.status_code == 302
    form.send()
    assert form.answer.status_code == 409
    assert "You yourself, 12:00 pm on 11/23/2026: recorded a change without a meeting." in words(form.answer)


def setting(client: Client, student: Student, who: str, **changes: str) -> Sent:
    """The form as a browser sends it: each field with what it shows, and over it what is typed."""
    address = f"/students/{student.public_id}/changes/setting"
    form = Sent(client, address, {}).read()
    page = client.get(address)
    numbers = ("23.14", "23.19", "23.20", "23.21", "23.22", "23.23", "23.24", "23.33")
    values = {number: chosen(page, number) for number in numbers}
    form.values = values | {"reason": WORDS[who]} | changes
    return form


def later(form: Sent):
    """What the page sends that told of the other one: its own fields, with what it shows."""
    names = [name for name in form.values if name.startswith("23.")]
    form.values |= {name: chosen(form.answer, name) for name in names}
    return again(form)


@pytest.mark.parametrize("whose", [0, 1])
def test_a_field_that_nobody_touched_is_not_put_back(small_world, two, whose):
    """The first window says another residence; the second, drawn before, only that there is transportation. Of the
    same person or of another one: it is told, and sent again it changes transportation and nothing else."""
    alder = small_world.students["alder"]
    first = setting(two[0], alder, FIRST, **{"on": "2026-11-16", "23.14": "220"})
    second = setting(two[whose], alder, SECOND, **{"on": "2026-11-17", "23.33": "Y"})
    assert (first.values["23.33"], second.values["23.14"]) == ("N", "210")
    first.send()
    assert first.answer.status_code == 302, words(first.answer)
    second.values["check"] = "1"
    second.send()
    page = words(second.answer)
    assert second.answer.status_code == 409
    assert "becomes 210" not in page
    assert "Changed meanwhile: it was 210" in page
    assert (chosen(second.answer, "23.14"), chosen(second.answer, "23.33")) == ("220", "Y")
    del second.values["check"]
    assert later(second).status_code == 302
    plan = facts_of(alder).plan_on(w.TODAY)
    assert (plan.primary_residence_code, plan.has_transportation_code) == ("220", "Y")


def test_a_field_that_both_changed_is_marked(small_world, two):
    alder = small_world.students["alder"]
    first = setting(two[0], alder, FIRST, **{"on": "2026-11-16", "23.14": "220"})
    second = setting(two[1], alder, SECOND, **{"on": "2026-11-17", "23.14": "230"})
    first.send()
    second.send()
    assert (first.answer.status_code, second.answer.status_code) == (302, 409)
    page = words(second.answer)
    assert re.search(r"Changed meanwhile from 210 [^.]* to 220 [^.]*\. What you typed stands here", page), (
        page
    )
    assert chosen(second.answer, "23.14") == "230"
    assert later(second).status_code == 302
    assert facts_of(alder).plan_on(w.TODAY).primary_residence_code == "230"


@pytest.mark.parametrize("form", [status_change, leaving])
def test_a_day_that_is_none_does_not_pass_over_what_the_other_one_did(small_world, two, form):
    """The page that says it has to tell of the other one, too: sent again it counts as seen."""
    alder = small_world.students["alder"]
    first = leaving(two[0], alder, FIRST).read()
    second = form(two[1], alder, SECOND).read()
    second.values["on"] = "November"
    first.send()
    second.send()
    assert (first.answer.status_code, second.answer.status_code) == (302, 409)
    told(first, second, two)
    assert 'value="November"' in html_of(second)


# The plan of another year; each person gives a reason of their own.
PAPER = {key: value for key, value in TOLD.items() if key not in ("reason", "service_2_provider_code")} | {
    "starts_on": "2023-02-01",
    "reviewed_on": "2023-02-01",
    "evaluated_on": "2022-02-01",
}


def paper(client: Client, arrival: Arrival, who: str, **says: str) -> Sent:
    return Sent(client, f"/arrivals/{arrival.public_id}/plan", PAPER | {"reason": WORDS[who]} | says)


def test_a_plan_on_paper_that_two_enter(small_world, two):
    """The later word takes the place of the earlier one only where it was seen."""
    yarrow = small_world.students["yarrow"]
    arrival = say_arrived(actor=small_world.coordinator_actor, student=yarrow)
    minutes = {FIRST: "25", SECOND: "45"}
    forms = [
        paper(client, arrival, who, service_1_duration_minutes=minutes[who])
        for client, who in zip(two, minutes, strict=True)
    ]
    won, lost = at_once(*forms)
    page = told(won, lost, two)
    assert "entered a plan that came on paper" in page
    assert f"Changed meanwhile from blank to {won.values['service_1_duration_minutes']}." in page
    (service,) = facts_of(yarrow).services
    assert service.duration_minutes == won.values["service_1_duration_minutes"]
    # Now it is known: sent again, the newer word stands, and both are in the history.
    answer = again(lost)
    assert answer.status_code == 302, words(answer)
    (service,) = facts_of(yarrow).services
    assert service.duration_minutes == lost.values["service_1_duration_minutes"]


def test_a_plan_on_paper_that_two_correct_in_different_fields(small_world, two):
    """What nobody touched in the second form follows the first one."""
    yarrow = small_world.students["yarrow"]
    arrival = say_arrived(actor=small_world.coordinator_actor, student=yarrow)
    entered = paper(two[0], arrival, FIRST).read()
    entered.send()
    assert entered.answer.status_code == 302, words(entered.answer)
    first = paper(two[0], arrival, FIRST, service_1_duration_minutes="25").read()
    second = paper(two[0], arrival, FIRST, has_transportation_code="Y").read()
    first.send()
    second.send()
    assert (first.answer.status_code, second.answer.status_code) == (302, 409)
    assert chosen(second.answer, "service_1_duration_minutes") == "25"
    assert chosen(second.answer, "has_transportation_code") == "Y"


def test_a_planned_leaving_that_two_change_in_different_fields(small_world, two):
    alder = small_world.students["alder"]
    planned = leaving(two[0], alder, FIRST).read()
    planned.values |= {"on": "2027-01-15", "note": "The family moves."}
    planned.send()
    assert planned.answer.status_code == 302, words(planned.answer)
    first, second = leaving(two[0], alder, FIRST).read(), leaving(two[1], alder, SECOND).read()
    first.values |= {"on": "2027-01-15", "note": "The family moves in January."}
    second.values |= {"on": "2027-01-22", "note": "The family moves."}
    first.send()
    second.send()
    assert (first.answer.status_code, second.answer.status_code) == (302, 409)
    assert chosen(second.answer, "note") == "The family moves in January."
    assert chosen(second.answer, "on") == "2027-01-22"
    assert "Changed meanwhile: it was The family moves." in words(second.answer)


SPEECH, RESOURCE = (f"SERV|9910017|9900000005|20251114|{code}|100|510" for code in ("415", "330"))


def correction(client: Client, key: str, who: str, **changes: str) -> Sent:
    row = ArchivedRecord.objects.get(record_key=key, archive__superseded_by__isnull=True)
    values = {name.replace("_", ".").removeprefix("f"): text for name, text in changes.items()}
    return Sent(client, f"/corrections/{row.pk}", values | {"reason": WORDS[who]})


def test_a_record_that_two_correct_in_different_fields(small_world, two):
    """Who was slower goes on at the record that stands now, with the own words and the other's values."""
    first = correction(two[0], SPEECH, FIRST, f25_15="45")
    second = correction(two[1], SPEECH, SECOND, f25_14="40")
    won, lost = at_once(first, second)
    page = told(won, lost, two)
    assert "corrected an archived record" in page
    assert Archive.objects.filter(cause="correction").count() == 1
    # 30 minutes weekly before; the one said 45 minutes, the other yearly.
    assert (chosen(lost.answer, "25.14"), chosen(lost.answer, "25.15")) == ("40", "45")
    (address,) = re.findall(
        r'<form method="post" class="fgrid" action="(/corrections/[0-9]+)"', html_of(lost)
    )
    assert address != lost.address
    # As the browser sends it: every control of the page.
    sent = hidden(lost.answer) | lost.values | {"25.14": "40", "25.15": "45"}
    assert lost.client.post(address, sent).status_code == 302
    row = ArchivedRecord.objects.get(record_key=SPEECH, archive__superseded_by__isnull=True)
    assert (row.values["25.14"], row.values["25.15"]) == ("40", "45")


def test_a_record_that_two_correct_in_the_same_field(small_world, two):
    """The own word is kept, what the other one said stands beside it, and sending it again makes it count."""
    first = correction(two[0], SPEECH, FIRST, f25_15="45")
    second = correction(two[1], SPEECH, SECOND, f25_15="50")
    won, lost = at_once(first, second)
    told(won, lost, two)
    own, other = lost.values["25.15"], won.values["25.15"]
    assert chosen(lost.answer, "25.15") == own
    assert f"Was {other}" in words(lost.answer)
    (address,) = re.findall(r'action="(/corrections/[0-9]+)"', html_of(lost))
    assert lost.client.post(address, hidden(lost.answer) | lost.values).status_code == 302
    row = ArchivedRecord.objects.get(record_key=SPEECH, archive__superseded_by__isnull=True)
    assert row.values["25.15"] == own
    reasons = Archive.objects.filter(cause="correction").order_by("pk").values_list("reason", flat=True)
    assert list(reasons) == [won.values["reason"], lost.values["reason"]]


def test_two_records_of_one_archive_that_two_correct(small_world, two):
    """The other record was copied into the newer archive: it is corrected there."""
    first = correction(two[0], SPEECH, FIRST, f25_15="45")
    second = correction(two[1], RESOURCE, SECOND, f25_15="75")
    won, lost = at_once(first, second)
    told(won, lost, two)
    (address,) = re.findall(r'action="(/corrections/[0-9]+)"', html_of(lost))
    assert lost.client.post(address, hidden(lost.answer) | lost.values).status_code == 302
    standing = ArchivedRecord.objects.filter(archive__superseded_by__isnull=True)
    minutes = {
        one.record_key: one.values["25.15"] for one in standing if one.record_key in (SPEECH, RESOURCE)
    }
    assert minutes == {SPEECH: "45", RESOURCE: "75"}


def test_a_record_whose_code_the_other_one_corrected(small_world, two):
    """It has another key since, and is found all the same."""
    first = correction(two[0], SPEECH, FIRST, f25_11="420").read()
    second = correction(two[1], SPEECH, SECOND, f25_15="50").read()
    first.send()
    second.send()
    assert (first.answer.status_code, second.answer.status_code) == (302, 409)
    (address,) = re.findall(r'action="(/corrections/[0-9]+)"', html_of(second))
    assert (chosen(second.answer, "25.11"), chosen(second.answer, "25.15")) == ("420", "50")
    sent = hidden(second.answer) | second.values | {"25.11": "420"}
    assert second.client.post(address, sent).status_code == 302
    row = ArchivedRecord.objects.get(
        record_key=SPEECH.replace("|415|", "|420|"), archive__superseded_by__isnull=True
    )
    assert row.values["25.15"] == "50"


def test_a_leaving_and_a_correction(small_world, two):
    """Another deed of the same record is told before a correction goes through; both may be right."""
    alder = small_world.students["alder"]
    left = leaving(two[0], alder, FIRST).read()
    corrects = correction(two[1], SPEECH, SECOND, f25_15="50").read()
    left.send()
    corrects.send()
    assert corrects.answer.status_code == 409
    told(left, corrects, two)
    assert again(corrects).status_code == 302


def test_who_was_faster_is_told_of_what_the_other_one_did_after(small_world, two):
    """On the next page of the record, and in the news, until it is marked as seen there."""
    alder = small_world.students["alder"]
    here = f"/students/{alder.public_id}"
    first = correction(two[0], SPEECH, FIRST, f25_15="45").read()
    second = correction(two[1], SPEECH, SECOND, f25_14="40").read()
    with time_machine.travel(w.NOON + timedelta(minutes=1), tick=False):
        first.send()
        second.send()
        assert "Changed after you" not in words(two[0].get(here))
    with time_machine.travel(w.NOON + timedelta(minutes=5), tick=False):
        (address,) = re.findall(r'action="(/corrections/[0-9]+)"', html_of(second))
        values = second.values | {"25.15": chosen(second.answer, "25.15")}
        assert two[1].post(address, hidden(second.answer) | values).status_code == 302
        told_of = "Larkspur Sample, 12:05 pm on 11/23/2026: corrected an archived record."
        assert f"Changed after you {told_of}" in words(two[0].get(here))
        assert f"Changed after you {told_of}" in words(two[0].get(f"{here}?tab=state"))
        # Who was slower did so knowing what the first one had done.
        assert "Changed after you" not in words(two[1].get(here))
        page = two[0].get("/news")
        assert "After you Your own change was of 11/23/2026, 12:01 pm." in words(page)
        assert "Larkspur Sample, SEDS coordinator" in words(page)
        assert f"“{WORDS[SECOND]}”" in words(page) and "Yearly" in words(page)
        two[0].post("/news/seen", {"through": hidden(page)["through"]})
        assert "Changed after you" not in words(two[0].get(here))


def html_of(one: Sent) -> str:
    return one.answer.content.decode()
