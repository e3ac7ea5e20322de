"""From a finding to the form that mends it, and back: its field first, the finding named, and closed once it is."""

from __future__ import annotations

import re

import pytest

from manzanita.archive.models import ArchivedRecord
from manzanita.findings.models import RuleFinding
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from manzanita.web import settle_finding
from tests.support import world as w
from tests.support.findings import corrected, judged, late_meeting, no_disability
from tests.support.pages import other_coordinator, text_of
from tests.support.state_answers import rejected

pytestmark = pytest.mark.django_db

LIST = "/findings/settle"


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


def controls(page: str) -> list[str]:
    """Numbers of the fields of the form, in their order."""
    return re.findall(r'<(?:input|select)[^>]* name="(2\d\.\d\d)"', page)


def test_the_form_names_the_finding_and_has_its_field_first_and_marked(small_world, coordinator):
    _, finding = late_meeting(small_world)
    page = text_of(coordinator.get(f"{LIST}/{finding.pk}"))
    (address,) = re.findall(r'href="(/corrections/\d+\?[^"]+)">Correct the record', page)
    form = text_of(coordinator.get(address))
    assert controls(form)[0] == "24.18"
    assert "Late meeting without a delay code" in form and "MZ-MEET-LATE" in form
    first = form.partition('name="24.18"')[2].partition(">")[0]
    assert 'aria-invalid="true"' in first and "autofocus" in first
    assert form.count('aria-invalid="true"') == 1
    assert f'<a class="btn" href="{LIST}/{finding.pk}">' in form


def test_what_is_missing_stands_before_what_the_rule_read_too(small_world, coordinator):
    finding = no_disability(small_world)
    RuleFinding.objects.filter(pk=finding.pk).update(
        fields=["23.20", "23.15"], values={"23.20": "100", "23.15": ""}
    )
    record = ArchivedRecord.objects.get(record_key=finding.record_key)
    form = text_of(coordinator.get(f"/corrections/{record.pk}?finding={finding.pk}"))
    assert controls(form)[:2] == ["23.15", "23.20"]


def test_after_saving_there_is_a_way_back_to_the_finding(small_world, coordinator):
    stored, finding = late_meeting(small_world)
    record = stored.records.get()
    address = f"/corrections/{record.pk}?finding={finding.pk}"
    # A look in between keeps the way.
    page = text_of(coordinator.post(address, {"24.18": "30", "reason": "Typed.", "check": "1"}))
    assert f'action="{address}"' in page
    answer = coordinator.post(address, {"24.18": "30", "reason": "The snow day."}, follow=True)
    page = text_of(answer)
    assert "Corrected. What the state will be told stands in the plan" in page
    assert f'<a class="go" href="{LIST}/{finding.pk}">Back to the finding</a>' in page
    # Until the rules have looked again the page says that they will.
    page = text_of(coordinator.get(f"{LIST}/{finding.pk}"))
    assert "Something of this student has changed since the rules last looked." in page
    assert f'<a class="go" href="{LIST}/{finding.pk}">Look again</a>' in page


def test_what_the_state_said_no_to_is_gone_back_to(small_world, coordinator):
    finding = rejected(small_world)
    page = text_of(coordinator.get(f"/findings/{finding.pk}"))
    (address,) = re.findall(r'href="(/corrections/\d+\?said=\d+)">Correct and resend', page)
    form = text_of(coordinator.get(address))
    assert controls(form)[0] == finding.fields[0]
    assert f'<a class="btn" href="/findings/{finding.pk}">' in form


def test_a_finding_of_nobody_within_reach_is_not_named(small_world, coordinator, sign_in):
    stored, finding = late_meeting(small_world)
    record = stored.records.get()
    for query in ("finding=99999", "said=99999"):
        assert coordinator.get(f"/corrections/{record.pk}?{query}").status_code == 404
    # One of another student is not of this form.
    other = no_disability(small_world)
    form = text_of(coordinator.get(f"/corrections/{record.pk}?finding={other.pk}"))
    assert other.rule_code not in form
    client = sign_in(other_coordinator(small_world))
    assert client.get(f"/corrections/{record.pk}?finding={finding.pk}").status_code == 404


def test_a_closed_finding_says_when_by_whom_and_what_is_next(small_world, coordinator):
    stored, finding = late_meeting(small_world)
    no_disability(small_world)
    # The list has fatal ones first, and after this warning the one of Towhee.
    following = RuleFinding.objects.get(severity="warning", student_id=small_world.students["towhee"].pk)
    address = f"/corrections/{stored.records.get().pk}"
    coordinator.post(address, {"24.18": "30", "reason": "The snow day."})
    judged(small_world)
    page = text_of(coordinator.get(f"{LIST}/{finding.pk}"))
    assert (
        "on 11/23/2026 at 12:00 pm, by the rules: they do not say this any longer, "
        "after the correction by Juniper Mockup of 11/23/2026." in page
    )
    assert f'<a class="go" href="{LIST}/{following.pk}">The next open finding</a>' in page
    assert "Said before" in page and ">Warning<" not in page and "open since" not in page
    for gone in ("/corrections/", "Dismiss this warning", "Who settles it", "How it is mended"):
        assert gone not in page
    assert "Which value it was" in page


def test_after_the_last_one_nothing_is_open(small_world, coordinator):
    stored, finding = late_meeting(small_world)
    corrected(small_world, stored, **{"24.18": "30"})
    page = text_of(coordinator.get(f"{LIST}/{finding.pk}"))
    assert "No finding is open any more in your list." in page


def test_a_finding_that_closes_while_its_page_is_read_is_closed_on_it(small_world, coordinator, monkeypatch):
    stored, finding = late_meeting(small_world)
    log_reads = settle_finding.log_reads

    def while_the_worker_judges(**said):
        corrected(small_world, stored, **{"24.18": "30"})
        log_reads(**said)

    monkeypatch.setattr(settle_finding, "log_reads", while_the_worker_judges)
    page = text_of(coordinator.get(f"{LIST}/{finding.pk}"))
    assert "Closed: the rule says it no longer" in page
    assert "by the rules: they do not say this any longer" in page
    assert "open since" not in page and "/corrections/" not in page


def test_the_next_one_is_of_the_readers_own_list(small_world, sign_in):
    stored, finding = late_meeting(small_world)
    no_disability(small_world)
    corrected(small_world, stored, **{"24.18": "30"})
    towhee = {"student_id": small_world.students["towhee"].pk}
    given_away = Statement(towhee, None, w.TODAY)
    state_student_facts("assignment", [given_away], by_id=None, cause="test")
    page = text_of(sign_in(small_world.case_manager).get(f"{LIST}/{finding.pk}"))
    assert "No finding is open any more in your list." in page
    assert w.SSIDS["towhee"] not in page
