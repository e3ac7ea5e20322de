"""The state's monitoring reports 16.21, 16.25 and 16.26 as we reckon them, and as the state does.

``judging`` sorts a student into a group, ``words`` says why, ``state_file`` reads what the state exports,
``comparing`` lays the two side by side.
"""

from manzanita.domain.compliance.comparing import (
    DIFFERENCE_LABELS,
    Counts,
    Difference,
    Pair,
    counts_of,
    pair_up,
)
from manzanita.domain.compliance.facts import Enrolled, Meet, PlanStart, Status, StudentFacts
from manzanita.domain.compliance.groups import (
    GROUP_LABELS,
    MEASURES,
    Group,
    Judged,
    Measure,
    MeasureInfo,
)
from manzanita.domain.compliance.judging import judge, judge_all
from manzanita.domain.compliance.state_file import (
    REPORTS,
    NotAReport,
    Problem,
    StateRow,
    parse_report,
)
from manzanita.domain.compliance.words import exclusion, explain

__all__ = [
    "DIFFERENCE_LABELS",
    "GROUP_LABELS",
    "MEASURES",
    "REPORTS",
    "Counts",
    "Difference",
    "Enrolled",
    "Group",
    "Judged",
    "Measure",
    "MeasureInfo",
    "Meet",
    "NotAReport",
    "Pair",
    "PlanStart",
    "Problem",
    "StateRow",
    "Status",
    "StudentFacts",
    "counts_of",
    "exclusion",
    "explain",
    "judge",
    "judge_all",
    "pair_up",
    "parse_report",
]
