"""The state retires an SSID: what it means for what was reported, recorded and taken back."""

from __future__ import annotations

import re
from datetime import date

import pytest

from manzanita.auditing.models import ChangeEvent
from manzanita.exchange.models import Operation, StateRecord
from manzanita.students.models import DuplicatePair, Ssid, SsidRetirement
from tests.support.merging import entered_again, everything
from tests.support.pages import other_coordinator, words

OLD, NEW = "9900000005", "9900000555"
TOLD = {
    "ssid": OLD,
    "kind": "merged",
    "on": "2026-11-20",
    "new_ssid": "9900-000 555",
    "source": "CALPADS history",
}


def seen(answer) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(seen)" value="([^"]*)"', answer.content.decode()))


@pytest.fixture
def alder(small_world):
    return small_world.students["alder"]


@pytest.fixture
def client(small_world, sign_in):
    return sign_in(small_world.coordinator)


def lines(student) -> list[tuple[str, date, date | None]]:
    rows = Ssid.objects.believed().filter(student=student).order_by("effective_from")
    return list(rows.values_list("ssid", "effective_from", "effective_to"))


def recorded(client, student, **more) -> None:
    address = f"/students/{student.public_id}/ssids"
    answer = client.post(address, TOLD | more | {"do": "look"})
    assert client.post(address, TOLD | more | seen(answer) | {"do": "retire"}).status_code == 302


def test_merged_the_records_at_the_state_count_under_the_new_one_and_nothing_is_sent(client, alder):
    before = everything(alder)
    address = f"/students/{alder.public_id}/ssids"
    assert "SSID retired by the state" in words(client.get(f"/students/{alder.public_id}"))
    answer = client.post(address, TOLD | {"do": "look"})
    page = words(answer)
    assert f"The state holds under {OLD}: 1 SWDS, 2 MEET, 2 PLAN, 3 SERV." in page
    assert "To send afterward 0 lines Nothing: what the state holds counts under the new SSID." in page
    assert everything(alder) == before

    for _ in range(2):
        assert client.post(address, TOLD | seen(answer) | {"do": "retire"}).status_code == 302
    row = SsidRetirement.objects.get()
    assert (row.ssid, row.replaced_by, row.kind, row.retired_on) == (OLD, NEW, "merged", date(2026, 11, 20))
    assert lines(alder) == [(OLD, date(2023, 8, 14), date(2026, 11, 19)), (NEW, date(2026, 11, 20), None)]
    held = StateRecord.objects.filter(student_id=alder.pk)
    assert held.count() == 8 and not held.filter(record_key__contains=OLD).exists()
    assert not Operation.objects.filter(student_id=alder.pk).exists()
    assert ChangeEvent.objects.filter(action="retire_ssid").count() == 1

    page = words(client.get(address))
    assert f"{OLD} merged into {NEW}, 11/20/2026. Juniper Mockup, 11/23/2026: CALPADS history" in page
    for word in ("Taken back: the SSIDs are as they were.", "That was taken back already: the SSIDs are"):
        client.post(f"{address}/{row.pk}/undo")
        assert word in words(client.get(address))
    now = everything(alder)
    for one in (before, now):
        one.pop("students_ssidretirement")
    assert now == before


def test_withdrawn_everything_is_sent_again_under_the_new_one(client, alder):
    recorded(client, alder, kind="withdrawn")
    assert not StateRecord.objects.filter(student_id=alder.pk).exists()
    sent = Operation.objects.filter(student_id=alder.pk).order_by("position")
    assert sorted(sent.values_list("kind", "record")) == sorted(
        [("add", "SWDS"), *[("add", "MEET")] * 2, *[("add", "PLAN")] * 2, *[("add", "SERV")] * 3]
    )
    assert all(NEW in one.record_key for one in sent)


def test_withdrawn_without_a_new_one_everything_waits_for_it(client, alder):
    recorded(client, alder, kind="withdrawn", new_ssid="")
    assert lines(alder) == [(OLD, date(2023, 8, 14), date(2026, 11, 19))]
    codes = set(Operation.objects.filter(student_id=alder.pk).values_list("hold_code", flat=True))
    assert codes == {"no-ssid"}
    page = words(client.get(f"/students/{alder.public_id}"))
    assert "SSID None yet: the SIS requests it" in page
    assert f"Earlier SSID {OLD}, until 11/19/2026" in page


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"on": "2026-11-24"}, "11/24/2026 is still to come"),
        ({"on": ""}, "Since when it counts no longer: not said."),
        ({"on": "2023-08-14"}, "The student has this SSID since 08/14/2023."),
        ({"source": " "}, "Where you know it from: not said."),
        ({"new_ssid": ""}, "Into which SSID the state has merged it: not said."),
        ({"new_ssid": "12345"}, "An SSID has ten digits."),
        ({"new_ssid": OLD}, "This is the SSID that is retired."),
        ({"ssid": "9900000111"}, "This is no SSID of the student"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(client, alder, sent, why):
    answer = client.post(f"/students/{alder.public_id}/ssids", TOLD | sent | {"do": "retire"})
    assert answer.status_code == 422 and why in words(answer)
    assert not SsidRetirement.objects.exists()


def test_without_a_look_nothing_is_recorded(client, alder):
    answer = client.post(f"/students/{alder.public_id}/ssids", TOLD | {"do": "retire", "seen": "x"})
    assert answer.status_code == 422 and "Something has changed since you looked" in words(answer)


def test_an_ssid_of_another_record_leads_to_where_the_two_are_put_together(client, alder):
    second = entered_again("Juncus", "Quillwort", date(2011, 1, 1), ssid=NEW)
    answer = client.post(f"/students/{alder.public_id}/ssids", TOLD | {"do": "look"})
    assert "Another record has this SSID: the student was entered twice." in words(answer)
    pair = DuplicatePair.objects.get()
    assert (pair.student, pair.other) == (alder, second)
    assert f'href="/students/duplicates/{pair.pk}"' in answer.content.decode()


def test_after_a_line_was_sent_it_is_not_taken_back(client, alder, small_world):
    from manzanita.exchange.models import Submission, SubmissionLine
    from tests.support import world as w

    recorded(client, alder)
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
        student_id=alder.pk,
        values={},
        outcome="posted",
    )
    address = f"/students/{alder.public_id}/ssids"
    assert "lines were sent to the state since." in words(client.get(address))
    client.post(f"{address}/{SsidRetirement.objects.get().pk}/undo")
    assert "It can be taken back no longer: lines were sent" in words(client.get(address))
    assert SsidRetirement.objects.get().undone_at is None


def test_strangers_find_nothing_and_a_case_manager_may_not(small_world, alder, sign_in):
    address = f"/students/{alder.public_id}/ssids"
    assert sign_in(other_coordinator(small_world)).get(address).status_code == 404
    assert sign_in(small_world.case_manager).get(address).status_code == 403
