"""Days as forms and addresses send them: read in one way everywhere, and refused in the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from manzanita.domain.dates import day_of as day_of
from manzanita.domain.findings import Owner, Reason

# The rule behind the refusal.
NOT_GUESSED = "What cannot be read is not guessed"
NO_DAY = "This is no day. Write it as the field shows it, or choose it."
_SHOWN = 40


def day_or_error(given: Mapping[str, str], name: str, errors: dict[str, str]) -> date | None:
    """The day of a field that may stay blank; what is no day is said in ``errors``, and not taken for blank."""
    text = given.get(name, "")
    day = day_of(text)
    if day is None and text.strip():
        errors[name] = NO_DAY
    return day


@dataclass(frozen=True, slots=True)
class Mistyped:
    """Fields of a form that hold text which is no day: what was typed, and the field's label, by its name."""

    typed: Mapping[str, str]
    labels: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.typed)

    @property
    def reasons(self) -> Sequence[Reason]:
        """A refusal for each. The text stands in it too: a browser's control for days does not show it again."""
        return [
            Reason(
                "no-day",
                f"{self.labels[name]}: “{text[:_SHOWN]}” is no day, and is not taken for blank.",
                Owner.YOU,
                "Write it as 11/23/2026, or choose it.",
                source=NOT_GUESSED,
            )
            for name, text in self.typed.items()
        ]

    @property
    def errors(self) -> dict[str, str]:
        return dict.fromkeys(self.typed, NO_DAY)


def mistyped(given: Mapping[str, str], labels: Mapping[str, str]) -> Mistyped:
    """Of the fields that ``labels`` names those that are not blank and hold no day."""
    texts = {name: given.get(name, "").replace("\0", "").strip() for name in labels}
    return Mistyped({name: text for name, text in texts.items() if text and day_of(text) is None}, labels)
