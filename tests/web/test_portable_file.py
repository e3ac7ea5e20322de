"""The portable student file, out and in: signed, whole or not at all, and nothing that the law withholds."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.files.uploadedfile import SimpleUploadedFile

from manzanita.archive.actions import canonical_bytes
from manzanita.arrivals.models import Arrival
from manzanita.auditing.models import ChangeEvent, Disclosure, ListExport, ReadEvent
from manzanita.meetings.models import Meeting
from manzanita.students.actions import state_one
from manzanita.students.models import AgencyRelation, Contact, Plan, RightsHolder, Ssid, Student
from manzanita.students.people_actions import ContactValues
from manzanita.transfers.models import TrustedKey
from tests.support import pages
from tests.support import world as w
from tests.support.merging import entered_again
from tests.support.pages import other_coordinator, text_of, words

MEANT = {"meant_for": "Far County, J. Doe", "why": "Enrolls there on 12/01/2026", "ask": "asked-once-0001"}


@pytest.fixture
def juniper(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def fern(small_world, sign_in):
    return sign_in(other_coordinator(small_world))


def file_of(client, student) -> bytes:
    answer = client.post(f"/students/{student.public_id}/portable", MEANT)
    assert answer.status_code == 302, text_of(answer)
    return client.get(f"{answer.url}/download").content


def stranger(**changes) -> bytes:
    """A file of another installation, signed with a key that nobody here knows: of Lupine, who is new here."""
    span = {"from": "2025-08-14", "to": None}
    plan = dict.fromkeys(Plan.content, "") | {"lea_code": "3410010", "plan_type_code": "100", **span}
    status = {"lea_code": "3410010", "status_code": "1", "reason_code": "", "initial_entry_on": "2023-01-09"}
    person = dict.fromkeys(Contact.content, "") | {"contact_no": 4, "name": "Linden Testcase", **span}
    document = {
        "kind": "manzanita-student-file",
        "schema_version": 1,
        "made_on": "2026-11-20",
        "made_by": {
            "agency_code": "3410010",
            "agency_name": "Sample Valley Unified",
            "person": "Teal Mockup",
            "meant_for": "Chaparral Unified",
        },
        "student": {
            "first_name": "Lupine",
            "middle_name": "",
            "last_name": "Testcase",
            "suffix": "",
            "birth_on": "2017-05-03",
            "gender_code": "F",
            "local_sped_id": "",
        },
        "ssids": [{"ssid": "9900000777", **span}],
        "enrollments": [],
        "statuses": [status | span],
        "plans": [plan],
        "services": [],
        "meetings": [
            {
                "lea_code": "3410010",
                "event_key": "annual",
                "held_on": "2026-02-10",
                "evaluation_type_code": "",
                "is_plan_review": True,
                "outcome_code": "",
                "delay_code": "",
            }
        ],
        "people": [person],
        "rights": [
            {
                "contact_no": 4,
                "kind_code": "parent",
                "evidence_code": "",
                "evidence_on": None,
                "is_sole": False,
                "limitation": "",
                **span,
            }
        ],
    } | changes
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    content = canonical_bytes(document)
    return json.dumps(
        {
            "document": document,
            "sha256": hashlib.sha256(content).hexdigest(),
            "signature": key.sign(content).hex(),
            "public_key": key.public_key().public_bytes_raw().hex(),
        }
    ).encode()


def looks(client, content: bytes):
    sent = SimpleUploadedFile("student.json", content, content_type="application/json")
    return client.post("/students/portable", {"do": "look", "file": sent})


def takes(client, page, **values):
    carried = re.search(r'name="carried" value="([^"]+)"', page.content.decode())[1]
    return client.post("/students/portable", {"do": "take", "carried": carried, **values}, follow=True)


# Out


def test_the_file_says_what_is_known_signed_with_the_key_of_the_installation(small_world, juniper):
    alder = small_world.students["alder"]
    found = json.loads(file_of(juniper, alder))

    document = found["document"]
    content = canonical_bytes(document)
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(found["public_key"])).verify(
        bytes.fromhex(found["signature"]), content
    )
    assert document["student"]["first_name"] == "Alder" and document["ssids"][0]["ssid"] == "9900000005"
    assert document["made_by"]["meant_for"] == "Far County, J. Doe"
    assert [row["plan_type_code"] for row in document["plans"]][-1] == "100"
    assert {row["held_on"] for row in document["meetings"]} >= {"2025-11-14"}
    assert document["people"][0]["name"] == "Maple Testcase" and document["people"][0]["phone"] == "555-0100"
    assert [row["kind_code"] for row in document["rights"]] == ["parent"]


def test_it_is_an_export_that_counts_and_a_line_for_the_parent_once(small_world, juniper):
    alder = small_world.students["alder"]
    file_of(juniper, alder)
    juniper.post(f"/students/{alder.public_id}/portable", MEANT)

    export = ListExport.objects.get()
    assert (export.state, export.is_alone, export.asked_count) == ("ready", True, 1)
    assert [row.student_id for row in export.students.all()] == [alder.pk]
    event = ReadEvent.objects.get(kind="export")
    assert (event.content_class, event.student_ids) == ("record", [alder.pk])
    line = Disclosure.objects.get()
    assert (line.party, line.purpose) == ("Far County, J. Doe", "Enrolls there on 12/01/2026")
    assert "Portable file of one student" in text_of(juniper.get("/exports"))


def test_what_is_confidential_does_not_leave(small_world, juniper):
    alder = small_world.students["alder"]
    hidden = ContactValues(
        "Maple Testcase",
        "Mother",
        "English",
        phone="555-0199",
        street="7 Hidden Road",
        confidential_code="safe_at_home",
    )
    state_one(
        "contact",
        slot={"student_id": alder.pk, "contact_no": 1},
        values=hidden.content(),
        effective_from=w.TODAY,
        by_id=None,
        cause="test",
    )
    content = file_of(juniper, alder).decode()

    assert "Hidden Road" not in content and "555-0199" not in content
    assert '"confidential_code":"safe_at_home"' in content


def test_over_the_limit_there_is_no_file_and_the_reason_is_told(small_world, juniper, monkeypatch):
    monkeypatch.setattr("manzanita.domain.export_limits.PER_DAY", {"coordinator": 0})
    alder = small_world.students["alder"]

    answer = juniper.post(f"/students/{alder.public_id}/portable", MEANT)
    assert answer.status_code == 422 and "more than 0 in a day" in text_of(answer)
    assert not ListExport.objects.exists() and not Disclosure.objects.exists()


def test_a_former_lea_gives_out_what_was_true_on_its_last_day(small_world, juniper):
    alder = small_world.students["alder"]
    pages.leaves(alder, date(2026, 10, 30))
    pages.enrolled_elsewhere(alder, date(2026, 11, 2))

    document = json.loads(file_of(juniper, alder))["document"]
    assert [row["lea_code"] for row in document["enrollments"]] == [w.LEA]


def test_for_whom_and_why_are_needed(small_world, juniper, fern):
    alder = small_world.students["alder"]
    answer = juniper.post(f"/students/{alder.public_id}/portable", {"ask": "asked-once-0001"})
    assert answer.status_code == 422
    assert "For whom: nothing is written." in text_of(answer) and "Why: nothing is written." in text_of(
        answer
    )
    assert fern.get(f"/students/{alder.public_id}/portable").status_code == 404


# In


def test_an_unverified_file_is_shown_as_such_and_a_person_decides(small_world, juniper):
    page = looks(juniper, stranger())
    shown = text_of(page)
    assert "Unverified: signed with a key that nobody here knows" in shown
    assert "File of Lupine Testcase" in shown and "Sample Valley Unified" in shown
    assert "Nobody like this is within your reach: a new student" in shown
    assert "6 new rows" in shown

    refused = takes(juniper, page, target="new")
    assert refused.status_code == 422 and "Nobody here knows the key that signed the file." in text_of(
        refused
    )
    assert not Student.unscoped.filter(first_name="Lupine").exists()

    taken = text_of(takes(juniper, page, target="new", unverified="on", reason="Called the office"))
    assert "Taken: 6 rows that were not known here." in taken
    lupine = Student.unscoped.get(first_name="Lupine")
    assert Ssid.objects.believed().get(student=lupine).ssid == "9900000777"
    relation = AgencyRelation.objects.believed().get(student=lupine)
    assert (relation.relationship, relation.agency_code, relation.effective_to) == (
        "next_year",
        w.LEA,
        date(2027, 6, 30),
    )
    assert Plan.objects.believed().get(student=lupine).lea_code == "3410010"
    assert RightsHolder.objects.believed().get(student=lupine).contact_no == 1
    meeting = Meeting.objects.get(student=lupine)
    assert (meeting.state, meeting.held_on, meeting.source) == (
        "finalized",
        date(2026, 2, 10),
        "student-file",
    )
    assert lupine.plan_review_due_on == date(2027, 2, 10)
    change = ChangeEvent.objects.get(action="take_student_file")
    assert (change.detail["signature"], change.detail["rows"], change.reason) == (
        "unknown",
        6,
        "Called the office",
    )


def test_taken_for_somebody_who_is_enrolled_here_it_begins_the_arrival(small_world, juniper):
    lupine = entered_again("Lupine", "Testcase", date(2017, 5, 3))
    page = looks(juniper, stranger(people=[], rights=[]))
    values = {"target": str(lupine.public_id), "unverified": "on", "reason": "x"}
    answer = takes(juniper, page, **values)

    arrival = Arrival.objects.get(student=lupine)
    assert answer.redirect_chain[-1][0] == f"/arrivals/{arrival.public_id}"
    assert "Taken: 4 rows" in text_of(answer) and "the arrival below says what follows" in text_of(answer)


def test_sent_twice_it_makes_one_student_and_takes_nothing_anew(small_world, juniper):
    page = looks(juniper, stranger())
    values = {"target": "new", "unverified": "on", "reason": "x"}
    takes(juniper, page, **values)
    again = text_of(takes(juniper, page, **values))

    assert "everything that the file says was known already" in again
    assert Student.unscoped.filter(first_name="Lupine").count() == 1
    assert Plan.objects.filter(cause__startswith="student-file:").count() == 1


def test_a_key_is_trusted_once_it_was_compared(small_world, juniper):
    page = looks(juniper, stranger())
    carried = re.search(r'name="carried" value="([^"]+)"', page.content.decode())[1]
    sent = {"do": "trust", "carried": carried, "key_name": "Sample Valley"}
    assert "Not trusted" in text_of(juniper.post("/students/portable", sent))
    page = juniper.post("/students/portable", sent | {"compared_with": "T. Mockup by phone, 11/23/2026"})

    assert "Signed with a key that is known here" in text_of(page)
    key = TrustedKey.objects.get()
    assert (key.name, key.compared_with) == ("Sample Valley", "T. Mockup by phone, 11/23/2026")
    assert "Signed with a key that is known here" in text_of(looks(juniper, stranger()))
    assert "Taken: 6 rows" in text_of(takes(juniper, page, target="new"))


def test_the_own_file_of_somebody_known_says_nothing_new(small_world, juniper):
    alder = small_world.students["alder"]
    page = looks(juniper, file_of(juniper, alder))

    shown = text_of(page)
    assert "Signed by this installation" in shown and "0 new rows" in shown
    assert "against what is known of Alder Testcase" in shown
    assert "known already" in text_of(takes(juniper, page, target=str(alder.public_id)))


def test_what_differs_stays_as_it_is_here(small_world, juniper):
    alder = small_world.students["alder"]
    found = json.loads(stranger())["document"]
    found["student"] |= {"first_name": "Alder", "birth_on": "2016-04-09"}
    found["ssids"] = [{"ssid": "9900000005", "from": "2023-08-14", "to": None}]
    content = stranger(**{name: found[name] for name in ("student", "ssids")})
    before = Plan.objects.as_of(effective=w.TODAY).get(student=alder).pk
    page = looks(juniper, content)
    assert "2 different, left as they are here" in text_of(page)

    takes(juniper, page, target=str(alder.public_id), unverified="on", reason="x")
    assert Plan.objects.as_of(effective=w.TODAY).get(student=alder).pk == before
    # The new contact has a number of its own; the mother stays.
    assert sorted(Contact.objects.believed().filter(student=alder).values_list("contact_no", "name")) == [
        (1, "Maple Testcase"),
        (2, "Linden Testcase"),
    ]


def test_whose_record_is_in_the_installation_is_asked_for_instead(small_world, fern, juniper):
    alder = small_world.students["alder"]
    content = file_of(juniper, alder)
    page = looks(fern, content)

    assert "A district of this installation has the record of this SSID." in text_of(page)
    assert "Alder" in text_of(page)
    refused = takes(fern, page, target="new")
    assert refused.status_code == 422 and "by a transfer" in text_of(refused)
    assert Student.unscoped.filter(first_name="Alder").count() == 1


def test_a_namesake_who_was_not_shown_stops_a_new_record(small_world, juniper):
    page = looks(juniper, stranger())
    (other,) = pages.many_students(1, first_names=["Lupine"])
    Student.unscoped.filter(pk=other.pk).update(last_name="Testcase", birth_on=date(2017, 5, 3))
    from manzanita.students.actions import Identity, update_identities

    update_identities({other.pk: Identity(last_name="Testcase", birth_on=date(2017, 5, 3), middle_name="A")})

    refused = takes(juniper, page, target="new", unverified="on", reason="x")
    assert refused.status_code == 422 and "was not when you looked" in text_of(refused)
    assert Student.unscoped.filter(first_name="Lupine").count() == 1


def about_alder(**student) -> bytes:
    """A file of elsewhere about somebody born as Alder was, without an SSID."""
    found = json.loads(stranger())["document"]
    told = found["student"] | {"first_name": "Alder", "birth_on": "2016-04-09"} | student
    return stranger(student=told, ssids=[])


def choices(page) -> list[tuple[str, bool]]:
    """The students offered, in their order: the value, and whether it is chosen."""
    found = re.findall(
        r'<input class="rb" type="radio" name="target" value="([^"]+)"([^>]*)>', page.content.decode()
    )
    return [(value, "checked" in rest) for value, rest in found]


def test_of_the_same_ssid_no_new_student_is_offered(small_world, juniper):
    alder = small_world.students["alder"]
    found = json.loads(stranger())["document"]
    # Another name and birth date: the SSID alone says who it is.
    ssids = [{"ssid": "9900000005", "from": "2023-08-14", "to": None}]
    page = looks(juniper, stranger(ssids=ssids, student=found["student"] | {"gender_code": "M"}))

    assert choices(page) == [(str(alder.public_id), True)]
    refused = takes(juniper, page, target="new", unverified="on", reason="x")
    assert refused.status_code == 422 and "The SSID of the file is that of another student" in text_of(
        refused
    )
    assert not Student.unscoped.filter(first_name="Lupine").exists()
    shown = words(page)
    assert "The student of this SSID is in this installation already" in shown and "SSID 9900000005" in shown
    assert (
        "The file differs from the record of Alder Testcase in: name (Lupine Testcase in the file, Alder"
        in shown
    )
    assert "birth date (05/03/2017 in the file, 04/09/2016 here)" in shown


def test_the_same_name_and_birth_date_come_first_and_a_new_student_last(small_world, juniper):
    alder = small_world.students["alder"]
    assert choices(looks(juniper, about_alder())) == [(str(alder.public_id), True), ("new", False)]


def test_somebody_only_like_it_is_chosen_by_a_person_and_nothing_for_granted(small_world, juniper):
    """A twin: born the same day, of the same last name."""
    alder = small_world.students["alder"]
    page = looks(juniper, about_alder(first_name="Sequoia"))
    assert choices(page) == [(str(alder.public_id), False), ("new", False)]

    refused = takes(juniper, page, unverified="on", reason="x")
    assert refused.status_code == 422 and "Nobody is chosen" in text_of(refused)
    assert not Student.unscoped.filter(first_name="Sequoia").exists()


def test_whose_record_another_district_has_is_not_offered_as_new(small_world, fern, juniper):
    page = looks(fern, file_of(juniper, small_world.students["alder"]))
    assert choices(page) == [] and "Take all that is new" not in text_of(page)


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda text: text.replace("Lupine", "Lupina"), "it was changed on its way"),
        (lambda text: text.replace('"signature": "', '"signature": "00'), "it is not that of this document"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 9'), "schema_version: 9"),
        (
            lambda text: text.replace('"is_sole": false', '"is_sole": 0'),
            "rights[0].is_sole: not a true or false.",
        ),
        (lambda text: text[:-20], "no JSON"),
        (lambda text: "", "Line 1, character 1: no JSON"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place(small_world, juniper, break_it, told):
    answer = looks(juniper, break_it(stranger().decode()).encode())

    assert answer.status_code == 422
    assert "Nothing was taken." in text_of(answer) and told in text_of(answer)


def test_a_carried_file_that_was_changed_is_not_read(small_world, juniper):
    page = looks(juniper, stranger())
    carried = re.search(r'name="carried" value="([^"]+)"', page.content.decode())[1]
    answer = juniper.post(
        "/students/portable", {"do": "take", "carried": carried[:-4] + "AAAA", "target": "new"}
    )

    assert answer.status_code == 422 and "changed on its way" in text_of(answer)
    assert juniper.post("/students/portable", {"do": "look"}).status_code == 422
