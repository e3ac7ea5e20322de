"""Agencies and schools by their state codes, and whom to ask there."""

from django.db import models


class Agency(models.Model):
    """A SELPA, district, county office, nonpublic school or agency, or private school."""

    KINDS = [
        ("selpa", "SELPA"),
        ("lea", "District"),
        ("coe", "County office of education"),
        ("nps", "Nonpublic school"),
        ("npa", "Nonpublic agency"),
        ("private_school", "Private school"),
        ("regional_center", "Regional center"),
    ]

    code = models.CharField(max_length=7, unique=True)
    kind = models.CharField(max_length=20, choices=KINDS)
    name = models.CharField(max_length=120)
    selpa_code = models.CharField(max_length=4, blank=True)
    npa_id = models.CharField(max_length=7, blank=True)

    class Meta:
        verbose_name_plural = "agencies"
        constraints = [
            models.CheckConstraint(
                name="orgs_agency_kind",
                condition=models.Q(
                    kind__in=["selpa", "lea", "coe", "nps", "npa", "private_school", "regional_center"]
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class School(models.Model):
    """A school of a district or county office."""

    code = models.CharField(max_length=7, unique=True)
    name = models.CharField(max_length=120)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="schools")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class PolicyAnswer(models.Model):
    """A SELPA's answer to an open question of ``domain.policies``. The newest row of a key stands."""

    selpa_code = models.CharField(max_length=4)
    key = models.CharField(max_length=40)
    value = models.CharField(max_length=20)
    reason = models.CharField(max_length=300)
    by_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["selpa_code", "key", "-id"], name="policy_answer_newest")]

    def __str__(self) -> str:
        return f"{self.selpa_code} {self.key}={self.value}"


class AgencyContact(models.Model):
    """Somebody of an agency's office whom other agencies may ask: public words about a job, no student's data.

    ``role_code`` is a key of ``domain.agency_roles.AGENCY_ROLES``. Who left keeps the row, with ``valid_to``.
    ``confirmed_on`` is when the agency last said that the row is right.
    """

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="contacts")
    role_code = models.CharField(max_length=30)
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=40, blank=True)
    email = models.CharField(max_length=120, blank=True)
    hours = models.CharField(max_length=120, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    confirmed_on = models.DateField()
    # Plain keys: accounts stand above agencies.
    updated_by_id = models.BigIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agency", "role_code"], name="contacts_of_agency")]
        constraints = [
            models.CheckConstraint(
                name="orgs_contact_ends_after_start",
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")),
            ),
            models.UniqueConstraint(
                name="orgs_contact_once",
                fields=["agency", "role_code", "name"],
                condition=models.Q(valid_to__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_code} of {self.agency_id}"
