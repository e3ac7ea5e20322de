"""School calendars: what is missing is said, a change shows who moves before it is saved, and due dates count by it.

Dates are counted by hand. Consent on 11/16/2026; the 60 days begin on 11/17.

- Without a calendar: 11/17 to 01/15/2027.
- With two weeks off in winter (12/21 to 01/01), reading A: 34 days to 12/20, twelve days left out, 26 days from 01/02
  to 01/27. The week in November misses five weekdays, which are not more than five.
- With a third week (to 01/08): 34 days to 12/20, 19 left out, 26 days from 01/09 to 02/03.
- Reading B leaves out the weekends beside (12/19 to 01/03): 32 days to 12/18, 28 from 01/04 to 01/31.
- Reading C leaves out from the sixth weekday, 12/28, on: 41 days to 12/27, 19 from 01/02 to 01/20.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.calendars import Tolling
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.models import Meeting
from manzanita.orgs.calendar_actions import load_calendar
from manzanita.orgs.calendars import load_calendars
from manzanita.orgs.models import Agency, CalendarVersion
from manzanita.platform import clock
from tests.support import pages
from tests.support import world as w
from tests.support.pages import reads, text_of

YEAR = "2026-2027"
HERE = f"/calendars/{w.LEA}/{YEAR}"
HEAD = "lea,school,track,kind,start,end\n"
TERM = ",,,term,2026-08-17,2027-06-04\n"
WINTER = ",,,break,2026-12-21,2027-01-01\n"
WHOLE = HEAD + TERM + ",,,break,2026-11-23,2026-11-27\n" + WINTER
CONSENT_ON = date(2026, 11, 16)
HIDDEN = re.compile(r'<input type="hidden" name="(rows|seen)" value="([^"]*)">')


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


def person_of(sign_in, perspective: str, agency: str) -> Client:
    user = add_person(email="ibis.sample@example.org", name="Ibis Sample", password=w.PASSWORD)
    grant = grant_perspective(
        user=user,
        perspective_key=perspective,
        agency=Agency.objects.get(code=agency),
        starts_on=date(2026, 7, 1),
        by=None,
        reason="test",
    )
    return sign_in(user, grant)


@pytest.fixture
def selpa(small_world, sign_in) -> Client:
    Agency.objects.create(code=w.SELPA, kind="selpa", name="Chaparral SELPA", selpa_code=w.SELPA)
    return person_of(sign_in, "selpa", w.SELPA)


@pytest.fixture
def evaluation(small_world) -> Meeting:
    """Yarrow's initial evaluation, with the consent of 11/16/2026."""
    return open_meeting(
        actor=small_world.coordinator_actor,
        student=small_world.students["yarrow"],
        event=EVENTS["b_initial"],
        evaluation=Evaluation(CONSENT_ON),
    )


def sent(text: str, name: str = "calendar.csv") -> dict[str, object]:
    return {"do": "file", "file": SimpleUploadedFile(name, text.encode())}


def kept_in(answer) -> dict[str, str]:
    """What the preview would save, as its form carries it."""
    page = answer.content.decode()
    fields = {name: unescape(value) for name, value in HIDDEN.findall(page)}
    return {"do": "save", "rows": fields["rows"], "seen": fields["seen"]}


def load(client: Client, text: str = WHOLE, reason: str = "Adopted by the board on May 12") -> None:
    answer = client.post(f"{HERE}/change", sent(text))
    assert answer.status_code == 200, text_of(answer)
    answer = client.post(f"{HERE}/change", kept_in(answer) | {"reason": reason})
    assert answer.status_code == 302, text_of(answer)


def law_and_state(client: Client, meeting: Meeting) -> str:
    page = text_of(client.get(f"/meetings/{meeting.public_id}?step=hold"))
    return page.partition("<h2>When it is due</h2></div> <p>")[2].partition("</p>")[0]


# What there is


def test_without_a_calendar_the_pages_say_which_clocks_count_without_breaks(coordinator, manager):
    page = text_of(coordinator.get("/calendars"))
    assert (page.count("No calendar"), page.count("Not recorded yet")) == (1, 1)  # this year, and the next
    assert "Clocks count as if there were no break" in page
    assert "IEP meeting after an initial assessment" in page
    assert "Load a calendar" in page
    year = text_of(manager.get(HERE))
    assert "No calendar is recorded for 2026-2027." in year
    assert "The SEDS coordinator or the SIS staff of Chaparral Unified load it." in year
    assert "Load a calendar" not in year
    assert "Heron Creek" not in page


def test_home_tells_who_keeps_calendars_that_one_is_missing(coordinator, manager):
    page = text_of(coordinator.get("/"))
    assert "No school calendar of 2026-2027" in page and "Clocks count as if there were no break" in page
    assert "No school calendar" not in text_of(manager.get("/"))
    load(coordinator)
    assert "No school calendar" not in text_of(coordinator.get("/"))


def test_the_year_is_drawn_and_each_break_has_its_computed_length(coordinator):
    load(coordinator, WHOLE + ",,,holiday,2026-11-11,2026-11-11\n,,,holiday,2027-01-18,2027-01-18\n")
    page = text_of(coordinator.get(HERE))
    for month in ("July 2026", "December 2026", "June 2027"):
        assert f"<caption>{month}</caption>" in page
    for first, last, days, kinds, words in (
        ("11/11/2026", "11/11/2026", 1, "holiday", "Does not stop the clock: not more than five school days"),
        ("11/23/2026", "11/27/2026", 5, "break", "Does not stop the clock: not more than five school days"),
        (
            "12/21/2026",
            "01/01/2027",
            10,
            "break",
            "Stops the clock: 12/21/2026 to 01/01/2027 not counted, 12 calendar days",
        ),
    ):
        row = page.partition(f'<th scope="row">{first}</th>')[2].partition("</tr>")[0]
        assert row.startswith(f'<td>{last}</td><td class="num">{days}</td><td>{kinds}</td>'), row
        assert words in row
    # The first day of a break leads to its row, and says what it is.
    assert (
        '<td class="day k-break stop"><a href="#break-2026-12-21" aria-label="21, B: break of 10 school days, '
        '12/21/2026 to 01/01/2027"><span>21</span><small>B</small></a></td>' in page
    )
    assert '<td class="day k-weekend stop">26</td>' in page  # left out with the break around it
    assert '<td class="day k-school">18</td>' in page
    # 08/17 to 06/04 has 210 weekdays; 5 + 10 + 2 of them are missed.
    assert "193 school days, 08/17/2026 to 06/04/2027" in page


def test_a_school_with_a_schedule_of_its_own_is_drawn_by_itself(coordinator):
    own = f",{w.SCHOOL},B,term,2026-07-13,2027-06-18\n,{w.SCHOOL},B,intersession,2026-10-05,2026-10-09\n"
    load(coordinator, WHOLE + own)
    whole = text_of(coordinator.get(HERE))
    assert "Buckeye Elementary, track B" in whole
    assert (
        "10/05/2026" not in whole.partition("Breaks, with their computed length")[2].partition("Periods")[0]
    )
    page = text_of(coordinator.get(f"{HERE}?school={w.SCHOOL}&track=B"))
    row = page.partition('<th scope="row">10/05/2026</th>')[2].partition("</tr>")[0]
    assert "intersession" in row and "Stops the clock: 10/05/2026 to 10/09/2026" in row


def test_the_file_that_comes_out_can_be_taken_in_again(coordinator):
    load(coordinator)
    out = coordinator.get(f"{HERE}/file.csv").content.decode()
    assert out == (
        HEAD + f"{w.LEA},,,term,2026-08-17,2027-06-04\n{w.LEA},,,break,2026-11-23,2026-11-27\n"
        f"{w.LEA},,,break,2026-12-21,2027-01-01\n"
    )
    answer = coordinator.post(f"{HERE}/change", sent(out))
    assert "The calendar is the same" in text_of(answer)


# Who moves, before it is saved


def test_the_preview_says_who_moves_and_saves_nothing(small_world, coordinator, evaluation):
    answer = coordinator.post(f"{HERE}/change", sent(WHOLE))
    page = text_of(answer)
    assert "1 open evaluation gets another due date by the law" in page
    assert "Of 1 open evaluation with a consent, 0 keep their dates." in page
    row = page.partition("Evaluations whose due date moves")[2].partition("</table>")[0]
    assert "Yarrow Testcase" in row
    assert '<span class="vh">was </span>01/15/2027</del><b>01/27/2027</b>' in row
    assert "+12 days" in row
    assert (
        "break of 10 school days from 12/21/2026 to 01/01/2027: not counted from its first missed weekday to its last"
        in page.partition("Due dates that move")[2]
    )
    assert not CalendarVersion.objects.exists()
    assert reads() == [(small_world.students["yarrow"].pk, "calendar.preview")]
    assert law_and_state(coordinator, evaluation) == "By law and by the state on <b>January 15, 2027</b>."


def test_saved_it_counts_on_every_page(small_world, coordinator, manager, evaluation):
    load(coordinator)
    assert law_and_state(coordinator, evaluation) == (
        "By law on <b>January 27, 2027</b>, by the state on <b>January 15, 2027</b>."
    )
    page = text_of(coordinator.get(f"/meetings/{evaluation.public_id}"))
    assert "not held yet · by law due 01/27/2027, in time · by the state due 01/15/2027, in time" in page
    listed = text_of(coordinator.get("/meetings"))
    assert "01/15/2027" in listed and "by the state; by law 01/27/2027" in listed
    line = text_of(coordinator.get(f"/students/{small_world.students['yarrow'].public_id}"))
    assert "60 days by the state due 01/15/2027, in 53 days." in line
    assert "60 days by law due 01/27/2027, in 65 days." in line
    assert (
        "11/17/2026 to 12/20/2026, 34 days: calendar days; 1 break of at most five school days in them; "
        "12/21/2026 to 01/01/2027, not counted, 12 days: break of 10 school days from 12/21/2026 to 01/01/2027: not "
        "counted from its first missed weekday to its last; 01/02/2027 to 01/27/2027, 26 days: calendar days"
        in line
    )
    version = CalendarVersion.objects.get()
    event = ChangeEvent.objects.get(action="save_calendar")
    assert (event.subject_id, event.reason) == (version.pk, "Adopted by the board on May 12")
    assert event.detail == {"lea": w.LEA, "year": YEAR, "periods": 3}


def test_the_reason_of_delay_is_asked_by_the_state_s_date_whatever_the_calendar_says(
    small_world, coordinator, evaluation
):
    load(coordinator)
    assert "Add one period" in text_of(coordinator.get(f"{HERE}/change"))
    evaluation.refresh_from_db()
    assert evaluation.evaluation_due_on == date(2027, 1, 15)


def test_one_longer_break_moves_the_date_and_the_old_calendar_can_still_be_asked(
    small_world, coordinator, evaluation, noon, sign_in
):
    load(coordinator)
    noon.shift(timedelta(days=1))
    coordinator = sign_in(small_world.coordinator)
    row = CalendarVersion.objects.get().periods.get(start_on=date(2026, 12, 21))
    form = text_of(coordinator.get(f"{HERE}/change?period={row.pk}"))
    assert "Change the break of 12/21/2026" in form and 'value="2027-01-01"' in form
    answer = coordinator.post(
        f"{HERE}/change",
        {"do": "change", "period": row.pk, "kind": "break", "start": "2026-12-21", "end": "2027-01-08"},
    )
    page = text_of(answer)
    assert "<b>Added:</b> Break, 12/21/2026 to 01/08/2027" in page
    assert "<b>Taken out:</b> Break, 12/21/2026 to 01/01/2027" in page
    assert "2 periods stay as they are." in page
    assert "01/27/2027</del><b>02/03/2027</b>" in page and "+7 days" in page
    coordinator.post(f"{HERE}/change", kept_in(answer) | {"reason": "A week of storm"})
    assert law_and_state(coordinator, evaluation).startswith("By law on <b>February 3, 2027</b>")

    before = text_of(coordinator.get(f"{HERE}?known=2026-11-23"))
    assert "as it was believed at the end of November 23, 2026" in before
    assert 'id="break-2026-12-21"><th scope="row">12/21/2026</th><td>01/01/2027</td>' in before
    assert "Change the calendar" not in before
    stands = text_of(coordinator.get(HERE))
    assert 'id="break-2026-12-21"><th scope="row">12/21/2026</th><td>01/08/2027</td>' in stands
    assert "A week of storm" in stands and "Adopted by the board on May 12" in stands
    first, second = CalendarVersion.objects.order_by("pk")
    assert first.superseded_at == second.recorded_at and second.superseded_at is None
    at = load_calendars([w.LEA], known=first.recorded_at)
    assert at.calendar(w.LEA).last == date(2027, 6, 4)
    assert [one.end for one in at.periods[w.LEA][YEAR]] == [
        date(2027, 6, 4),
        date(2026, 11, 27),
        date(2027, 1, 1),
    ]


def test_a_period_is_added_and_removed(coordinator, evaluation):
    load(coordinator, HEAD + TERM)
    answer = coordinator.post(
        f"{HERE}/change", {"do": "add", "kind": "holiday", "start": "2026-11-11", "end": ""}
    )
    page = text_of(answer)
    assert "<b>Added:</b> Holiday, 11/11/2026</span>" in page and "No due date moves" in page
    assert "Of 1 open evaluation with a consent, 1 keeps its date." in page
    coordinator.post(f"{HERE}/change", kept_in(answer) | {"reason": "Veterans Day"})
    row = CalendarVersion.objects.get(superseded_at=None).periods.get(kind="holiday")
    answer = coordinator.post(f"{HERE}/change", {"do": "remove", "period": row.pk})
    assert "<b>Taken out:</b> Holiday, 11/11/2026" in text_of(answer)
    coordinator.post(f"{HERE}/change", kept_in(answer) | {"reason": "No school day anyway"})
    assert CalendarVersion.objects.get(superseded_at=None).periods.get().kind == "term"
    # The last period, too: then there is no calendar again.
    row = CalendarVersion.objects.get(superseded_at=None).periods.get()
    answer = coordinator.post(f"{HERE}/change", {"do": "remove", "period": row.pk})
    coordinator.post(f"{HERE}/change", kept_in(answer) | {"reason": "It was that of another year"})
    assert "No calendar is recorded for 2026-2027." in text_of(coordinator.get(HERE))
    assert CalendarVersion.objects.count() == 4


def test_the_calendar_of_the_student_s_school_counts(coordinator, evaluation):
    """The school has two weeks off in winter, the rest of the LEA three: 01/27, not 02/03."""
    own = f",{w.SCHOOL},,term,2026-08-17,2027-06-04\n,{w.SCHOOL},,break,2026-12-21,2027-01-01\n"
    load(coordinator, HEAD + TERM + ",,,break,2026-12-21,2027-01-08\n" + own)
    assert law_and_state(coordinator, evaluation).startswith("By law on <b>January 27, 2027</b>")


def test_a_school_with_tracks_says_that_the_track_is_not_known(coordinator, evaluation):
    load(coordinator, WHOLE + f",{w.SCHOOL},B,term,2026-08-17,2027-06-04\n")
    page = text_of(coordinator.get(f"/meetings/{evaluation.public_id}?step=hold"))
    assert "The school has tracks, and which one the student is on is not recorded" in page


def test_a_page_names_two_hundred_and_counts_everybody(small_world, coordinator):
    """130 consents on 11/16 and 120 on 11/17 move to 01/27 and 01/28; the first 200 are named and logged as seen."""
    for number, student in enumerate(pages.many_students(250)):
        Meeting.objects.create(
            student=student,
            event_key="b_initial",
            lea_code=w.LEA,
            consent_on=date(2026, 11, 16) if number < 130 else date(2026, 11, 17),
            opened_at=clock.now(),
        )
    page = text_of(coordinator.post(f"{HERE}/change", sent(WHOLE)))
    assert "250 open evaluations get another due date by the law" in page
    assert page.count("?step=hold") == 200
    assert '<th scope="row">50 more</th><td>Buckeye Elementary</td><td>11/17/2026</td>' in page
    assert page.count('class="foldline"') == 4  # each of the two counts, now and then
    assert len(reads()) == 200


# What cannot be


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            HEAD + TERM + ",,,recess,2026-12-21,2027-01-01\n",
            "Row 3, kind: &#39;recess&#39; is none of term, break, holiday, closure, intersession, summer.",
        ),
        (
            HEAD + TERM + "\n,,,break,2027-12-20,2027-12-31\n",
            "Row 4, start: 2027-12-20 lies in 2027-2028; this is the calendar of 2026-2027",
        ),
        (
            HEAD + TERM + f",{w.OTHER_SCHOOL},,break,2026-12-21,2027-01-01\n",
            f"Row 3, school: {w.OTHER_SCHOOL} is no school of {w.LEA}.",
        ),
        (
            HEAD + f"{w.OTHER_LEA},,,term,2026-08-17,2027-06-04\n",
            f"Row 2, lea: {w.OTHER_LEA} is another LEA; this is the calendar of {w.LEA}.",
        ),
        ("day,kind\n", "Row 1: the header misses"),
        (HEAD, "The calendar has no rows."),
    ],
)
def test_with_one_error_nothing_is_taken_in(coordinator, text, words):
    answer = coordinator.post(f"{HERE}/change", sent(text))
    assert answer.status_code == 422
    page = text_of(answer)
    assert "Nothing was changed." in page and words in page
    assert not CalendarVersion.objects.exists()


def test_what_is_no_file_of_text_is_told(coordinator):
    for given, words in (
        ({"do": "file"}, "No file came with the form."),
        ({"do": "file", "file": SimpleUploadedFile("c.csv", b"\xff\xfe\x00")}, "not text in UTF-8"),
        ({"do": "file", "file": SimpleUploadedFile("c.csv", b"x" * 1_048_577)}, "larger than 1 MB"),
    ):
        answer = coordinator.post(f"{HERE}/change", given)
        assert answer.status_code == 422 and words in text_of(answer)


def test_a_period_that_cannot_be_keeps_what_was_typed(coordinator):
    load(coordinator)
    for given, words in (
        ({"kind": "", "start": "2026-12-21"}, "Kind: none is chosen."),
        ({"kind": "break", "start": ""}, "First day: it is missing or no date."),
        (
            {"kind": "break", "start": "2026-12-21", "end": "2026-12-18"},
            "Last day: it ends (2026-12-18) before",
        ),
        ({"kind": "break", "start": "2027-07-01"}, "start: 2027-07-01 lies in 2027-2028"),
        ({"kind": "break", "start": "2026-12-21", "end": "2027-01-01"}, "has this very period already"),
        ({"kind": "break", "start": "2027-02-15", "school": w.OTHER_SCHOOL}, "is no school of"),
    ):
        answer = coordinator.post(f"{HERE}/change", {"do": "add", **given})
        page = text_of(answer)
        assert answer.status_code == 422 and words in page, words
        assert f'value="{given["start"]}"' in page
    assert CalendarVersion.objects.count() == 1


def test_an_ics_file_is_taken_in_and_what_is_left_out_is_said(coordinator):
    event = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:{}\nDTEND;VALUE=DATE:{}\nSUMMARY:{}\nEND:VEVENT\n"
    text = "BEGIN:VCALENDAR\n" + "".join(
        event.format(*one)
        for one in (
            ("20260817", "20270605", "School term"),
            ("20261221", "20270102", "Winter break"),
            ("20271220", "20280101", "Winter break"),
            ("20261015", "20261016", "Picture day"),
        )
    )
    answer = coordinator.post(f"{HERE}/change", sent(text + "END:VCALENDAR\n", "school.ics"))
    page = text_of(answer)
    assert "<b>2 events of the file are left out.</b>" in page
    assert "Picture day" in page and "it starts in 2027-2028, not in 2026-2027" in page
    coordinator.post(f"{HERE}/change", kept_in(answer) | {"reason": "The school's own calendar"})
    rows = (
        CalendarVersion.objects.get().periods.order_by("start_on").values_list("kind", "start_on", "end_on")
    )
    assert list(rows) == [
        ("term", date(2026, 8, 17), date(2027, 6, 4)),
        ("break", date(2026, 12, 21), date(2027, 1, 1)),
    ]


def test_no_reason_no_calendar(coordinator):
    answer = coordinator.post(f"{HERE}/change", sent(WHOLE))
    answer = coordinator.post(f"{HERE}/change", kept_in(answer) | {"reason": " "})
    assert answer.status_code == 422 and "The reason is empty." in text_of(answer)
    assert not CalendarVersion.objects.exists()


def test_who_comes_second_sees_what_the_first_saved(small_world, coordinator, sign_in):
    load(coordinator, HEAD + TERM)
    mine = kept_in(coordinator.post(f"{HERE}/change", sent(WHOLE)))
    load(coordinator, HEAD + TERM + ",,,holiday,2027-01-18,2027-01-18\n", "The other one")
    answer = coordinator.post(f"{HERE}/change", mine | {"reason": "Mine"})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Somebody saved another calendar of this year in the meantime." in page
    assert "<b>Taken out:</b> Holiday, 01/18/2027" in page
    assert CalendarVersion.objects.get(superseded_at=None).reason == "The other one"
    assert coordinator.post(f"{HERE}/change", kept_in(answer) | {"reason": "Mine"}).status_code == 302


# Who may


def test_sis_staff_change_calendars_and_see_counts_without_names(small_world, sign_in, evaluation):
    client = person_of(sign_in, "sis_staff", w.LEA)
    page = text_of(client.post(f"{HERE}/change", sent(WHOLE)))
    assert "1 open evaluation gets another due date by the law" in page
    assert "the students are counted and not named" in page and "Yarrow" not in page
    assert reads() == []


def test_others_read_and_nobody_reads_beyond_the_scope(coordinator, manager, selpa):
    load(coordinator)
    assert manager.get(HERE).status_code == 200
    assert manager.get(f"{HERE}/change").status_code == 403
    assert selpa.get(HERE).status_code == 200
    assert selpa.post(f"{HERE}/change", sent(WHOLE)).status_code == 403
    assert "Heron Creek Unified" in text_of(selpa.get("/calendars"))
    for path in (
        f"/calendars/{w.OTHER_LEA}/{YEAR}",
        f"/calendars/{w.OTHER_LEA}/{YEAR}/change",
        f"/calendars/{w.OTHER_LEA}/{YEAR}/file.csv",
        f"/calendars/{w.NPA}/{YEAR}",
        f"/calendars/{w.LEA}/2026-2028",
        f"/calendars/{w.LEA}/2026-2028/change",
    ):
        assert coordinator.get(path).status_code == 404, path


# The reading of the law


def test_each_reading_shows_its_difference_and_who_would_move(coordinator, selpa, evaluation):
    load(coordinator)
    page = text_of(selpa.get("/policies/tolling?reading=C"))
    for reading, due, moved in (
        ("none", "01/15/2027", "1</a> of 1"),
        ("A", "01/27/2027", "0 of 1"),
        ("B", "01/31/2027", "1</a> of 1"),
        ("C", "01/20/2027", "1</a> of 1"),
    ):
        row = page.partition(f'<th scope="row">{reading}')[2].partition("</tr>")[0]
        assert f"<td>{due}</td><td>01/15/2027</td>" in row and moved in row, reading
    assert "01/27/2027</del><b>01/20/2027</b>" in page and "−7 days" in page
    assert text_of(selpa.get("/policies/tolling")).count("01/27/2027</del>") == 0


def test_the_reading_counts_from_its_day_on(coordinator, selpa, evaluation, noon):
    load(coordinator)
    given = {"value": "C", "reason": "Council of November 20", "effective_on": "2026-11-30"}
    assert selpa.post("/policies/tolling", given).status_code == 302
    page = text_of(selpa.get("/policies"))
    assert "From 11/30/2026: C: not counted: the sixth to the last missed weekday of a long break" in page
    assert law_and_state(coordinator, evaluation).startswith("By law on <b>January 27, 2027</b>")
    noon.shift(timedelta(days=6))
    assert clock.today() == date(2026, 11, 29)
    assert load_calendars([w.LEA]).reading(w.LEA, clock.today()) is Tolling.A
    noon.shift(timedelta(days=1))
    assert load_calendars([w.LEA]).reading(w.LEA, clock.today()) is Tolling.C
    assert load_calendars([w.LEA]).reading(w.LEA, date(2026, 11, 29)) is Tolling.A
    event = ChangeEvent.objects.get(action="set_policy")
    assert event.reason == "Council of November 20"
    assert event.detail == {"tolling": "C", "effective_on": "2026-11-30"}


def test_a_meeting_between_the_strict_date_and_that_in_force_is_marked(coordinator, evaluation, noon):
    load(coordinator)
    for held_on, is_marked in (
        (date(2027, 1, 20), False),
        (date(2027, 1, 21), True),
        (date(2027, 1, 28), False),
    ):
        Meeting.objects.filter(pk=evaluation.pk).update(state="held", held_on=held_on)
        page = text_of(coordinator.get(f"/meetings/{evaluation.public_id}?step=hold"))
        assert ("Held after the strict date" in page) is is_marked, held_on


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"value": "D"}, "Answer: none is chosen."),
        ({"reason": " "}, "Reason: it is empty."),
        ({"effective_on": "2026-11-22"}, "From: the day is past."),
        ({"effective_on": "soon"}, "From: the day is missing or no date."),
    ],
)
def test_an_answer_that_cannot_be(selpa, given, words):
    whole = {"value": "B", "reason": "Council", "effective_on": "2026-11-23"}
    answer = selpa.post("/policies/tolling", whole | given)
    assert answer.status_code == 422 and words in text_of(answer)
    assert not ChangeEvent.objects.filter(action="set_policy").exists()


def test_a_district_reads_the_policies_and_answers_none(coordinator, selpa):
    page = text_of(coordinator.get("/policies"))
    assert "On which day does status 1 start after an initial evaluation?" in page
    assert "The SELPA office answers these." in page and "/policies/tolling" not in page
    refused = coordinator.get("/policies/tolling")
    assert refused.status_code == 403 and "Ask your SELPA: it decides this" in text_of(refused)
    assert selpa.get("/policies/nothing").status_code == 404
    given = {"value": "held", "reason": "Council", "effective_on": "2026-11-23"}
    assert selpa.post("/policies/status-start", given).status_code == 302
    assert "The day of the meeting" in text_of(coordinator.get("/policies"))


# Costs


LIST_QUERIES = 9
YEAR_QUERIES = 10
PREVIEW_QUERIES = 18


@pytest.mark.parametrize("count", [1, 30])
def test_the_pages_cost_the_same_for_few_and_many(small_world, coordinator, django_assert_num_queries, count):
    load(coordinator)
    actor = small_world.coordinator_actor
    for student in pages.many_students(count):
        Meeting.objects.create(
            student=student,
            event_key="b_initial",
            lea_code=actor.agency_code,
            consent_on=CONSENT_ON,
            evaluation_due_on=date(2027, 1, 15),
            opened_at=clock.now(),
        )
    # The first look of the hour begins a count of looks.
    coordinator.post(f"{HERE}/change", sent(HEAD + TERM))
    with django_assert_num_queries(LIST_QUERIES):
        coordinator.get("/calendars")
    with django_assert_num_queries(YEAR_QUERIES):
        coordinator.get(HERE)
    with django_assert_num_queries(PREVIEW_QUERIES):
        page = text_of(coordinator.post(f"{HERE}/change", sent(HEAD + TERM)))
    assert f"{count} open evaluation" in page


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_of_a_selpa_costs_the_same_for_few_and_many_leas(
    coordinator, selpa, django_assert_num_queries, count, tmp_path
):
    load(coordinator)
    file = tmp_path / "calendar.csv"
    for number in range(count):
        code = f"99300{number:02}"
        Agency.objects.create(code=code, kind="lea", name=f"Sample {number}", selpa_code=w.SELPA)
        file.write_text(WHOLE, encoding="utf-8")
        load_calendar(file, lea_code=code, reason="test")
    with django_assert_num_queries(LIST_QUERIES + 1):
        page = text_of(selpa.get("/calendars"))
    assert page.count("Recorded</span>") == count + 1
