"""The wrong order cannot happen: every pair of steps that has one, tried in it by the addresses of the site. Each is
refused with rule or policy, owner, and a link that answers."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from manzanita.archive.models import Archive
from manzanita.domain.statuses.steps import PROCEDURES, STEPS
from manzanita.leaving.models import Leaving
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.meetings.models import Meeting
from tests.support import pages
from tests.support import world as w
from tests.support.cast import add_cast
from tests.support.pages import text_of

REASON = "The office knows it."
LEAVING = {"reason": "dropped_out", "on": "2026-11-20", "note": REASON}
CHANGE = {"on": "2026-11-16", "reason": REASON}
# Neither needs the other: a meeting that was not held is canceled with the leaving.
FREE = {("open_meeting", "leave"), ("hold", "leave")}
PAIRS = sorted({pair for procedure in PROCEDURES.values() for pair in combinations(procedure, 2)} - FREE)


def take(client, step: str, student, meeting):
    """The answer to the form of one step, and the page that says what came of it."""
    page = f"/students/{student.public_id}"
    at = f"/meetings/{meeting.public_id}" if meeting else ""
    address, sent = {
        "hold": (f"{at}/hold", {"held_on": "2026-11-19", "delay": "90", "conclusion": "offer"}),
        "finalize": (f"{at}/finalize", {}),
        "setting": (f"{page}/changes/setting", CHANGE | {"23.23": "60"}),
        "never_came": (f"{page}/changes/never_came", CHANGE),
        "leave": (f"{page}/leaving", LEAVING),
        "undo_leave": (f"{page}/leaving/undo", {}),
        "cancel_leave": (f"{page}/leaving/cancel", {}),
    }[step]
    answer = client.post(address, sent)
    return answer, client.get(answer["Location"]) if answer.status_code == 302 else answer


def before(small_world, first: str, later: str):
    """A student for whom everything before ``first`` was done, and the meeting that is open then, if any."""
    if first == "adopt":
        return add_cast(["grebe"])["grebe"], None
    if first == "hold":
        return small_world.students["alder"], pages.opened(small_world, "alder")
    if first == "finalize":
        meeting = pages.opened(small_world, "alder")
        hold_meeting(actor=small_world.coordinator_actor, meeting=meeting, held_on=w.TODAY, delay_code="90")
        return small_world.students["alder"], meeting
    return small_world.students["alder"], None


@pytest.mark.parametrize(("first", "later"), PAIRS, ids=lambda key: key)
def test_a_step_before_the_one_it_needs_is_refused(small_world, sign_in, first, later):
    client = sign_in(small_world.coordinator)
    if first == "open_meeting":
        # Without a meeting these have no address at all; the student's page leads to opening one.
        page = text_of(client.get(f"/students/{small_world.students['alder'].public_id}"))
        assert "Open annual plan review" in page
        assert STEPS[later].page in ("meeting_hold", "meeting_finalize")
        return
    student, meeting = before(small_world, first, later)
    stands = Archive.objects.count(), Meeting.objects.count(), Leaving.objects.count()
    states = list(Meeting.objects.order_by("pk").values_list("state", flat=True))

    answer, shown = take(client, later, student, meeting)

    assert answer.status_code in (302, 409, 422), answer.status_code
    page = text_of(shown)
    assert re.search("IEP team|SEDS coordinator|SPED clerk", page), "whose job it is"
    main = shown.content.decode().split("<main", 1)[1]
    told = main[: main.index("<form")] if answer.status_code == 422 else main
    links = [link for link in re.findall(r'href="(/[^"#]*)"', told) if "/rules/" not in link]
    assert links, "a link to the step that comes first"
    assert all(client.get(link).status_code in (200, 302) for link in links[:3])
    assert (Archive.objects.count(), Meeting.objects.count(), Leaving.objects.count()) == stands
    assert list(Meeting.objects.order_by("pk").values_list("state", flat=True)) == states


def test_the_page_of_changes_says_which_are_not_for_now_and_what_comes_first(small_world, sign_in):
    client = sign_in(small_world.coordinator)
    alder, grebe = small_world.students["alder"], add_cast(["grebe"])["grebe"]
    page = text_of(client.get(f"/students/{alder.public_id}/changes"))
    assert "Not now: No plan waits to be adopted" in page
    assert "Not now: This district has no plan of its own" not in page
    page = text_of(client.get(f"/students/{grebe.public_id}/changes"))
    assert "Not now: No plan waits to be adopted" not in page
    assert "Not now: This district has no plan of its own" in page
    assert f'href="/students/{grebe.public_id}/changes/adopt"' in page
