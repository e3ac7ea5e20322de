"""School calendars: their files, whom a row holds for, how long a break is. All expectations by hand."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain.calendars import Calendar, CalendarError, Period, PeriodKind, Tolling, calendar_for
from manzanita.domain.calendars.csv_file import read_calendar_csv
from manzanita.domain.calendars.ics_file import read_calendar_ics

HEADER = "lea,school,track,kind,start,end\n"
ONE_VALUE = "Write one value for each column; lea, school and track may be empty."
TERM = ",,,term,2026-08-17,2027-06-04\n"


def calendar(rows, **asked):
    return calendar_for(read_calendar_csv(HEADER + rows), **asked)


def spans(skips):
    return [(skip.first.isoformat(), skip.last.isoformat()) for skip in skips]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("a,b\n", "Row 2: 2 values where the header names 6. " + ONE_VALUE),
        (",,break,2026-11-23,2026-11-27\n", "Row 2: 5 values where the header names 6. " + ONE_VALUE),
        (
            ",,,recess,2026-11-23,2026-11-27\n",
            "Row 2, kind: 'recess' is none of term, break, holiday, closure, intersession, summer. Write one of them.",
        ),
        (
            ",,,break,11/23/2026,2026-11-27\n",
            "Row 2, start: '11/23/2026' is not a date such as 2026-11-23: write year, month and day.",
        ),
        (",,,break,2026-02-29,2026-03-01\n", "Row 2, start: there is no day 2026-02-29: correct it."),
        (
            ",,,break,2026-11-27,2026-11-23\n",
            "Row 2, end: it ends (2026-11-23) before it starts (2026-11-27): correct one of the two days.",
        ),
        (
            ",,,term,2026-08-17,2028-06-04\n",
            "Row 2, end: it lasts 658 days, longer than a school year: correct the year of one of its days.",
        ),
        (
            TERM + "\n,,,break,,2026-11-27\n",
            "Row 4, start: '' is not a date such as 2026-11-23: write year, month and day.",
        ),
        ("", "The calendar has no rows. Add at least the terms of a school year."),
    ],
)
def test_a_bad_row_is_told_with_row_field_and_fix(rows, problem):
    with pytest.raises(CalendarError) as refused:
        read_calendar_csv(HEADER + rows)
    assert refused.value.problems == (problem,)


def test_all_bad_rows_are_told_at_once():
    with pytest.raises(CalendarError) as refused:
        read_calendar_csv(
            HEADER + ",,,x,2026-01-01,y\n,,,term,2026-08-17,2027-06-04\n,,,z,2026-01-01,2026-01-01\n"
        )
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "Row 2, kind",
        "Row 2, end",
        "Row 4, kind",
    ]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("lea,school,kind,start,end\n", "misses track"),
        ("lea,school,track,kind,start,end,note\n", "has note, which is no column of a calendar"),
        ("lea,school,track,type,start,end\n", "misses kind and has type, which is no column of a calendar"),
        ("lea,school,track,kind,start,end,end\n", "names a column twice"),
        ("", "misses lea, school, track, kind, start, end"),
    ],
)
def test_a_bad_header_is_told(header, problem):
    with pytest.raises(CalendarError) as refused:
        read_calendar_csv(header)
    assert refused.value.problems == (
        f"Row 1: the header {problem}. Write lea,school,track,kind,start,end there.",
    )


def test_a_byte_order_mark_blanks_and_columns_in_another_order_do_no_harm():
    text = "\ufeffKind, start ,end,lea,school,track\r\n Break ,2026-11-23 , 2026-11-27,9910017,,\r\n"
    assert read_calendar_csv(text) == (
        Period(date(2026, 11, 23), date(2026, 11, 27), PeriodKind.BREAK, "9910017"),
    )


@pytest.mark.parametrize(
    ("rows", "weekdays", "is_long"),
    [
        (",,,break,2026-11-23,2026-11-27\n", 5, False),
        (",,,break,2026-11-21,2026-11-29\n", 5, False),  # weekends never count
        (",,,break,2026-11-23,2026-11-30\n", 6, True),
        (
            ",,,break,2026-11-23,2026-11-27\n,,,closure,2026-11-30,2026-11-30\n",
            6,
            True,
        ),  # touches over a weekend
        (",,,break,2026-11-23,2026-11-25\n,,,holiday,2026-11-26,2026-11-27\n", 5, False),
        (",,,break,2026-11-23,2026-11-27\n,,,holiday,2026-11-26,2026-11-30\n", 6, True),  # overlaps unite
        (",,,intersession,2026-11-23,2026-11-24\n", 2, True),  # always
        (",,,break,2026-11-23,2026-11-24\n,,,summer,2026-11-25,2026-11-25\n", 3, True),
        (",,,holiday,2026-11-11,2026-11-11\n", 1, False),
    ],
)
def test_the_length_of_a_break_is_computed(rows, weekdays, is_long):
    (only,) = calendar(TERM + rows).breaks
    assert (only.weekdays, only.is_long) == (weekdays, is_long)


def test_breaks_with_a_school_day_between_them_are_two():
    found = calendar(TERM + ",,,break,2026-11-23,2026-11-25\n,,,break,2026-11-27,2026-12-01\n").breaks
    assert [one.weekdays for one in found] == [3, 3]


def test_days_between_terms_are_a_break_that_nobody_has_to_enter():
    found = calendar(",,,term,2026-08-17,2026-12-18\n,,,term,2027-01-04,2027-06-04\n")
    (only,) = found.breaks
    assert (only.first, only.last, only.weekdays, only.is_long) == (
        date(2026, 12, 21),
        date(2027, 1, 1),
        10,
        True,
    )
    assert [(year.first, year.last) for year in found.school_years] == [(date(2026, 8, 17), date(2027, 6, 4))]


WINTER = TERM + ",,,break,2026-12-21,2027-01-01\n"


@pytest.mark.parametrize(
    ("rows", "reading", "expected"),
    [
        (WINTER, "none", []),
        (WINTER, "A", [("2026-12-21", "2027-01-01")]),
        (WINTER, "B", [("2026-12-19", "2027-01-03")]),
        (WINTER, "C", [("2026-12-28", "2027-01-01")]),
        # From a Wednesday to a Wednesday: no weekend at an edge; the sixth missed weekday is the last.
        (TERM + ",,,break,2026-12-16,2026-12-23\n", "A", [("2026-12-16", "2026-12-23")]),
        (TERM + ",,,break,2026-12-16,2026-12-23\n", "B", [("2026-12-16", "2026-12-23")]),
        (TERM + ",,,break,2026-12-16,2026-12-23\n", "C", [("2026-12-23", "2026-12-23")]),
        (TERM + ",,,intersession,2026-12-14,2026-12-16\n", "B", [("2026-12-12", "2026-12-16")]),
        (TERM + ",,,intersession,2026-12-14,2026-12-16\n", "C", []),
    ],
)  # fmt: skip
def test_what_each_reading_leaves_out(rows, reading, expected):
    assert spans(calendar(rows).skips(Tolling(reading))) == expected


def test_a_summer_row_begins_a_new_school_year_in_june_too():
    found = calendar(
        ",,,term,2026-08-17,2027-05-21\n,,,summer,2027-05-22,2027-06-20\n,,,term,2027-06-21,2028-05-19\n"
    )
    assert [(year.first, year.last) for year in found.school_years] == [
        (date(2026, 8, 17), date(2027, 5, 21)),
        (date(2027, 6, 21), date(2028, 5, 19)),
    ]


def test_the_year_ends_on_its_last_day_with_school():
    found = calendar(TERM + ",,,closure,2027-06-03,2027-06-06\n")
    assert found.school_years[0].last == date(2027, 6, 2)


LEA = "9910017,,,"
SCHOOLS = (
    f"{LEA}term,2026-08-17,2027-06-04\n{LEA}break,2026-12-21,2027-01-01\n{LEA}closure,2026-11-11,2026-11-11\n"
    f"{LEA}summer,2027-06-05,2027-08-15\n{LEA}term,2027-08-16,2028-06-02\n"
    "9910017,6001001,,closure,2026-10-12,2026-10-12\n"
    "9910017,6001002,Y,term,2026-07-06,2027-06-25\n9910017,6001002,Y,intersession,2026-10-05,2026-10-09\n"
)


@pytest.mark.parametrize(
    ("asked", "day", "is_school"),
    [
        ({}, "2026-10-12", True),
        ({"school": "6001001"}, "2026-10-12", False),  # its own closure
        ({"school": "6001001"}, "2026-12-21", False),  # and the district's break
        ({"school": "6001002", "track": "Y"}, "2026-12-21", True),  # a schedule of its own
        ({"school": "6001002", "track": "Y"}, "2026-11-11", False),  # the district's closure holds
        ({"school": "6001002", "track": "Y"}, "2026-10-05", False),
        ({"school": "6001002", "track": "X"}, "2026-10-05", True),  # another track of that school
        ({"school": "6001002", "track": "Y"}, "2026-07-06", True),
        ({"school": "6001002", "track": "Y"}, "2027-08-13", False),  # the year without a schedule of its own
        ({"school": "6001002", "track": "Y"}, "2027-08-16", True),
        ({"school": "6001001"}, "2026-10-10", False),  # Saturday
    ],
)
def test_whom_a_row_holds_for(asked, day, is_school):
    assert calendar(SCHOOLS, **asked).is_school_day(date.fromisoformat(day)) is is_school


def test_a_file_of_one_school_needs_no_choice_and_one_of_several_says_them():
    one = "9910017,6001002,Y,term,2026-07-06,2027-06-25\n9910017,6001002,Y,closure,2026-10-05,2026-10-05\n"
    assert not calendar(one).is_school_day(date(2026, 10, 5))
    two = one + "9910017,6001003,,term,2026-08-17,2027-06-04\n"
    with pytest.raises(
        CalendarError, match="Every row names a school: say which school is meant, of 6001002, 6001003"
    ):
        calendar(two)
    with pytest.raises(
        CalendarError, match="No row of the calendar is of lea '1': say which lea is meant, of 9910017"
    ):
        calendar(one, lea="1")


def test_business_days_leave_out_holidays_and_closures_only():
    week = (
        ",,,break,2026-11-23,2026-11-27\n,,,closure,2026-11-26,2026-11-26\n,,,holiday,2026-11-27,2026-11-27\n"
    )
    found = calendar(TERM + week)
    days = [date(2026, 11, number) for number in range(25, 31)]
    assert [found.is_business_day(day) for day in days] == [True, False, False, False, False, True]


def test_what_the_calendar_does_not_reach_counts_as_school_and_is_not_known():
    found = calendar(TERM)
    assert [found.knows(date(2026, 8, day)) for day in (16, 17)] == [False, True]
    assert [found.knows(date(2027, 6, day)) for day in (4, 5)] == [True, False]
    assert found.is_school_day(date(2027, 6, 7))
    assert Calendar(()).is_school_day(date(2027, 6, 7))


ICS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
SUMMARY:Winter recess\\, all schools
DTSTART;VALUE=DATE:20261221
DTEND;VALUE=DATE:20270102
BEGIN:VALARM
SUMMARY:not this one
END:VALARM
END:VEVENT
BEGIN:VEVENT
SUMMARY:First semes
 ter
DTSTART;VALUE=DATE:20260817
DTEND;VALUE=DATE:20261219
END:VEVENT
BEGIN:VEVENT
SUMMARY:Staff day
CATEGORIES:PUBLIC,Closure
DTSTART;VALUE=DATE:20261012
END:VEVENT
BEGIN:VEVENT
SUMMARY:Summer break
DTSTART;VALUE=DATE:20270605
DURATION:P10W
END:VEVENT
BEGIN:VEVENT
SUMMARY:Board meeting
DTSTART:20261013T190000
END:VEVENT
BEGIN:VEVENT
SUMMARY:Band concert
DTSTART;VALUE=DATE:20261014
END:VEVENT
BEGIN:VEVENT
SUMMARY:Holiday
DTSTART;VALUE=DATE:20261111
RRULE:FREQ=YEARLY
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_whole_days_of_an_icalendar_file(newline):
    found = read_calendar_ics(ICS.replace("\n", newline), lea="9910017")
    assert [(p.kind.value, p.start.isoformat(), p.end.isoformat(), p.lea) for p in found.periods] == [
        ("break", "2026-12-21", "2027-01-01", "9910017"),
        ("term", "2026-08-17", "2026-12-18", "9910017"),
        ("closure", "2026-10-12", "2026-10-12", "9910017"),
        ("summer", "2027-06-05", "2027-08-13", "9910017"),
    ]
    assert found.left_out == (
        "Line 27, Board meeting: DTSTART '20261013T190000' has a time or is no day: make it an event of whole days.",
        "Line 31, Band concert: nothing says whether there is school: set its category to one of term, break, holiday, "
        "closure, intersession, summer.",
        "Line 35, Holiday: it repeats, which is not read: enter each of its days as an event of its own.",
    )


def _ics(*lines):
    event = ("BEGIN:VEVENT", *lines, "END:VEVENT") if lines else ()
    return "\n".join(("BEGIN:VCALENDAR", *event, "END:VCALENDAR", ""))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TERM, "Line 1: there is no BEGIN:VCALENDAR. Export the calendar as iCalendar (.ics)."),
        (_ics(), "The file holds no event. Export the days without school as events."),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261111\n",
            "Line 2: the event has no END:VEVENT. The file is cut off; export it again.",
        ),
        (_ics("SUMMARY:Break"), "Line 2, Break: it has no DTSTART: give it a first day."),
        (_ics("SUMMARY:Break", "DTSTART:20261131"), "Line 2, Break: there is no day 2026-11-31: correct it."),
        (
            _ics("SUMMARY:Break", "DTSTART:20261111", "DURATION:PT3H"),
            "Line 2, Break: its DURATION is not in whole days: make it an event of whole days.",
        ),
    ],
)
def test_an_icalendar_file_of_which_nothing_can_be_used(text, problem):
    with pytest.raises(CalendarError) as refused:
        read_calendar_ics(text)
    assert refused.value.problems == (problem,)


@given(
    st.text()
    | st.text(alphabet='\x00",;\n\r -0123456789abkremt', max_size=80).map(lambda text: HEADER + text)
)
def test_no_text_breaks_the_reader_of_csv(text):
    try:
        assert read_calendar_csv(text)
    except CalendarError as refused:
        assert all(refused.problems)


LINES = st.sampled_from(
    (
        *(
            "BEGIN:VEVENT",
            "END:VEVENT",
            "BEGIN:VALARM",
            "END:VALARM",
            "SUMMARY:Break",
            "CATEGORIES:term",
            " 1",
        ),
        *(
            "DTSTART:20261111",
            "DTSTART;VALUE=DATE:99991231",
            "DTEND:00010101",
            "DURATION:P3D",
            "DURATION:P999W",
        ),
    )
)


@given(
    st.lists(LINES | st.text(max_size=10), max_size=12).map(
        lambda lines: "\n".join(["BEGIN:VCALENDAR", *lines])
    )
)
def test_no_text_breaks_the_reader_of_icalendar(text):
    try:
        assert read_calendar_ics(text).periods
    except CalendarError as refused:
        assert all(refused.problems)
