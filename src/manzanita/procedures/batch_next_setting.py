"""The program setting from a day on, as a field that is changed of many students at once (``batch_fields``).

A value is ``400/80/2027-03-04``: setting, share of general education, first day. Nothing changes before that day: then
a nightly job records the change with its archive (``planned_settings``), as the office would.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

from manzanita.domain.access import Actor, Capability
from manzanita.domain.codes import code_set
from manzanita.domain.dates import day_of
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.setting_grounds import LAW
from manzanita.domain.turning_five import (
    INFANT_SETTINGS,
    PRESCHOOL_SETTINGS,
    SOURCE,
    WITH_SHARE,
    fifth_birthday_of,
)
from manzanita.leaving.models import Leaving
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.batch_field_shape import BatchField, Values
from manzanita.procedures.batch_next_year import against_gone
from manzanita.procedures.turning_five import own_days
from manzanita.students.models import NextSetting, Plan, Student

RULE = "A setting has its day, and the share of general education where it is counted with one"
_HOW = "Write setting, share and day, such as “400, 80 %, 08/12/2027”."
_TEXT = re.compile(
    r"(?P<code>\d{3})\b[\s,;/]*(?:(?P<share>\d{1,3})\s*(?:%|percent)?(?=$|[\s,;/]))?[\s,;/]*(?:from\s+)?"
    r"(?P<day>\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d\d-\d\d|)",
    re.ASCII,
)
_MOST = 100


def value_of(code: str, share: str, day: date | None) -> str:
    return f"{code}/{share}/{day.isoformat() if day else ''}"


def parts_of(value: str) -> tuple[str, str, date]:
    """Setting, share and day of a value that has all."""
    code, share, day = value.split("/")
    return code, share, date.fromisoformat(day)


def _choices(actor: Actor) -> list[tuple[str, str]]:
    codes = code_set("ProgramSetting")
    return [(one.code, codes.label(one.code)) for one in codes.current() if one.code not in INFANT_SETTINGS]


def _read(actor: Actor, texts: Collection[str]) -> dict[str, tuple[str, str]]:
    known = {code for code, _ in _choices(actor)}
    return {text: _read_one(text.strip(), known) for text in texts}


def _read_one(text: str, known: Collection[str]) -> tuple[str, str]:
    if not text:
        return "", ""
    found = _TEXT.fullmatch(text)
    if found is None:
        return "", f"“{text[:30]}” cannot be read. {_HOW}"
    code, share, told = found["code"], found["share"] or "", found["day"]
    if code not in known:
        return "", f"{code} is no setting from three years on. {_HOW}"
    day = day_of(told) if told else None
    if told and day is None:
        return "", f"“{told[:20]}” is no day. {_HOW}"
    if day is not None and day <= clock.today():
        return "", f"{day:%m/%d/%Y} has come: record it on the record, as a change of setting and residence."
    if code in WITH_SHARE and (not share or int(share) > _MOST):
        return "", f"Setting {code} is counted with the share of general education, 0 to 100. {_HOW}"
    if code in PRESCHOOL_SETTINGS and share:
        return "", f"Setting {code} is not counted by a share of general education. Leave it out."
    return value_of(code, str(int(share)) if share else "", day), ""


def _each(told: Values) -> tuple[dict[int, str], dict[int, Reason]]:
    """Who is told no day gets the own one: the fifth birthday, or the first day in kindergarten if that is later."""
    without = {pk: value for pk, value in told.items() if value.endswith("/")}
    days, stopped = own_days(without) if without else ({}, {})
    today = clock.today()
    for pk, day in days.items():
        if day <= today:
            stopped[pk] = _day_come(day)
    return {pk: f"{without[pk]}{day.isoformat()}" for pk, day in days.items() if pk not in stopped}, stopped


def _day_come(day: date) -> Reason:
    return Reason(
        "day-come",
        f"A setting of school age was due on {day:%m/%d/%Y} already, and what has happened is recorded, not planned.",
        Owner.COORDINATOR,
        "Record it on the record: change of setting and residence.",
        source=SOURCE,
    )


def _now(ids: Collection[int]) -> dict[int, str]:
    rows = NextSetting.objects.as_of(effective=clock.today()).filter(student_id__in=ids)
    return {
        one.student_id: value_of(one.program_setting_code, one.general_education_percent, one.starts_on)
        for one in rows
    }


def setting_words(code: str, share: str) -> str:
    return code_set("ProgramSetting").label(code) + (f", {share} % general education" if share else "")


def _words(values: Collection[str]) -> dict[str, str]:
    found = {}
    for value in values:
        if value:
            code, share, day = parts_of(value)
            found[value] = f"{setting_words(code, share)}, from {day:%m/%d/%Y}"
    return found


def _against(actor: Actor, wanted: Values) -> dict[int, Reason]:
    """What keeps a setting from being changed on that day: it is a change of the plan that is in force then."""
    meant = {pk: parts_of(value) for pk, value in wanted.items() if value}
    plans: dict[int, list[Plan]] = {pk: [] for pk in meant}
    today = clock.today()
    for plan in Plan.objects.believed().filter(student_id__in=meant).order_by("effective_from"):
        if plan.effective_to is None or plan.effective_to >= today:
            plans[plan.student_id].append(plan)
    found = {}
    for pk, asked in meant.items():
        reason = _why_not(actor, plans[pk], *asked)
        if reason is not None:
            found[pk] = reason
    return found | against_gone(actor, meant)


def _why_not(actor: Actor, plans: list[Plan], code: str, share: str, day: date) -> Reason | None:
    today = clock.today()
    plan = next((one for one in plans if one.effective_from <= today), None)
    later = next((one for one in plans if one.effective_from > today), None)
    if day <= today:
        return _day_come(day)
    if plan is None or plan.lea_code != actor.agency_code:
        text = "No plan of your agency is in force, and a setting belongs to one."
        return Reason(
            "no-own-plan", text, Owner.COORDINATOR, "Adopt the plan first, or open a meeting.", source=RULE
        )
    if later is not None:
        text = f"Another plan starts on {later.effective_from:%m/%d/%Y}, with a setting of its own."
        return Reason("later-plan", text, Owner.TEAM, "The team says the setting in that plan.", source=RULE)
    if plan.effective_to is not None and plan.effective_to < day:
        text = f"The plan ends on {plan.effective_to:%m/%d/%Y}, before that day."
        return Reason("plan-ends", text, Owner.TEAM, "The next plan says its setting.", source=RULE)
    if (plan.program_setting_code, plan.general_education_percent) == (code, share):
        text = "The plan in force has this setting and share already."
        return Reason("nothing-changed", text, Owner.COORDINATOR, "Nothing to do.", source=RULE)
    if plan.program_setting_code not in PRESCHOOL_SETTINGS or code not in WITH_SHARE:
        text = "Planned is what a fifth birthday changes, preschool to a setting with a share. Else the team decides."
        return Reason("team-decides", text, Owner.TEAM, "Open an amendment.", source=LAW)
    return None


def _doubts(actor: Actor, wanted: Values) -> dict[int, Reason]:
    meant = {pk: parts_of(value) for pk, value in wanted.items() if value}
    born = dict(Student.unscoped.filter(pk__in=meant).values_list("pk", "birth_on"))
    meetings = Meeting.objects.filter(student_id__in=meant, state__in=OPEN_STATES)
    open_of = set(meetings.values_list("student_id", flat=True))
    leavings = Leaving.objects.filter(student_id__in=meant, state="planned")
    leaves = dict(leavings.values_list("student_id", "leaves_on"))
    found = {}
    for pk, (code, _, day) in meant.items():
        birthday = born[pk] and fifth_birthday_of(born[pk])
        if pk in open_of:
            found[pk] = _doubt("open-meeting", "A meeting is open, and the team may say another setting.")
        elif pk in leaves and leaves[pk] <= day:
            found[pk] = _doubt("leaves-first", f"The student leaves on {leaves[pk]:%m/%d/%Y}, as is planned.")
        elif birthday and code not in PRESCHOOL_SETTINGS and day < birthday:
            found[pk] = _doubt(
                "before-five", f"A setting of school age before the fifth birthday, {birthday:%m/%d/%Y}."
            )
    return found


def _doubt(code: str, text: str) -> Reason:
    return Reason(code, text, Owner.COORDINATOR, "Look once more: it is planned all the same.", source=SOURCE)


def _stated(student_id: int, value: str) -> Statement:
    if not value:
        return Statement({"student_id": student_id}, None, clock.today())
    code, share, day = parts_of(value)
    content = {"program_setting_code": code, "general_education_percent": share, "starts_on": day}
    return Statement({"student_id": student_id}, content, clock.today())


NEXT_SETTING = BatchField(
    "next_setting",
    "Program setting from a day on",
    "Nothing changes before the day. In the night to it the change is recorded with its archive, in the name of "
    "whoever planned it, and the state is told. Without a day each child gets the own one: the fifth birthday, or the "
    "first day in kindergarten if that is later.",
    Capability.CORRECT_RECORD,
    ("Next program setting", "Program setting from a day on"),
    _choices,
    _read,
    _now,
    _words,
    RULE,
    _against,
    _doubts,
    kind="next_setting",
    blank="Nothing: takes the planned one away",
    stated=_stated,
    each=_each,
    more=(
        ("share", "Share of general education", "In percent, for settings 400 and 500"),
        ("day", "First day", "Blank: the own day of each child"),
    ),
)
