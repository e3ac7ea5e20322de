"""How far a person has looked through what changed: a mark, no log."""

from __future__ import annotations

from django.db import models


class NewsMark(models.Model):
    """Up to where one person has seen the changes within one perspective at one agency.

    ``seen_through`` is the instant of the newest change that was listed when the person said so, at ``marked_at``; what
    is committed later, though it began earlier, is thereby less likely to be missed than if it were the instant of
    saying so. ``before_*`` are the mark before (of a first one the beginning of what was listed), so that what one
    window has put away is found again in another.
    """

    user_id = models.BigIntegerField()
    perspective_key = models.CharField(max_length=40)
    agency_code = models.CharField(max_length=7)
    seen_through = models.DateTimeField()
    marked_at = models.DateTimeField()
    before_through = models.DateTimeField(null=True, blank=True)
    before_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="auditing_news_mark_once", fields=["user_id", "perspective_key", "agency_code"]
            )
        ]

    def __str__(self) -> str:
        return f"news of user {self.user_id}"
