"""Agencies and schools by their state codes, their calendars and policies, and whom to ask there."""

from django.db import models

from manzanita.domain.calendars.periods import KINDS
from manzanita.orgs.request_models import Agreement as Agreement
from manzanita.orgs.request_models import DirectoryRequest as DirectoryRequest
from manzanita.orgs.request_models import PastName as PastName


class Dated(models.Model):
    """A row of the directory with its first and last day, where they are known. One that changed its code ends, and
    ``successor_code`` names the row that goes on: what was recorded under the old code keeps it."""

    first_on = models.DateField(null=True, blank=True)
    last_on = models.DateField(null=True, blank=True)
    successor_code = models.CharField(max_length=7, blank=True, default="")

    class Meta:
        abstract = True


class Agency(Dated):
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


class School(Dated):
    """A school of a district or county office."""

    code = models.CharField(max_length=7, unique=True)
    name = models.CharField(max_length=120)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="schools")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class PolicyAnswer(models.Model):
    """A SELPA's answer to an open question of ``domain.policies``.

    Of the rows of a key the one with the latest ``effective_on`` that has come stands; of two with the same day, the
    one recorded last.
    """

    selpa_code = models.CharField(max_length=4)
    key = models.CharField(max_length=40)
    value = models.CharField(max_length=20)
    reason = models.CharField(max_length=300)
    effective_on = models.DateField()
    by_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["selpa_code", "key", "-id"], name="policy_answer_newest")]

    def __str__(self) -> str:
        return f"{self.selpa_code} {self.key}={self.value}"


class CalendarVersion(models.Model):
    """The whole calendar of one LEA for one academic year, as it was believed from ``recorded_at`` on.

    Never changed: another calendar of the year is another version, and ends the one before (``superseded_at``). One
    without periods says that the year has no calendar (decision 18).
    """

    lea_code = models.CharField(max_length=7)
    year = models.CharField(max_length=9)
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)
    # A plain key: accounts stand above agencies. ``None`` is the installation.
    by_id = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="orgs_calendar_one_stands",
                fields=["lea_code", "year"],
                condition=models.Q(superseded_at__isnull=True),
            ),
            models.CheckConstraint(
                name="orgs_calendar_superseded_later",
                condition=models.Q(superseded_at__isnull=True)
                | models.Q(superseded_at__gte=models.F("recorded_at")),
            ),
        ]
        indexes = [models.Index(fields=["lea_code", "year", "-id"], name="calendar_versions")]

    def __str__(self) -> str:
        return f"calendar {self.lea_code} {self.year}, version {self.pk}"


class CalendarPeriod(models.Model):
    """One period of a version: ``kind`` holds from ``start_on`` to ``end_on`` inclusive, for the school and track
    named, or for all where none is."""

    version = models.ForeignKey(CalendarVersion, on_delete=models.PROTECT, related_name="periods")
    school_code = models.CharField(max_length=7, blank=True)
    track = models.CharField(max_length=20, blank=True)
    kind = models.CharField(max_length=12)
    start_on = models.DateField()
    end_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="orgs_period_kind", condition=models.Q(kind__in=KINDS)),
            models.CheckConstraint(
                name="orgs_period_ends_after_start", condition=models.Q(end_on__gte=models.F("start_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.start_on} to {self.end_on}"


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
