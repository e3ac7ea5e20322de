"""Tells each transaction its reach (``platform.reach``) before the first statement that runs under it.

The setting is local to a transaction, so it never outlives one: a pooler that hands the connection to somebody else
hands on nothing. A statement outside a transaction gets one of its own where a reach was said.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.sql import Literal

from manzanita.platform.database_roles import require_powerless_role
from manzanita.platform.reach import NOTHING, current_reach, current_transfer

# What a transaction was told: the reach, and the transfer through which one student more is read.
Told = tuple[tuple[str, ...], int]
_NOTHING: Told = (NOTHING, 0)
# Equal to nothing that anybody can say.
_UNKNOWN: Told = (("?",), -1)
# How queries are planned, said on the same way. Policies make them look expensive enough to compile, which takes longer
# than they do; and a page read out of order costs on today's disks what it costs in order.
PLANNING = {"jit": "off", "random_page_cost": "1.1"}
_PLANNING = "".join(f"; SET LOCAL {name} = {value}" for name, value in PLANNING.items()).encode()
# They run in a transaction that may have failed already, and read nothing.
_SAVEPOINT_WORDS = ("SAVEPOINT", "ROLLBACK TO SAVEPOINT", "RELEASE SAVEPOINT")


class OnlyToRead(Exception):
    """A statement other than a SELECT ran while a student was read through a transfer."""


@lru_cache(maxsize=1024)
def _said(wanted: Told, *, with_transfer: bool) -> bytes:
    """What tells a transaction its reach. A transfer is only named where there is one, or was one before."""
    codes, transfer = wanted
    said = b"SET LOCAL manzanita.agencies = " + Literal(",".join(codes)).as_bytes(None)
    if with_transfer:
        said += f"; SET LOCAL manzanita.transfer = '{transfer or ''}'".encode()
    return said + _PLANNING


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What the transaction at hand was told; a new one knows nothing.
        self._told: Told = _NOTHING
        self.execute_wrappers.append(self._within_reach)

    def _within_reach(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        wanted = (current_reach(), current_transfer())
        is_savepoint = isinstance(sql, str) and sql.startswith(_SAVEPOINT_WORDS)
        if wanted[1] and not is_savepoint and not str(sql).lstrip().startswith("SELECT"):
            raise OnlyToRead
        if wanted == self._told or is_savepoint or self.alias == NO_DB_ALIAS:
            return execute(sql, params, many, context)
        if self.get_autocommit():
            with self.wrap_database_errors, self.connection.transaction():
                self._tell(wanted)
                return execute(sql, params, many, context)
        with self.wrap_database_errors:
            self._tell(wanted)
        self._told = wanted
        return execute(sql, params, many, context)

    def _tell(self, wanted: Told) -> None:
        # Past all cursors: no log of queries shows it, and no count of them changes. Without parameters all goes in one
        # message, and nothing has to be planned. The transaction begins in the same message, so that to be told costs
        # no turn of its own; one of an unusual kind psycopg begins.
        said = _said(wanted, with_transfer=bool(wanted[1] or self._told[1]))
        connection = self.connection
        if (connection.isolation_level, connection.read_only, connection.deferrable) != (None, None, None):
            connection.execute(said)
            return
        with connection.lock:
            is_idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
            result = connection.pgconn.exec_(b"BEGIN; " + said if is_idle else said)
        if connection.pgconn.status != ConnStatus.OK:
            # The result has no code to tell by that the server is gone.
            raise OperationalError(result.get_error_message(connection.info.encoding))
        if result.status != ExecStatus.COMMAND_OK:
            raise error_from_result(result, encoding=connection.info.encoding)

    def _set_autocommit(self, autocommit: bool) -> None:
        self._told = _NOTHING
        super()._set_autocommit(autocommit)

    def _commit(self) -> None:
        self._told = _NOTHING
        super()._commit()

    def _rollback(self) -> None:
        self._told = _NOTHING
        super()._rollback()

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)
        # Perhaps what was said before the savepoint, perhaps not: say it again.
        self._told = _UNKNOWN

    def init_connection_state(self) -> None:
        self._told = _NOTHING
        super().init_connection_state()
        if settings.PRODUCTION and self.alias != NO_DB_ALIAS:
            try:
                require_powerless_role(self)
            except ImproperlyConfigured:
                # Left open, it would be taken for one that has been looked at.
                self.close()
                raise
