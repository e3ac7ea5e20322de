"""What processes that live long, or read whole files, ask of Python's and Polars' memory."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

ParamsT = ParamSpec("ParamsT")
ResultT = TypeVar("ResultT")

# Words of 8 bytes. Python keeps the frames of calls in pieces of the next power of two, here 512 KB: what stands beside
# this one frame has the other half.
_ROOM_WORDS = 33_000


def keep_freed_memory() -> None:
    """Take what Polars frees for the next partition instead of giving it back to the system and asking again.

    Each page that is asked for anew costs the system microseconds, a fifth of all the processor time of a large folder.
    Not for processes that serve pages. An operator's own setting stands; where Polars is at hand already, nothing
    changes.
    """
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1")


def keep_what_is_loaded() -> None:
    """Never search again, for what is garbage, through what is loaded now and stays: modules, models, addresses.

    A search through all of them takes a tenth of a second, in the middle of a page.
    """
    gc.collect()
    gc.freeze()


def with_room(function: Callable[ParamsT, ResultT]) -> Callable[ParamsT, ResultT]:
    """``function``, whose calls, however deep, find room for their frames without asking the system for it.

    CPython 3.11 asks for 16 KB whenever the frames of calls cross the end of a piece, and gives them back when the
    call across it returns. A loop that calls across such an end asks each time round: a fifth of a page's time.
    """

    def roomy(*args: ParamsT.args, **kwargs: ParamsT.kwargs) -> ResultT:
        return function(*args, **kwargs)

    # Of the room that a frame reserves nothing is touched.
    roomy.__code__ = roomy.__code__.replace(co_stacksize=_ROOM_WORDS)
    return roomy
