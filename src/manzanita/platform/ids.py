"""Public identifiers: what a URL or a message may show in place of our integer keys."""

import os
import time
import uuid

_VERSION_7 = 0x7 << 76
_RFC_9562_VARIANT = 0b10 << 62


def new_public_id() -> uuid.UUID:
    """A UUID version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random bits.

    Ids made in different milliseconds sort by time, so their index grows at its end; within one
    millisecond the order is random.
    """
    milliseconds = (time.time_ns() // 1_000_000) & 0xFFFF_FFFF_FFFF
    random = int.from_bytes(os.urandom(10), "big")
    high_random = (random >> 62) & 0xFFF
    low_random = random & 0x3FFF_FFFF_FFFF_FFFF
    return uuid.UUID(int=milliseconds << 80 | _VERSION_7 | high_random << 64 | _RFC_9562_VARIANT | low_random)
