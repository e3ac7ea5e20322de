"""That a former LEA read a student, and does so no more: said to it with the day and the rule, nothing else (F22)."""

from __future__ import annotations

import uuid
from datetime import date

from django.db.models import DateField, Max, Value
from django.db.models.functions import Coalesce

from manzanita.domain.access import Actor, Capability, Relationship, Scope
from manzanita.domain.findings import Reason
from manzanita.domain.former_lea import why_ended
from manzanita.platform import clock
from manzanita.students.models import Enrollment, Student
from manzanita.students.scope import assigned_to, first_day_in_reach


def why_unseen(actor: Actor, public_id: uuid.UUID) -> Reason | None:
    """Why a student out of the actor's scope is out of it, where its LEA had the student and its time has run out.
    ``None`` for whoever else: to them there is no such student."""
    may_have = Relationship.FORMER in actor.perspective.relationships and actor.may(Capability.READ_STUDENT)
    if not may_have or actor.within is not None:
        return None
    own = Enrollment.objects.believed().filter(student__public_id=public_id, lea_code__in=actor.agency_codes)
    open_end = Value(date.max, output_field=DateField())
    last = own.aggregate(last=Max(Coalesce("effective_to", open_end)))["last"]
    if last is None or last >= first_day_in_reach(clock.today()):
        return None
    if actor.perspective.scope is Scope.ASSIGNED:
        assigned = Student.unscoped.filter(public_id=public_id, pk__in=assigned_to(actor.user_id, last))
        if not assigned.exists():
            return None
    return why_ended(last)
