"""How a meeting is doing, for somebody who helps its team: saves, editors, findings, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor, Capability
from manzanita.domain.fields import FIELDS
from manzanita.domain.findings import Reason, Severity
from manzanita.meetings.models import Answer
from manzanita.web.meetings_form import Desk
from manzanita.web.meetings_steps import against_finalizing

SAVES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Save:
    """One saved answer of the team."""

    field: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """``saves`` are the newest; ``missing`` is what stands against finalizing, rules apart."""

    opened_by: str
    saves: list[Save]
    save_count: int
    editors: list[str]
    fatal: int
    warnings: int
    not_evaluated: int
    missing: Sequence[Reason]
    # What stands against finalizing, as the step list counts it: the parts that are missing, and what the rules reject.
    to_do: int


def health_of(actor: Actor, desk: Desk) -> Health | None:
    """The panel, for who may look as a colleague, as oneself or in such a view; three queries. ``None`` for others."""
    if not (actor.within or actor).may(Capability.VIEW_AS):
        return None
    meeting = desk.meeting
    answers = list(
        Answer.objects.filter(meeting=meeting)
        .order_by("-at", "-pk")
        .values_list("field_key", "by_name", "at")
    )
    opener = meeting.opened_by_id
    against = against_finalizing(actor, desk)
    return Health(
        opened_by=user_names({opener}).get(opener, "") if opener else "",
        saves=[Save(_field_words(key), by, at) for key, by, at in answers[:SAVES_SHOWN]],
        save_count=len(answers),
        editors=list(dict.fromkeys(by for _, by, _ in answers)),
        fatal=desk.count(Severity.FATAL),
        warnings=desk.count(Severity.WARNING),
        not_evaluated=desk.count(Severity.NOT_EVALUATED),
        missing=against.missing,
        to_do=against.count,
    )


def _field_words(key: str) -> str:
    """``plan.23.20`` as the name of the field; of a service with its number."""
    subject, _, rest = key.partition(".")
    number, prefix = rest, ""
    if subject == "service":
        service, _, number = rest.partition(".")
        prefix = f"Service {service}, "
    declared = FIELDS.get(number)
    return f"{prefix}{declared.label if declared else 'offer'}"
