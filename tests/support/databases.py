"""Databases of their own for tests that run real processes, each copied from a template in no time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

# The role of the application on a server for tests. Nobody can sign in as it; who made it may act as it.
APP_ROLE = "manzanita_tests_app"
# Databases with the tables of the product, made once for a whole run, of tests (``tests/run.py``) or of everything
# (``.ci/run``): URLs with a space between.
MIGRATED = "MIGRATED_DATABASE_URL"
# Several test runs may make it in the same moment.
MAKE_APP_ROLE = f"""
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
            CREATE ROLE {APP_ROLE};
            GRANT {APP_ROLE} TO CURRENT_USER;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
"""


def made_for_the_run() -> list[str]:
    return os.environ.get(MIGRATED, "").split()


class Databases(ABC):
    """Makes databases, copies and drops them."""

    name: str
    _template: str | None = None

    @abstractmethod
    def is_mine(self, url: str) -> bool:
        """Whether this database can be copied here."""

    @abstractmethod
    def new(self) -> str:
        """An empty one, as a URL."""

    @abstractmethod
    def copy(self, url: str) -> str:
        """A copy of a database that nobody has open."""

    @abstractmethod
    def drop(self, url: str) -> None: ...

    def migrated(self) -> str:
        """A new one with the tables of the product."""
        return self.copy(self.template())

    def template(self) -> str:
        """The one with the tables of the product that is copied: that of the whole run of tests, or made once here."""
        given = next(filter(self.is_mine, made_for_the_run()), None)
        if given is not None:
            return given
        if self._template is None:
            self._template = self.new()
            _migrate(self._template)
        return self._template

    def close(self) -> None:
        if self._template is not None:
            self.drop(self._template)


class SqliteDatabases(Databases):
    """Files in ``folder``."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def is_mine(self, url: str) -> bool:
        return url.startswith("sqlite:")

    def new(self) -> str:
        return f"sqlite:///{self.folder / f'{uuid.uuid4().hex}.sqlite3'}"

    def copy(self, url: str) -> str:
        source, copied = _path(url), self.new()
        with closing(_connect(source)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(source, _path(copied))
        return copied

    def drop(self, url: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{_path(url)}{suffix}").unlink(missing_ok=True)


class PostgresDatabases(Databases):
    """Databases of the server that ``url`` names, made and dropped by its role; ``APP_ROLE`` may act in them."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        self.url = url

    def is_mine(self, url: str) -> bool:
        return urlsplit(url).netloc == urlsplit(self.url).netloc

    def new(self) -> str:
        return self._create("")

    def copy(self, url: str) -> str:
        return self._create(f' TEMPLATE "{_database(url)}"')

    def kept(self, name: str) -> tuple[str, bool]:
        """The database of this name, and whether it was made just now."""
        import psycopg

        with psycopg.connect(self.url) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        url = urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))
        return (url, False) if known else (self._create("", name), True)

    def _create(self, clause: str, name: str = "") -> str:
        name = name or f"manzanita_{uuid.uuid4().hex[:16]}"
        self._execute(MAKE_APP_ROLE)
        self._execute(f'CREATE DATABASE "{name}"{clause}')
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def drop(self, url: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{_database(url)}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


def every_sort(folder: Path, url: str | None) -> list[Databases]:
    """SQLite in ``folder``, and PostgreSQL where there is a server to be had."""
    return [SqliteDatabases(folder), *([PostgresDatabases(url)] if url else [])]


def _migrate(url: str) -> None:
    is_postgres = url.startswith("postgresql")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "manzanita.cli", "manage", "migrate", "--verbosity", "0"],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "manzanita.config.settings",
                "DATABASE_URL": url,
                "MANZANITA_DATABASE_ROLE": APP_ROLE if is_postgres else "",
                "MANZANITA_VAR": folder,
            },
            check=True,
        )


def copy_for_django(connection) -> bool:
    """Lets Django's test database begin as a copy of the one made for the run; whether it stands there already."""
    test = connection.settings_dict["TEST"]
    for given in made_for_the_run():
        if connection.vendor == "sqlite" and given.startswith("sqlite:"):
            shutil.copy(_path(given), test["NAME"])
            return True
        if connection.vendor == "postgresql" and given.startswith("postgresql:"):
            test["TEMPLATE"] = _database(given)
    return False


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _connect(path: Path):
    import sqlite3

    return sqlite3.connect(path)


def _database(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


@contextmanager
def act_as_app_role(connection) -> Iterator[None]:
    """``connection`` acts as the application's role, which owns nothing."""
    from manzanita.platform.database_roles import grant_rows

    with connection.cursor() as cursor:
        cursor.execute(MAKE_APP_ROLE)
    grant_rows(connection, APP_ROLE)
    with connection.cursor() as cursor:
        # Only for the flush between tests that commit.
        cursor.execute(f"GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}")
    connection.close()
    options = connection.settings_dict["OPTIONS"]
    options["assume_role"] = APP_ROLE
    try:
        yield
    finally:
        del options["assume_role"]
        connection.close()
