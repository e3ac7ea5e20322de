"""The reasons for not sending, read off the code of ``exchange``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from manzanita import exchange
from manzanita.exchange.gateway import Trouble
from manzanita.exchange.holds import HOLDS

MAKERS = ("Reason", "hold", "_not_confirmed")
# What refuses the setting of a report status, not a send: tests/web/test_report_status.py.
OF_SETTINGS = {"no-reason", "already-corrected", "past-end", "no-such-record"}
# Codes that are no text in their place, and where they are counted from: ``Trouble``, ``HOLDS``, ``_not_confirmed``.
NAMED_ELSEWHERE = {"error.trouble", "HOLDS[code].code", "ON_ITS_WAY", "CLOSED", "f'not-confirmed-{code}'"}


def reasons_of_files() -> set[str]:
    """Codes of all reasons for which a whole file waits or does not leave."""
    return ({code for code in map(_code, _codes()) if code} | set(Trouble)) - OF_SETTINGS - set(HOLDS)


def not_written_out() -> set[str]:
    """Codes that are made up while running, as source text."""
    return {ast.unparse(node) for _, node in _codes() if not _code((_, node))}


def _codes() -> Iterator[tuple[str, ast.expr]]:
    """Who makes each reason, and the expression of its code."""
    for file in Path(exchange.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MAKERS:
                code = node.args[0] if node.args else next(k.value for k in node.keywords if k.arg == "code")
                yield node.func.id, code


def _code(made: tuple[str, ast.expr]) -> str:
    """The code itself, or of one with a part that varies its fixed beginning; blank where it is not written out."""
    maker, node = made
    prefix = "not-confirmed-" if maker == "_not_confirmed" else ""
    if isinstance(node, ast.Constant):
        return f"{prefix}{node.value}"
    if isinstance(node, ast.JoinedStr) and prefix:
        return f"{prefix}{node.values[0].value.rstrip('-')}"
    return ""
