"""What reaches a person outside of the product: reminders by mail, and a calendar that other programs read."""

from __future__ import annotations

from django.db import models


class ReminderChoice(models.Model):
    """How often somebody is reminded by mail; without a row weekly. ``tried_on`` is the day of the newest mail that was
    begun, ``mailed_on`` of the newest that went out: whoever sends sets the first before, so that no day has two."""

    EVERY = [("daily", "Each weekday"), ("weekly", "Once a week"), ("never", "Never")]

    user = models.OneToOneField("accounts.User", on_delete=models.PROTECT, related_name="+")
    every = models.CharField(max_length=6, choices=EVERY, default="weekly")
    tried_on = models.DateField(null=True, blank=True)
    mailed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="reminder_choice_every", condition=models.Q(every__in=["daily", "weekly", "never"])
            )
        ]

    def __str__(self) -> str:
        return f"reminders of person {self.user_id}, {self.every}"


class CalendarFeed(models.Model):
    """The secret address under which a person's planned meetings can be read as a calendar, without a sign-in.

    Only a digest of the secret is stored. A person has one at a time: another ends it.
    """

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    secret_digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="calendar_feed_one_each", fields=["user"], condition=models.Q(ended_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"calendar feed {self.pk} of person {self.user_id}"
