"""The two roles of a PostgreSQL database: the owner, who migrates, and the application's, which reads and writes rows.

Row-level security holds for a role that owns nothing, is no superuser and may not bypass it. ``migrate`` runs as the
owner (``MANZANITA_MIGRATION_DATABASE_URL``) and grants the application's role what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dj_database_url
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# Some table that row-level security protects.
_PROTECTED = "students_student"
_is_owner_at_work = False


def app_role() -> str:
    """The role that requests and jobs act as."""
    return str(settings.DATABASE_ROLE or settings.DATABASES["default"]["USER"])


@contextmanager
def as_owner(connection: Any) -> Iterator[None]:
    """Within this, ``connection`` acts as the owner of the tables."""
    global _is_owner_at_work
    configured = connection.settings_dict
    is_same_login = not settings.MIGRATION_DATABASE_URL
    owner = {} if is_same_login else dj_database_url.parse(settings.MIGRATION_DATABASE_URL)
    login = {name: owner[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT") if name in owner}
    options = {name: value for name, value in configured["OPTIONS"].items() if name != "assume_role"}
    if not is_same_login:
        connection.close()
    connection.settings_dict = {**configured, **login, "OPTIONS": options}
    _is_owner_at_work = True
    try:
        if is_same_login and "assume_role" in configured["OPTIONS"]:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")
        yield
    finally:
        _is_owner_at_work = False
        if not is_same_login:
            connection.close()
        connection.settings_dict = configured
        if is_same_login and (role := configured["OPTIONS"].get("assume_role")):
            with connection.cursor() as cursor:
                cursor.execute(connection.ops.compose_sql("SET ROLE %s", [role]))


def make_role(connection: Any, role: str) -> bool:
    """Make a role that may act, but not sign in, and let the owner act as it; false where there is one already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone():
            return False
        name = connection.ops.quote_name(role)
        cursor.execute(f"CREATE ROLE {name} NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
        cursor.execute(f"GRANT {name} TO CURRENT_USER")
    return True


def grant_rows(connection: Any, role: str) -> None:
    """Let ``role`` read and write the rows of every table, and change nothing else. As owner of the tables."""
    name = connection.ops.quote_name(role)
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")
        cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {name}")


def powers(connection: Any) -> list[str]:
    """Why row-level security would not hold for who signed in on ``connection``: words, empty where it holds."""
    with connection.connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT role.rolname, role.rolsuper, role.rolbypassrls,
                   pg_has_role(role.oid, held.relowner, 'MEMBER'), held.relrowsecurity AND held.relforcerowsecurity
              FROM pg_roles AS role LEFT JOIN pg_class AS held ON held.oid = to_regclass(%s)
             WHERE role.rolname = session_user
            """,
            [_PROTECTED],
        )
        (name, is_super, bypasses, owns, is_protected) = cursor.fetchone()
    if is_super:
        return [f"{name} is a superuser"]
    found = []
    if bypasses:
        found.append(f"{name} may bypass row-level security")
    if owns:
        found.append(f"{name} owns the tables, or may act as their owner")
    if is_protected is False:
        found.append(f"{_PROTECTED} has no row-level security: run the migrations")
    return found


def require_powerless_role(connection: Any) -> None:
    """Raises ``ImproperlyConfigured`` where the agencies would not be kept apart on ``connection``."""
    found = [] if _is_owner_at_work else powers(connection)
    if found:
        raise ImproperlyConfigured(
            f"The database would not keep agencies apart: {'; '.join(found)}. Give DATABASE_URL a role of its own "
            "(manzanita db-roles makes one), and the owner's URL to MANZANITA_MIGRATION_DATABASE_URL."
        )
