"""The clocks of the law that are watched: what starts and ends each, and from where each input comes.

A clock whose inputs, or whose end, nobody records here is in :data:`NOT_WATCHED`, with the reason: a date that would be
overdue for ever helps nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Watched:
    """A clock that is watched. ``ends`` says what ends it; ``sources`` where each input stands.

    Where ``is_end_known`` is false, nobody records that it was done: it runs until its date and is never overdue.
    ``by_calendar``: its date depends on the school's calendar.
    """

    name: str
    starts: str
    ends: str
    sources: Mapping[str, str]
    is_end_known: bool = True
    by_calendar: bool = False


_BIRTH = MappingProxyType({"birth_on": "date of birth, from the SIS"})
_REVIEW = (
    "last plan review that was held: finalized meetings, those at the state, and one that is held and open"
)
_CONSENT = MappingProxyType(
    {
        "consent_on": "consent to evaluate, on the open meeting",
        "referral_on": "referral, on the open meeting",
    }
)

_REFERRAL = MappingProxyType({"referral_on": "referral, on the student's record"})

WATCHED: Mapping[str, Watched] = MappingProxyType(
    {
        one.name: one
        for one in (
            Watched(
                "assessment-plan",
                "a referral for assessment is received",
                "the assessment plan is given, consent is received, or the referral is withdrawn or declined",
                _REFERRAL,
                by_calendar=True,
            ),
            Watched(
                "assessment-refused",
                "a referral for assessment is received, and the district declines to assess",
                "the prior written notice is given",
                _REFERRAL,
                by_calendar=True,
            ),
            Watched(
                "initial-iep",
                "the consent to an initial evaluation",
                "the meeting is held, or consent is withdrawn",
                _CONSENT,
                by_calendar=True,
            ),
            Watched(
                "part-c-45",
                "the referral of a child under three",
                "the meeting is held, or the referral is withdrawn or declined",
                MappingProxyType({"referral_on": "referral, on the student's record or the open meeting"}),
            ),
            Watched(
                "c-to-b-iep",
                "a child with an IFSP reaches two years and three months, or consent to the evaluation",
                "the evaluation is held, or an IEP is in force",
                MappingProxyType({**_BIRTH, "consent_on": _CONSENT["consent_on"]}),
                by_calendar=True,
            ),
            Watched(
                "annual-review",
                "the last plan review",
                "the next plan review is held",
                MappingProxyType({"last_iep_on": _REVIEW}),
            ),
            Watched(
                "triennial",
                "the last evaluation",
                "the next reevaluation is held",
                MappingProxyType({"last_evaluation_on": "last evaluation that was held"}),
            ),
            Watched(
                "ifsp-annual",
                "the last IFSP meeting",
                "the next IFSP meeting is held",
                MappingProxyType({"last_ifsp_on": _REVIEW}),
            ),
            Watched(
                "ifsp-review",
                "the last IFSP meeting",
                "its date: that a periodic review took place is not recorded here",
                MappingProxyType({"last_ifsp_on": _REVIEW}),
                is_end_known=False,
            ),
            Watched(
                "transfer-30",
                "a student with another SELPA's plan enrolls here",
                "a review is held here: that the office adopts the plan keeps comparable services, and reviews nothing",
                MappingProxyType({"enrolled_on": "first day of the enrollment, from the SIS"}),
            ),
            Watched(
                "part-c-notice",
                "a child with an IFSP is within a year of the date",
                "its date: that the notice was given is not recorded here",
                _BIRTH,
                is_end_known=False,
            ),
            Watched(
                "transition-conference",
                "a child with an IFSP is within a year of the date",
                "its date: that the conference took place is not recorded here",
                _BIRTH,
                is_end_known=False,
            ),
            Watched(
                "transition-plan",
                "a student with an IEP is within a year of the 16th birthday",
                "the plan in force answers every transition indicator with yes",
                _BIRTH,
            ),
            Watched(
                "majority-notice",
                "a student is within a year of the 17th birthday",
                "its date: that student and parent were told is not recorded here",
                _BIRTH,
                is_end_known=False,
            ),
            Watched(
                "age-of-majority",
                "a student is within a year of the 18th birthday",
                "its date: the rights pass over by themselves",
                _BIRTH,
                is_end_known=False,
            ),
            Watched(
                "maximum-age",
                "a student is within a year of the last day of eligibility",
                "the student no longer participates",
                _BIRTH,
            ),
            Watched(
                "leftover-meeting",
                "a meeting is held; one that is not held, when it was opened",
                "the meeting is finalized or canceled",
                MappingProxyType({"meeting_on": "day of the meeting; where it is not held, its opening"}),
            ),
            Watched(
                "records-to-new-lea",
                "another LEA asks for the record",
                "the request is granted or refused",
                MappingProxyType({"request_on": "day of the request in this product"}),
                by_calendar=True,
            ),
        )
    }
)

_NO_DISPUTES = "complaints and due process are not recorded here"
_NO_DISCIPLINE = "discipline stands in the SIS, which does not deliver it yet"
_NO_INVOICES = "invoices of nonpublic schools are not recorded here"
NOT_WATCHED: Mapping[str, str] = MappingProxyType(
    {
        "assessment-response": "a floor and no due date: the parent has at least these days to decide",
        "reassessment-iep": "consent to a reassessment is not recorded here; the triennial date is watched",
        "first-meeting": "when the need was determined is not recorded apart from the meeting",
        "iep-in-effect": "it asks for the plan in force, which the annual review and transfers watch",
        "parent-requested-meeting": "a parent's written request is not recorded here",
        "progress-report": "when report cards go out is not recorded here",
        "meeting-notice": "when the family was sent the notice is not recorded here",
        "safeguards-notice": "when the notice was last given is not recorded here",
        "transfer-same-selpa": "it has no date: the plan goes on",
        "transfer-out-of-state": "it has no date while AB 1412 is switched off, and no SIS says the state of origin",
        "removal-days": _NO_DISCIPLINE,
        "manifestation": _NO_DISCIPLINE,
        "decision-notice": _NO_DISCIPLINE,
        "interim-setting": _NO_DISCIPLINE,
        "emergency-notice": _NO_DISCIPLINE,
        "emergency-meeting": _NO_DISCIPLINE,
        "records-5-business": "a parent's request for records is not recorded here",
        "nps-payment": _NO_INVOICES,
        "nps-reason": _NO_INVOICES,
        "complaint-decision": _NO_DISPUTES,
        "complaint-limit": _NO_DISPUTES,
        "due-process-limit": _NO_DISPUTES,
        "resolution-session": _NO_DISPUTES,
        "resolution-period": _NO_DISPUTES,
        "hearing-decision": _NO_DISPUTES,
        "expedited-hearing": _NO_DISPUTES,
        "expedited-decision": _NO_DISPUTES,
    }
)
