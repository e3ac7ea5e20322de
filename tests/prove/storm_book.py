"""What the state should hold at the end of a storm, kept by hand: plain rows, and what each change makes of them."""

from __future__ import annotations

import random

from tests.support import crowd, state_files

Row = dict[str, str]

# What identifies a record, written down here once more on purpose: this is the other side of a comparison.
_KEYS = {
    "SWDS": ("22.04", "22.06", "22.11"),
    "MEET": ("24.04", "24.06", "24.15"),
    "PLAN": ("23.04", "23.06", "23.12"),
    "SERV": ("25.04", "25.07", "25.17", "25.11", "25.12", "25.13"),
}
_PERCENT, _MINUTES, _PROVIDER = "23.23", "25.15", "25.12"


def key_of(record: str, row: Row) -> str:
    return "|".join([record, *(row[number] for number in _KEYS[record])])


class Book:
    """Rows by key."""

    def __init__(self, ssids: list[str]) -> None:
        of_the_district = [
            (record, row)
            for record, rows in state_files.state_rows().items()
            for row in rows
            if state_files.LEA in row.values() and state_files.SSIDS["sage"] not in row.values()
        ]
        of_the_crowd = [
            (record, row) for ssid in ssids for record, rows in crowd.state_rows(ssid).items() for row in rows
        ]
        self._crowd = set(ssids)
        self._rows = {key_of(record, row): (record, row) for record, row in of_the_district + of_the_crowd}

    def finalize(self, ssid: str) -> None:
        """What an annual review of November 20, agreed on November 23, adds: speech becomes 45 minutes.

        All else goes on as it stood in the plan of November 2025, corrected or not.
        """
        meeting = state_files.meet("alder", "20261120", **{"24.05": "2026-2027", "24.18": "30"})
        rows = [("MEET", crowd.as_of_crowd("MEET", meeting, ssid))]
        for record, row in self._rows.values():
            if ssid in row.values() and record == "PLAN" and row["23.12"] == "20251114":
                rows.append((record, {**row, "23.05": "2026-2027", "23.12": "20261123"}))
            elif ssid in row.values() and record == "SERV" and row["25.17"] == "20251114":
                minutes = "45" if row["25.11"] == "415" else row[_MINUTES]
                changed = {"25.06": "2026-2027", "25.17": "20261123", _MINUTES: minutes}
                rows.append((record, {**row, **changed}))
        self._rows.update({key_of(record, row): (record, row) for record, row in rows})

    def choose_correction(self, chance: random.Random) -> tuple[str, str, str]:
        """Key, field and new value of a change that the rules allow."""
        key = chance.choice(
            sorted(
                key
                for key, (record, _) in self._rows.items()
                if key.split("|")[2] in self._crowd
                and (record == "PLAN" or (record == "SERV" and "|415|" in key))
            )
        )
        record, row = self._rows[key]
        if record == "SERV" and chance.random() < 0.5:
            return key, _PROVIDER, "110" if row[_PROVIDER] == "100" else "100"
        number = _PERCENT if record == "PLAN" else _MINUTES
        return (
            key,
            number,
            chance.choice([text for text in map(str, range(30, 95, 5)) if text != row[number]]),
        )

    def key_after(self, key: str, number: str, value: str) -> str:
        record, row = self._rows[key]
        return key_of(record, {**row, number: value})

    def correct(self, key: str, number: str, value: str) -> None:
        record, row = self._rows.pop(key)
        changed = {**row, number: value}
        self._rows[key_of(record, changed)] = (record, changed)

    def lines(self) -> list[str]:
        """Caret lines without transaction type and Local Record ID, sorted."""
        return sorted(
            state_files.write_lines(state_files.layout(record), [row])[0]
            for record, row in self._rows.values()
        )
