"""What can be done with a student stands in sight on a small laptop, without scrolling."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_the_acts_of_a_record_are_above_the_fold(coordinator):
    page = coordinator.page
    page.set_viewport_size({"width": 1280, "height": 800})
    coordinator.find_student("Alder Testcase")
    acts = page.locator(".ident > .acts-list").first.locator(".btn")
    expect(acts.first).to_be_visible()
    boxes = [one.bounding_box() for one in acts.all()]
    assert len(boxes) > 3 and max(box["y"] + box["height"] for box in boxes) < 800
    # The definition of the status is a click away.
    ends = page.locator(".statusbox").get_by_text("Ends with")
    expect(ends).to_be_hidden()
    page.locator(".statusbox summary").click()
    expect(ends).to_be_visible()
    coordinator.look("record-1280")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_at_a_tablet_the_list_says_which_columns_are_left_to_the_record(coordinator):
    page = coordinator.page
    coordinator.go("/students")
    said = page.get_by_text("birth date and disability stand on the record of each")
    expect(said).to_be_hidden()
    page.set_viewport_size({"width": 820, "height": 1180})
    expect(page.get_by_role("columnheader", name="Born")).to_be_hidden()
    expect(said).to_be_visible()
    page.set_viewport_size({"width": 1440, "height": 900})
