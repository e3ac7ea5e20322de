"""Dated facts that no record of the state holds: to which agencies a student belongs otherwise than by enrollment or
plan, what is planned, and referrals."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from manzanita.students.fact_models import StudentFact, believed_index


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
            believed_index("relation_at_agency", "agency_code", "relationship", "student"),
            believed_index("relation_of_student", "student"),
        ]


class NextYear(StudentFact):
    """What is planned for the student's next school year beside the school, which is a relation (``next_year``)."""

    grade_code = models.CharField(max_length=2)

    slot = ("student_id",)
    content = ("grade_code",)

    class Meta(StudentFact.Meta):
        indexes = [believed_index("next_year_of_student", "student")]


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
            believed_index("next_setting_of_student", "student"),
            believed_index("next_setting_by_day", "starts_on", "student"),
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
            believed_index("referral_of_student", "student", "effective_from"),
            models.Index(
                fields=["lea_code", "effective_from", "student"],
                name="referral_waiting",
                condition=Q(superseded_at__isnull=True, effective_to__isnull=True),
            ),
        ]
