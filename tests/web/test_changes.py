"""The pages of changes without a meeting: who gets them, what they say before and after."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from manzanita.archive.models import Archive
from tests.support.pages import NO_ID, other_coordinator, reads, text_of

STATUS = {
    "on": "2026-11-16",
    "status": "2",
    "status_reason": "13",
    "reason": "Consent was revoked in writing.",
}


@pytest.fixture
def here(small_world) -> str:
    return f"/students/{small_world.students['alder'].public_id}/changes"


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def test_the_page_names_each_change_when_it_is_right_and_what_the_state_is_told(coordinator, here):
    page = text_of(coordinator.get(here))

    for words in (
        "Status change",
        "Plan adoption",
        "Setting and residence",
        "Meeting only",
        "Adopted, but never came",
    ):
        assert words in page
    assert "Not settled" in page
    assert reads()[-1][1] == "procedure"


@pytest.mark.parametrize("kind", ["status", "adopt", "setting", "meeting", "never_came"])
def test_every_form_opens(coordinator, here, kind):
    assert coordinator.get(f"{here}/{kind}").status_code == 200


def test_a_check_shows_what_will_happen_and_does_nothing(coordinator, here):
    count = Archive.objects.count()
    page = text_of(coordinator.post(f"{here}/status", {**STATUS, "check": "1"}))

    assert "From November 16, 2026 the status is 2 Eligible and Not Participating." in page
    assert "The plan and its 2 services end the day before." in page
    assert "The state is told 1 line: SWDS." in page
    assert Archive.objects.count() == count


def test_recording_it_leads_to_its_archive(coordinator, here):
    page = text_of(coordinator.post(f"{here}/status", STATUS, follow=True))

    assert "Recorded: status change." in page
    assert "Status change of November 16, 2026" in page
    assert "Consent was revoked in writing." in page
    assert "Ready to send" in page


def test_a_refusal_says_why_and_keeps_what_was_typed(coordinator, here):
    answer = coordinator.post(f"{here}/status", {**STATUS, "on": "", "reason": "Typed."})

    assert answer.status_code == 422
    page = text_of(answer)
    assert "The change has no day." in page
    assert 'value="Typed."' in page
    (day,) = [tag for tag in page.split("<") if tag.startswith('input class="inp" id="f-on"')]
    assert 'aria-invalid="true"' in day
    assert 'aria-required="true"' in day
    assert '<option value="2" selected>' in page


def test_strangers_get_nothing(small_world, sign_in, coordinator, here):
    assert Client().get(here).status_code == 302
    assert sign_in(small_world.case_manager).get(here).status_code == 403
    assert sign_in(small_world.case_manager).post(f"{here}/status", STATUS).status_code == 403
    stranger = sign_in(other_coordinator(small_world))
    assert stranger.get(here).status_code == 404
    assert stranger.post(f"{here}/status", STATUS).status_code == 404
    assert coordinator.get(f"/students/{NO_ID}/changes").status_code == 404
    assert coordinator.get(f"{here}/other").status_code == 404
    assert coordinator.post(f"{here}/status", {**STATUS, "status": "9"}).status_code == 404


def test_the_student_page_leads_there_for_who_may(small_world, sign_in, coordinator, here):
    page = here.removesuffix("/changes")

    assert f'href="{here}"' in coordinator.get(page).content.decode()
    assert f'href="{here}"' not in sign_in(small_world.case_manager).get(page).content.decode()


SEPARATE_SCHOOL = {"on": "2026-11-16", "23.20": "300", "23.23": "", "reason": "Moved."}


def test_a_setting_does_not_change_without_the_team_and_without_a_ground(small_world, coordinator, here):
    answer = coordinator.post(f"{here}/setting", {**SEPARATE_SCHOOL, "check": "1"})
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Program setting, General education participation: the IEP team decides it" in page
    assert "IEP team" in page and "34 CFR 300.116(a)(1)" in page
    assert f'href="{here.removesuffix("/changes")}/meetings/new#event-amendment"' in page
    assert "Record it" not in page
    count = Archive.objects.count()
    for ground in ("", "five", "school", "arrived", "private", "planned", "other"):
        assert coordinator.post(f"{here}/setting", {**SEPARATE_SCHOOL, "ground": ground}).status_code == 422
    assert Archive.objects.count() == count


def test_what_the_team_has_said_already_is_recorded_by_the_word_of_the_office(coordinator, here):
    sent = {**SEPARATE_SCHOOL, "ground": "said"}
    page = text_of(coordinator.post(f"{here}/setting", {**sent, "check": "1"}))
    words = "Without a meeting, by your word: The team's plan says so already; the record has it otherwise."
    assert words in unescape(page)
    archive = text_of(coordinator.post(f"{here}/setting", sent, follow=True))
    assert words in unescape(archive)
