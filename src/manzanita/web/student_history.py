"""The History tab: archives, what of the newest changes can be taken back, what was done, and who has seen it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from manzanita.accounts.queries import user_names
from manzanita.auditing.kinds import PURPOSES
from manzanita.auditing.queries import changes_of_student, reads_of_student
from manzanita.domain.access import CAPABILITY_WORDS, Capability, decide
from manzanita.students.former import events_for
from manzanita.students.queries import keys_of_person
from manzanita.web.field_history import identity_changes
from manzanita.web.reasons_told import told, ways_on_record, why_way
from manzanita.web.student_file import StudentFile
from manzanita.web.student_take_back import acts_of
from manzanita.web.students_words import ACTION_WORDS, READ_WORDS, perspective_words

HISTORY_SHOWN = 100


def history_tab(_request: HttpRequest, file: StudentFile) -> dict[str, Any]:
    student = file.student
    keys = keys_of_person(student.pk)
    changes = list(events_for(file.actor, student, changes_of_student(*keys))[:HISTORY_SHOWN])
    may_audit = file.actor.may(Capability.READ_AUDIT)
    seen = events_for(file.actor, student, reads_of_student(*keys))
    reads = list(seen[:HISTORY_SHOWN]) if may_audit else []
    corrects = decide(file.actor, Capability.CORRECT_RECORD)
    acts = acts_of(file) if corrects else []
    ids = {act.by_id for act in acts if act.by_id is not None}
    ids |= {event.actor_user_id for event in changes if event.actor_user_id is not None}
    ids |= {user for event in reads for user in (event.actor_user_id, event.viewed_as_user_id) if user}
    return {
        "acts": acts,
        "why_no_acts": told(
            () if corrects else corrects.because,
            ways_on_record(file.actor, student, ask=file.ask),
            why_way(student),
        ),
        "changes": changes,
        "identity_changes": identity_changes(file.actor, student, keys=keys),
        "reads": reads,
        "may_audit": may_audit,
        "audit_deed": CAPABILITY_WORDS[Capability.READ_AUDIT],
        "purposes": PURPOSES,
        "perspective_words": perspective_words,
        "names": user_names(ids),
        "action_words": ACTION_WORDS,
        "read_words": READ_WORDS,
        "shown": HISTORY_SHOWN,
    }
