"""The storm itself: kills processes and changes the state's weather, until so many kills are done."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx

from tests.support.system import System

CALIFORNIA = ZoneInfo("America/Los_Angeles")
# Longer than the client waits: what is slow or late is not heard.
SLOW_SECONDS = 4
WORDS = ("refuse", "fail", "slow", "late", "lose", "truncate", "twice")
# Of ten kills: the worker, which sends, six; the state two or three; the web server one or two.
_VICTIMS = (("worker", 6), ("sandbox", 2.5), ("web", 1.5))


class Storm(threading.Thread):
    """Ends by itself after ``kills`` kills, with everything running and fair weather. ``failure`` is what it met."""

    def __init__(self, system: System, workers: list[str], kills: int, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.system, self.workers, self.kills, self.chance = system, workers, kills, chance
        self.counts: Counter[str] = Counter()
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self._blow()
            for number in range(self.kills):
                time.sleep(self.chance.uniform(0.2, 2.4))
                self._kill()
                if number % 3 == 2:
                    self._blow()
            self._tell("weather", seed=None, next=[], stalled=False)
            self._tell("clock", hours=None)
        except Exception as failure:
            self.failure = failure

    def _kill(self) -> None:
        names, weights = zip(*_VICTIMS, strict=True)
        (name,) = self.chance.choices(names, weights)
        self.counts[f"{name} killed"] += 1
        if name == "worker":
            name = self.chance.choice(self.workers)
            self.system.kill(name)
            self.system.start_worker(name)
        elif name == "web":
            self.system.kill(name)
            self.system.start_web()
        else:
            self.system.kill(name)
            # Sometimes nobody is there for a while.
            time.sleep(self.chance.choice([0, 0, 1]))
            self.system.start_sandbox()

    def _blow(self) -> None:
        """Another weather: nearly always a storm, now and then a stall, or closed for some seconds."""
        kind = self.chance.choices(["storm", "stalled", "closed"], [7, 2, 2])[0]
        self.counts[f"times {kind}"] += 1
        self._tell(
            "weather",
            # Some words for certain, so that a short run meets bad weather too; then what the seed draws.
            next=self.chance.sample(WORDS, 4),
            seed=self.chance.randrange(1_000_000),
            share=self.chance.choice([0.4, 0.6, 0.8]),
            seconds=SLOW_SECONDS,
            stalled=kind == "stalled",
        )
        hours = None
        if kind == "closed":
            now = datetime.now(CALIFORNIA)
            hours = [f"{now + timedelta(hours=ahead):%H:%M}" for ahead in (2, 3)]
        self._tell("clock", hours=hours)

    def _tell(self, action: str, **values: object) -> None:
        for _ in range(20):
            try:
                self.system.control(action, **values)
                return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise RuntimeError("the sandbox does not hear its control interface")

    def told(self) -> str:
        return f"{self.kills} kills: " + ", ".join(
            f"{count} {name}" for name, count in sorted(self.counts.items())
        )
