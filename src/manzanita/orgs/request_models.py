"""Requests to change the directory, agreements with nonpublic schools, and the names that places had before."""

from __future__ import annotations

from django.db import models

from manzanita.domain import directory_requests as words
from manzanita.platform.ids import new_public_id


def _choices(words_of: dict[str, str]) -> list[tuple[str, str]]:
    return [(key.value, label) for key, label in words_of.items()]


class DirectoryRequest(models.Model):
    """What a district asks to be changed in the directory of schools and agencies, and how it was answered.

    ``target_code`` is the code that is there already, ``code`` and ``name`` what it gets. ``day`` is what
    ``domain.directory_requests.DAY_WORDS`` says. ``done_on`` is the day on which what was approved was carried out: a
    name that begins later waits.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=_choices(words.KIND_WORDS))
    place = models.CharField(max_length=20, choices=_choices(words.PLACE_WORDS))
    lea_code = models.CharField(max_length=7)
    target_code = models.CharField(max_length=7, blank=True)
    code = models.CharField(max_length=7, blank=True)
    name = models.CharField(max_length=120, blank=True)
    day = models.DateField()
    evidence = models.CharField(max_length=300)
    state = models.CharField(max_length=10, default=words.State.WAITING.value)
    # Plain keys: accounts stand above agencies.
    asked_by_id = models.BigIntegerField()
    asked_at = models.DateTimeField()
    decided_by_id = models.BigIntegerField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    done_on = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["lea_code", "state", "id"], name="directory_requests_of_lea"),
            models.Index(
                fields=["asked_at"],
                name="directory_requests_waiting",
                condition=models.Q(state="waiting"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="orgs_request_state",
                condition=models.Q(state__in=[one.value for one in words.State]),
            ),
            models.CheckConstraint(
                name="orgs_request_answered",
                condition=models.Q(state="waiting", decided_at__isnull=True)
                | (~models.Q(state="waiting") & models.Q(decided_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}: {self.kind} {self.place}"

    @property
    def is_waiting(self) -> bool:
        return self.state == words.State.WAITING

    @property
    def about(self) -> str:
        """The code that it is about first: the one that is there, else the new one."""
        return self.target_code or self.code


class Agreement(models.Model):
    """A district's agreement with a nonpublic school or agency, as the district states it. Never changed: one that was
    entered wrongly is withdrawn, and entered again."""

    lea_code = models.CharField(max_length=7)
    agency_code = models.CharField(max_length=7)
    number = models.CharField(max_length=40, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    recorded_by_id = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["lea_code", "agency_code", "ends_on"], name="agreements_of_lea"),
        ]
        constraints = [
            models.CheckConstraint(
                name="orgs_agreement_ends_after_start",
                condition=models.Q(ends_on__gte=models.F("starts_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"agreement of {self.lea_code} with {self.agency_code}"


class PastName(models.Model):
    """What a school or agency was called through ``last_on``; ``request`` ``None``: the installation's file of agencies
    has another name since."""

    code = models.CharField(max_length=7)
    name = models.CharField(max_length=120)
    last_on = models.DateField()
    request = models.ForeignKey(
        DirectoryRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["code", "last_on"], name="past_names_of_code")]

    def __str__(self) -> str:
        return f"{self.code} until {self.last_on}"
