"""The student, and every model of this app: the dated facts stand in modules by what they tell."""

from __future__ import annotations

from datetime import date

from django.db import models

from manzanita.platform.ids import new_public_id
from manzanita.students.assignment_models import AssignmentBatch as AssignmentBatch
from manzanita.students.assignment_models import AssignmentChange as AssignmentChange
from manzanita.students.batch_models import BatchEdit as BatchEdit
from manzanita.students.batch_models import BatchLine as BatchLine
from manzanita.students.fact_models import StudentFact as StudentFact
from manzanita.students.identity_models import IdentityChange as IdentityChange
from manzanita.students.identity_models import IdentityConflict as IdentityConflict
from manzanita.students.local_models import AgencyRelation as AgencyRelation
from manzanita.students.local_models import NextSetting as NextSetting
from manzanita.students.local_models import NextYear as NextYear
from manzanita.students.local_models import Referral as Referral
from manzanita.students.merge_models import Merge as Merge
from manzanita.students.merge_models import SsidRetirement as SsidRetirement
from manzanita.students.name_models import DuplicatePair as DuplicatePair
from manzanita.students.name_models import NameKey as NameKey
from manzanita.students.pasted_models import PastedLine as PastedLine
from manzanita.students.pasted_models import PastedSet as PastedSet
from manzanita.students.people_models import CaseAssignment as CaseAssignment
from manzanita.students.people_models import Contact as Contact
from manzanita.students.people_models import RightsHolder as RightsHolder
from manzanita.students.people_models import TeamMember as TeamMember
from manzanita.students.scoped import ScopedQuerySet as ScopedQuerySet
from manzanita.students.scoped import Unscoped as Unscoped
from manzanita.students.state_models import Enrollment as Enrollment
from manzanita.students.state_models import Plan as Plan
from manzanita.students.state_models import Service as Service
from manzanita.students.state_models import SpecialEducationStatus as SpecialEducationStatus
from manzanita.students.state_models import Ssid as Ssid


class Student(models.Model):
    """A person known to this installation. An SSID is a dated fact about the person, not the person.

    The four clock columns repeat what the newest meetings say, so that a due list over 100,000 students is
    one index scan; ``meetings.actions`` keeps them.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    # As wide as the files allow: no source prints a length of these fields.
    first_name = models.CharField(max_length=255)
    middle_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255)
    suffix = models.CharField(max_length=255, blank=True)
    # The names as a search reads them (domain.names); ``students.actions`` keeps it.
    name_key = models.TextField(blank=True, default="", editable=False)
    birth_on = models.DateField(null=True, blank=True)
    gender_code = models.CharField(max_length=1, blank=True)
    local_sped_id = models.CharField(max_length=15, blank=True)
    last_plan_review_on = models.DateField(null=True, blank=True)
    plan_review_due_on = models.DateField(null=True, blank=True)
    last_evaluation_on = models.DateField(null=True, blank=True)
    evaluation_due_on = models.DateField(null=True, blank=True)

    # Set by ``students.queries.get_student``: the last day that a former LEA sees of the student.
    seen_through: date | None = None

    objects = ScopedQuerySet.as_manager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        indexes = [
            models.Index(fields=["last_name", "first_name", "id"], name="students_by_name"),
            models.Index(fields=["plan_review_due_on", "id"], name="students_by_plan_review"),
            models.Index(fields=["evaluation_due_on", "id"], name="students_by_evaluation"),
        ]

    def __str__(self) -> str:
        # Without the name: this text may stand in a log or an exception.
        return f"student {self.public_id}"

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name, self.suffix) if part)
