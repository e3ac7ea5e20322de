"""Whether next year's data may be entered: the SELPA's answer, and why not yet."""

from __future__ import annotations

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.next_year_window import RULE, is_open, opens_on
from manzanita.domain.policies import NEXT_YEAR_OPENS
from manzanita.orgs.queries import policies_of
from manzanita.platform import clock

# Behind the title of a change that was made before the window opened.
EARLY = ", before its window opened"


def closed_until(actor: Actor) -> list[Reason]:
    """Why next year's data is not entered today; empty where it is. One query."""
    today = clock.today()
    answer = policies_of(actor.selpa_code)[NEXT_YEAR_OPENS]
    if is_open(today, answer):
        return []
    return [
        Reason(
            "next-year-closed",
            f"Next year's data is closed until {opens_on(today, answer):%m/%d/%Y}: until then this year's data has to "
            "be made right, and what is meant for this year is often entered for the next.",
            Owner.SELPA,
            "Wait until then, or tick “Before its window opens” below, with the reason why.",
            source=RULE,
        )
    ]
