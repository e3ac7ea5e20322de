"""Planning a caseload: each review that comes due gets a school day, a time, a room and an interpreter. Pure."""

from manzanita.domain.planning.asking import (
    NOTICE_DAYS,
    Booking,
    Days,
    Interpreter,
    Limits,
    Need,
    Place,
    PlanningError,
    Request,
    Room,
    Slot,
)
from manzanita.domain.planning.explaining import WEEKDAYS, Planned, Unplaced, plan
from manzanita.domain.planning.placing import Placement, Plan, place_needs

__all__ = [
    "NOTICE_DAYS",
    "WEEKDAYS",
    "Booking",
    "Days",
    "Interpreter",
    "Limits",
    "Need",
    "Place",
    "Placement",
    "Plan",
    "Planned",
    "PlanningError",
    "Request",
    "Room",
    "Slot",
    "Unplaced",
    "place_needs",
    "plan",
]
