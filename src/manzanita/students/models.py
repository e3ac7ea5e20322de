"""Students and the dated facts about them. Rows of facts are append-only: see ``platform.facts``."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q

from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS
from manzanita.domain.stays import IFSP
from manzanita.domain.turning_five import PRESCHOOL_SETTINGS
from manzanita.platform.facts import Fact
from manzanita.platform.ids import new_public_id
from manzanita.students.assignment_models import AssignmentBatch as AssignmentBatch
from manzanita.students.assignment_models import AssignmentChange as AssignmentChange
from manzanita.students.batch_models import BatchEdit as BatchEdit
from manzanita.students.batch_models import BatchLine as BatchLine
from manzanita.students.identity_models import IdentityChange as IdentityChange
from manzanita.students.identity_models import IdentityConflict as IdentityConflict
from manzanita.students.merge_models import Merge as Merge
from manzanita.students.merge_models import SsidRetirement as SsidRetirement
from manzanita.students.name_models import DuplicatePair as DuplicatePair
from manzanita.students.name_models import NameKey as NameKey
from manzanita.students.pasted_models import PastedLine as PastedLine
from manzanita.students.pasted_models import PastedSet as PastedSet


class Unscoped(Exception):
    """A list of students was read without naming who is asking."""


class ScopedQuerySet(models.QuerySet):
    """Refuses to read until ``students.queries`` has cut it to an actor."""

    is_scoped = False

    def _clone(self) -> ScopedQuerySet:
        clone = super()._clone()
        clone.is_scoped = self.is_scoped
        return clone

    def scoped(self) -> ScopedQuerySet:
        clone = self._chain()
        clone.is_scoped = True
        return clone

    def walked(self) -> ScopedQuerySet:
        """The same students, for one page of very many: see ``students.scope.Tied``."""
        clone = self._chain()
        clone.query.is_walked = True
        return clone

    def _require_scope(self) -> None:
        if not self.is_scoped:
            raise Unscoped("students are read through students.queries, which asks who is reading")

    def _fetch_all(self) -> None:
        self._require_scope()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        self._require_scope()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        self._require_scope()
        return super().count()

    def exists(self) -> bool:
        self._require_scope()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        self._require_scope()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._require_scope()
        return super().update(**kwargs)

    def delete(self) -> Any:
        self._require_scope()
        return super().delete()


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


class StudentFact(Fact):
    """A fact about one student. Read through ``students.queries``, which has already cut the student."""

    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="+")

    class Meta(Fact.Meta):
        abstract = True


def _believed_index(name: str, *fields: str) -> models.Index:
    return models.Index(fields=list(fields), name=name, condition=Q(superseded_at__isnull=True))


class Ssid(StudentFact):
    """The statewide identifier a student has, had, or was merged into."""

    ssid = models.CharField(max_length=10)

    slot = ("student_id",)
    content = ("ssid",)

    class Meta(StudentFact.Meta):
        indexes = [
            _believed_index("ssid_believed", "ssid"),
            _believed_index("ssid_of_student", "student"),
            models.Index(fields=["recorded_at", "student"], name="ssid_news"),
        ]


class Enrollment(StudentFact):
    """One enrollment as the SIS states it (SENR). The slot is the state's key: student, LEA, start date."""

    lea_code = models.CharField(max_length=7)
    started_on = models.DateField()
    school_code = models.CharField(max_length=7, blank=True)
    nps_code = models.CharField(max_length=7, blank=True)
    status_code = models.CharField(max_length=2, blank=True)
    grade_code = models.CharField(max_length=2, blank=True)
    exit_reason_code = models.CharField(max_length=4, blank=True)
    completion_code = models.CharField(max_length=3, blank=True)
    local_student_id = models.CharField(max_length=255, blank=True)
    # SENR 1.31. Whom it ties to another district is told by the student's relation (``students.residence``).
    residence_code = models.CharField(max_length=7, blank=True, default="", db_default="")

    is_counted_from = True
    slot = ("student_id", "lea_code", "started_on")
    content = (
        "school_code",
        "nps_code",
        "status_code",
        "grade_code",
        "exit_reason_code",
        "completion_code",
        "local_student_id",
        "residence_code",
    )

    class Meta(StudentFact.Meta):
        indexes = [
            _believed_index("enrollment_of_student", "student", "started_on"),
            # These three answer who is tied to an agency without a look at the rows, also to the policies: each has all
            # columns that scope and policy ask for.
            _believed_index(
                "enrollment_at_lea", "lea_code", "effective_to", "effective_from", "student", "nps_code"
            ),
            # What a list is narrowed to, and what it offers.
            _believed_index(
                "enrollment_at_school",
                *("lea_code", "school_code", "grade_code", "effective_to", "student", "nps_code"),
            ),
            _believed_index("enrollment_local_id", "lea_code", "local_student_id"),
            # What a SIS file brought since somebody last looked.
            models.Index(fields=["recorded_at", "student"], name="enrollment_news"),
            models.Index(
                fields=["nps_code", "student"],
                name="enrollment_at_nps",
                condition=Q(superseded_at__isnull=True) & ~Q(nps_code=""),
            ),
        ]


class SpecialEducationStatus(StudentFact):
    """SWDS: is the student eligible, and participating."""

    lea_code = models.CharField(max_length=7)
    status_code = models.CharField(max_length=1)
    reason_code = models.CharField(max_length=2, blank=True)
    initial_entry_on = models.DateField(null=True, blank=True)

    is_counted_from = True
    slot = ("student_id",)
    content = ("lea_code", "status_code", "reason_code", "initial_entry_on")

    class Meta(StudentFact.Meta):
        indexes = [
            _believed_index("status_of_student", "student", "effective_from"),
            _believed_index("status_at_lea", "lea_code", "effective_to", "effective_from", "student"),
        ]


class Plan(StudentFact):
    """PLAN: the plan in force. Columns are those of ``domain.fields.PLAN_FIELDS``, as text of the state."""

    lea_code = models.CharField(max_length=7)
    dsea_code = models.CharField(max_length=7, blank=True)
    reason_code = models.CharField(max_length=2)
    plan_type_code = models.CharField(max_length=3, blank=True)
    primary_residence_code = models.CharField(max_length=3, blank=True)
    disability_1_code = models.CharField(max_length=3, blank=True)
    degree_of_support_1_code = models.CharField(max_length=4, blank=True)
    disability_2_code = models.CharField(max_length=3, blank=True)
    degree_of_support_2_code = models.CharField(max_length=4, blank=True)
    is_regional_center_code = models.CharField(max_length=1, blank=True)
    program_setting_code = models.CharField(max_length=3, blank=True)
    preschool_location_code = models.CharField(max_length=2, blank=True)
    is_ten_hours_code = models.CharField(max_length=1, blank=True)
    general_education_percent = models.CharField(max_length=3, blank=True)
    program_type_code = models.CharField(max_length=3, blank=True)
    has_postsecondary_goals_code = models.CharField(max_length=1, blank=True)
    is_goals_updated_code = models.CharField(max_length=1, blank=True)
    has_assessment_code = models.CharField(max_length=1, blank=True)
    has_transition_services_code = models.CharField(max_length=1, blank=True)
    has_supportive_services_code = models.CharField(max_length=1, blank=True)
    has_transition_goals_code = models.CharField(max_length=1, blank=True)
    is_student_participating_code = models.CharField(max_length=1, blank=True)
    agency_representative_code = models.CharField(max_length=2, blank=True)
    has_transportation_code = models.CharField(max_length=1, blank=True)
    parental_involvement_code = models.CharField(max_length=2, blank=True)
    has_c_to_b_plan_code = models.CharField(max_length=1, blank=True)

    is_counted_from = True
    slot = ("student_id",)
    content = ("lea_code", "dsea_code", "reason_code", *(declared.attribute for declared in PLAN_FIELDS))

    class Meta(StudentFact.Meta):
        indexes = [
            _believed_index("plan_of_student", "student", "effective_from"),
            models.Index(
                fields=["lea_code", "student"],
                name="infant_plan_at_lea",
                condition=Q(superseded_at__isnull=True, plan_type_code=IFSP),
            ),
            # Who turns five: few of all plans.
            models.Index(
                fields=["student", "effective_from"],
                name="preschool_plan",
                condition=Q(superseded_at__isnull=True, program_setting_code__in=PRESCHOOL_SETTINGS),
            ),
            _believed_index(
                "plan_of_dsea", "dsea_code", "effective_to", "effective_from", "lea_code", "student"
            ),
        ]


class Service(StudentFact):
    """SERV: one service of the plan in force. ``service_no`` is stable while a service is renewed."""

    service_no = models.PositiveSmallIntegerField()
    lea_code = models.CharField(max_length=7)
    service_code = models.CharField(max_length=3)
    provider_code = models.CharField(max_length=3, blank=True)
    npa_id = models.CharField(max_length=7, blank=True)
    location_code = models.CharField(max_length=3, blank=True)
    frequency_code = models.CharField(max_length=2, blank=True)
    duration_minutes = models.CharField(max_length=5, blank=True)

    slot = ("student_id", "service_no")
    content = ("lea_code", *(declared.attribute for declared in SERVICE_FIELDS))

    class Meta(StudentFact.Meta):
        indexes = [
            _believed_index("service_of_student", "student", "service_no", "effective_from"),
            models.Index(
                fields=["npa_id", "student"],
                name="service_by_npa",
                condition=Q(superseded_at__isnull=True) & ~Q(npa_id=""),
            ),
        ]


class CaseAssignment(StudentFact):
    """Who manages the student's case. An assignment is what lets a case manager see the student."""

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")

    slot = ("student_id",)
    content = ("user_id",)

    class Meta(StudentFact.Meta):
        indexes = [_believed_index("caseload", "user", "student"), _believed_index("case_of", "student")]


class TeamMember(StudentFact):
    """Somebody who works with the student beside the case manager; lets that person see the student, too."""

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=60, blank=True)

    slot = ("student_id", "user_id")
    content = ("role",)

    class Meta(StudentFact.Meta):
        indexes = [_believed_index("team_of_user", "user", "student"), _believed_index("team_of", "student")]


class AgencyRelation(StudentFact):
    """To which agency the student belongs otherwise than by enrollment or plan: residence, location, next year.

    ``relationship`` is a value of ``domain.access.Relationship``.
    """

    relationship = models.CharField(max_length=20)
    agency_code = models.CharField(max_length=7)
    school_code = models.CharField(max_length=7, blank=True)

    # Who owes a child from Part C the IEP.
    is_counted_from = True
    slot = ("student_id", "relationship")
    content = ("agency_code", "school_code")

    class Meta(StudentFact.Meta):
        indexes = [
            _believed_index("relation_at_agency", "agency_code", "relationship", "student"),
            _believed_index("relation_of_student", "student"),
        ]


class NextYear(StudentFact):
    """What is planned for the student's next school year beside the school, which is a relation (``next_year``)."""

    grade_code = models.CharField(max_length=2)

    slot = ("student_id",)
    content = ("grade_code",)

    class Meta(StudentFact.Meta):
        indexes = [_believed_index("next_year_of_student", "student")]


class NextSetting(StudentFact):
    """The program setting that is planned from ``starts_on`` on. It stands from the day it was planned until a nightly
    job has recorded the change (``procedures.planned_settings``): the state takes what has happened, with an archive,
    so that no plan is stated ahead of its day."""

    program_setting_code = models.CharField(max_length=3)
    general_education_percent = models.CharField(max_length=3, blank=True)
    starts_on = models.DateField()

    slot = ("student_id",)
    content = ("program_setting_code", "general_education_percent", "starts_on")

    class Meta(StudentFact.Meta):
        indexes = [
            _believed_index("next_setting_of_student", "student"),
            _believed_index("next_setting_by_day", "starts_on", "student"),
        ]


class Referral(StudentFact):
    """A referral for assessment to an LEA: it begins on the day it was received. What came of it is
    ``domain.referrals``; that an evaluation began with a consent since, which ends it, is asked of the meetings
    (``meetings.referrals``).

    ``effective_to`` is the day on which it ended without one: withdrawn, or declined with the notice given.
    ``answer_code`` is a value of ``domain.referrals.Answer``.
    """

    lea_code = models.CharField(max_length=7)
    referred_by_code = models.CharField(max_length=2)
    note = models.CharField(max_length=300, blank=True)
    plan_given_on = models.DateField(null=True, blank=True)
    answer_code = models.CharField(max_length=10, blank=True)
    answer_note = models.CharField(max_length=300, blank=True)

    is_counted_from = True
    slot = ("student_id", "lea_code")
    content = ("referred_by_code", "note", "plan_given_on", "answer_code", "answer_note")

    class Meta(StudentFact.Meta):
        indexes = [
            _believed_index("referral_of_student", "student", "effective_from"),
            models.Index(
                fields=["lea_code", "effective_from", "student"],
                name="referral_waiting",
                condition=Q(superseded_at__isnull=True, effective_to__isnull=True),
            ),
        ]


class Contact(StudentFact):
    """A person around the student, and how to reach that person. Address, phone and e-mail of a contact with a
    ``confidential_code`` (a key of ``domain.contacts.PROTECTIONS``) leave ``students.people`` only when asked for.

    ``language`` is the one spoken, ``written_language`` the one that letters are wanted in; blank: the same.
    """

    contact_no = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    relation = models.CharField(max_length=30, blank=True)
    language = models.CharField(max_length=30, blank=True)
    written_language = models.CharField(max_length=30, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    email = models.CharField(max_length=120, blank=True)
    street = models.CharField(max_length=120, blank=True)
    street_2 = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=60, blank=True)
    state_code = models.CharField(max_length=2, blank=True)
    zip_code = models.CharField(max_length=10, blank=True)
    confidential_code = models.CharField(max_length=20, blank=True)

    slot = ("student_id", "contact_no")
    content = (
        "name",
        "relation",
        "language",
        "written_language",
        "phone",
        "email",
        "street",
        "street_2",
        "city",
        "state_code",
        "zip_code",
        "confidential_code",
    )

    class Meta(StudentFact.Meta):
        indexes = [_believed_index("contact_of_student", "student", "contact_no")]


class RightsHolder(StudentFact):
    """By what right a contact decides on the student's education, or what keeps the contact from it, with the paper
    that shows it. ``domain.rights.rights_holders_on`` reads these rows; no other code says who decides.

    ``kind_code`` is a key of ``domain.rights_kinds.KINDS``, ``evidence_code`` one of ``EVIDENCE``.
    """

    contact_no = models.PositiveSmallIntegerField()
    kind_code = models.CharField(max_length=20)
    evidence_code = models.CharField(max_length=30, blank=True)
    evidence_reference = models.CharField(max_length=120, blank=True)
    evidence_on = models.DateField(null=True, blank=True)
    is_sole = models.BooleanField(default=False)
    limitation = models.CharField(max_length=300, blank=True)

    slot = ("student_id", "contact_no")
    content = ("kind_code", "evidence_code", "evidence_reference", "evidence_on", "is_sole", "limitation")

    class Meta(StudentFact.Meta):
        indexes = [_believed_index("rights_of_student", "student", "contact_no")]
