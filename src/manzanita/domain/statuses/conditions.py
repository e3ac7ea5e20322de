"""The conditions of the steps of a student's record as data: what is said where one does not hold, whose job it is, by
which rule, and which step brings it (``domain.statuses.steps``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.findings import BUILT_ON, UNTIL_TOLD, Owner


@dataclass(frozen=True, slots=True)
class Condition:
    """What a step may need. ``lacking`` is said where it does not hold; ``brought_by`` is the step that comes first,
    blank where none brings it again; ``instead`` is the one that is meant where that step cannot be taken either."""

    key: str
    lacking: str
    owner: Owner
    source: str
    brought_by: str = ""
    instead: str = ""


_ADOPTION = "SPED Data Guide, plan adoption"
_MEET = "SPED Data Guide, MEET"
# The rules of this product behind what no source of the state orders.
ONE_MEETING = "One open meeting a student"
TAKEN_BACK = "Taking back needs what is taken back"
ONE_RECORD = "One record a student"
SETTLED_ONCE = "An arrival is settled once"
KNOWN_KEY = "A file is taken on a key that somebody compared"
ANSWERED = "Nothing is moved while the state has not answered"
SSID_HISTORY = "CALPADS, SSID history"

CONDITIONS: Mapping[str, Condition] = MappingProxyType(
    {
        one.key: one
        for one in (
            # Meetings
            Condition("meeting-open", "No meeting is open.", Owner.TEAM, _MEET, "open_meeting"),
            Condition(
                "meeting-held",
                "The meeting was not held yet.",
                Owner.TEAM,
                f"{_MEET}: a meeting is reported when it was held",
                "hold",
            ),
            Condition(
                "no-meeting-open",
                "Another meeting is open, and a second one would be dated back over it.",
                Owner.TEAM,
                ONE_MEETING,
                "finalize",
            ),
            Condition(
                "no-meeting-held",
                "A meeting was held and is not finalized: the state has to hear of it first.",
                Owner.TEAM,
                _MEET,
                "finalize",
            ),
            # Plans and status
            Condition(
                "plan-arrived",
                "No plan waits to be adopted: there is none, or it is this district's own since the enrollment began.",
                Owner.TEAM,
                f"{_ADOPTION}: PLAN starts with the enrollment",
                instead="open_meeting",
            ),
            Condition(
                "plan-own",
                "This district has no plan of its own: a plan that arrived is adopted before anything of it changes.",
                Owner.COORDINATOR,
                _ADOPTION,
                "adopt",
            ),
            Condition(
                "plan-known",
                "A student who takes part has a plan, and none is in force that day.",
                Owner.TEAM,
                _ADOPTION,
                "adopt",
                "open_meeting",
            ),
            Condition(
                "start-agreed",
                "No start waits that a meeting of this district put off (status 2, reason 12).",
                Owner.TEAM,
                "34 CFR 300.323(c)(2)",
                instead="open_meeting",
            ),
            Condition(
                "enrolled",
                "The student has no enrollment here today.",
                Owner.SIS,
                "GERR0005",
                "enroll",
            ),
            # Adoption and arrival
            Condition(
                "adopted",
                "No plan of this student was adopted here, so there is nothing to take back.",
                Owner.COORDINATOR,
                _ADOPTION,
                "adopt",
                "leave",
            ),
            Condition(
                "adoption-newest",
                "The record was corrected, changed, or a meeting was opened since the adoption.",
                Owner.COORDINATOR,
                BUILT_ON,
                "take_back",
            ),
            Condition(
                "adoption-untold",
                "Something of the adoption was sent to the state.",
                Owner.COORDINATOR,
                UNTIL_TOLD,
                instead="never_came",
            ),
            Condition(
                "plan-foreign",
                "The plan in force is this district's own, so nothing is to be adopted.",
                Owner.TEAM,
                _ADOPTION,
                instead="open_meeting",
            ),
            Condition(
                "arrival-open",
                "This arrival is settled.",
                Owner.COORDINATOR,
                SETTLED_ONCE,
                "say_arrived",
                "undo_adoption",
            ),
            Condition(
                "answered-inactive",
                "By the four questions the student does not arrive as one who takes no part.",
                Owner.COORDINATOR,
                "The four questions of an arrival say what follows",
                "answer",
            ),
            Condition(
                "plan-unknown",
                "A plan of this student is known from a file or from the state, and paper does not replace it.",
                Owner.COORDINATOR,
                _ADOPTION,
                instead="adopt",
            ),
            # Leaving
            Condition(
                "here",
                "It is recorded that the student left.",
                Owner.COORDINATOR,
                "SPED Data Guide, exits",
                "undo_leave",
            ),
            Condition(
                "left",
                "No leaving is recorded, so there is nothing to take back.",
                Owner.COORDINATOR,
                TAKEN_BACK,
                "leave",
            ),
            Condition(
                "leaving-newest",
                "Status, plan, services, case manager or a planned setting were recorded anew since the leaving.",
                Owner.COORDINATOR,
                BUILT_ON,
                "take_back",
            ),
            Condition(
                "leaving-untold",
                "The state was told of the leaving already.",
                Owner.COORDINATOR,
                "SWDS0618: a status stands until the next one starts",
                instead="status",
            ),
            Condition(
                "planned",
                "No leaving is planned, so there is nothing to cancel.",
                Owner.COORDINATOR,
                "Canceling needs what is canceled",
                "plan_leave",
            ),
            # Two records of one student
            Condition(
                "not-two",
                "Somebody has said that these are two people.",
                Owner.COORDINATOR,
                ONE_RECORD,
                "ask_again",
            ),
            Condition(
                "one-meeting",
                "A meeting is under way on each of the two records, and a student has one at a time.",
                Owner.TEAM,
                ONE_MEETING,
                "finalize",
            ),
            Condition(
                "no-transfer",
                "One of the two is asked for by another district, which reads or receives that record.",
                Owner.COORDINATOR,
                "A transfer is asked for, answered, completed, in this order",
                "end_transfer",
            ),
            Condition(
                "lines-answered",
                "Lines of the student are on their way: nobody knows yet what the state will hold.",
                Owner.STATE,
                ANSWERED,
                "state_answers",
            ),
            Condition(
                "merged", "The merge has been taken back already.", Owner.COORDINATOR, TAKEN_BACK, "merge"
            ),
            Condition(
                "merge-newest",
                "Something was recorded or sent since the two were put together.",
                Owner.COORDINATOR,
                BUILT_ON,
                instead="enter",
            ),
            # SSIDs and files
            Condition(
                "ssid", "The student has no SSID yet.", Owner.SIS, "CALPADS, SSID enrollment", "enroll"
            ),
            Condition(
                "ssid-counts",
                "This is no SSID of the student that the state has not retired already.",
                Owner.COORDINATOR,
                SSID_HISTORY,
                "undo_retire",
            ),
            Condition(
                "retired",
                "That was taken back already: the SSIDs are as they were.",
                Owner.COORDINATOR,
                TAKEN_BACK,
                "retire_ssid",
            ),
            Condition(
                "retirement-newest",
                "Another SSID was stated, or lines were sent, since the SSID was retired.",
                Owner.COORDINATOR,
                BUILT_ON,
                instead="retire_ssid",
            ),
            Condition(
                "record-free",
                "A district of this installation has the record of this SSID.",
                Owner.COORDINATOR,
                ONE_RECORD,
                "ask_transfer",
            ),
            Condition(
                "key-known",
                "Nobody here knows the key that signed the file.",
                Owner.COORDINATOR,
                KNOWN_KEY,
                "trust_key",
            ),
        )
    }
)
