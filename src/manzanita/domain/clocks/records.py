"""Records and payments (law and forms 1.8)."""

from __future__ import annotations

from dataclasses import replace

from manzanita.domain.clocks.counting import business_days, calendar_days
from manzanita.domain.clocks.declaration import DAY, Clock, Given, Input, Outcome, Setting, remark, required
from manzanita.domain.clocks.laws import education_code, federal


def _records(given: Given, setting: Setting) -> Outcome:
    request, meeting = given.day("request_on"), given.day_or_none("meeting_on")
    found = business_days(request, 5, setting)
    if meeting is None or found.due_on is None or not request < meeting <= found.due_on:
        return found
    due = meeting - DAY
    steps = tuple(
        replace(one, last=min(one.last, due)) for one in found.steps if one.first <= due and one.days
    )
    shortened = tuple(replace(one, days=(one.last - one.first).days + 1) for one in steps)
    return replace(found, due_on=due, steps=(*shortened, remark(due, f"before the IEP meeting of {meeting}")))


def _nps_payment(given: Given, setting: Setting) -> Outcome:
    return calendar_days(given.day("invoice_on"), 45)


def _nps_reason(given: Given, setting: Setting) -> Outcome:
    return business_days(given.day("invoice_on"), 10, setting)


_INVOICE = required("invoice_on", "day on which the invoice was received")

CLOCKS = (
    Clock(
        name="records-5-business",
        title="Records to the parent",
        counts="5 business days from the request, and before any IEP meeting. The federal limit is 45 days.",
        inputs=(
            required("request_on", "day of the request, oral or written"),
            Input("meeting_on", "day of an IEP meeting that lies ahead"),
        ),
        laws=(education_code("56504"), federal("300.613")),
        confidence="seen",
        compute=_records,
    ),
    Clock(
        name="nps-payment",
        title="Payment of a nonpublic school",
        counts="45 calendar days from the invoice.",
        inputs=(_INVOICE,),
        laws=(education_code("56366.5"),),
        confidence="seen",
        compute=_nps_payment,
    ),
    Clock(
        name="nps-reason",
        title="Written reason why an invoice is not paid",
        counts="10 working days from the invoice.",
        inputs=(_INVOICE,),
        laws=(education_code("56366.5"),),
        confidence="seen",
        compute=_nps_reason,
    ),
)
