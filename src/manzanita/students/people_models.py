"""Dated facts about the people around a student: who works with the student, whom to reach, and who decides."""

from __future__ import annotations

from django.db import models

from manzanita.students.fact_models import StudentFact, believed_index


class CaseAssignment(StudentFact):
    """Who manages the student's case. An assignment is what lets a case manager see the student."""

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")

    slot = ("student_id",)
    content = ("user_id",)

    class Meta(StudentFact.Meta):
        indexes = [believed_index("caseload", "user", "student"), believed_index("case_of", "student")]


class TeamMember(StudentFact):
    """Somebody who works with the student beside the case manager; lets that person see the student, too."""

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=60, blank=True)

    slot = ("student_id", "user_id")
    content = ("role",)

    class Meta(StudentFact.Meta):
        indexes = [believed_index("team_of_user", "user", "student"), believed_index("team_of", "student")]


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
        indexes = [believed_index("contact_of_student", "student", "contact_no")]


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
        indexes = [believed_index("rights_of_student", "student", "contact_no")]
