"""The district's copies of the state's workbook, each as it was loaded, and which of them holds in which year."""

from __future__ import annotations

from typing import Any

from django.db import models


class AppendOnlyQuerySet(models.QuerySet):
    def update(self, **kwargs: Any) -> int:
        raise TypeError("specifications are never updated: load another workbook")

    def delete(self) -> Any:
        raise TypeError("specifications are never deleted: revert to the one before")


class _AppendOnly(models.Model):
    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("specifications are never updated: load another workbook")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("specifications are never deleted: revert to the one before")


class SpecificationVersion(_AppendOnly):
    """One loaded workbook. ``content`` is what it says (``domain.workbook.Workbook.as_document``).

    ``by`` is who ran the command, as the machine knows them; ``replaced`` is the version that was in force before,
    ``None`` where that was what the product brings along.
    """

    year = models.CharField(max_length=9)
    loaded_at = models.DateTimeField()
    by = models.CharField(max_length=60)
    file_name = models.CharField(max_length=120)
    file_digest = models.CharField(max_length=64)
    content = models.JSONField()
    replaced = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.year} {self.file_name}"


class SpecificationChoice(_AppendOnly):
    """Which version holds in a year from ``at`` on: the newest row of a year stands. ``None``: what we bring along."""

    year = models.CharField(max_length=9)
    version = models.ForeignKey(SpecificationVersion, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    by = models.CharField(max_length=60)

    class Meta:
        indexes = [models.Index(fields=["year", "-id"], name="specification_in_force")]

    def __str__(self) -> str:
        return f"{self.year}: {self.version_id or 'packaged'}"
