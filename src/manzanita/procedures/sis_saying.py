"""What loading SIS lines says of single ones: refused, kept, or loaded with a doubt, each with its owner and fix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.same_person import RULE, Judged
from manzanita.procedures.sis_lines import AGAIN, IDENTITY_FIELDS, IN_THE_SIS, Note, SisLine
from manzanita.procedures.sis_settling import contradict
from manzanita.procedures.sis_whole import Whole
from manzanita.students.actions import Identity
from manzanita.students.matching import Matches
from manzanita.students.put_aside import PutAside


@dataclass(slots=True)
class LinesLoaded:
    """Lines by outcome, and what is said of single ones."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)


@dataclass(slots=True)
class Person:
    """The student of some lines. ``pk`` is 0 until registered; ``states_ssid`` is an SSID not yet known here."""

    pk: int
    identity: Identity
    starts: Mapping[str, frozenset[date]]
    known_ssid: str = ""
    states_ssid: str = ""
    is_fresh: bool = False
    aside: PutAside | None = None
    entered_as: Sequence[Identity] = ()
    is_by_ssid: bool = False


class Saying:
    """The sentences of a desk at which lines of one ``record`` are judged; they go into ``result``."""

    record: str
    whole: Whole
    matches: Matches
    result: LinesLoaded

    def _field(self, part: str) -> str:
        ids = {
            "SENR": {"ssid": "1.08", "local": "1.09", "start": "1.22"},
            "SINF": {"ssid": "2.09", "local": "2.10"},
        }[self.record]
        return ids.get(part) or IDENTITY_FIELDS[self.record][part]

    def _note(
        self,
        line: SisLine,
        code: str,
        effect: str,
        severity: Severity,
        parts: Sequence[str],
        text: str,
        fix: str,
        owner: Owner = Owner.SIS,
    ) -> None:
        numbers = tuple(self._field(part) for part in parts)
        self.result.notes.append(
            Note(line.line, code, effect, severity, numbers, f"Line {line.line}: {text}", owner, fix)
        )

    def _refuse(self, line: SisLine, code: str, parts: Sequence[str], text: str, fix: str) -> None:
        self.result.counts["refused"] += 1
        text = f"{text} The line is not loaded."
        self._note(line, code, "refused", Severity.FATAL, parts, text, fix)

    def _id_words(self, line: SisLine) -> tuple[str, str]:
        """Which id names the student of a line, and its words."""
        if ssid := self.whole.ssid_of(line):
            return "ssid", f"{self._field('ssid')} SSID {ssid}"
        return "local", f"{self._field('local')} Local Student ID {line.local_id[:40]}"

    def _refuse_other_person(self, line: SisLine, judged: Judged, decided: str) -> None:
        part, words = self._id_words(line)
        said = " Somebody has said that it is another student." if decided == "other" else ""
        parts = ["local" if one == "local_id" else one for one in judged.parts]
        self._refuse(
            line,
            RULE,
            (part, *(one for one in parts if one != part)),
            f"{words} is known here as another student: {', '.join(judged.words)}.{said}",
            "Find out whose number it is. A number typed wrongly is corrected in the SIS. Where it is one student all "
            "the same, the SEDS coordinator says so under “To correct in the SIS”, and the line is loaded from there.",
        )

    def _refuse_without_enrollment(self, line: SisLine) -> None:
        _, words = self._id_words(line)
        self._refuse(
            line,
            "MZ-NO-ENROLLMENT",
            ("ssid",),
            f"{words} has no enrollment in LEA {line.lea_code} here, and a student is known by an enrollment (SENR).",
            f"Import the SENR file that enrolls the student, together with this one. {AGAIN}",
        )

    def _refuse_against_enrollment(self, line: SisLine, parts: tuple[str, ...]) -> None:
        what = "birth date" if "birth_on" in parts else "first and last name"
        self._refuse(
            line,
            "MZ-NAMES",
            ("ssid", *parts),
            f"{self._id_words(line)[1]} has another {what} than on its enrollment (SENR), which is taken.",
            "Find out in the SIS which of the two is right, correct the other, and export both files again.",
        )

    def _note_nothing_to_delete(self, line: SisLine) -> None:
        self._note(
            line,
            "MZ-NO-ENROLLMENT",
            "kept",
            Severity.INFO,
            (self._id_words(line)[0],),
            f"deletes the enrollment of {line.starts_on:%m/%d/%Y}, which is not here. Nothing changes.",
            "Nothing is left to do here.",
        )

    def _note_new_ssid(self, line: SisLine, person: Person) -> None:
        self._note(
            line,
            "MZ-NEW-SSID",
            "kept",
            Severity.WARNING,
            ("ssid", "local"),
            f"{self._id_words(line)[1]} is new for a student whose SSID was {person.known_ssid} until today. It is "
            "loaded as the SSID from today on.",
            "Check in CALPADS that the state replaced the SSID; if not, correct it in the SIS.",
            Owner.COORDINATOR,
        )

    def _note_second_record(self, line: SisLine, person: Person) -> None:
        """Say that a student without an SSID, known by local id, is now known under an SSID beside it."""
        other = self.matches.by_local_id.get((line.lea_code, line.local_id))
        is_second = (
            other is not None
            and bool(person.pk)
            and other.pk != person.pk
            and not other.ssid
            and not contradict(other.identity, line.identity)
        )
        if is_second:
            self._note(
                line,
                "MZ-TWO-RECORDS",
                "kept",
                Severity.WARNING,
                ("ssid", "local"),
                f"{self._id_words(line)[1]} is known here, and so is {self._field('local')} Local Student ID "
                f"{line.local_id[:40]} as a student without an SSID: two records of one student. The line is "
                "loaded to the one with the SSID.",
                "Look at both records and decide which one goes on.",
                Owner.COORDINATOR,
            )

    def _note_aside(self, line: SisLine, goes_on: str) -> None:
        what = (
            "name, birth date or gender is not taken from it"
            if self.record == "SINF"
            else f"the enrollment of {line.starts_on:%m/%d/%Y} stays as putting them together left it"
        )
        self._note(
            line,
            "MZ-PUT-TOGETHER",
            "kept",
            Severity.WARNING,
            ("local",) if self.record == "SINF" else ("local", "start"),
            f"{self._field('local')} Local Student ID {line.local_id[:40]} is that of a second record, which was put "
            f"together with the one under {goes_on[:40]} here. That one goes on; {what}.",
            f"Put the two together in the SIS: end or delete the enrollment under {line.local_id[:40]}, or, where that "
            f"is the one to keep, the one under {goes_on[:40]}. Then export again.",
        )

    def _note_moved(self, line: SisLine, judged: Judged) -> None:
        """Say that a name or birth date became another: a slip in the number could be behind it."""
        part, words = self._id_words(line)
        self._note(
            line,
            "MZ-NAMES",
            "kept",
            Severity.WARNING,
            (part, *(one for one in judged.parts if one != "local_id")),
            f"{words} was known here otherwise: {', '.join(judged.words)}. It is loaded; what was known before stands "
            "at the field in the student's record.",
            "If these are two students, correct the number in the SIS and export again.",
        )

    def _note_nameless(self, line: SisLine, person: Person) -> None:
        if person.identity.first_name or person.identity.last_name:
            return
        self._note(
            line,
            "MZ-NAMES",
            "kept",
            Severity.WARNING,
            ("first_name", "last_name"),
            "the new student has no name.",
            IN_THE_SIS,
        )

    def _note_older_identity(self, line: SisLine) -> None:
        self._note(
            line,
            "MZ-NAMES",
            "kept",
            Severity.INFO,
            (self._id_words(line)[0],),
            "name, birth date or gender is not what the student's newest enrollment says, and that one counts.",
            "Nothing is left to do, unless the newest enrollment is wrong.",
        )
