"""The duties of a district that must have a name on them: who sends, who fixes, who certifies, who clears arrivals."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.access import Capability


@dataclass(frozen=True, slots=True)
class DutyKind:
    """One duty: what it is, what one must be allowed to do for it, and the page (its address name) of its queue."""

    key: str
    label: str
    what: str
    capability: Capability
    page: str


DUTIES = MappingProxyType(
    {
        duty.key: duty
        for duty in (
            DutyKind(
                "send",
                "Send to the state",
                "Looks at the state plan and sends what is ready.",
                Capability.SEND_TO_STATE,
                "state",
            ),
            DutyKind(
                "fix",
                "Fix what the state refuses",
                "Works through the findings and passes on what is another's to mend.",
                Capability.CORRECT_RECORD,
                "findings",
            ),
            DutyKind(
                "certify",
                "Certify",
                "Answers for the counts of the reporting period until the district has certified them.",
                Capability.SEND_TO_STATE,
                "state",
            ),
            DutyKind(
                "arrivals",
                "Clear arrivals",
                "Takes up students who have just come, so that none is without a plan or a case manager.",
                Capability.CORRECT_RECORD,
                "arrivals",
            ),
        )
    }
)
