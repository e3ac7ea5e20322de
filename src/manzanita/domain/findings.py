"""Findings and reasons: the only way this system says no.

A finding is what a rule says of a record; a reason is why the product refuses, holds or excludes
something. Both name the rule, the source, whose job it is, and where to mend it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

# The rules behind each refusal to take something back: others have built on it, the state knows of it.
BUILT_ON = "Taken back only while nothing builds on it"
UNTIL_TOLD = "Taken back only until the state is told"
# Of two who change one record the second looks at what the first has done.
LOOK_AGAIN = "What somebody else has changed is looked at first"
# What is told to the state has happened.
HAPPENED = "The state takes what has happened"


class Severity(StrEnum):
    """How much a finding weighs. ``NOT_EVALUATED`` is an outcome of its own, never a pass."""

    FATAL = "fatal"
    WARNING = "warning"
    INFO = "info"
    NOT_EVALUATED = "not_evaluated"


class Owner(StrEnum):
    """Whose job the fix is. ``YOU``: what somebody has typed, or left out, in their own form; nobody else mends that,
    whatever their office."""

    YOU = "You"

    SIS = "SIS staff"
    # Both keep the records of the office: what a clerk may not mend, the coordinator may.
    CLERK = "Clerk or coordinator"
    TEAM = "IEP team"
    COORDINATOR = "SEDS coordinator"
    SELPA = "SELPA office"
    STATE = "State"

    @classmethod
    def _missing_(cls, value: object) -> Owner | None:
        """As reasons that were kept before named the office."""
        return cls.CLERK if value == "SPED clerk" else None


# Whose job a finding can be: nobody finds what is not saved yet.
OFFICES = tuple(one for one in Owner if one is not Owner.YOU)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule, one record, one set of observed values.

    ``record`` is the record type or ``None`` for a line whose type could not be read; ``line`` is
    one-based; ``values`` maps state field numbers to the observed text (empty text for a blank).
    ``record_key`` names the record at the state (SSID, date ...) without its line number, so that the
    same finding in another file, or on a meeting not yet in any file, is the same finding.
    """

    code: str
    severity: Severity
    kind: str
    phase: str
    record: str | None
    file: str | None
    line: int | None
    ssid: str | None
    fields: tuple[str, ...]
    values: Mapping[str, str]
    message: str
    group: str | None = None
    record_key: str = ""

    @property
    def identity(self) -> str:
        """Stable hash of (rule, person, record key, observed values): age, owner and dismissal hang on it."""
        return finding_identity(self.code, self.ssid or "", self.record_key, self.values)


def finding_identity(code: str, person: str, record_key: str, values: Mapping[str, str]) -> str:
    """Hex digest that names a finding for as long as the observed values stay the same."""
    document = json.dumps([code, person, record_key, sorted(values.items())], ensure_ascii=True)
    return hashlib.sha256(document.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is refused, held or excluded, and what ends it.

    ``code`` is a stable name (``open-meeting``) or a rule code; ``text`` is a sentence for a teacher;
    ``way_out`` says what would allow it; ``link`` is a path inside the product, set by the caller that
    knows paths; ``source`` is the statute, state page or policy behind it.
    """

    code: str
    text: str
    owner: Owner
    way_out: str = ""
    link: str = ""
    source: str = ""
    confidence: str = "seen"
    values: Mapping[str, str] = field(default_factory=dict)


class RefusedForReasons(Exception):
    """Nothing was done; ``reasons`` say why. What is raised is a subclass that names what was refused."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.reasons = list(reasons)
        super().__init__(", ".join(reason.code for reason in self.reasons))


def reason_document(reason: Reason) -> dict[str, object]:
    """A reason as JSON values. Not by ``asdict``, which copies deeply: a pasted list has thousands of reasons."""
    told = {one.name: getattr(reason, one.name) for one in fields(reason)}
    return {**told, "owner": str(reason.owner), "values": dict(reason.values)}


def reason_of(document: Mapping[str, Any]) -> Reason:
    """The reason of a document; what an older one does not say is blank."""
    return Reason(**{**document, "owner": Owner(document["owner"])})
