"""The legal log of disclosures, apart from the technical logs: what a parent may read and print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from django.db import models
from django.db.models import Q

from manzanita.auditing.log_rows import LogRow


@dataclass(frozen=True, slots=True)
class Authority:
    """By what right a party outside the district received or asked for records, with its source."""

    key: str
    label: str
    source: str


# The exceptions of 34 CFR 99.31 under which a disclosure is made without consent; those with consent or to
# staff, parents and the student are not recorded (99.32(d)).
AUTHORITIES: Mapping[str, Authority] = MappingProxyType(
    {
        authority.key: authority
        for authority in (
            Authority("enrolling", "School or district where the student enrolls", "34 CFR 99.31(a)(2)"),
            Authority(
                "oversight", "State or federal education authority: audit, evaluation", "34 CFR 99.31(a)(3)"
            ),
            Authority("study", "Study for the district, by written agreement", "34 CFR 99.31(a)(6)"),
            Authority("accreditation", "Accrediting organization", "34 CFR 99.31(a)(7)"),
            Authority("court", "Court order or subpoena", "34 CFR 99.31(a)(9)"),
            Authority("emergency", "Health or safety emergency", "34 CFR 99.31(a)(10), 99.32(a)(5)"),
            Authority(
                "child_welfare", "Child welfare agency responsible for the student", "20 USC 1232g(b)(1)(L)"
            ),
            Authority("other", "Another right; say which under legitimate interest", "34 CFR 99.31"),
        )
    }
)


class DisclosureKind(models.TextChoices):
    """Both are recorded: what was asked for, and what was given."""

    DISCLOSED = "disclosed", "Given out"
    REQUESTED = "requested", "Asked for, not given"


class Disclosure(LogRow):
    """One party outside the district asked for or received records of one student (34 CFR 99.32, EC 49064).

    ``party`` and the texts are written for the parent who reads them. ``corrects_id`` is an earlier row that this
    one replaces: a log is corrected by another row, never by a change.
    """

    student_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=DisclosureKind.choices)
    disclosed_on = models.DateField()
    party = models.CharField(max_length=200)
    authority_code = models.CharField(max_length=30)
    interest = models.CharField(max_length=300)
    purpose = models.CharField(max_length=300)
    what = models.CharField(max_length=300)
    by_id = models.BigIntegerField()
    corrects_id = models.BigIntegerField(null=True, blank=True)

    log: ClassVar[str] = "disclosure"

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="auditing_disclosure_kind_known", condition=Q(kind__in=DisclosureKind.values)
            ),
        ]
        indexes = [models.Index(name="auditing_disclosure_student", fields=["student_id", "-disclosed_on"])]

    def __str__(self) -> str:
        return f"{self.kind} of student {self.student_id}"

    @property
    def authority(self) -> Authority:
        return AUTHORITIES[self.authority_code]
