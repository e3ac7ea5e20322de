"""The bytes of a file in whole lines, a block at a time, whatever system wrote them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from manzanita.domain.layouts import RECORDS, damage

BOM = b"\xef\xbb\xbf"
_LINE_ENDS = b"\r\n"
_RECORD_TYPES = tuple(record.encode() for record in RECORDS)
# Line ends of Windows, and of a transfer that doubled them.
_WINDOWS_END = re.compile(rb"\r+\n")
# Enough to find the first record of a file.
_HEAD_BYTES = 1 << 16


class WholeLines:
    """The bytes of a file in whole lines, each ended by ``\\n``, and without a byte order mark."""

    def __init__(self, opened: Callable[[], BinaryIO], block_bytes: int) -> None:
        self._opened = opened
        self._block_bytes = block_bytes
        self._is_macintosh = self._ends_like_a_macintosh()

    def blocks(self, size: int | None = None) -> Iterator[bytes]:
        pieces: list[bytes] = []
        for read in self._read(size or self._block_bytes):
            end = self._last_end(read)
            if end:
                yield self._normal(b"".join([*pieces, memoryview(read)[:end]]))
                pieces = [read[end:]]
            else:
                pieces.append(read)
        rest = self._normal(b"".join(pieces)).rstrip(b"\r")
        if rest:
            yield rest

    def telling_lines(self, undecodable: dict[int, int]) -> Iterator[tuple[int, str]]:
        """The lines that tell what the file is, with their numbers: all around one that names a record type, and all
        up to the first that holds anything.

        One that is not UTF-8 is empty text. What such a line has of carets before its first bad byte is added to
        ``undecodable``, by line.
        """
        number = 1
        has_told = False
        for raw in self.blocks(min(_HEAD_BYTES, self._block_bytes)):
            if has_told and not any(record in raw for record in _RECORD_TYPES):
                number += raw.count(b"\n")
                continue
            lines, bad = decoded(raw)
            undecodable.update((number + place, carets) for place, carets in bad.items())
            yield from enumerate(lines, start=number)
            number += len(lines)
            has_told = has_told or not all(map(damage.is_blank, lines))

    def _read(self, size: int) -> Iterator[bytes]:
        with self._opened() as content:
            while read := content.read(size):
                yield read

    def _last_end(self, read: bytes) -> int:
        """The place behind the last line end of ``read`` that is whole; 0 without one."""
        if not self._is_macintosh:
            return read.rfind(b"\n") + 1
        # A carriage return at the end may be half of a line end.
        whole = read.rstrip(_LINE_ENDS)
        return max(whole.rfind(b"\r"), whole.rfind(b"\n")) + 1

    def _normal(self, raw: bytes) -> bytes:
        if b"\r" in raw:
            raw = _WINDOWS_END.sub(b"\n", raw)
            if self._is_macintosh:
                raw = raw.replace(b"\r", b"\n")
        # One byte is found ten times as fast as three.
        if BOM[:1] in raw and BOM in raw:
            # One more for each file that was appended.
            raw = raw.removeprefix(BOM).replace(b"\n" + BOM, b"\n")
        return raw

    def _ends_like_a_macintosh(self) -> bool:
        """Whether more lines end with a carriage return alone than with a line feed."""
        if not any(b"\r" in read for read in self._read(self._block_bytes)):
            return False
        alone = line_feeds = held = 0
        for read in self._read(self._block_bytes):
            rest = read.lstrip(b"\r") if held else read
            if not rest:
                held += len(read)
                continue
            alone += 0 if rest.startswith(b"\n") else held + len(read) - len(rest)
            body = rest.rstrip(b"\r")
            held = len(rest) - len(body)
            body = _WINDOWS_END.sub(b"\n", body)
            alone += body.count(b"\r")
            line_feeds += body.count(b"\n")
        return alone + held > line_feeds


def decoded(raw: bytes) -> tuple[list[str], dict[int, int]]:
    """Lines of ``raw``, and for each that is not UTF-8, by its place, the carets before its first bad byte."""
    raw = raw.removesuffix(b"\n")
    try:
        return raw.decode().split("\n"), {}
    except UnicodeDecodeError:
        pass
    lines: list[str] = []
    undecodable: dict[int, int] = {}
    for place, one in enumerate(raw.split(b"\n")):
        try:
            lines.append(one.decode())
        except UnicodeDecodeError as error:
            lines.append("")
            undecodable[place] = one[: error.start].count(b"^")
    return lines, undecodable
