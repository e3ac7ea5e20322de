"""Tests of what only PostgreSQL does. On SQLite they are not collected, so that nothing there counts as skipped."""

from __future__ import annotations

from django.conf import settings

if not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
    collect_ignore_glob = ["test_*.py"]
