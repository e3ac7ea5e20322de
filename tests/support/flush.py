"""Empties the tables behind a test that commits.

Django's own flush empties every table whether it holds something or not, which makes hundreds of files of PostgreSQL
anew, and then builds content types and permissions again: it takes longer than most tests.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connections, transaction
from django.test import TransactionTestCase

# Made from the models when the tables are; no test changes them.
KEPT = {"django_content_type", "auth_permission"}


def use_quick_flush() -> None:
    """Every test that commits from now on ends so."""
    TransactionTestCase._fixture_teardown = _empty_databases


def _empty_databases(case: TransactionTestCase) -> None:
    for alias in case._databases_names(include_mirrors=False):
        connection = connections[alias]
        # As Django's flush: the tables of models that are there; constraints are looked at with the commit.
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            for table in sorted(_filled(cursor, connection.vendor, tables) & {*tables} - KEPT):
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


def _filled(cursor, vendor: str, tables: Collection[str]) -> set[str]:
    """Those that may hold rows; any other surely holds none."""
    if vendor != "postgresql":
        return {*tables}
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND pg_relation_size(oid) > 0"
    )
    return {name for (name,) in cursor.fetchall()}
