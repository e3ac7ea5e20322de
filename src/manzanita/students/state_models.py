"""Dated facts that the state's records hold: SSID, enrollment, status, plan and services."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS
from manzanita.domain.stays import IFSP
from manzanita.domain.turning_five import PRESCHOOL_SETTINGS
from manzanita.students.fact_models import StudentFact, believed_index


class Ssid(StudentFact):
    """The statewide identifier a student has, had, or was merged into."""

    ssid = models.CharField(max_length=10)

    slot = ("student_id",)
    content = ("ssid",)

    class Meta(StudentFact.Meta):
        indexes = [
            believed_index("ssid_believed", "ssid"),
            believed_index("ssid_of_student", "student"),
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
            believed_index("enrollment_of_student", "student", "started_on"),
            # These three answer who is tied to an agency without a look at the rows, also to the policies: each has all
            # columns that scope and policy ask for.
            believed_index(
                "enrollment_at_lea", "lea_code", "effective_to", "effective_from", "student", "nps_code"
            ),
            # What a list is narrowed to, and what it offers.
            believed_index(
                "enrollment_at_school",
                *("lea_code", "school_code", "grade_code", "effective_to", "student", "nps_code"),
            ),
            believed_index("enrollment_local_id", "lea_code", "local_student_id"),
            # What a SIS file brought since somebody last looked.
            models.Index(fields=["recorded_at", "student"], name="enrollment_news"),
            models.Index(
                fields=["nps_code", "student"],
                name="enrollment_at_nps",
                condition=Q(superseded_at__isnull=True) & ~Q(nps_code=""),
            ),
            # Of each student of a large agency it is asked who is one of these few; so with ``plan_of_other_dsea``.
            models.Index(
                fields=["student", "effective_from"],
                name="nps_of_student",
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
            believed_index("status_of_student", "student", "effective_from"),
            believed_index("status_at_lea", "lea_code", "effective_to", "effective_from", "student"),
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
            believed_index("plan_of_student", "student", "effective_from"),
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
            models.Index(
                fields=["student", "effective_from"],
                name="plan_of_other_dsea",
                condition=Q(superseded_at__isnull=True) & ~Q(dsea_code="") & ~Q(dsea_code=F("lea_code")),
            ),
            believed_index(
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
            believed_index("service_of_student", "student", "service_no", "effective_from"),
            models.Index(
                fields=["npa_id", "student"],
                name="service_by_npa",
                condition=Q(superseded_at__isnull=True) & ~Q(npa_id=""),
            ),
        ]
