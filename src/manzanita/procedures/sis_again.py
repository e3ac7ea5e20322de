"""Taking the newest SIS files in again, for lines that somebody has let in since: what is loaded already stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from manzanita.domain.access import Actor
from manzanita.exchange.models import ImportFile, ImportRun
from manzanita.platform.files import read_stored_file
from manzanita.procedures.import_sis import GivenFile, Started, start_sis_import
from manzanita.procedures.sis_work import newest_import, open_conflicts
from manzanita.students.models import IdentityConflict
from manzanita.students.transfer_facts import SIS_CAUSE


@dataclass(frozen=True, slots=True)
class Again:
    """The newest import, and the lines let in since that it has."""

    run: ImportRun
    let_in: Sequence[IdentityConflict]
    files: Sequence[ImportFile]


def to_load_again(actor: Actor, conflicts: Sequence[IdentityConflict]) -> Again | None:
    """What taking the newest files in again would load; nothing where none of ``conflicts`` is let in and stands in
    them. An older file would take back what a newer one said, so it never goes in again. Three queries at most."""
    let_in = [one for one in conflicts if one.decision == "same"]
    newest = newest_import(actor) if let_in else None
    if newest is None:
        return None
    let_in = [one for one in let_in if one.cause == f"{SIS_CAUSE}{newest.pk}"]
    later = ImportRun.objects.filter(lea_code=actor.agency_code, kind="sis", pk__gt=newest.pk)
    if not let_in or later.exists():
        return None
    return Again(newest, let_in, list(newest.files.order_by("pk")))


def load_again(actor: Actor) -> Started | None:
    """Start an import of the newest files; ``None`` where nothing is to be loaded, or a file is gone."""
    again = to_load_again(actor, list(open_conflicts(actor).filter(decision="same")))
    if again is None:
        return None
    try:
        files = [GivenFile(one.name, [read_stored_file(one.stored_name)]) for one in again.files]
    except FileNotFoundError:
        return None
    return start_sis_import(actor=actor, files=files)
