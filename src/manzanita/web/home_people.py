"""What home says of people: duties without a name, transfers that wait, students of nobody; and one's own duties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from manzanita.accounts.duty_queries import duties_at, duties_of
from manzanita.accounts.granting import managed_codes
from manzanita.accounts.transfer_queries import transfers_for
from manzanita.arrivals.queries import count_arrivals
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.duties import DUTIES
from manzanita.exchange.queries import PlanCounts, finding_counts
from manzanita.platform import clock
from manzanita.procedures.assigning import without_manager_count
from manzanita.ui.formats import plural
from manzanita.web.home_needs import Need, age

OWNER = "SEDS coordinator"


def people_needs(actor: Actor) -> list[Need]:
    """Nothing for who does not manage people. Each count is that of the page behind it."""
    if not actor.may(Capability.MANAGE_PEOPLE):
        return []
    needs = []
    if actor.perspective.scope is Scope.AGENCY:
        gaps = [row for row in duties_at(actor.agency_code) if row.gap]
        if gaps:
            needs.append(
                Need(
                    "warn",
                    "Duties without a person",
                    len(gaps),
                    reverse("duties"),
                    detail=" · ".join(row.label for row in gaps),
                    owner=OWNER,
                    step="Name somebody",
                )
            )
    waiting = [one for one in transfers_for(actor) if one.from_agency.code in managed_codes(actor)]
    if waiting:
        oldest = (clock.now() - min(one.asked_at for one in waiting)).days
        needs.append(
            Need(
                "empty",
                "People whom another district asks for",
                len(waiting),
                reverse("transfers"),
                oldest=age(oldest),
                owner=OWNER,
                days=oldest,
                step="Answer",
            )
        )
    if actor.may(Capability.ASSIGN_STUDENTS):
        count = without_manager_count(actor)
        if count:
            needs.append(
                Need(
                    "warn",
                    "Students without a case manager",
                    count,
                    f"{reverse('assign')}?unassigned=1",
                    owner=OWNER,
                    step="Assign them",
                )
            )
    return needs


def people_in_order(actor: Actor) -> str:
    """What is said where none of the needs is: only what was counted for this reader."""
    counted = []
    if actor.perspective.scope is Scope.AGENCY:
        counted.append("every duty has a name")
    if actor.may(Capability.ASSIGN_STUDENTS):
        counted.append("every student a case manager")
    words = ", and ".join(counted)
    return f"{words[0].upper()}{words[1:]}." if words else ""


@dataclass(frozen=True, slots=True)
class OwnDuty:
    """A duty that the reader has or stands in for, with how much waits, where that is known."""

    label: str
    url: str
    waits: str
    with_whom: str


def own_duties(actor: Actor, counts: PlanCounts | None) -> Sequence[OwnDuty]:
    """Duties of the reader at this agency; holder and who stands in see the same."""
    found = []
    for duty in duties_of(actor.user_id):
        kind = DUTIES[duty.kind]
        if duty.agency.code != actor.agency_code or not actor.may(kind.capability):
            continue
        waits = ""
        if duty.kind == "send" and counts is not None:
            waits = f"{plural(counts.ready_count, 'operation')} ready"
        elif duty.kind == "fix":
            waits = plural(sum(one.count for one in finding_counts(actor).values()), "finding")
        elif duty.kind == "arrivals":
            waits = plural(count_arrivals(actor).all, "arrival")
        if duty.holder_id == actor.user_id:
            whom = f"{duty.backup.name} stands in" if duty.backup else "nobody stands in"
        else:
            whom = f"you stand in for {duty.holder.name}"
        found.append(OwnDuty(kind.label, reverse(kind.page), waits, whom))
    return found
