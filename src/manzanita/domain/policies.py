"""Questions that no public source settles, with the answers a SELPA may choose and the one that stands until then.

An answer decides what goes to the state in one named case, or (``tolling``) how long breaks stop the clocks of the law,
or (``transfer-*``) how districts of the installation answer each other, or (``next-year-opens``) from when on the next
school year is planned.
A case that is settled has no policy, and a policy whose case becomes settled is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.calendars import Tolling

TOLLING = "tolling"
TRANSFER_ACCEPT, TRANSFER_ESCALATE = "transfer-accept", "transfer-escalate"
NEXT_YEAR_OPENS = "next-year-opens"


@dataclass(frozen=True, slots=True)
class Policy:
    """One open question. ``choices`` maps each answer to its words; ``default`` is one of them."""

    key: str
    question: str
    choices: Mapping[str, str]
    default: str
    why_open: str


def _policy(key: str, question: str, default: str, why_open: str, **choices: str) -> Policy:
    by_value = {value.removeprefix("_"): words for value, words in choices.items()}
    return Policy(key, question, MappingProxyType(by_value), default, why_open)


POLICIES: Mapping[str, Policy] = MappingProxyType(
    {
        policy.key: policy
        for policy in (
            _policy(
                "status-start",
                "On which day does status 1 start after an initial evaluation?",
                "accepted",
                "The state's scenario 1c says the day of acceptance; one vendor reads the day of the meeting.",
                accepted="The day on which the family accepted the offer",
                held="The day of the meeting",
            ),
            _policy(
                "partial-consent",
                "Does partial consent make a plan at the state?",
                "agreed",
                "No public source prints this case.",
                agreed="Yes: the agreed parts over what was in force",
                none="No: only the meeting is reported",
            ),
            _policy(
                "initial-no-response",
                "Which reason stands with status 2 when a family does not answer the first offer?",
                "11",
                "The status follows from the state's scenarios; no source prints the reason.",
                _11="11, the family declined the offer",
                _12="12, other reason",
            ),
            _policy(
                "revocation-status",
                "Which status follows when a family revokes consent to all services?",
                "2",
                "The Data Guide says status 2 or 4 by the kind of revocation; the reason code is a placeholder.",
                _2="2, eligible and not participating",
                _4="4, not eligible",
            ),
            _policy(
                "thirty-day-review",
                "Does a 30-day review held as a plan review, and agreed, make a plan at the state?",
                "plan",
                "No public source prints this case.",
                plan="Yes: MEET, PLAN and SERV",
                meeting="No: MEET only",
            ),
            _policy(
                "other-review",
                "What does a review that is neither annual, triennial nor 30-day tell the state?",
                "nothing",
                "No source was seen.",
                nothing="Nothing",
                meeting="That the meeting was held (MEET without plan review)",
            ),
            _policy(
                TRANSFER_ACCEPT,
                "When does a district of this SELPA hand a student's record over without anybody answering?",
                "never",
                "The law wants the record to go within five working days (5 CCR 3024(a)), not that a person says so.",
                never="Never: its coordinator or clerk answers each request",
                exit="When its own SIS shows that the student leaves by the day of enrollment",
                both="When its own SIS shows the exit, and that of the other district the enrollment",
            ),
            _policy(
                TRANSFER_ESCALATE,
                "After how many days without an answer may a request for a student be escalated to the SELPA?",
                "7",
                "The law knows no such step; a week is five working days, in which records have to go.",
                _3="3 days",
                _5="5 days",
                _7="7 days",
                _14="14 days",
            ),
            _policy(
                NEXT_YEAR_OPENS,
                "From when on may next year's school, grade and case manager be entered without a reason of its own?",
                "census",
                "No law says it. In the fall this year's data has to be right for Census Day, and a next school "
                "that is entered by then is often meant for this year. Feeder districts want it from September.",
                july="All year, from July 1",
                census="The day after Census Day, in October",
                january="January 1",
                march="March 1",
            ),
            _policy(
                TOLLING,
                "Which days of a school break of more than five school days stop the 15, 30 and 60 days of the law?",
                Tolling.A.value,
                "Education Code 56321(a) and 56344(a) do not say whether the whole break is left out or only what is "
                "beyond five school days, nor whether the weekends at its edges count.",
                **{one.value: f"{one.value}: {one.meaning}" for one in Tolling},
            ),
        )
    }
)
