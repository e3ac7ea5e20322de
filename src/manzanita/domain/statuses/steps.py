"""The steps of a student's record as data: what each needs, and which step brings it. A step out of order is refused by
:func:`why_not` with the rule, whose job it is, and the step that comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.findings import Reason
from manzanita.domain.statuses.conditions import CONDITIONS


@dataclass(frozen=True, slots=True)
class Step:
    """One step. It ``needs`` conditions, ``brings`` some and ``ends`` others; what ends its own need cannot be taken
    twice. ``page`` is the name of the page on which it is taken, ``page_key`` of it where one page has several;
    ``is_of_student`` says whether that page is one of the student's. ``again`` says why it may be taken twice, ``gone``
    why of a student who left, where no need stands against that."""

    key: str
    label: str
    needs: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    page: str = "change"
    page_key: str = ""
    is_of_student: bool = True
    again: str = ""
    gone: str = ""


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        one.key: one
        for one in (
            # Meetings
            Step(
                "open_meeting",
                "Open a meeting",
                ("here", "no-meeting-open"),
                brings=("meeting-open",),
                ends=("no-meeting-open",),
                page="meeting_new",
            ),
            Step(
                "hold",
                "Record the meeting as held",
                ("meeting-open",),
                brings=("meeting-held",),
                ends=("no-meeting-held",),
                page="meeting_hold",
                again="Until it is final, the day and what came of it are corrected in the same form.",
            ),
            Step(
                "finalize",
                "Finalize the meeting",
                ("meeting-open", "meeting-held"),
                brings=("no-meeting-open", "no-meeting-held", "one-meeting", "plan-own", "start-agreed"),
                ends=("meeting-open", "meeting-held", "plan-arrived"),
                page="meeting_finalize",
            ),
            # Plans and status
            Step(
                "adopt",
                "Adopt the plan",
                ("here", "plan-arrived"),
                brings=("plan-own", "plan-known", "adopted", "adoption-newest", "adoption-untold"),
                ends=("plan-arrived", "plan-foreign", "arrival-open"),
                page_key="adopt",
            ),
            Step(
                "services_start",
                "Start what was agreed",
                ("here", "start-agreed", "enrolled", "no-meeting-held"),
                brings=("plan-own", "plan-known"),
                ends=("start-agreed",),
                page_key="services_start",
            ),
            Step(
                "setting",
                "Change the program setting",
                ("here", "plan-own"),
                page_key="setting",
                again="Where a plan is carried out may change any number of times, each on a day of its own.",
            ),
            Step(
                "status",
                "Record a status change",
                # Of the status that says that the student takes part.
                ("plan-known",),
                page_key="status",
                again="A status stands until the next one starts; the same one again is not recorded.",
                gone="After a leaving that the state was told of, it says what is so now.",
            ),
            Step(
                "meeting",
                "Record a meeting that was held",
                page_key="meeting",
                again="Each day has its meeting; the same day again is not recorded.",
                gone="It was held before, whatever has been recorded since.",
            ),
            Step(
                "take_back",
                "Take back what was done since",
                brings=("adoption-newest", "leaving-newest"),
                page="student",
                page_key="history",
                again="What was done last is taken back first, one after the other.",
                gone="What was recorded may have been wrong also of one who left.",
            ),
            # Adoption and arrival
            Step(
                "enroll",
                "Show the enrollments, and what to tell the SIS staff",
                brings=("enrolled", "ssid"),
                page="student_enrollments",
                again="Each SIS file says it anew.",
                gone="Who comes back is enrolled anew.",
            ),
            Step(
                "say_arrived",
                "Say that the student arrived",
                ("enrolled", "plan-foreign"),
                brings=("arrival-open",),
                page="student",
                page_key="record",
                again="An arrival that is open is shown; there is one of a stay.",
                gone="Who comes back arrives again.",
            ),
            Step(
                "answer",
                "Answer the four questions",
                ("arrival-open",),
                brings=("answered-inactive",),
                page="arrivals",
                is_of_student=False,
                again="Somebody may learn better; the newest answer counts.",
                gone="Whether the student takes part here is one of the questions.",
            ),
            Step(
                "arrive_inactive",
                "Record that the student arrives inactive",
                ("arrival-open", "answered-inactive"),
                ends=("arrival-open",),
                page="arrivals",
                is_of_student=False,
                gone="It says of an arrival that the student takes no part.",
            ),
            Step(
                "paper_plan",
                "Enter the plan that came on paper",
                ("arrival-open", "plan-unknown"),
                brings=("plan-arrived",),
                page="arrivals",
                is_of_student=False,
                again="Entered again, the newer word takes the place of the older one, until it is adopted.",
                gone="Who comes back may bring a plan along.",
            ),
            Step(
                "never_came",
                "Take the adoption back: never came",
                ("adopted",),
                ends=("adopted", "plan-own"),
                page_key="never_came",
                gone="That an adopted plan was never used is recorded whatever became of the student.",
            ),
            Step(
                "undo_adoption",
                "Take the adoption back",
                ("adopted", "adoption-newest", "adoption-untold"),
                brings=("plan-arrived", "plan-foreign", "arrival-open"),
                ends=("adopted", "plan-own"),
                page="student",
                page_key="history",
                gone="A leaving that changed the record since is taken back first.",
            ),
            # Leaving
            Step(
                "leave",
                "Record the leaving",
                ("here", "no-meeting-held"),
                brings=("left", "leaving-newest", "leaving-untold"),
                ends=("here", "meeting-open", "planned"),
                page="leaving",
            ),
            Step(
                "undo_leave",
                "Take the leaving back",
                ("left", "leaving-newest", "leaving-untold"),
                brings=("here",),
                ends=("left",),
                page="leaving",
                gone="It is of one who left.",
            ),
            Step(
                "plan_leave",
                "Plan the leaving",
                ("here",),
                brings=("planned",),
                page="leaving",
                again="A plan that is changed takes the place of the one before.",
            ),
            Step(
                "cancel_leave", "Cancel the planned leaving", ("planned",), ends=("planned",), page="leaving"
            ),
            # Two records of one student
            Step(
                "enter",
                "Enter a student",
                page="student_new",
                is_of_student=False,
                again="Each is looked for first; whom somebody may know is shown before a second record is made.",
                gone="It is of another student.",
            ),
            Step(
                "ask_again",
                "Ask again whether they are two",
                brings=("not-two",),
                page="duplicates",
                is_of_student=False,
                again="Asked again, the pair is looked at anew.",
                gone="Two records may be one student's, also of one who left.",
            ),
            Step(
                "merge",
                "Put the two records together",
                ("not-two", "one-meeting", "no-transfer", "lines-answered"),
                brings=("merged", "merge-newest"),
                page="duplicates",
                is_of_student=False,
                again="A second click finds what was put together.",
                gone="Two records may be one student's, also of one who left.",
            ),
            Step(
                "undo_merge",
                "Undo the merge",
                ("merged", "merge-newest"),
                ends=("merged",),
                page="student",
                page_key="history",
                gone="A leaving that was recorded since stands against it.",
            ),
            Step(
                "end_transfer",
                "Complete, decline or withdraw the transfer",
                brings=("no-transfer",),
                page="student_transfers",
                is_of_student=False,
                again="The order of its own steps stands in domain.student_transfers.",
                gone="A transfer is of one who goes.",
            ),
            Step(
                "state_answers",
                "See what is on its way to the state",
                brings=("lines-answered",),
                page="state",
                is_of_student=False,
                again="The state answers each send.",
                gone="Lines of one who left are answered, too.",
            ),
            # SSIDs and files
            Step(
                "retire_ssid",
                "Record that the state has retired an SSID",
                ("ssid", "ssid-counts", "lines-answered"),
                brings=("retired", "retirement-newest"),
                ends=("ssid-counts",),
                page="student_ssids",
                gone="The state retires SSIDs also of those who left.",
            ),
            Step(
                "undo_retire",
                "Take the retired SSID back",
                ("retired", "retirement-newest"),
                brings=("ssid-counts",),
                ends=("retired",),
                page="student_ssids",
                gone="It was wrong, whatever became of the student.",
            ),
            Step(
                "ask_transfer",
                "Ask the district for the student",
                brings=("record-free",),
                page="search_elsewhere",
                is_of_student=False,
                again="The order of its own steps stands in domain.student_transfers.",
                gone="Who left goes on somewhere.",
            ),
            Step(
                "trust_key",
                "Trust the key of the file",
                brings=("key-known",),
                page="portable_in",
                is_of_student=False,
                again="A key that is trusted stays so.",
                gone="It is of an office, not of a student.",
            ),
            Step(
                "take_file",
                "Take a student file in",
                ("record-free", "key-known"),
                page="portable_in",
                is_of_student=False,
                again="Taken again, nothing of it is new.",
                gone="A file tells what was known of one who left.",
            ),
        )
    }
)


def why_not(step_key: str, holds: frozenset[str]) -> Reason | None:
    """Why a step cannot be taken while the conditions ``holds`` hold; ``None`` where it can. ``link`` of the reason is
    the key of the step that comes first: whoever knows addresses puts one in its place."""
    lacking = next((key for key in STEPS[step_key].needs if key not in holds), None)
    return lack(lacking, holds) if lacking else None


def lack(key: str, holds: frozenset[str] = frozenset()) -> Reason:
    """That a condition does not hold, and the step that comes first, or is meant instead."""
    one = CONDITIONS[key]
    first, order = one.brought_by, "First"
    if not first or (one.instead and not holds.issuperset(STEPS[first].needs)):
        first, order = one.instead, "Instead"
    label = STEPS[first].label
    return Reason(
        key,
        one.lacking,
        one.owner,
        f"{order}: {label[0].lower()}{label[1:]}.",
        link=first,
        source=one.source,
    )
