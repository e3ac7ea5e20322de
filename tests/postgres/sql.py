"""Statements as somebody writes them by hand, past all managers and scopes."""

from __future__ import annotations

from django.db import connection


def asked(sql: str, parameters: list | None = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def changed(sql: str, parameters: list | None = None) -> int:
    """How many rows the statement changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


def keys(table: str) -> set[int]:
    return {key for (key,) in asked(f"SELECT id FROM {table}")}
