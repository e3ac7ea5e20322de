"""What recording a change without a meeting does, in words: one sentence for each thing that happens or does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from manzanita.archive.actions import RecordDraft
from manzanita.archive.models import ArchivedRecord
from manzanita.domain.codes import code_set
from manzanita.domain.fields import PLAN_FIELDS
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.setting_grounds import GROUNDS
from manzanita.procedures.change_reasons import TEAM_SETTINGS, Asked, changed_settings
from manzanita.procedures.effects import Effect, held_without_ssid, long_day
from manzanita.procedures.later_start import LaterStart, start_effects
from manzanita.students.queries import StudentFacts
from manzanita.ui.formats import plural


def change_effects(
    asked: Asked,
    facts: StudentFacts,
    drafts: Sequence[RecordDraft],
    adopted: ArchivedRecord | None,
    later: LaterStart | None,
) -> Iterator[Effect]:
    """``adopted`` is the PLAN that never came into use, ``later`` what was agreed to start later."""
    on = asked.on
    if on is None:
        return
    day = long_day(on)
    if later is not None:
        yield from start_effects(later, facts, on)
    elif asked.key == "status":
        words = code_set("SpecialEducationStatus").label(asked.status_code)
        yield Effect("plan", f"From {day} the status is {words}.")
        if asked.status_code != PARTICIPATING and facts.plan_on(on) is not None:
            yield Effect("ends", f"{_with_services(facts, on)} end the day before.")
    elif asked.key == "adopt":
        yield Effect("starts", f"{_with_services(facts, asked.plan_known_on or on)} start here on {day}.")
    elif asked.key == "setting":
        changed = changed_settings(asked, facts, on)
        for name in changed:
            declared = next(one for one in PLAN_FIELDS if one.attribute == name)
            text = declared.label_of(asked.settings[declared.number].strip()) or "blank"
            yield Effect("changes", f"{declared.label} becomes {text} from {day}.")
        if asked.ground in GROUNDS and any(one.attribute in changed for one in TEAM_SETTINGS):
            ground = GROUNDS[asked.ground]
            yield Effect("warn", f"Without a meeting, by your word: {ground.label}.", f"{ground.source}.")
    elif asked.key == "meeting":
        what = [
            words
            for words, is_so in (
                ("plan review", asked.is_plan_review),
                ("evaluation", asked.evaluation_type_code),
            )
            if is_so
        ]
        yield Effect(
            "meeting", f"The meeting of {day} counts as {' and '.join(what)}; the next due dates follow."
        )
    elif adopted is not None:
        yield Effect(
            "ends",
            f"The plan adopted from {long_day(adopted.key_on)} and its services end before they began.",
        )
        yield Effect("plan", f"From {day} the student counts here as not enrolled: no show.")
        yield Effect(
            "nothing",
            "The adoption is set to do not report; what the state holds of it is deleted with the next send.",
            "The SIS exits the enrollment as N470 (no show): that is the SIS staff's.",
        )
    if drafts:
        told = " and ".join(dict.fromkeys(draft.record for draft in drafts))
        yield Effect(
            "state", f"The state is told {plural(len(drafts), 'line')}: {told}.", held_without_ssid(drafts)
        )


def _with_services(facts: StudentFacts, on: date) -> str:
    count = len(facts.services_on(on))
    return (
        f"The plan and its {plural(count, 'service')}" if count else "The plan, which has no services, will"
    )
