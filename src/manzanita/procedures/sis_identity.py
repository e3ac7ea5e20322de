"""Whether the lines of one chunk fit the students whom their numbers name, and what was set aside or decided before."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from manzanita.domain.likeness import Known
from manzanita.domain.same_person import Judged, Verdict, judge_identity
from manzanita.procedures.sis_lines import SisLine
from manzanita.students.actions import Identity
from manzanita.students.identity_actions import SetAside, conflicts_of, store_conflicts
from manzanita.students.matching import KnownStudent, Matches
from manzanita.students.models import Enrollment, IdentityConflict

_LOCAL_ID = Enrollment.content.index("local_student_id")


def known_of(identity: Identity) -> Known:
    return Known(identity.first_name, identity.last_name, identity.birth_on)


@dataclass(slots=True)
class Identities:
    """``conflicts`` are what was set aside before, of any student of the chunk or under one of its ``local_ids`` (by
    LEA); ``set_aside`` is what is now. ``fitting`` (student, LEA) and ``loaded`` (LEA, local ID) are of the newest
    lines that name whom they mean: what ends an earlier conflict."""

    record: str
    matches: Matches
    local_ids: Collection[tuple[str, str]]
    conflicts: dict[tuple[int, str, str], IdentityConflict] = field(default_factory=dict)
    set_aside: list[SetAside] = field(default_factory=list)
    fitting: set[tuple[int, str]] = field(default_factory=set)
    loaded: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        found = (self.matches.by_ssid, self.matches.by_local_id)
        students = {known.pk for some in found for known in some.values()}
        self.conflicts = conflicts_of(students, self.local_ids)

    def judge(self, line: SisLine, pk: int, known: Identity, stated: Identity) -> Judged:
        return judge_identity(
            known_of(known), known_of(stated), is_local_id_taken=self.is_local_id_taken(line, pk, known)
        )

    def fits_one(self, known: Iterable[Identity], stated: Identity) -> bool:
        """Whether the line can mean one of these."""
        return any(
            judge_identity(known_of(one), known_of(stated)).verdict is not Verdict.OTHER for one in known
        )

    def is_local_id_taken(self, line: SisLine, pk: int, identity: Identity) -> bool:
        """Whether another student, who cannot be this one, is enrolled under the line's local ID on its day or later;
        a second record of this student, and what this student has too, does not count."""
        other = self.matches.by_local_id.get((line.lea_code, line.local_id)) if line.local_id else None
        if other is None or other.pk == pk or not _is_enrolled_as(other, line):
            return False
        own = next((one for one in self.matches.by_ssid.values() if one.pk == pk), None) if pk else None
        if own is not None and _is_enrolled_as(own, line):
            return False
        return judge_identity(known_of(identity), known_of(other.identity)).verdict is Verdict.OTHER

    def decided(self, one: SetAside) -> str:
        """What somebody has said of this line: ``same``, ``other``, or nothing."""
        row = self.conflicts.get(one.key)
        return row.decision if row is not None else ""

    def line_of(
        self, line: SisLine, pk: int, stated: Identity, judged: Judged, *, ssid: str, is_by_ssid: bool
    ) -> SetAside:
        return SetAside(
            student_id=pk,
            lea_code=line.lea_code,
            ssid=ssid,
            local_id=line.local_id,
            is_by_ssid=is_by_ssid,
            first_name=stated.first_name,
            last_name=stated.last_name,
            birth_on=stated.birth_on,
            parts=judged.parts,
            words="; ".join(judged.words),
            record=self.record,
            line=line.line,
        )

    def store(self, cause: str) -> None:
        if self.set_aside or self.conflicts:
            ended = [
                one
                for one in self.conflicts.values()
                if one.record == self.record
                and (
                    (one.student_id, one.lea_code) in self.fitting
                    or (one.lea_code, one.local_id) in self.loaded
                )
            ]
            store_conflicts(self.set_aside, self.conflicts, ended, cause=cause)


def _is_enrolled_as(student: KnownStudent, line: SisLine) -> bool:
    return any(
        content[_LOCAL_ID] == line.local_id and (end is None or end >= line.starts_on)
        for (lea_code, _), held in student.enrollments.items()
        if lea_code == line.lea_code
        for _, end, content in held
    )
