"""Every reason for which a record that differs is not sent now, in the words of the pages.

The outbox gives each held operation one or more of these codes; a code that is not here cannot be given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.findings import Owner, Reason
from manzanita.domain.former_lea import CLOSED

ON_ITS_WAY = "on-its-way"
# Where a difference is, one word each on every page: nobody has sent it; it is sent, and the state has not answered.
READY, SENT = "Ready to send", "On its way"


@dataclass(frozen=True, slots=True)
class Hold:
    """One kind of hold: what its group is called, what is said of the group, and what leads to its list."""

    code: str
    title: str
    text: str
    link_label: str


HOLDS: Mapping[str, Hold] = MappingProxyType(
    {
        hold.code: hold
        for hold in (
            Hold(
                "rejected",
                "Rejected by the state",
                "The state rejected exactly these lines.",
                "Show these lines",
            ),
            Hold(
                "input-error",
                "The state would reject it",
                "The state would reject these lines, so they stay here.",
                "Show these lines",
            ),
            Hold(
                "no-ssid",
                "No SSID yet",
                "The SIS requests the SSID; the lines are free when it arrives.",
                "Show the students",
            ),
            Hold(
                "period-locked",
                "Not of the reporting period",
                "This district sends only what counts in the reporting period; the lock stands above the plan.",
                "Show these lines",
            ),
            Hold(
                CLOSED,
                "Amendment window closed",
                "The students left, and what was reported of their year may be amended no more.",
                "Show these lines",
            ),
            Hold(
                "older-waiting",
                "Older one is waiting",
                "They go by themselves when the older one is answered.",
                "Show the older ones",
            ),
            Hold(ON_ITS_WAY, SENT, "Sent, and not answered yet.", "Show what is on its way"),
        )
    }
)


def hold(
    code: str,
    text: str,
    owner: Owner,
    way_out: str = "",
    *,
    values: Mapping[str, str] | None = None,
    source: str = "",
    confidence: str = "seen",
) -> Reason:
    """The reason that holds one operation. Raises ``KeyError`` for a code that the pages have no words for."""
    return Reason(
        HOLDS[code].code, text, owner, way_out, values=values or {}, source=source, confidence=confidence
    )
