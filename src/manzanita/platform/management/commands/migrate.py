"""Django's ``migrate``, as the owner of the tables; afterwards the application's role may use what is new."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from manzanita.platform.database_roles import app_role, as_owner, grant_rows
from manzanita.platform.reach import whole_installation


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        with whole_installation("a migration changes the rows of everybody"):
            if connection.vendor != "postgresql":
                super().handle(*args, **options)
                return
            with as_owner(connection):
                super().handle(*args, **options)
                role = app_role()
                if role and _exists(connection, role):
                    grant_rows(connection, role)


def _exists(connection: Any, role: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role])
        return cursor.fetchone() is not None
