"""Two exports of one person asked for in the same moment: a limit holds for both together."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from django.db import connection

from manzanita.auditing.exports import MoreNeeded
from manzanita.auditing.models import ListExport
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.web import list_exports
from manzanita.web.found import found_of_key


@pytest.mark.django_db(transaction=True)
def test_two_at_once_cannot_pass_the_day_s_limit_together(small_world, monkeypatch):
    monkeypatch.setattr("manzanita.domain.export_limits.PER_DAY", dict.fromkeys(PERSPECTIVES, 1))
    weigh = list_exports.weigh

    def slowly(actor, ids):
        verdict = weigh(actor, ids)
        time.sleep(0.5)  # long enough for the other one to have looked, if it could
        return verdict

    monkeypatch.setattr(list_exports, "weigh", slowly)
    begin, told = threading.Barrier(2), []

    def ask(name: str) -> None:
        actor = small_world.coordinator_actor
        found = replace(found_of_key(actor, "all"), text=name)
        choice = list_exports.Choice(found, found.students)
        begin.wait(timeout=30)
        try:
            list_exports.ask(actor, choice, form="csv", ask_key=f"key-of-{name}", why="", is_fresh=False)
            told.append("made")
        except MoreNeeded:
            told.append("more needed")
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("Alder", "Towhee")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(told) == ["made", "more needed"]
    assert ListExport.objects.count() == 1
