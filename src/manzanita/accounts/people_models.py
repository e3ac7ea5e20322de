"""What the administration of people keeps beside accounts and grants."""

from django.db import models
from django.db.models import Q

from manzanita.domain.duties import DUTIES


class OtherEmail(models.Model):
    """A further address under which a person is known, at another employer for instance. Nobody signs in with it."""

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="other_emails")
    email = models.EmailField(unique=True)
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"address of user {self.user_id}"


class TransferRequest(models.Model):
    """A district asks another to let a person go, who then works with it: the grants there end, one here begins."""

    STATES = [
        ("open", "Waits for an answer"),
        ("accepted", "Accepted"),
        ("declined", "Declined"),
        ("withdrawn", "Withdrawn"),
    ]

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    from_agency = models.ForeignKey("orgs.Agency", on_delete=models.PROTECT, related_name="+")
    to_agency = models.ForeignKey("orgs.Agency", on_delete=models.PROTECT, related_name="+")
    perspective_key = models.CharField(max_length=30)
    school = models.ForeignKey(
        "orgs.School", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    starts_on = models.DateField()
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=STATES, default="open")
    asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="accounts_transfer_once",
                fields=["user", "from_agency", "to_agency"],
                condition=Q(state="open"),
            )
        ]

    def __str__(self) -> str:
        return f"transfer of user {self.user_id} to {self.to_agency_id}"


class AccountClosure(models.Model):
    """An account was closed, by hand or because nobody signed in for a year; and opened again, if it was.

    With ``closes_on`` it is open through that day; ``closed_at`` is set when it is closed.
    """

    CAUSES = [("dormant", "No sign-in for a year"), ("left", "Left")]

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="closures")
    cause = models.CharField(max_length=10, choices=CAUSES)
    reason = models.CharField(max_length=200)
    closes_on = models.DateField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_id = models.BigIntegerField(null=True, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="accounts_closure_once", fields=["user"], condition=Q(reopened_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"closure of user {self.user_id}"


class Duty(models.Model):
    """Who has a duty of an agency from a day on, and who stands in. A row that has ended stays as history."""

    agency = models.ForeignKey("orgs.Agency", on_delete=models.PROTECT, related_name="duties")
    kind = models.CharField(max_length=20, choices=[(duty.key, duty.label) for duty in DUTIES.values()])
    holder = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    backup = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    since_on = models.DateField()
    assigned_by_id = models.BigIntegerField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "duties"
        constraints = [
            models.UniqueConstraint(
                name="accounts_duty_once", fields=["agency", "kind"], condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                name="accounts_duty_backup_is_another",
                condition=Q(backup__isnull=True) | ~Q(backup=models.F("holder")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at agency {self.agency_id}"
