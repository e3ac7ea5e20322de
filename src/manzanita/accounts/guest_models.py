"""Access of people from outside, and of one person to another's view: asked, decided, and ended with their times."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

LONGEST_SESSION_HOURS = 4
LONGEST_VIEW_MINUTES = 30


class HostSession(models.Model):
    """Host staff ask one agency for a session. Approving makes the grant; it ends by itself at ``ends_at``.

    ``state``: ``asked``, ``approved``, ``refused``, ``ended`` (before its time, by the district or by who asked).
    """

    STATES = [("asked", "Asked"), ("approved", "Approved"), ("refused", "Refused"), ("ended", "Ended")]

    asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey("orgs.Agency", on_delete=models.PROTECT, related_name="+")
    comment = models.CharField(max_length=300)
    ticket = models.CharField(max_length=60)
    hours = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=STATES, default="asked")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True)
    grant = models.OneToOneField("accounts.Grant", on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["agency", "state"], name="accounts_host_session_state")]
        constraints = [
            models.CheckConstraint(
                name="accounts_host_session_known",
                condition=Q(state__in=["asked", "approved", "refused", "ended"]),
            ),
            models.CheckConstraint(
                name="accounts_host_session_hours",
                condition=Q(hours__gte=1, hours__lte=LONGEST_SESSION_HOURS),
            ),
            models.CheckConstraint(
                name="accounts_host_session_has_end",
                condition=~Q(state="approved") | Q(grant__isnull=False, ends_at__gt=F("opened_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"host session {self.pk}, {self.state}"


class ViewAsSession(models.Model):
    """One person looked at the product as a colleague sees it, from ``started_at`` until ``ended_at`` or ``ends_at``.

    ``helper_grant`` is through which the helper may; ``viewed_grant`` is the colleague's that was looked through.
    """

    helper = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    helper_grant = models.ForeignKey("accounts.Grant", on_delete=models.PROTECT, related_name="+")
    viewed = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    viewed_grant = models.ForeignKey("accounts.Grant", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="accounts_view_as_not_self", condition=~Q(helper=F("viewed"))),
            models.CheckConstraint(name="accounts_view_as_ends", condition=Q(ends_at__gt=F("started_at"))),
        ]

    def __str__(self) -> str:
        return f"view {self.pk} of user {self.helper_id} as user {self.viewed_id}"


class RecordRequest(models.Model):
    """Somebody asks another LEA for the record of a student found there by exact SSID, or exact name and birth date.

    ``agency`` decides. ``student_id`` is a plain key, because students stand above accounts. ``state``: ``asked``,
    ``granted``, ``refused``.
    """

    STATES = [("asked", "Asked"), ("granted", "Granted"), ("refused", "Refused")]

    asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    asked_through = models.ForeignKey("accounts.Grant", on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey("orgs.Agency", on_delete=models.PROTECT, related_name="+")
    student_id = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=STATES, default="asked")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True)
    grant = models.ForeignKey("accounts.Grant", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["agency", "state"], name="accounts_record_request_state")]
        constraints = [
            models.CheckConstraint(
                name="accounts_record_request_known", condition=Q(state__in=["asked", "granted", "refused"])
            ),
            models.UniqueConstraint(
                name="accounts_record_request_once",
                fields=["asked_by", "agency", "student_id"],
                condition=Q(state="asked"),
            ),
        ]

    def __str__(self) -> str:
        return f"record request {self.pk}, {self.state}"
