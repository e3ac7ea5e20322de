"""What becomes of a request: weather ordered one request at a time, or a storm drawn from a seed.

It stands in the database, so that a restarted sandbox goes on with it.
"""

from __future__ import annotations

import json
import random
import sqlite3
from dataclasses import asdict, dataclass, field

from manzanita.sandbox.store import change_setting, setting, transaction

CLEAR = "clear"
# Words and what they do are told in the package.
STORMS = ("refuse", "fail", "slow", "late", "lose", "truncate", "twice")
# Only ordered, never drawn: a state that says no, or says nothing, for good is no weather that passes.
ORDERED = ("deny", "empty")
KINDS = (CLEAR, *STORMS, *ORDERED)


@dataclass(frozen=True)
class Weather:
    """What is ordered: ``next`` first, one word a request; then a share of requests storms, where a seed is set.

    ``drawn`` counts the requests of the storm, so that a seed means the same sequence every time. ``seconds``
    is how long *slow* and *late* last.
    """

    next: list[str] = field(default_factory=list)
    seed: int | None = None
    share: float = 0.5
    seconds: float = 1.0
    stalled: bool = False
    drawn: int = 0


def weather(connection: sqlite3.Connection) -> Weather:
    told = setting(connection, "weather")
    return Weather(**json.loads(told)) if told else Weather()


def change_weather(connection: sqlite3.Connection, told: dict[str, object]) -> None:
    """Change what is told and leave the rest. Raises ``ValueError`` for what is no weather."""
    kinds: dict[str, tuple[type, ...]] = {
        "next": (list,),
        "seed": (int, type(None)),
        "share": (int, float),
        "seconds": (int, float),
        "stalled": (bool,),
    }
    words = told.get("next", [])
    if not all(name in kinds and isinstance(value, kinds[name]) for name, value in told.items()) or not (
        isinstance(words, list) and all(word in KINDS for word in words)
    ):
        raise ValueError
    begun = {"drawn": 0} if "seed" in told else {}
    with transaction(connection):
        _store(connection, Weather(**{**asdict(weather(connection)), **told, **begun}))


def draw(connection: sqlite3.Connection) -> str:
    """The word for the next request, which uses it up."""
    # Fair weather costs a request no write.
    now = weather(connection)
    if not now.next and now.seed is None:
        return CLEAR
    with transaction(connection):
        now = weather(connection)
        if now.next:
            word, *rest = now.next
            _store(connection, Weather(**{**asdict(now), "next": rest}))
            return word
        chance = random.Random(f"{now.seed} {now.drawn}")
        _store(connection, Weather(**{**asdict(now), "drawn": now.drawn + 1}))
    return chance.choice(STORMS) if now.seed is not None and chance.random() < now.share else CLEAR


def _store(connection: sqlite3.Connection, changed: Weather) -> None:
    change_setting(connection, "weather", json.dumps(asdict(changed)))
