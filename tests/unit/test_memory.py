"""Room for the frames of deep calls, asked for once."""

from __future__ import annotations

import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from manzanita.platform.memory import with_room

ROUNDS = 500


def asked_of_system(depth: int) -> int:
    """How many pieces of memory a loop is given anew that runs as deep as this and calls one function."""
    if depth:
        return asked_of_system(depth - 1)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(ROUNDS):
        called(1)
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def called(one: int) -> int:
    return one


def most_asked(function: Callable[[int], int]) -> int:
    """Of 300 depths the one at which most is asked for; in a thread of its own, as the tests have room already."""
    with ThreadPoolExecutor(1) as pool:
        return max(pool.map(function, range(300)))


def test_a_loop_of_calls_asks_the_system_for_nothing_at_any_depth():
    # Somewhere among the depths is the end of a piece, where every round of the loop crosses it.
    assert most_asked(asked_of_system) >= ROUNDS
    assert most_asked(with_room(asked_of_system)) < ROUNDS // 5


def test_what_has_room_takes_and_gives_the_same():
    @with_room
    def told(first: int, *, second: int = 2) -> tuple[int, int]:
        return first, second

    assert told(1) == (1, 2)
    assert told(1, second=3) == (1, 3)
    with pytest.raises(TypeError, match="unexpected keyword"):
        told(1, third=3)
