"""What changed since one last looked: which lines, in which words, of whom; the mark takes nothing away."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.queries import actor_of
from manzanita.accounts.second_factor import enroll_totp
from manzanita.accounts.session_keys import LIST_VIEW
from manzanita.auditing.actions import log_change
from manzanita.auditing.models import NewsMark, ReadEvent
from manzanita.exchange.models import ImportRun
from manzanita.findings.models import FindingEvent, RuleFinding
from manzanita.leaving.actions import report_participation
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.platform.daily import enqueue_now
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.procedures.leaving_job import LEAVING_JOB
from manzanita.procedures.news import Window, changed_students, mark_of, mark_seen
from manzanita.students.actions import Identity, register_students, state_student_facts
from manzanita.students.models import Service, Student
from tests.support import pages
from tests.support import world as w
from tests.support.guests import monitor_of
from tests.support.pages import many_students, other_coordinator, without_marks, words
from tests.support.state_answers import rejected

ADDRESS = "/news"


def sis(world: w.World, *students, grade: str = "05", at: datetime | None = None) -> ImportRun:
    """A SIS file says of the students another grade than before."""
    run = ImportRun.objects.create(
        kind="sis", lea_code=w.LEA, state="done", created_at=at or w.NOON, by_id=world.coordinator.pk
    )
    rows = [pages.enrollment(f"F{number}") | {"grade_code": grade} for number in range(len(students))]
    slots = [{"student_id": one.pk, "lea_code": w.LEA, "started_on": pages.START} for one in students]
    state_student_facts(
        "enrollment",
        [Statement(slot, row, pages.START) for slot, row in zip(slots, rows, strict=True)],
        by_id=world.coordinator.pk,
        cause=f"sis-import:{run.pk}",
        at=at,
    )
    return run


@pytest.fixture
def week(small_world, noon):
    """One change of each origin, a minute apart, from 12:01 on."""
    world = small_world
    alder, towhee = world.students["alder"], world.students["towhee"]
    fern = many_students(1)[0]
    noon.shift(timedelta(days=7))
    sis(world, fern, at=w.NOON + timedelta(days=7))
    noon.shift(60)
    report_participation(
        actor=world.case_manager_actor,
        student=towhee,
        reason_key="unknown_continuing",
        last_on=None,
        note="Gone since Monday.",
    )
    noon.shift(60)
    other = other_coordinator(world)
    foreign = actor_of(other, other.grants.get())
    log_change(actor=foreign, action="request_student", student_id=alder.pk, reason="Moves in December")
    noon.shift(60)
    log_change(actor=None, action="record_leaving", student_id=alder.pk, lea_code=w.LEA)
    noon.shift(60)
    log_change(actor=world.coordinator_actor, action="send_again", student_id=towhee.pk)
    noon.shift(60)
    return world


@pytest.fixture
def client(week, sign_in):
    return sign_in(week.coordinator)


def order_of(text: str, *parts: str) -> bool:
    """Whether the text has the parts, each after the one before."""
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_each_origin_is_told_in_plain_words_newest_student_first_and_one_s_own_left_out(client, week):
    page = words(client.get(ADDRESS))
    assert "4 changes of 3 students of the last 7 days, as you have not looked here before" in page
    assert order_of(
        page,
        "Testcase, Alder 2 changes",
        "11/30/2026, 12:03 pm Nightly upkeep Recorded that the student leaves",
        "11/30/2026, 12:02 pm Heron Creek Unified: Fern Sample Asked for by another district, to be transferred",
        "“Moves in December”",
        "Testcase, Towhee 1 change",
        "11/30/2026, 12:01 pm Wren Placeholder, Case manager Reported a change of participation",
        "Quill, Fern0 1 change",
        "11/30/2026, 12:00 pm SIS file of 11/30/2026 Enrollment changed Grade: was 4 5",
    )
    assert "Set an archive to go to the state once more" not in page
    own = words(client.get(ADDRESS + "?own=yes"))
    assert "5 changes of 3 students" in own and "Juniper Mockup, SEDS coordinator" in own


@pytest.mark.parametrize(
    ("origin", "names"),
    [
        ("sis", ["Quill, Fern0"]),
        ("people", ["Testcase, Towhee"]),
        ("districts", ["Testcase, Alder"]),
        ("upkeep", ["Testcase, Alder"]),
        ("state", []),
    ],
)
def test_one_origin_alone(client, origin, names):
    answer = client.get(f"{ADDRESS}?from={origin}")
    assert re.findall(r"data-open>([^<]+)</a>", answer.content.decode()) == names
    # What the choice leaves out must not be put away with it.
    assert "Mark as seen" not in answer.content.decode()


def found_by_a_rule(student: Student, message: str, at: datetime) -> RuleFinding:
    return RuleFinding.objects.create(
        identity="x",
        rule_code="MZ-TEST",
        severity="warning",
        phase="plan",
        kind="rule",
        owner="Case manager",
        student_id=student.pk,
        lea_code=w.LEA,
        record="PLAN",
        record_key="k",
        inputs="i",
        message=message,
        first_seen_at=at,
        opened_at=at,
        last_seen_at=at,
    )


def test_the_state_s_answer_and_what_rules_found(small_world, sign_in, noon):
    noon.shift(timedelta(days=1))
    rejected(small_world)
    alder = small_world.students["alder"]
    finding = found_by_a_rule(alder, "The plan is old.", w.NOON)
    noon.shift(60)
    FindingEvent.objects.create(finding=finding, kind="opened", at=w.NOON + timedelta(days=1, minutes=1))
    noon.shift(60)
    page = words(sign_in(small_world.coordinator).get(ADDRESS + "?since=day"))
    assert "Rule MZ-TEST A finding opened (PLAN) The plan is old." in page
    assert re.search(r"The state (Addition|Replacement) of SERV rejected: \w+", page)


def test_values_that_an_act_stated_stand_under_it(small_world, sign_in, noon):
    alder = small_world.students["alder"]
    noon.shift(timedelta(days=1))
    actor = small_world.coordinator_actor
    plan = pages.plan() | {"program_setting_code": "400"}
    state_student_facts(
        "plan",
        [Statement({"student_id": alder.pk}, plan, date(2026, 11, 24))],
        by_id=actor.user_id,
        cause="archive:1",
    )
    log_change(actor=actor, action="record_change", student_id=alder.pk, reason="Told by the school")
    noon.shift(60)
    page = words(sign_in(small_world.case_manager).get(ADDRESS + "?since=day"))
    assert "1 change of 1 student of the last 24 hours" in page
    assert order_of(
        page,
        "Juniper Mockup, SEDS coordinator Recorded a change without a meeting",
        "Primary disability: was 290 Specific learning disability (SLD) 240 Speech or language impairment (SLI)",
        "“Told by the school”",
    )


def new_student(name: str = "Finch"):
    (student,) = register_students([Identity(name, "", "Testcase", "", date(2016, 4, 9))])
    return student


def folds(answer) -> list[tuple[str, list[str]]]:
    """Each folded part of a line: what it says in one line, and its fields."""
    found = re.findall(r"<details class=\"fold\">.*?</details>", answer.content.decode(), re.DOTALL)
    plain = [unescape(re.sub(r"<svg.*?</svg>", "", one, flags=re.DOTALL)) for one in found]
    return [
        (
            without_marks(re.search(r"<summary.*?</summary>", one, re.DOTALL)[0]),
            [without_marks(item) for item in re.findall(r"<li>(.*?)</li>", one)],
        )
        for one in plain
    ]


def enrolled(world: w.World, student, last: date | None = None, **values: str) -> None:
    """A SIS file names an enrollment that nobody knew."""
    run = ImportRun.objects.create(
        kind="sis", lea_code=w.LEA, state="done", created_at=clock.now(), by_id=world.coordinator.pk
    )
    first = date(2026, 8, 13)
    row = pages.enrollment("N1") | {"school_code": w.SCHOOL, "grade_code": "04"} | values
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": first}
    state_student_facts(
        "enrollment",
        [Statement(slot, row, first, last, is_whole_slot=last is not None)],
        by_id=world.coordinator.pk,
        cause=f"sis-import:{run.pk}",
    )


@pytest.mark.parametrize(
    ("last", "values", "line"),
    [
        (None, {}, "Enrolled at Buckeye Elementary from 08/13/2026, grade 4 5 fields"),
        (None, {"grade_code": "KN"}, "Enrolled at Buckeye Elementary from 08/13/2026, grade KN 5 fields"),
        (None, {"grade_code": ""}, "Enrolled at Buckeye Elementary from 08/13/2026 4 fields"),
        (None, {"school_code": ""}, "Enrolled at Chaparral Unified from 08/13/2026, grade 4 4 fields"),
        (
            date(2026, 12, 18),
            {},
            "Enrolled at Buckeye Elementary from 08/13/2026 through 12/18/2026, grade 4 6 fields",
        ),
    ],
)
def test_a_first_enrollment_is_one_line_with_its_fields_folded(
    small_world, sign_in, noon, last, values, line
):
    noon.shift(timedelta(days=1))
    enrolled(small_world, new_student(), last, **values)
    noon.shift(60)
    answer = sign_in(small_world.coordinator).get(ADDRESS + "?since=day")
    ((said, fields),) = folds(answer)
    assert said == line
    assert fields[0] == "First day: 08/13/2026" and "Local student ID: N1" in fields
    assert ("Enrollment ended: 12/18/2026" in fields) is (last is not None)
    assert "New enrollment" not in words(answer)


def test_a_second_version_of_it_tells_what_moved_and_folds_nothing(small_world, sign_in, noon):
    student = new_student()
    enrolled(small_world, student)
    noon.shift(timedelta(days=2))
    enrolled(small_world, student, grade_code="05")
    noon.shift(60)
    answer = sign_in(small_world.coordinator).get(ADDRESS + "?since=day")
    assert folds(answer) == [] and "Enrollment changed Grade: was 4 5" in words(answer)


def test_a_first_status_plan_and_service_are_a_line_each(small_world, sign_in, noon):
    student = new_student()
    enrolled(small_world, student)
    noon.shift(timedelta(days=2))
    actor, slot = small_world.coordinator_actor, {"student_id": student.pk}
    first = date(2026, 11, 24)
    service = dict.fromkeys(Service.content, "") | {
        "service_code": "415",
        "location_code": "510",
        "provider_code": "100",
        "frequency_code": "20",
        "duration_minutes": 30,
    }
    for kind, own, values in (
        ("status", {}, pages.status("1") | {"initial_entry_on": first}),
        ("plan", {}, pages.plan()),
        ("service", {"service_no": 1}, service),
    ):
        state_student_facts(
            kind, [Statement(slot | own, values, first)], by_id=actor.user_id, cause="archive:1"
        )
    log_change(actor=actor, action="record_change", student_id=student.pk, reason="It came on paper")
    noon.shift(60)
    answer = sign_in(small_world.coordinator).get(ADDRESS + "?since=day&own=yes")
    assert folds(answer) == [
        (
            "Status from 11/24/2026: 1 Eligible and Participating 2 fields",
            ["Special education status: 1 Eligible and Participating", "Initial entry start: 11/24/2026"],
        ),
        (
            "Plan from 11/24/2026: 100 Individualized Education Program (IEP), 240 Speech or language impairment "
            "(SLI) 4 fields",
            [
                "Plan type: 100 Individualized Education Program (IEP)",
                "Primary disability: 240 Speech or language impairment (SLI)",
                "Reason for the plan record: 1 New / annual plan",
                "District of special education accountability: Chaparral Unified",
            ],
        ),
        (
            "Service from 11/24/2026: 415 Language and speech 5 fields",
            [
                "Service: 415 Language and speech",
                "Provider type: 100 District of service",
                "Location: 510 Regular classroom / public day school",
                "Frequency: 20 Weekly",
                "Minutes: 30",
            ],
        ),
    ]
    assert "Recorded a change without a meeting" in words(answer) and "“It came on paper”" in words(answer)


def test_who_may_not_see_values_is_told_how_many_fields(small_world, sign_in, noon):
    noon.shift(timedelta(days=1))
    enrolled(small_world, new_student())
    noon.shift(60)
    selpa = Agency.objects.create(code=w.SELPA, kind="selpa", name="Foothill SELPA", selpa_code=w.SELPA)
    answer = sign_in(selpa_person(selpa)).get(ADDRESS + "?since=day")
    assert folds(answer) == [] and "Buckeye" not in words(answer)
    assert "New enrollment 5 fields: open the student to see which" in words(answer)


def test_what_the_night_did_under_one_s_own_grant_is_told_all_the_same(small_world, sign_in, noon):
    towhee = small_world.students["towhee"]
    asked = LeavingAsked("dropped_out", w.TODAY + timedelta(days=1), "Told by the school.")
    record_leaving(actor=small_world.coordinator_actor, student=towhee, asked=asked)
    noon.shift(timedelta(days=1))
    enqueue_now(LEAVING_JOB, by_id=small_world.coordinator.pk)
    run_jobs_now(raises_errors=True)
    noon.shift(60)
    page = words(sign_in(small_world.coordinator).get(ADDRESS + "?from=upkeep"))
    assert "Nightly upkeep, planned by Juniper Mockup Recorded that the student leaves" in page
    assert "Special education status:" in page
    assert "Planned that the student leaves" not in page


# Whose changes


def test_nobody_is_told_of_students_out_of_scope(week, sign_in):
    sage = week.students["sage"]
    log_change(actor=None, action="record_leaving", student_id=sage.pk, lea_code=w.OTHER_LEA)
    manager = sign_in(week.case_manager).get(ADDRESS).content.decode()
    # Wren Placeholder's own report is not news to Wren, and Fern is on nobody's caseload.
    assert re.findall(r"data-open>([^<]+)</a>", manager) == ["Testcase, Towhee", "Testcase, Alder"]
    for person in (week.coordinator, week.case_manager):
        assert "Sage" not in sign_in(person).get(ADDRESS).content.decode()


def test_of_a_student_who_has_left_only_what_the_own_district_did(week, sign_in, noon):
    alder = week.students["alder"]
    pages.leaves(alder, date(2026, 11, 24))
    pages.enrolled_elsewhere(alder, date(2026, 11, 25))
    client = sign_in(week.coordinator)
    session = client.session
    session[LIST_VIEW] = "all"
    session.save()
    page = words(client.get(ADDRESS))
    assert "Nightly upkeep Recorded that the student leaves" in page
    assert "Testcase, Alder 1 change" in page
    assert "Fern Sample" not in page


def test_a_guest_is_told_why_there_is_nothing(small_world, sign_in):
    guest = monitor_of(small_world, "alder").user
    assert "Guests are not told who did what" in words(sign_in(guest).get(ADDRESS))


def test_who_is_asked_for_a_purpose_sees_that_values_moved_and_not_which(week, sign_in):
    selpa = Agency.objects.create(code=w.SELPA, kind="selpa", name="Foothill SELPA", selpa_code=w.SELPA)
    user = selpa_person(selpa)
    page = words(sign_in(user).get(ADDRESS))
    assert "Quill, Fern0" in page and "1 field: open the student to see which" in page
    assert "was 4" not in page and "Moves in December" not in page


def selpa_person(selpa: Agency):
    user = add_person(email="egret.sample@example.org", name="Egret Sample", password=w.PASSWORD)
    enroll_totp(user=user, secret=w.TOTP_KEY)
    grant_perspective(
        user=user,
        perspective_key="selpa",
        agency=selpa,
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    return user


def test_the_list_is_logged_as_read(client, week):
    client.get(ADDRESS)
    event = ReadEvent.objects.order_by("-pk").first()
    assert event.what == "news" and event.kind == "list" and event.student_count == 3


# The mark


def through(answer) -> str:
    return re.search(r'name="through" value="([^"]+)"', answer.content.decode())[1]


def test_marking_moves_the_mark_to_what_was_listed_and_no_further(client, week, noon):
    first = client.get(ADDRESS)
    log_change(actor=None, action="undo_leaving", student_id=week.students["alder"].pk, lea_code=w.LEA)
    noon.shift(60)
    assert client.post(ADDRESS + "/seen", {"through": through(first)}).status_code == 302
    page = words(client.get(ADDRESS))
    # What came after the page was read is still to be seen.
    assert "1 change of 1 student since you last looked, on 11/30/2026, 12:06 pm" in page
    assert "Took back that the student leaves" in page and "Nightly upkeep Recorded" not in page
    assert mark_of(week.coordinator_actor).seen_through == w.NOON + timedelta(days=7, minutes=3)


def test_marking_in_one_window_takes_nothing_from_another(client, week, noon):
    one, other = client.get(ADDRESS), client.get(ADDRESS + "?from=sis")
    client.post(ADDRESS + "/seen", {"through": through(one)})
    empty = client.get(ADDRESS)
    assert "Nothing changed" in words(empty)
    back = re.search(r'href="([^"]+)">Show again what you marked as seen', empty.content.decode())[1]
    assert "Testcase, Alder 2 changes" in words(client.get(unescape(back)))
    # The other window goes on with the addresses it has.
    again = re.search(r'href="(/news\?since=[^"]+)">All<', other.content.decode())[1]
    page = words(client.get(unescape(again)))
    assert "Testcase, Alder 2 changes" in page and "Quill, Fern0" in page
    # The same of a later mark.
    noon.shift(60)
    log_change(actor=None, action="undo_leaving", student_id=week.students["alder"].pk, lea_code=w.LEA)
    noon.shift(60)
    client.post(ADDRESS + "/seen", {"through": through(client.get(ADDRESS))})
    empty = client.get(ADDRESS)
    back = re.search(r'href="([^"]+)">Show again what you marked as seen', empty.content.decode())[1]
    assert "Took back that the student leaves" in words(client.get(unescape(back)))


def test_the_mark_never_moves_back_nor_ahead(week, noon):
    actor = week.coordinator_actor
    now = w.NOON + timedelta(days=7, minutes=5)
    mark_seen(actor=actor, through=now + timedelta(days=400))
    assert mark_of(actor).seen_through == now
    mark_seen(actor=actor, through=w.NOON)
    assert mark_of(actor).seen_through == now


def test_each_perspective_has_a_mark_of_its_own(week, sign_in):
    user = week.coordinator
    grant = grant_perspective(
        user=user,
        perspective_key="case_manager",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    mark_seen(actor=week.coordinator_actor, through=w.NOON)
    assert mark_of(actor_of(user, grant)) is None
    assert NewsMark.objects.count() == 1


def test_an_address_that_is_none_is_not_found(client):
    for query in ("since=never", "until=2026-11-01", "from=moon", "page=0", "page=x"):
        assert client.get(f"{ADDRESS}?{query}").status_code == 404, query
    assert client.post(ADDRESS + "/seen", {"through": "soon"}).status_code == 404


# The student's page


def test_the_student_s_page_says_how_much_changed(client, week, noon):
    alder = week.students["alder"]
    page = f"/students/{alder.public_id}"
    assert "since you last looked on" not in words(client.get(page))
    mark_seen(actor=week.coordinator_actor, through=w.NOON)
    assert "2 changes since you last looked on 11/30/2026" in words(client.get(page))
    mark_seen(actor=week.coordinator_actor, through=w.NOON + timedelta(days=7, minutes=5))
    assert "since you last looked on" not in words(client.get(page))


# How much it costs

# A district that has just begun


def first_load(world: w.World, *students) -> ImportRun:
    """The first SIS file that brought the LEA anything, which was loaded in a minute."""
    run = sis(world, *students, at=clock.now())
    run.counts = {"lines": 812, "new": len(students), "changed": 3}
    run.finished_at = clock.now() + timedelta(minutes=1)
    run.save()
    return run


def test_the_first_load_of_a_district_is_one_line_and_what_came_after_is_told(small_world, sign_in, noon):
    noon.shift(timedelta(days=7))
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    fern, other = many_students(2)
    run = first_load(small_world, fern, other)
    noon.shift(60)
    finding = found_by_a_rule(fern, "Of the load.", clock.now())
    FindingEvent.objects.create(finding=finding, kind="opened", at=clock.now())
    log_change(actor=small_world.case_manager_actor, action="send_again", student_id=towhee.pk)
    # Ten minutes after the run has ended nothing is of it any more.
    noon.shift(11 * 60)
    FindingEvent.objects.create(finding=finding, kind="opened", at=clock.now())
    noon.shift(60)
    sis(small_world, alder, grade="09", at=clock.now())
    client = sign_in(small_world.coordinator)
    answer = client.get(ADDRESS)
    page = words(answer)
    assert "First load 11/30/2026, 12:00 pm, Chaparral Unified: 2 students, 2 new lines, 3 changed." in page
    assert f'href="/imports/{run.public_id}"' in answer.content.decode()
    assert re.findall(r"data-open>([^<]+)</a>", answer.content.decode()) == [
        "Testcase, Alder",
        "Quill, Fern0" if "Quill, Fern0" in page else "Quill, Fern1",
        "Testcase, Towhee",
    ]
    assert page.count("Rule MZ-TEST") == 1 and "Enrolled at" not in page.partition("Quill")[2]
    assert "First load" not in words(client.get(f"{ADDRESS}?from=people"))
    # Who reads no files has no link to them.
    assert (
        f'href="/imports/{run.public_id}"'
        not in sign_in(small_world.case_manager).get(ADDRESS).content.decode()
    )


def test_a_load_alone_is_marked_as_seen_and_then_gone(small_world, sign_in, noon):
    noon.shift(timedelta(days=7))
    first_load(small_world, many_students(1)[0])
    noon.shift(timedelta(hours=1))
    client = sign_in(small_world.coordinator)
    page = client.get(ADDRESS).content.decode()
    (through,) = re.findall(r'name="through" value="([^"]+)"', page)
    client.post("/news/seen", {"through": unescape(through)})
    assert "First load" not in words(client.get(ADDRESS))


# session, user, grants, block; mark; first loads; who changed; students; rows of them; who is present;
# agencies, people, runs; log 3
NEWS_QUERIES = 16


@pytest.mark.parametrize("count", [2, 60])
def test_it_costs_the_same_for_few_and_many_and_is_paged(
    small_world, sign_in, noon, django_assert_max_num_queries, count
):
    students = many_students(count)
    noon.shift(timedelta(days=7))
    sis(small_world, *students)
    client = sign_in(small_world.coordinator)
    client.get(ADDRESS)
    with django_assert_max_num_queries(NEWS_QUERIES):
        page = client.get(ADDRESS)
    assert len(re.findall("data-open>Quill", page.content.decode())) == min(count, 25)
    if count == 60:
        seen = set(re.findall("data-open>(Quill, Fern[0-9]+)", page.content.decode()))
        for _ in range(2):
            following = re.search(r'rel="next" href="([^"]+)"', page.content.decode())[1]
            assert parse_qs(urlsplit(unescape(following)).query)["until"]
            page = client.get(unescape(following))
            seen |= set(re.findall("data-open>(Quill, Fern[0-9]+)", page.content.decode()))
        assert len(seen) == 60
        assert 'rel="next"' not in page.content.decode()


def test_the_counts_are_those_of_the_lines(week):
    window = Window(since=w.NOON + timedelta(days=6), until=w.NOON + timedelta(days=8))
    found = changed_students(week.coordinator_actor, window)
    assert (found.student_count, found.change_count) == (3, 4)
    assert found.newest == w.NOON + timedelta(days=7, minutes=3)
