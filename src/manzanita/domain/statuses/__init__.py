"""How a student's record stands with one LEA on a day, and which steps may be taken then.

``kinds`` declares the statuses with the sentence that defines each; ``standing`` finds the one of a day from facts;
``steps`` says which step comes before which.
"""

from manzanita.domain.statuses.kinds import (
    KINDS,
    SETTLED_IN_ORDER,
    Group,
    Kind,
    RecordStatus,
    how_long,
)
from manzanita.domain.statuses.standing import (
    Enrolled,
    InForce,
    Known,
    Left,
    OpenMeeting,
    Standing,
    StatusFact,
    Unsettled,
    standing_on,
)

__all__ = [
    "KINDS",
    "SETTLED_IN_ORDER",
    "Enrolled",
    "Group",
    "InForce",
    "Kind",
    "Known",
    "Left",
    "OpenMeeting",
    "RecordStatus",
    "Standing",
    "StatusFact",
    "Unsettled",
    "how_long",
    "standing_on",
]
