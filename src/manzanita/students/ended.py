"""That a former LEA read a student, and does so no more: said to it with the day and the rule, nothing else (F22)."""

from __future__ import annotations

import uuid

from django.db.models import Max, Q

from manzanita.domain.access import Actor, Capability, Relationship, Scope
from manzanita.domain.findings import Reason
from manzanita.domain.former_lea import why_ended
from manzanita.platform import clock
from manzanita.students.former_reach import expected_back, left_in_open_year
from manzanita.students.models import Enrollment, Student
from manzanita.students.scope import assigned_to


def why_unseen(actor: Actor, public_id: uuid.UUID) -> Reason | None:
    """Why a student out of the actor's scope is out of it, where its LEA had the student and its time has run out.
    ``None`` for whoever else: to them there is no such student."""
    may_have = Relationship.FORMER in actor.perspective.relationships and actor.may(Capability.READ_STUDENT)
    if not may_have or actor.within is not None:
        return None
    today = clock.today()
    here = {"student__public_id": public_id, "lea_code__in": actor.agency_codes}
    own = Enrollment.objects.believed().filter(**here)
    last = own.aggregate(last=Max("effective_to"))["last"]
    if last is None or own.filter(Q(effective_to__isnull=True) | left_in_open_year(today)).exists():
        return None
    if (back := expected_back(today)) is not None and back.filter(**here).exists():
        return None
    if actor.perspective.scope is Scope.ASSIGNED:
        assigned = Student.unscoped.filter(public_id=public_id, pk__in=assigned_to(actor.user_id, last))
        if not assigned.exists():
            return None
    return why_ended(last)
