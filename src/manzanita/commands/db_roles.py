"""``manzanita db-roles``: the role that the application acts as on PostgreSQL, and what it may do."""

import argparse
import os
import sys

HELP = "Make and check the database role that requests and jobs act as (PostgreSQL)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="only say whether agencies are kept apart")


def run(args: argparse.Namespace) -> int:
    """0 where the database keeps agencies apart; 1 with the reason where it does not."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
    import django

    django.setup()
    from django.db import connection

    from manzanita.platform.database_roles import app_role, as_owner, grant_rows, make_role, powers

    if connection.vendor != "postgresql":
        sys.stdout.write("SQLite has no roles and no row-level security: one agency to a database.\n")
        return 0
    role = app_role()
    if not args.check:
        with as_owner(connection):
            is_new = make_role(connection, role)
            grant_rows(connection, role)
        sys.stdout.write(f"{role}: {'made' if is_new else 'was there'}; it may read and write rows.\n")
        if is_new and not args.check:
            sys.stdout.write(f"Let it sign in: ALTER ROLE \"{role}\" LOGIN PASSWORD '...'\n")
            return 0
    connection.ensure_connection()
    found = powers(connection)
    for reason in found:
        sys.stdout.write(f"Agencies are not kept apart: {reason}.\n")
    if not found:
        sys.stdout.write("Agencies are kept apart.\n")
    return 1 if found else 0
