"""Agencies and schools by their state codes."""

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
