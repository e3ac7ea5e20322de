"""A list of students is read only after it was cut to whoever is asking."""

from __future__ import annotations

from typing import Any

from django.db import models


class Unscoped(Exception):
    """A list of students was read without naming who is asking."""


class ScopedQuerySet(models.QuerySet):
    """Refuses to read until ``students.queries`` has cut it to an actor."""

    is_scoped = False

    def _clone(self) -> ScopedQuerySet:
        clone = super()._clone()
        clone.is_scoped = self.is_scoped
        return clone

    def scoped(self) -> ScopedQuerySet:
        clone = self._chain()
        clone.is_scoped = True
        return clone

    def walked(self) -> ScopedQuerySet:
        """The same students, for one page of very many: see ``students.by_rows.Tied``."""
        clone = self._chain()
        clone.query.is_walked = True
        return clone

    def _require_scope(self) -> None:
        if not self.is_scoped:
            raise Unscoped("students are read through students.queries, which asks who is reading")

    def _fetch_all(self) -> None:
        self._require_scope()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        self._require_scope()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        self._require_scope()
        return super().count()

    def exists(self) -> bool:
        self._require_scope()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        self._require_scope()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._require_scope()
        return super().update(**kwargs)

    def delete(self) -> Any:
        self._require_scope()
        return super().delete()
