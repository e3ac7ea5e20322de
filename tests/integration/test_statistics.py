"""The database knows how many rows stand behind an index, also those that were written a moment ago."""

from __future__ import annotations

from django.db import connection

from manzanita.platform.statistics import renew_statistics


def test_sqlite_is_told_of_the_rows_of_its_indexes(small_world, django_assert_num_queries):
    with django_assert_num_queries(2 if connection.vendor == "sqlite" else 1):
        renew_statistics()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'students_enrollment' AND idx IS NOT NULL"
            )
            assert cursor.fetchone()[0] > 3
