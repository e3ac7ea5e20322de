"""Students who arrive with an IEP (law and forms 1.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from manzanita.domain.clocks.counting import business_days, calendar_days, straight
from manzanita.domain.clocks.declaration import (
    Clock,
    Given,
    Input,
    InputType,
    Outcome,
    Setting,
    remark,
    required,
)
from manzanita.domain.clocks.laws import Law, california_regulation, education_code, federal

TRANSFER_DAYS = 30


def _in_state(given: Given, setting: Setting) -> Outcome:
    enrolled = given.day("enrolled_on")
    found = calendar_days(enrolled, TRANSFER_DAYS)
    if following := setting.calendar.school_year_waited_for(enrolled):
        why = (
            f"enrolled between school years: an IEP is in effect on {following.first} in any case (56344(c))"
        )
        found = replace(found, steps=(*found.steps, remark(following.first, why)))
    return _with_overlay(given, found)


def _same_selpa(given: Given, setting: Setting) -> Outcome:
    why = "same SELPA: the IEP goes on without delay; there is no review after 30 days"
    return Outcome(None, (remark(given.day("enrolled_on"), why),))


def _out_of_state(given: Given, setting: Setting) -> Outcome:
    why = "from another state: comparable services until an assessment, if one is needed, and a new IEP; no day is set"
    return _with_overlay(given, Outcome(None, (remark(given.day("enrolled_on"), why),)))


def _with_overlay(given: Given, found: Outcome) -> Outcome:
    """The earlier of ``found`` and 30 days from the first records, where AB 1412 is switched on."""
    received = {
        name: day
        for name in ("official_received_on", "unofficial_received_on")
        if (day := given.day_or_none(name)) is not None
    }
    if not given.is_so("ab1412"):
        if received:
            why = "records were received, and AB 1412 is switched off (its text is not verified)"
            return replace(found, steps=(*found.steps, remark(min(received.values()), why)))
        return found
    if not received:
        enrolled = given.day("enrolled_on")
        return replace(
            found, steps=(*found.steps, remark(enrolled, "AB 1412: its 30 days begin with the first records"))
        )
    first = min(received.values())
    due = first + timedelta(days=TRANSFER_DAYS)
    if found.due_on is not None and found.due_on <= due:
        why = f"AB 1412 would say {due}, from the records of {first}: not earlier"
        return replace(found, steps=(*found.steps, remark(first, why)), confidence="unverified")
    what = "unofficial" if received.get("official_received_on") != first else "official"
    why = f"AB 1412: 30 days from the {what} records of {first}"
    return Outcome(due, (*straight(first, due, why), *found.steps[1:]), confidence="unverified")


def _records_to_new_lea(given: Given, setting: Setting) -> Outcome:
    return business_days(given.day("request_on"), 5, setting)


_ENROLLED = required("enrolled_on", "first day of the enrollment in this district")
_OVERLAY = (
    Input(
        "ab1412",
        "count by AB 1412 (Stats. 2025, ch. 453) too; its final text is not verified",
        InputType.FLAG,
    ),
    Input("official_received_on", "day on which official records arrived"),
    Input("unofficial_received_on", "day on which the unofficial records that the law names arrived"),
)
_AB_1412 = Law(
    "AB 1412 (2025)", "https://leginfo.legislature.ca.gov/faces/billTextClient.xhtml?bill_id=202520260AB1412"
)

CLOCKS = (
    Clock(
        name="transfer-30",
        title="IEP after a transfer from another SELPA in California",
        counts="30 calendar days from enrollment, never tolled; with AB 1412 the earlier of that and 30 days from the "
        "first records.",
        inputs=(_ENROLLED, *_OVERLAY),
        laws=(education_code("56325(a)(1)"), federal("300.323(e)"), _AB_1412),
        confidence="inferred",
        compute=_in_state,
    ),
    Clock(
        name="transfer-same-selpa",
        title="IEP after a transfer inside the SELPA",
        counts="No date: the IEP goes on.",
        inputs=(_ENROLLED,),
        laws=(education_code("56325(a)(2)"),),
        confidence="seen",
        compute=_same_selpa,
    ),
    Clock(
        name="transfer-out-of-state",
        title="IEP after a transfer from another state",
        counts="No date; with AB 1412, 30 days from the first records.",
        inputs=(_ENROLLED, *_OVERLAY),
        laws=(education_code("56325(a)(3)"), federal("300.323(f)"), _AB_1412),
        confidence="inferred",
        compute=_out_of_state,
    ),
    Clock(
        name="records-to-new-lea",
        title="Special education records to the new LEA",
        counts="5 working days from the request.",
        inputs=(required("request_on", "day on which the new LEA's request was received"),),
        laws=(california_regulation(5, "3024(a)"),),
        confidence="seen",
        compute=_records_to_new_lea,
    ),
)
