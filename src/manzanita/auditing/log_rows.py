"""What every log is made of: rows that are added, never changed, never removed."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils import timezone


class AppendOnlyError(TypeError):
    """Somebody tried to change or remove a row of a log."""


class AppendOnlyQuerySet(models.QuerySet):
    """Adds and reads; whatever would change or remove rows raises ``AppendOnlyError``."""

    def update(self, **values: Any) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} is append-only")

    def delete(self) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} is append-only")

    update.alters_data = True
    delete.alters_data = True
    delete.queryset_only = True

    def bulk_create(self, objs: Any, *args: Any, **options: Any) -> list[Any]:
        if options.get("update_conflicts"):
            raise AppendOnlyError(f"{self.model.__name__} is append-only")
        return super().bulk_create(objs, *args, **options)

    def bulk_update(self, *args: Any, **options: Any) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} is append-only")


class LogRow(models.Model):
    """A row that is written once, by ``auditing.actions.append``, which also lets it wait for its seal.

    ``lea_code`` is the agency whose log it belongs to: that of the actor's grant, or the one a system act is
    about; empty for acts of the installation. ``request_id`` ties together what one request, job or command did.
    """

    at = models.DateTimeField(default=timezone.now)
    lea_code = models.CharField(max_length=7, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")

    objects = AppendOnlyQuerySet.as_manager()

    # The name of this log in seals and reports.
    log: ClassVar[str]

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError(f"{type(self).__name__} is append-only")
        # An INSERT even where somebody set a key by hand: Django would first try to update that row.
        options["force_insert"] = True
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        raise AppendOnlyError(f"{type(self).__name__} is append-only")
