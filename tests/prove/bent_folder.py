"""A fictitious folder with many faults whose values are all of the right form: what the comparisons of rules need."""

from __future__ import annotations

import random
from pathlib import Path

from manzanita.commands.bench import AS_OF, YEAR
from manzanita.domain.layouts import layout
from manzanita.domain.rules.declaration import Setting
from manzanita.synthetic.lines import FILES as SYNTHETIC_FILES

FILES = dict(SYNTHETIC_FILES)
SETTING = Setting(AS_OF, YEAR)
FIRST_DAY, LAST_DAY, CENSUS_DAY = SETTING.first_day, SETTING.last_day, SETTING.census_day
# First columns that stay as they are: record type and transaction type.
_KEPT = 2
# A service shorter than any in the files: so many minutes in this column.
_MINUTES, _SHORT = "25.15", "5"


def bend(folder: Path, out: Path, *, seed: int = 1, rate: float = 0.05) -> None:
    """Copy the record files. Of so many lines one value becomes empty or that of another line, or the line is lost, or
    stands there twice."""
    out.mkdir(parents=True)
    chance = random.Random(seed)
    for record, file in FILES.items():
        minutes = layout(record).numbers.index(_MINUTES) if record == "SERV" else 0
        lines = (folder / file).read_text(encoding="utf-8").splitlines()
        with (out / file).open("w", encoding="utf-8", newline="\n") as written:
            for line in lines:
                if chance.random() < rate:
                    kind = chance.random()
                    if kind < 0.1:
                        continue
                    if kind < 0.2:
                        written.write(line + "\n")
                    values = line.split("^")
                    if minutes and kind > 0.95:
                        values[minutes] = _SHORT
                    place = chance.randrange(_KEPT, len(values))
                    other = chance.choice(lines).split("^")[place]
                    values[place] = "" if chance.random() < 0.3 else other
                    line = "^".join(values)
                written.write(line + "\n")
