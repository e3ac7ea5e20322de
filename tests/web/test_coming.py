"""Who is to come stands in one list, each with its source: transfers, the SIS, next year's places."""

from __future__ import annotations

from datetime import date

from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.platform.facts import Statement
from manzanita.procedures.student_transfer_asking import Wanted, request_student
from manzanita.procedures.student_transfers import accept
from manzanita.students.actions import state_one, state_student_facts
from tests.support import pages
from tests.support import world as w
from tests.support.pages import text_of

ADDRESS = "/students/settle?kind=expected"


def test_transfers_sis_and_places_stand_in_one_list_with_their_source(small_world, sign_in):
    """Heron Creek asks for Alder, its SIS sends Towhee for December 1, and Yarrow has a place there next year."""
    fern = pages.other_coordinator(small_world)
    actor = actor_of(fern, next(iter(grants_in_force(fern, w.TODAY))))
    alder, towhee, yarrow = (small_world.students[name] for name in ("alder", "towhee", "yarrow"))
    client = sign_in(fern)
    assert "To come, by what we know" not in text_of(client.get(ADDRESS))

    wanted = Wanted("A. from Chaparral", date(2026, 11, 30))
    transfer, _ = request_student(actor=actor, student_id=alder.pk, wanted=wanted)
    start = date(2026, 12, 1)
    slot = {"student_id": towhee.pk, "lea_code": w.OTHER_LEA, "started_on": start}
    values = pages.enrollment() | {"school_code": w.OTHER_SCHOOL}
    state_student_facts("enrollment", [Statement(slot, values, start)], by_id=None, cause="sis-import:1")
    state_one(
        "agency",
        slot={"student_id": yarrow.pk, "relationship": "next_year"},
        values={"agency_code": w.OTHER_LEA, "school_code": w.OTHER_SCHOOL},
        effective_from=w.TODAY,
        effective_to=date(2027, 6, 30),
        by_id=None,
        cause="batch:1",
    )
    page = text_of(client.get(ADDRESS)).split("To come, by what we know")[1]
    order = [
        page.index(words)
        for words in (
            "A. from Chaparral",
            "11/30/2026",
            "Transfer: waits for an answer",
            "Testcase, Towhee",
            "12/01/2026",
            "SIS: enrollment to come",
            "Testcase, Yarrow",
            "Next school year",
            "Planned here for next year",
        )
    ]
    assert order == sorted(order)
    assert "Testcase, Alder" not in page, "the record is not open yet"

    accept(actor=small_world.coordinator_actor, transfer=transfer)
    page = text_of(client.get(ADDRESS))
    assert "Transfer: accepted, not completed" in page
    assert page.count("Testcase, Alder") == 1, "the place that accepting states is the transfer's"
    # Who has come does not come any more, and the district that lets go expects nobody.
    pages.enrolled_elsewhere(yarrow, w.TODAY)
    assert "Testcase, Yarrow" not in text_of(client.get(ADDRESS))
    assert "To come, by what we know" not in text_of(sign_in(small_world.coordinator).get(ADDRESS))
