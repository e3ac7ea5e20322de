"""The way from a finding to the form that corrects its record, and back: the address names the finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from manzanita.archive.models import ArchivedRecord
from manzanita.domain.rules import rule_info
from manzanita.exchange.models import StateFinding
from manzanita.exchange.queries import finding_of_actor
from manzanita.findings.models import RuleFinding
from manzanita.findings.queries import finding_of

# Parameters of the form's address: a finding of our rules, and one of the state.
OURS, OF_STATE = "finding", "said"


def correct_address(record_id: int, parameter: str, finding_id: int) -> str:
    """The form of a record for this finding: its fields stand first, it is named, and it is gone back to."""
    return f"{reverse('correct', args=[record_id])}?{parameter}={finding_id}"


@dataclass(frozen=True, slots=True)
class Cause:
    """The finding for which a record is corrected. ``url`` is its page; ``fields`` those that it points at, the blank
    ones first; ``severity`` and ``message`` only of our rules, as the form says those of the state by itself."""

    url: str
    code: str
    fields: Sequence[str]
    title: str = ""
    severity: str = ""
    message: str = ""


def cause_in(request: HttpRequest, row: ArchivedRecord) -> Cause | None:
    """The finding that the address names, where the reader may see it and it is of the student of ``row``; 404 where
    not."""
    ours, of_state = request.GET.get(OURS, ""), request.GET.get(OF_STATE, "")
    if _is_key(ours):
        one = finding_of(request.actor, int(ours))
        if one.student_id == row.student_id and one.state != "closed":
            info = rule_info(one.rule_code)
            title = info.title if info else ""
            url = reverse("settle_finding", args=[one.pk])
            return Cause(url, one.rule_code, _blank_first(one), title, one.severity, one.message)
    elif _is_key(of_state):
        said = finding_of_actor(request.actor, int(of_state))
        if said.student_id == row.student_id:
            return Cause(reverse("finding", args=[said.pk]), said.rule_code, _blank_first(said))
    return None


def _blank_first(one: RuleFinding | StateFinding) -> list[str]:
    """A rule names what it read too: what is missing is what is to be typed."""
    return sorted(one.fields, key=lambda number: bool(one.values.get(number)))


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
