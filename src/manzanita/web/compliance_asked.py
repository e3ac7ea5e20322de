"""What an address of the compliance pages asks for: two days, a measure, a group; and the same as a short key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, QueryDict
from django.urls import reverse

from manzanita.domain.compliance import GROUP_LABELS, MEASURES, Group, Measure
from manzanita.domain.compliance.words import EXCLUSIONS
from manzanita.domain.dates import iso_day
from manzanita.exchange.compliance import TREND_NOW, TREND_THEN, Asked, Wanted
from manzanita.platform import clock
from manzanita.ui.formats import us_date
from manzanita.web.form_days import day_or_error

FIRST_DAY = date(2015, 7, 1)
# A day ahead says what will be if nothing more is held; further ahead than a year it says nothing.
FURTHEST_AHEAD = timedelta(days=400)
# Groups beside those of the domain: what only a list is made of.
MORE_GROUPS: Mapping[str, str] = MappingProxyType(
    {"": "Everybody counted", "nc": "Non-compliant", "doubt": "With a doubt"}
)
# How the groups look: shape and word, never color alone.
GROUP_KINDS = {
    Group.OVERDUE: "fatal",
    Group.HELD_LATE: "warn",
    Group.ON_TIME: "ok",
    Group.PENDING: "progress",
    Group.NOT_YET: "empty",
    Group.NO_MEETING: "unevaluated",
    Group.NOT_COUNTED: "na",
}
GROUP_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "all": "",
        "nc": "nc",
        "db": "doubt",
        "ov": Group.OVERDUE,
        "lt": Group.HELD_LATE,
        "ot": Group.ON_TIME,
        "pd": Group.PENDING,
        "ny": Group.NOT_YET,
        "nm": Group.NO_MEETING,
        "ex": Group.NOT_COUNTED,
    }
)
MEASURE_KEYS: Mapping[str, Measure] = MappingProxyType(
    {
        "pr": Measure.PLAN_REVIEW,
        "re": Measure.REEVALUATION,
        "in": Measure.INITIAL,
        "cb": Measure.C_TO_B,
    }
)
_KEY = re.compile(r"c\.([a-z]{2})\.([a-z]{2,3})\.(\d{6})\.(\d{6}|n)\.(\d{7}|a)(\d{7}|a)")


@dataclass(frozen=True, slots=True)
class ComplianceList:
    """Students of one group, as a list that can be exported."""

    asked: Asked
    wanted: Wanted

    @property
    def key(self) -> str:
        """``c.pr.ov.261123.n.aa``: no more than forty characters, and nothing of a student."""
        measure = next(key for key, value in MEASURE_KEYS.items() if value is self.wanted.measure)
        group = next(key for key, value in GROUP_KEYS.items() if value == self.wanted.group)
        known = f"{self.asked.known_on:%y%m%d}" if self.asked.known_on else "n"
        place = (self.wanted.lea_code or "a") + (self.wanted.school_code or "a")
        return f"c.{measure}.{group}.{self.asked.day:%y%m%d}.{known}.{place}"

    @property
    def title(self) -> str:
        info = MEASURES[self.wanted.measure]
        known = f", as known on {us_date(self.asked.known_on)}" if self.asked.known_on else ""
        return f"{info.label}: {group_label(self.wanted.group).lower()}, {us_date(self.asked.day)}{known}"

    @property
    def address(self) -> str:
        return students_url(self.asked, self.wanted)


def list_of_key(key: str) -> ComplianceList | None:
    """The list that a key names, or ``None``."""
    match = _KEY.fullmatch(key)
    if match is None or match[1] not in MEASURE_KEYS or match[2] not in GROUP_KEYS:
        return None
    try:
        day = _compact(match[3])
        known_on = None if match[4] == "n" else _compact(match[4])
    except ValueError:
        return None
    wanted = Wanted(
        MEASURE_KEYS[match[1]],
        GROUP_KEYS[match[2]],
        lea_code=match[5].replace("a", ""),
        school_code=match[6].replace("a", ""),
    )
    return ComplianceList(Asked(day, known_on), wanted)


def _compact(text: str) -> date:
    return iso_day(f"20{text[:2]}-{text[2:4]}-{text[4:]}")


def group_label(group: str) -> str:
    return MORE_GROUPS[group] if group in MORE_GROUPS else GROUP_LABELS[Group(group)]


def asked_in(given: QueryDict) -> tuple[Asked, dict[str, str]]:
    """The days of an address or a form, and by field what is wrong with them; a wrong day is today, or now."""
    today = clock.today()
    errors: dict[str, str] = {}
    day = day_or_error(given, "on", errors) or today
    if not FIRST_DAY <= day <= today + FURTHEST_AHEAD:
        errors["on"] = (
            f"Give a day from {us_date(FIRST_DAY)} to {us_date(today + FURTHEST_AHEAD)}: further off nothing "
            "is known."
        )
        day = today
    known_on = day_or_error(given, "known", errors)
    if known_on is not None and known_on > today:
        errors["known"] = "Nobody can say yet what will be known then. Give today, or an earlier day."
    if known_on is not None and known_on >= today:
        known_on = None
    trend = TREND_THEN if given.get("trend") == TREND_THEN else TREND_NOW
    return Asked(day, known_on, trend), errors


def measure_in(given: QueryDict) -> Measure:
    """Raises ``Http404`` for a measure that is none."""
    try:
        return Measure(given.get("measure", Measure.PLAN_REVIEW))
    except ValueError:
        raise Http404("no such measure") from None


def wanted_in(given: QueryDict) -> Wanted:
    """Raises ``Http404`` where no list could be meant: what is asked stands in the read log, as codes only."""
    asked = {name: given.get(name, "") for name in ("group", "lea", "school", "reason")}
    is_known = (
        asked["group"] in GROUP_KEYS.values()
        and all(re.fullmatch(r"(\d{7})?", asked[name]) for name in ("lea", "school"))
        and asked["reason"] in ("", *EXCLUSIONS)
    )
    if not is_known:
        raise Http404("no such list")
    return Wanted(measure_in(given), asked["group"], asked["lea"], asked["school"], asked["reason"])


def days_query(asked: Asked) -> dict[str, str]:
    """The days as parts of an address; today and now are left out, so that a link stays true tomorrow."""
    query: dict[str, str] = {}
    if asked.day != clock.today():
        query["on"] = asked.day.isoformat()
    if asked.known_on:
        query["known"] = asked.known_on.isoformat()
    if asked.trend == TREND_THEN:
        query["trend"] = TREND_THEN
    return query


def page_url(asked: Asked, measure: Measure, **more: str) -> str:
    query = {"measure": str(measure), **days_query(asked), **{k: v for k, v in more.items() if v}}
    return f"{reverse('compliance')}?{urlencode(query)}"


def students_url(asked: Asked, wanted: Wanted, **more: Any) -> str:
    # A list of students says its day always: what is printed of it must be found again.
    query = {
        "measure": str(wanted.measure),
        "group": str(wanted.group),
        "lea": wanted.lea_code,
        "school": wanted.school_code,
        "reason": wanted.reason,
        "on": asked.day.isoformat(),
        "known": asked.known_on.isoformat() if asked.known_on else "",
        **more,
    }
    return f"{reverse('compliance_students')}?{urlencode({k: v for k, v in query.items() if v})}"


def said_days(asked: Asked) -> str:
    """``as of 11/23/2026, as known on 11/20/2026``, for titles."""
    known = f"as known on {us_date(asked.known_on)}" if asked.known_on else "as known now"
    return f"as of {us_date(asked.day)}, {known}"
