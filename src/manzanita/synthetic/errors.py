"""Plants errors into the lines of some students, one error a student, and says where.

Which students and which errors is drawn from the seed, so that the files without errors are the same but for
the lines that are named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from random import Random
from typing import Any

from manzanita.synthetic import damage, damage_census
from manzanita.synthetic.damage import Lines
from manzanita.synthetic.damage_local import LOCAL_DAMAGES
from manzanita.synthetic.damage_plans import PLAN_DAMAGES
from manzanita.synthetic.lines import FILES
from manzanita.synthetic.population import World
from manzanita.synthetic.students import Student

DAMAGES = {**damage.DAMAGES, **damage_census.DAMAGES, **PLAN_DAMAGES, **LOCAL_DAMAGES}
# Every code has been planted once by this part of the students, however low the rate.
_COVERED_BY = 0.6


class Planter:
    """Decides student by student, in the order of the files.

    A student is damaged as often as the rate asks for that many lines; besides, each code falls due at one place
    among the students and is planted on the first of them on whom it works.
    """

    def __init__(self, world: World, rate: float, codes: Collection[str] = tuple(DAMAGES)) -> None:
        """``codes`` are those to plant. Raises ``KeyError`` for one that cannot be planted."""
        self._world = world
        self._rate = rate
        self._damages = {code: DAMAGES[code] for code in codes}
        step = world.student_count * _COVERED_BY / len(self._damages)
        # The rarest chances come first, so that they wait longest.
        rarest_first = [code for code in _RAREST_FIRST if code in self._damages]
        self._due_from = {code: round(step * place) for place, code in enumerate(rarest_first)}
        self._planted: Counter[str] = Counter()

    def plant(
        self, student: Student, lines: dict[str, list[str]], counts: Mapping[str, int]
    ) -> dict[str, Any] | None:
        """Damage ``lines`` or leave them; the entry of ``planted.jsonl`` where they were damaged.

        ``counts`` are the lines that stand in the files before this student's.
        """
        # A stream of its own: the student was made from (seed, index) alone.
        rng = Random(f"{self._world.seed}/{student.index}/errors")
        is_drawn = rng.random() < self._rate * sum(map(len, lines.values()))
        due = [
            code
            for code, index in self._due_from.items()
            if student.index >= index and not self._planted[code]
        ]
        codes = due
        if is_drawn:
            others = [code for code in self._damages if code not in due]
            rng.shuffle(others)
            codes = due + sorted(others, key=self._planted.__getitem__)
        for code in codes:
            planted = self._damages[code](Lines(lines, self._world.as_of), rng)
            if planted:
                self._planted[code] += 1
                return {
                    "code": code,
                    "record": planted.record,
                    "file": FILES[planted.record],
                    "line": counts[planted.record] + planted.line + 1,
                    "ssid": student.ssid,
                    "field": planted.field,
                    "was": planted.was,
                    "now": planted.now,
                    "also": list(planted.also),
                }
        return None


# Infants first: few have a plan that starts in the autumn of the files.
_RARE = (
    *damage_census.RARE,
    *("SERV0411E4", "PLAN0714F1", "PLAN0365E4", "PLAN0366E4", "SERV0448E4", "PLAN0387E4", "PLAN0724F1"),
    *("SWDS0618", "MZ-STATUS-DIPLOMA", "MZ-MEET-LATE", "MZ-PLAN-DEAF-BLIND", "MZ-MEET-LATE-IFSP"),
    *("MZ-STATUS-ENTRY-CHANGED", "MZ-STATUS-REASON-FIT", "MZ-STATUS-NO-REASON", "MZ-PLAN-SETTING-TYPE"),
    *("MZ-MEET-DELAY-KIND", "PLAN0673F1", "GERR0005", "SENR0606F1", "MZ-SIS-DUPLICATE", "PLAN0387F1"),
)
_RAREST_FIRST = (*_RARE, *(code for code in DAMAGES if code not in _RARE))
