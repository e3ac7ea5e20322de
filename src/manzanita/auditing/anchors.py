"""Anchors: where each chain stood, told to a file outside the database that is only ever added to.

A chain alone cannot show that its end was cut off together with its seals; a line here that goes beyond the chain
does. Keep the file where the database's owner cannot write: another host, write-once storage.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db.models import F

from manzanita.auditing.keys import fingerprint
from manzanita.auditing.models import SealHead
from manzanita.platform import clock


class AnchorsUnreadable(Exception):
    """A line of the anchor file is none; the message names file and line."""


@dataclass(slots=True)
class Anchors:
    """What the file says of one LEA's chain: the MAC of each anchored sequence, and the key of the last line.

    ``disputed`` are sequences that two lines name with different MACs: the chain was cut and grew again.
    """

    macs: dict[int, bytes] = field(default_factory=dict)
    disputed: set[int] = field(default_factory=set)
    key: str = ""

    @property
    def longest(self) -> int:
        """How many rows the chain had at most, 0 without a line."""
        return max(self.macs, default=0)

    def add(self, sequence: int, mac: bytes, key: str) -> None:
        if self.macs.setdefault(sequence, mac) != mac:
            self.disputed.add(sequence)
        self.key = key


def write_anchors(key: bytes, *, only_new: bool = True) -> int:
    """Add a line for each chain that has grown since its last line, or for every chain; returns how many."""
    heads = SealHead.objects.filter(sequence__gt=0).order_by("lea_code")
    if only_new:
        heads = heads.filter(sequence__gt=F("anchored_sequence"))
    told = list(heads)
    if not told:
        return 0
    _append(told, key)
    for head in told:
        SealHead.objects.filter(pk=head.pk, anchored_sequence__lt=head.sequence).update(
            anchored_sequence=head.sequence
        )
    return len(told)


def _append(heads: Iterable[SealHead], key: bytes) -> None:
    path = Path(settings.AUDIT_ANCHOR_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps(
            {
                "at": clock.now().isoformat(timespec="seconds"),
                "lea": head.lea_code,
                # Chains have no gaps, so this is also the count of rows.
                "sequence": head.sequence,
                "mac": bytes(head.mac).hex(),
                "key": fingerprint(key),
            }
        )
        + "\n"
        for head in heads
    ]
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    try:
        os.write(descriptor, "".join(lines).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_anchors(path: Path) -> dict[str, Anchors]:
    """The file by LEA; empty without a file. Raises ``AnchorsUnreadable``."""
    anchors: dict[str, Anchors] = defaultdict(Anchors)
    if not path.exists():
        return anchors
    with path.open() as file:
        for number, line in enumerate(file, start=1):
            try:
                told = json.loads(line)
                lea_code, sequence = str(told["lea"]), int(told["sequence"])
                mac, key = bytes.fromhex(told["mac"]), str(told["key"])
            except (ValueError, KeyError, TypeError) as error:
                raise AnchorsUnreadable(f"Line {number} of {path} is no anchor.") from error
            anchors[lea_code].add(sequence, mac, key)
    return anchors
