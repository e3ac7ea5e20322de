"""Ways to the state: one interface, two forms (API and files), two destinations (sandbox and state)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class Trouble(StrEnum):
    """What kept the other side from answering as agreed."""

    CLOSED = "state-closed"
    UNREACHABLE = "state-unreachable"
    SILENT = "state-silent"
    FAILED = "state-failed"
    BROKEN = "state-broken"
    SIGN_IN = "state-sign-in"


class GatewayUnavailable(Exception):
    """The other side could not be reached or did not answer as agreed.

    The text is the kind of error only. ``may_have_arrived`` says that the request may have taken effect all the
    same, now or a little later; ``opens_at`` is when a closed state opens, where it says so.
    """

    def __init__(
        self,
        text: str,
        trouble: Trouble = Trouble.BROKEN,
        *,
        may_have_arrived: bool = True,
        opens_at: datetime | None = None,
    ) -> None:
        super().__init__(text)
        self.trouble = trouble
        self.may_have_arrived = may_have_arrived
        self.opens_at = opens_at


class GatewayRefused(Exception):
    """The other side will not take this, now or later. ``code`` is its own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Progress(StrEnum):
    """How far the other side is with a file."""

    WORKING = "working"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Answer:
    """The state's answer to one line (one-based). ``errors`` are ``{"code", "field", "text"}``.

    ``transaction_id`` is the Local Record ID that the answer names, blank where it names none.
    """

    line: int
    is_posted: bool
    errors: Sequence[dict[str, Any]] = field(default=())
    transaction_id: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    progress: Progress
    answers: Sequence[Answer]


class StateGateway(Protocol):
    """What a submission needs of the other side."""

    form: str
    destination: str

    def deliver(self, *, file_name: str, lines: Sequence[str]) -> str:
        """Hand over the lines; return the other side's job, or empty text where it has none (files).

        A blank line keeps the place of one that the other side is known to have already.
        """

    def find_delivery(self, *, file_name: str) -> str | None:
        """The other side's job for a file that may or may not have arrived; ``None`` when it has not."""

    def answers(self, *, remote_job: str, after: int) -> Answers | None:
        """Answers after a line number; ``None`` where answers come by another way (files)."""

    def extract(self, *, record: str, lea_code: str | None, ssids: Sequence[str] | None) -> str | None:
        """The state's own lines in extract form, or ``None`` where they are loaded by hand."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    path: Path
    record: str
    line_count: int
