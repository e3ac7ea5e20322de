"""Loading the district's copy of the state's workbook for one year, and taking it back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.specification import Specification
from manzanita.domain.workbook import Workbook
from manzanita.domain.workbook.applying import packaged_specification, specification_of
from manzanita.domain.workbook.checking import workbook_of
from manzanita.domain.workbook.differences import Difference, differences
from manzanita.domain.workbook.reading import sheets_of
from manzanita.platform import clock
from manzanita.platform.models import SpecificationChoice, SpecificationVersion
from manzanita.platform.specifications import of_version, put_stored_in_force, versions_in_force


class NothingToRevert(ValueError):
    """No workbook is in force in the year."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A workbook that was read and not loaded yet, and what it would change in its year."""

    year: str
    file_name: str
    file_digest: str
    workbook: Workbook
    differences: list[Difference]


def in_force(year: str) -> tuple[SpecificationVersion | None, Specification]:
    """The version that holds in ``year`` (``None``: what we bring along) and its specification."""
    version = versions_in_force().get(year)
    return version, of_version(version) if version else packaged_specification()


def propose(*, data: bytes, file_name: str, year: str) -> Proposal:
    """Read a workbook and say what it changes; nothing is stored. Raises ``WorkbookRefused``."""
    workbook = workbook_of(sheets_of(data, file_name))
    after = specification_of(workbook, year=year, origin="")
    _, before = in_force(year)
    digest = hashlib.sha256(data).hexdigest()
    return Proposal(year, file_name, digest, workbook, differences(before, after))


def load(proposal: Proposal, *, by: str) -> SpecificationVersion:
    """Store the workbook and let it hold in its year, in this process at once, elsewhere within seconds."""
    version = _store(proposal, by)
    put_stored_in_force()
    return version


@transaction.atomic
def _store(proposal: Proposal, by: str) -> SpecificationVersion:
    before = versions_in_force().get(proposal.year)
    now = clock.now()
    version = SpecificationVersion.objects.create(
        year=proposal.year,
        loaded_at=now,
        by=by[:60],
        file_name=proposal.file_name[:120],
        file_digest=proposal.file_digest,
        content=proposal.workbook.as_document(),
        replaced=before,
    )
    SpecificationChoice.objects.create(year=proposal.year, version=version, at=now, by=by[:60])
    log_change(
        actor=None,
        action="load_specification",
        subject=version,
        detail={"year": proposal.year, "digest": proposal.file_digest},
    )
    return version


def would_revert(year: str) -> tuple[SpecificationVersion, SpecificationVersion | None, list[Difference]]:
    """The version in force, the one before it, and what changes. Raises :class:`NothingToRevert`."""
    version, now = in_force(year)
    if version is None:
        raise NothingToRevert(year)
    before = version.replaced
    return version, before, differences(now, of_version(before) if before else packaged_specification())


def revert(year: str, *, by: str) -> SpecificationVersion | None:
    """Let what held before the version in force hold again; returns it, ``None`` for what we bring along.

    Nothing is deleted: the version that no longer holds stays stored. Raises :class:`NothingToRevert`.
    """
    with transaction.atomic():
        version, before, _ = would_revert(year)
        SpecificationChoice.objects.create(year=year, version=before, at=clock.now(), by=by[:60])
        log_change(actor=None, action="revert_specification", subject=version, detail={"year": year})
    put_stored_in_force()
    return before
