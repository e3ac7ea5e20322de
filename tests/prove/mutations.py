"""Ways to damage the bytes of a file at random; each gets the file, a sound file of another record, and chance."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from random import Random

Mutation = Callable[[bytes, bytes, Random], bytes]
LARGEST = 250_000

_PIECES = (
    *(
        b"^",
        b"^^",
        b"^" * 40,
        b"\n",
        b"\r",
        b"\r\n",
        b"\r\r\n",
        b"\n\n\n",
        b"\0",
        b"\x1a",
        b"\x1f",
        b"\x7f",
        b"\t",
    ),
    *(b'"', b"'", b'""', b" ", b",", b"\\", b"\xef\xbb\xbf", b"\xff", b"\xc3", b"\xf0\x9f", b"\xed\xa0\x80"),
    *(
        "\u00a0".encode(),
        "\u2028".encode(),
        "\u0085".encode(),
        "\u0092".encode(),
        "\ufffd".encode(),
        "é".encode(),
    ),
    *(
        "🐦".encode(),
        b"-R",
        b"SENR^",
        b"PLAN-R^",
        b"<html>",
        b"PK\x03\x04",
        b"%PDF",
        b"\xff\xfe",
        b"#",
        b"NULL",
    ),
)
_VALUES = (
    *(
        "",
        " ",
        "0",
        "-1",
        "30.5",
        "NaN",
        "null",
        "inf",
        "1.23E+09",
        "9.9E+99",
        "00000000",
        "99999999",
        "20260230",
    ),
    *(
        "04/01/2026",
        "18991231",
        "10000101",
        "٣٣٣٣٣٣٣٣",
        "²",
        "½",
        "D",
        "A",
        "R",
        "X",
        "y",
        "Ω" * 300,
        "9" * 400,
    ),
    *('"quoted"', "2026", "2026-2028", "9999-0000", "-R", "\u200b", "MuÃ±oz", "=1+1", "'; --", "9900000001"),
)


def flip_bytes(data: bytes, other: bytes, chance: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 3, 20))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def insert_pieces(data: bytes, other: bytes, chance: Random) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 10))):
        at = chance.randint(0, len(data))
        data = data[:at] + chance.choice(_PIECES) + data[at:]
    return data


def insert_noise(data: bytes, other: bytes, chance: Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.randbytes(chance.choice((1, 4, 100, 3000))) + data[at:]


def delete_span(data: bytes, other: bytes, chance: Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def duplicate_span(data: bytes, other: bytes, chance: Random) -> bytes:
    start, end = _span(data, chance)
    times = chance.choice((1, 1, 2, 50))
    return (data[:end] + data[start:end] * times + data[end:])[:LARGEST]


def zero_span(data: bytes, other: bytes, chance: Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + bytes(end - start) + data[end:]


def splice(data: bytes, other: bytes, chance: Random) -> bytes:
    start, end = _span(other, chance)
    at = chance.randint(0, len(data))
    return data[:at] + other[start:end] + data[at:]


def truncate(data: bytes, other: bytes, chance: Random) -> bytes:
    return data[: chance.randint(0, len(data))]


def cut_head(data: bytes, other: bytes, chance: Random) -> bytes:
    return data[chance.randint(0, len(data)) :]


def reencode(data: bytes, other: bytes, chance: Random) -> bytes:
    encoding = chance.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp1252"))
    read_as = chance.choice(("utf-8", "latin-1"))
    return data.decode(read_as, "replace").encode(encoding, "replace")


def change_delimiter(data: bytes, other: bytes, chance: Random) -> bytes:
    return data.replace(b"^", chance.choice((b",", b"\t", b"|", b";", b"^^", b'"^"', b"")))


def change_line_ends(data: bytes, other: bytes, chance: Random) -> bytes:
    return data.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\r\r\n", b"\n\n", b"", b"^\n", b" \n")))


def shuffle_lines(data: bytes, other: bytes, chance: Random) -> bytes:
    lines = (data + other).split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def change_values(data: bytes, other: bytes, chance: Random) -> bytes:
    lines = data.split(b"\n")
    for _ in range(chance.choice((1, 3, 30))):
        at = chance.randrange(len(lines))
        values = lines[at].split(b"^")
        values[chance.randrange(len(values))] = chance.choice(_VALUES).encode()
        lines[at] = b"^".join(values)
    return b"\n".join(lines)


def swap_values(data: bytes, other: bytes, chance: Random) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    values = lines[at].split(b"^")
    chance.shuffle(values)
    lines[at] = b"^".join(values)
    return b"\n".join(lines)


def repeat_all(data: bytes, other: bytes, chance: Random) -> bytes:
    return (data * chance.choice((2, 10, 100)))[:LARGEST]


def change_case(data: bytes, other: bytes, chance: Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[start:end].swapcase() + data[end:]


def compress(data: bytes, other: bytes, chance: Random) -> bytes:
    return gzip.compress(data, mtime=0)


def _span(data: bytes, chance: Random) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.choice((1, 5, 50, 500, 5000)))


# What destroys everything is rare, so that there is something left to lose.
MUTATIONS: tuple[Mutation, ...] = (
    *(flip_bytes, insert_pieces, insert_noise, delete_span, duplicate_span, zero_span, splice) * 2,
    *(change_values, swap_values, shuffle_lines, change_line_ends) * 2,
    *(truncate, cut_head, repeat_all, change_case, reencode, change_delimiter),
    compress,
)
