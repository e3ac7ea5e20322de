"""The pages of findings to settle and of rules: what they show, to whom, and how they say no."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from manzanita.findings.models import FindingEvent, RuleFinding
from manzanita.findings.queries import PAGE_SIZE
from manzanita.students.models import Student
from tests.support import world as w
from tests.support.findings import LATE, late_meeting, no_disability
from tests.support.pages import addresses_in, many_students, other_coordinator, reads, text_of
from tests.support.state_answers import rejected

pytestmark = pytest.mark.django_db

LIST = "/findings/settle"


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in):
    return sign_in(small_world.case_manager)


@pytest.fixture
def warning(small_world) -> RuleFinding:
    return late_meeting(small_world)[1]


def test_dates_read_as_people_here_write_them(coordinator, warning):
    told = "The meeting was held on 11/20/2026; the plan review was due on 11/14/2026"
    assert told in text_of(coordinator.get(LIST))
    assert told in text_of(coordinator.get(f"{LIST}/{warning.pk}"))


def many_findings(count: int, **changes: str) -> list[RuleFinding]:
    values = {
        "inputs": "v1",
        "rule_code": LATE,
        "severity": "warning",
        "phase": "input",
        "kind": "local",
        "owner": "IEP team",
        "lea_code": w.LEA,
        "school_code": w.SCHOOL,
        "record": "MEET",
        "record_key": "MEET|many",
        "fields": ["24.18"],
        "values": {"24.18": ""},
        "message": "Late.",
        "first_seen_at": w.NOON,
        "opened_at": w.NOON,
        "last_seen_at": w.NOON,
        **changes,
    }
    made = [
        RuleFinding(identity=f"many-{number}-{changes}"[:32], student_id=student.pk, **values)
        for number, student in enumerate(many_students(count))
    ]
    RuleFinding.objects.bulk_create(made)
    FindingEvent.objects.bulk_create(FindingEvent(finding=one, kind="opened", at=w.NOON) for one in made)
    return made


def rows(client, query: str = "") -> list[str]:
    """Names on the list, in its order."""
    page = client.get(LIST + query).content.decode()
    return re.findall(r'<tr data-row><th scope="row"><a [^>]*data-open>([^<]*)</a>', page)


# The list


def test_the_list_says_what_whose_job_and_how_long(small_world, coordinator, warning, noon):
    no_disability(small_world)
    page = text_of(coordinator.get(LIST))
    assert rows(coordinator) == ["Towhee Testcase", "Alder Testcase", "Towhee Testcase"]
    assert "24.18 Meeting Delay Code does not say why it is late." in page
    assert "23.15 Disability 1 Code is required and is empty." in page
    assert f'<a class="rule" href="/rules/{LATE}">{LATE}</a>' in page
    assert "Buckeye Elementary" in page and "3 findings" in page
    assert "Open: 0 on 09/28/2026, 3 today; the most on one of these days was 3." in page
    assert (warning.student_id, "settle.list") in reads()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?severity=fatal", ["Towhee Testcase"]),
        ("?severity=warning", ["Alder Testcase", "Towhee Testcase"]),
        ("?severity=info", []),
        (f"?rule={LATE}", ["Alder Testcase"]),
        ("?rule=NONE0001", []),
        (f"?school={w.SCHOOL}&severity=fatal", ["Towhee Testcase"]),
        (f"?school={w.OTHER_SCHOOL}", []),
        ("?owner=SEDS+coordinator", ["Towhee Testcase"]),
        ("?assignee=nobody&severity=fatal", ["Towhee Testcase"]),
        ("?assignee=asked", []),
        ("?state=dismissed", []),
        ("?state=closed", []),
    ],
)
def test_each_filter_narrows(small_world, coordinator, warning, query, names):
    no_disability(small_world)
    assert rows(coordinator, query) == names


def test_what_is_not_to_settle_is_asked_for(coordinator, warning):
    RuleFinding.objects.update(severity="not_evaluated")
    assert rows(coordinator) == []
    assert (
        rows(coordinator, "?severity=not_evaluated")
        == rows(coordinator, "?severity=any")
        == ["Alder Testcase"]
    )


def test_fatal_ones_come_first_though_they_are_younger_and_pages_go_on_across_both(coordinator, monkeypatch):
    many_findings(2)
    many_findings(2, severity="fatal", message="Fatal.", opened_at=w.NOON + timedelta(days=1))
    monkeypatch.setattr("manzanita.findings.queries.PAGE_SIZE", 1)
    monkeypatch.setattr("manzanita.web.settle.PAGE_SIZE", 1)
    said, address = [], LIST
    while address:
        page = text_of(coordinator.get(address))
        (row,) = page.split("<tr data-row>")[1:]
        said.append(re.search(r'<td class="wrap">(Fatal|Late)\.', row)[1])
        more = re.search(r'href="(\?[^"]*after=[^"]*)"', page)
        address = LIST + more[1].replace("&amp;", "&") if more else ""
    assert said == ["Fatal", "Fatal", "Late", "Late"]


def test_what_the_sis_has_wrong_leads_to_the_message_to_its_staff(coordinator):
    one = many_findings(1, owner="SIS staff", rule_code="GERR0005", record="SWDS", severity="fatal")[0]
    page = text_of(coordinator.get(f"{LIST}/{one.pk}"))
    public_id = Student.unscoped.get(pk=one.student_id).public_id
    assert (
        f'<a class="btn primary" href="/students/{public_id}/enrollments">Enrollments, and the message to the SIS '
        "staff</a>" in page
    )
    assert page.split("<main")[1].split("</main>")[0].count("btn primary") == 1
    # The team's own is corrected here.
    one = many_findings(1, record_key="MEET|team")[0]
    assert "message to the SIS staff" not in text_of(coordinator.get(f"{LIST}/{one.pk}"))


def test_an_empty_list_says_what_that_means(coordinator):
    assert "Nothing to settle" in text_of(coordinator.get(LIST))
    assert "No finding in this list" in text_of(coordinator.get(f"{LIST}?state=closed"))


def test_long_lists_have_pages(coordinator):
    many_findings(PAGE_SIZE + 3)
    first = coordinator.get(LIST)
    assert len(rows(coordinator)) == PAGE_SIZE
    (following,) = re.findall(r'rel="next" href="(\?after=\d+)"', first.content.decode())
    assert len(rows(coordinator, following)) == 3
    RuleFinding.objects.filter(pk=int(following.removeprefix("?after="))).update(
        state="closed", closed_at=w.NOON
    )
    assert len(rows(coordinator, following)) == PAGE_SIZE


@pytest.mark.parametrize(
    "query",
    [
        "?severity=loud",
        "?state=new",
        "?assignee=x",
        "?assignee=%00",
        "?rule=%00",
        "?after=x",
        "?after=" + "9" * 5000,
        "?owner=" + "x" * 500,
        "?after=99999",
        "?assignee=%D9%A3",
        "?owner=Nobody",
        "?rule=Testcase+Alder",
        "?school=%27",
    ],
)
def test_a_question_without_meaning_is_not_found(coordinator, warning, query):
    assert coordinator.get(LIST + query).status_code == 404


def test_no_name_and_no_number_stands_in_an_address(small_world, coordinator, warning):
    for address in (LIST, f"{LIST}/{warning.pk}"):
        found = addresses_in(coordinator.get(address))
        assert found and not [url for url in found if "99000" in url or "Alder" in url]


# session, user, grants, no block; findings, read log 3, names 5, to whom they are given, schools 2, statistics 2,
# count, who waits to be judged
LIST_QUERIES = 21


@pytest.mark.parametrize("count", [2, 40])
def test_the_list_costs_the_same_for_few_and_many(coordinator, django_assert_num_queries, count):
    many_findings(count)
    coordinator.get(LIST)
    with django_assert_num_queries(LIST_QUERIES):
        assert len(rows(coordinator)) == count


# Who sees what


def test_a_stranger_sees_nothing_and_no_finding(small_world, sign_in, warning):
    stranger = sign_in(other_coordinator(small_world))
    assert rows(stranger) == []
    assert LATE not in text_of(stranger.get(LIST))
    assert stranger.get(f"{LIST}/{warning.pk}").status_code == 404
    for deed in ("dismiss", "reopen", "assign", "ask", "answer"):
        assert stranger.post(f"{LIST}/{warning.pk}/{deed}", {"words": "x"}).status_code == 404
    warning.refresh_from_db()
    assert warning.state == "open"


def test_a_case_manager_sees_those_of_the_caseload_and_settles_none(small_world, manager, warning):
    assert rows(manager) == ["Alder Testcase"]
    page = text_of(manager.get(f"{LIST}/{warning.pk}"))
    assert "Your perspective does not settle findings." in page
    assert 'action="/findings/settle' not in page
    answer = manager.post(f"{LIST}/{warning.pk}/dismiss", {"words": "x", "seen": warning.inputs})
    assert answer.status_code == 403
    warning.refresh_from_db()
    assert warning.state == "open"


# One finding


def test_one_finding_says_everything_and_is_logged(small_world, coordinator, warning):
    page = text_of(coordinator.get(f"{LIST}/{warning.pk}"))
    assert "Late meeting without a delay code" in page
    assert "24.18" in page and "<b>blank</b>" in page and "9900000005" in page
    assert "Enter the delay code that says why the meeting was late" in page
    assert re.search(r'href="/corrections/\d+\?finding=\d+">Correct the record', page)
    assert f'href="/rules/{LATE}"' in page and "Opened by the rule" in page
    assert reads()[-1] == (warning.student_id, "settle.finding")


def test_a_warning_is_dismissed_on_its_page(small_world, coordinator, warning):
    address = f"{LIST}/{warning.pk}"
    answer = coordinator.post(f"{address}/dismiss", {"words": " ", "seen": warning.inputs})
    assert answer.status_code == 422
    assert "Not dismissed: 1 reason." in text_of(answer) and "The reason is empty." in text_of(answer)
    sent = {"words": "The family  asked for the day", "seen": warning.inputs}
    answer = coordinator.post(f"{address}/dismiss", sent, follow=True)
    assert (
        "Dismissed by Juniper Mockup" in (page := text_of(answer))
        or "by Juniper Mockup on 11/23/2026" in page
    )
    assert "The family asked for the day" in page and "Take the dismissal back" in page
    again = coordinator.post(f"{address}/dismiss", sent, follow=True)
    assert "It is dismissed already, by you and for this reason." in text_of(again)
    assert rows(coordinator) == [] and rows(coordinator, "?state=dismissed") == ["Alder Testcase"]
    back = coordinator.post(f"{address}/reopen", follow=True)
    assert "The finding is open again." in text_of(back) and "Dismissed before" in text_of(back)


def test_what_was_typed_is_kept_where_the_values_have_changed(small_world, coordinator, warning):
    answer = coordinator.post(f"{LIST}/{warning.pk}/dismiss", {"words": "Asked for", "seen": "older"})
    page = text_of(answer)
    assert answer.status_code == 422 and 'value="Asked for"' in page
    assert "The values have changed since you opened this page" in page


def test_a_fatal_finding_says_why_it_is_not_dismissed(small_world, coordinator):
    found = no_disability(small_world)
    page = text_of(coordinator.get(f"{LIST}/{found.pk}"))
    assert "A fatal finding cannot be dismissed" in page and "/dismiss" not in page
    answer = coordinator.post(f"{LIST}/{found.pk}/dismiss", {"words": "x", "seen": found.inputs})
    assert answer.status_code == 422
    assert "Mend the value; the finding then closes by itself. " in text_of(answer)


def test_a_finding_is_given_and_asked_about(small_world, coordinator, manager, warning):
    address = f"{LIST}/{warning.pk}"
    who = small_world.case_manager.pk
    page = text_of(coordinator.get(address))
    assert f'<option value="{who}" selected>Wren Placeholder, case manager</option>' in page
    given = coordinator.post(f"{address}/assign", {"person": str(who)}, follow=True)
    assert "Given to Wren Placeholder, case manager." in text_of(given)
    assert rows(manager, f"?assignee={who}") == ["Alder Testcase"]
    for person in ("0", "x", "-1", "9" * 40, str(w.SCHOOL)):
        assert coordinator.post(f"{address}/assign", {"person": person}).status_code == 422, person
    coordinator.post(f"{address}/ask", {"person": str(who), "words": "Why was it late?"})
    assert "1 given to you · 1 asked of you" in text_of(manager.get("/"))
    assert "Why was it late?" in text_of(manager.get(address))
    assert "Your answer" not in text_of(coordinator.get(address))
    manager.post(f"{address}/answer", {"words": "The family was ill"})
    assert "The family was ill" in text_of(coordinator.get(address))
    answer = coordinator.post(f"{address}/answer", {"words": "x"})
    assert answer.status_code == 422 and "Not answered: 1 reason." in text_of(answer)


# Home and the student


def test_home_counts_what_the_list_shows(small_world, coordinator, warning):
    no_disability(small_world)
    page = text_of(coordinator.get("/"))
    assert re.search(r'href="/findings/settle" aria-label="Findings of our rules to settle: 3"', page)
    assert "1 fatal · 2 warnings · 2 students" in page
    RuleFinding.objects.update(state="closed", closed_at=w.NOON)
    assert "Findings of our rules to settle" not in text_of(coordinator.get("/"))


def test_the_student_s_page_shows_the_findings_with_the_way_to_each(small_world, coordinator):
    found = no_disability(small_world)
    address = f"/students/{small_world.students['towhee'].public_id}"
    strip = text_of(coordinator.get(address)).split('class="strip"')[1].split("</section>")[0]
    assert '<a class="rule" href="/rules/GERR0001">GERR0001</a>' in strip
    assert f'href="{LIST}/{found.pk}">Settle</a>' in strip
    # The hold says no more than the finding, so it is not said twice.
    assert "The state would reject it" not in strip
    tab = text_of(coordinator.get(f"{address}?tab=state"))
    assert "What our rules say" in tab and 'PLAN of 11/23/2026 <span class="dim">23.15</span>' in tab


# Rules


def test_a_rule_has_a_page_for_good(small_world, coordinator, warning):
    page = text_of(coordinator.get(f"/rules/{LATE}"))
    assert "Late meeting without a delay code" in page
    assert "Our own rule: the state does not check this" in page
    assert "Severity 2026-2027" in page and "it is taken, and somebody should look" in page
    assert "24.18 Meeting Delay Code" in page and "IEP team" in page
    assert f'href="/findings/settle?rule={LATE}&amp;severity=any">1 open finding</a>' in page
    assert "Alder" not in page


def test_a_rule_that_only_the_state_evaluates_says_so(coordinator):
    page = text_of(coordinator.get("/rules/SWDS0443"))
    assert "The state speaks first; we only explain its answer." in page
    assert "Missing here: the state&#39;s table of SELPAs and their LEAs." in page
    assert "Printed on a public page of the state." in page


@pytest.mark.parametrize("code", ["NONE0001", "%00", "x" * 3000, "GERR0001%20", "<b>"])
def test_an_unknown_rule_is_not_found(coordinator, code):
    assert coordinator.get(f"/rules/{code}").status_code == 404


def test_the_catalog_lists_and_narrows(coordinator):
    def codes(query: str = "") -> list[str]:
        page = coordinator.get(f"/rules{query}").content.decode()
        return re.findall(r'<a class="rule" href="/rules/([^"]+)" data-open>', page)

    assert {"GERR0001", "SWDS0443", LATE, "SENR0606F1"} <= set(codes())
    assert codes() == sorted(codes())
    assert "SENR0606F1" in codes("?phase=fall1") and LATE not in codes("?phase=fall1")
    assert "SWDS0443" in codes("?evaluated=no") and LATE not in codes("?evaluated=no")
    assert LATE in codes("?record=MEET") and "SENR0606F1" not in codes("?record=MEET")
    for query in ("?record=NONE", "?phase=%00", "?evaluated=perhaps"):
        assert coordinator.get(f"/rules{query}").status_code == 404


def test_a_code_leads_to_its_rule_only_where_a_page_explains_it(small_world, coordinator):
    found = rejected(small_world)
    assert found.rule_code == "SERV0447"
    page = text_of(coordinator.get(f"/findings/{found.pk}"))
    known = coordinator.get("/rules/SERV0447").status_code == 200
    assert ('href="/rules/SERV0447"' in page) is known
