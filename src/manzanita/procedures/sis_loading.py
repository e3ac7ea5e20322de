"""Loading SIS lines: who each line is about, and what it changes here.

:func:`load_lines` judges some lines in one transaction with a fixed number of queries. Every line ends as *new*
(it made a student), *changed*, *unchanged* or *refused*. Loading the same lines again changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from django.db import transaction

from manzanita.archive.models import ArchivedRecord
from manzanita.arrivals.actions import mark_to_look
from manzanita.domain.findings import Owner, Severity
from manzanita.domain.same_person import RULE, Judged, Verdict
from manzanita.exchange.outbox import reconcile_students
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.sis_identity import Identities
from manzanita.procedures.sis_lines import AGAIN, IDENTITY_FIELDS, IN_THE_SIS, Note, SisFile, SisLine
from manzanita.procedures.sis_settling import Settled, contradict, is_other_person
from manzanita.students.actions import (
    Identity,
    register_students,
    state_student_facts,
    update_identities,
)
from manzanita.students.matching import Held, KnownStudent, Matches, find_students, hold_register
from manzanita.students.models import Enrollment


@dataclass(frozen=True, slots=True)
class Whole:
    """What all files of an import say together, for loading their lines one after the other.

    ``ssids`` gives the SSID by ``SisLine.person`` where SENR names a student by local id only and SINF has the
    SSID; ``deleted`` are the keys of enrollments that the import deletes.
    """

    settled: Settled
    ssids: Mapping[str, str]
    deleted: Collection[tuple[str, str, date]]

    def ssid_of(self, line: SisLine) -> str:
        """The SSID of the line's student as far as any line of the import knows it, or empty text."""
        return line.ssid or self.ssids.get(line.person, "" if "/" in line.person else line.person)

    def enrolled_as(self, line: SisLine) -> Identity | None:
        """Who the newest SENR line says the student of a SINF line is."""
        known = self.settled.enrolled_as
        local = _local_person(line)
        return known.get(line.person) or (known.get(local) if self.ssids.get(local) == line.person else None)

    def identity_of(self, line: SisLine) -> Identity:
        """Who the newest lines say the student of a SENR line is; SINF before SENR where they are of one person."""
        enrolled = self.settled.enrolled_as.get(line.person, line.identity)
        informed = self.settled.informed_as.get(self.ssid_of(line))
        return enrolled if informed is None or contradict(enrolled, informed) else _over(enrolled, informed)


def whole_of(files: Iterable[SisFile], settled: Settled) -> Whole:
    ssids: dict[str, str] = {}
    deleted = set()
    for file in files:
        for line in file.lines:
            if line.is_delete:
                deleted.add(line.key)
            elif file.record == "SINF" and line.local_id:
                enrolled = settled.enrolled_as.get(_local_person(line))
                if enrolled is not None and not contradict(enrolled, line.identity):
                    ssids.setdefault(_local_person(line), line.ssid)
    return Whole(settled, ssids, deleted)


def _local_person(line: SisLine) -> str:
    return f"{line.lea_code}/{line.local_id}"


def _over(known: Identity, stated: Identity) -> Identity:
    """``known`` brought up to ``stated``; what is blank there stays as it is known."""
    changes = {
        name: value
        for name in Identity.__slots__
        if (value := getattr(stated, name)) not in ("", None) and value != getattr(known, name)
    }
    return replace(known, **changes) if changes else known


@dataclass(slots=True)
class LinesLoaded:
    """Lines by outcome, and what is said of single ones."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)


@transaction.atomic(savepoint=False)
def load_lines(
    record: str, lines: Sequence[SisLine], whole: Whole, *, by_id: int | None, cause: str
) -> LinesLoaded:
    """Load some lines of one settled file."""
    hold_register()
    matches = find_students(
        ssids={ssid for line in lines if (ssid := whole.ssid_of(line))},
        local_ids={(line.lea_code, line.local_id) for line in lines if line.local_id},
    )
    desk = _Desk(record, whole, matches)
    found = [desk.look_up(line) for line in lines]
    desk.register_new()
    for line, person in zip(lines, found, strict=True):
        if person is not None:
            desk.judge(line, person)
    desk.write(by_id=by_id, cause=cause)
    return desk.result


@dataclass(slots=True)
class _Person:
    """The student of some lines. ``pk`` is 0 until registered; ``states_ssid`` is an SSID not yet known here."""

    pk: int
    identity: Identity
    starts: Mapping[str, frozenset[date]]
    known_ssid: str = ""
    states_ssid: str = ""
    is_fresh: bool = False
    is_by_ssid: bool = False


class _Desk:
    """Where the lines of one chunk are judged: what is known of their students, and what is to be written."""

    def __init__(self, record: str, whole: Whole, matches: Matches) -> None:
        self.record = record
        self.whole = whole
        self.matches = matches
        self.judged = Identities(record, matches)
        self.result = LinesLoaded()
        self.people: dict[str, _Person] = {}
        self.by_pk: dict[int, _Person] = {}
        self.new: list[_Person] = []
        self.enrollments: dict[tuple[int, str, date], list[Held]] = defaultdict(list)
        self.enrollment_statements: list[Statement] = []
        self.ssid_statements: list[Statement] = []
        self.identities: dict[int, Identity] = {}
        self.touched: set[int] = set()

    # Who it is

    def look_up(self, line: SisLine) -> _Person | None:
        """The student of a line, made where nobody is known; ``None`` after the line has been settled."""
        ssid = self.whole.ssid_of(line)
        name = ssid or line.person
        if name not in self.people:
            known, is_by_ssid = self._match(line, ssid)
            if known is not None and not is_by_ssid and self._is_said_to_be_other(line, known):
                known = None
            if known is not None:
                self.people[name] = self._known(known, "" if is_by_ssid else ssid)
                self.people[name].is_by_ssid = is_by_ssid
            elif self.record == "SENR" and not line.is_delete:
                self.people[name] = _Person(
                    0, self.whole.identity_of(line), {}, states_ssid=ssid, is_fresh=True
                )
                self.new.append(self.people[name])
            else:
                return self._settle_unknown(line)
        person = self.people[name]
        stated = self._stated(line)
        if self.record == "SINF":
            return self._informed(line, person)
        if self._is_set_aside(line, person, stated):
            return None
        if line.speaks:
            self._note_second_record(line, person)
        return person

    def _stated(self, line: SisLine) -> Identity:
        """Who the line means; of lines of one student the newest says it."""
        if self.record == "SINF":
            return line.identity
        return self.whole.settled.enrolled_as.get(line.person, line.identity)

    def _is_said_to_be_other(self, line: SisLine, known: KnownStudent) -> bool:
        """A local ID that the SIS has given to somebody else, as somebody has said: the line makes a student."""
        stated = self._stated(line)
        judged = self.judged.judge(line, known.pk, known.identity, stated)
        ssid = self.whole.ssid_of(line)
        one = self.judged.line_of(line, known.pk, stated, judged, ssid=ssid, is_by_ssid=False)
        return self.judged.decided(one) == "other"

    def _is_set_aside(self, line: SisLine, person: _Person, stated: Identity) -> bool:
        if not person.pk:
            return False
        judged = self.judged.judge(line, person.pk, person.identity, stated)
        if judged.verdict is not Verdict.OTHER:
            if line.speaks:
                self.judged.fitting.add((person.pk, line.lea_code))
            return False
        ssid = self.whole.ssid_of(line)
        one = self.judged.line_of(line, person.pk, stated, judged, ssid=ssid, is_by_ssid=person.is_by_ssid)
        decided = self.judged.decided(one)
        if decided == "same":
            return False
        self.judged.set_aside.append(one)
        self._refuse_other_person(line, judged, decided)
        return True

    def _match(self, line: SisLine, ssid: str) -> tuple[KnownStudent | None, bool]:
        """Whom we know under the SSID, else under LEA and local id; and whether it was the SSID."""
        if ssid in self.matches.by_ssid:
            return self.matches.by_ssid[ssid], True
        known = self.matches.by_local_id.get((line.lea_code, line.local_id)) if line.local_id else None
        if known is None or not ssid:
            return known, False
        if not known.ssid:
            # A local id given to somebody else is no reason to give that student this SSID.
            is_same = not is_other_person(known.identity, line.identity)
        else:
            # Another SSID: replaced by the state, unless the SIS still has both, or it is another student.
            is_same = known.ssid not in self.whole.settled.enrolled_as and not contradict(
                known.identity, line.identity
            )
        return (known, False) if is_same else (None, False)

    def _known(self, known: KnownStudent, states_ssid: str) -> _Person:
        if known.pk not in self.by_pk:
            self.by_pk[known.pk] = _Person(known.pk, known.identity, known.starts, known.ssid, states_ssid)
            for (lea_code, started_on), held in known.enrollments.items():
                self.enrollments[known.pk, lea_code, started_on] = list(held)
        return self.by_pk[known.pk]

    def _settle_unknown(self, line: SisLine) -> None:
        if line.is_delete:
            self._note_nothing_to_delete(line)
            self.result.counts["unchanged"] += 1
        else:
            self._refuse_without_enrollment(line)

    def _informed(self, line: SisLine, person: _Person) -> _Person | None:
        """The student of a SINF line, if this LEA has an enrollment of that student and means the same person."""
        if line.lea_code not in person.starts:
            return self._refuse_without_enrollment(line)
        if self._is_set_aside(line, person, line.identity):
            return None
        enrolled = self.whole.enrolled_as(line)
        parts = contradict(enrolled, line.identity) if enrolled else ()
        return self._refuse_against_enrollment(line, parts) if parts else person

    def register_new(self) -> None:
        made = register_students([person.identity for person in self.new]) if self.new else []
        for person, student in zip(self.new, made, strict=True):
            person.pk = student.pk
            self.by_pk[student.pk] = person

    # What it changes

    def judge(self, line: SisLine, person: _Person) -> None:
        is_changed = not line.is_delete and self._take_ssid(line, person)
        if self.record == "SENR":
            is_changed |= self._take_enrollment(line, person)
        if line.speaks:
            is_changed |= self._take_identity(line, person)
        if person.is_fresh:
            person.is_fresh = False
            self.result.counts["new"] += 1
            self._note_nameless(line, person)
        else:
            self.result.counts["changed" if is_changed else "unchanged"] += 1
        if is_changed:
            self.touched.add(person.pk)

    def _take_ssid(self, line: SisLine, person: _Person) -> bool:
        if not person.states_ssid:
            return False
        if person.known_ssid:
            # Until today the old one was right: records at the state stand under it.
            starts_on = clock.today()
            self._note_new_ssid(line, person)
        else:
            starts = [day for days in person.starts.values() for day in days]
            starts_on = min([self.whole.settled.first_starts.get(line.person, line.starts_on), *starts])
        self.ssid_statements.append(
            Statement({"student_id": person.pk}, {"ssid": person.states_ssid}, starts_on)
        )
        person.known_ssid, person.states_ssid = person.states_ssid, ""
        return True

    def _take_enrollment(self, line: SisLine, person: _Person) -> bool:
        slot = {"student_id": person.pk, "lea_code": line.lea_code, "started_on": line.starts_on}
        key = (person.pk, line.lea_code, line.starts_on)
        values = None if line.is_delete else line.values
        stated: list[Held] = []
        if values is not None:
            content = tuple(values[name] for name in Enrollment.content)
            stated = [(line.starts_on, line.ends_on, content)]
        if self.enrollments[key] == stated:
            if line.is_delete:
                self._note_nothing_to_delete(line)
            return False
        self.enrollments[key] = stated
        self.enrollment_statements.append(
            Statement(slot, values, line.starts_on, line.ends_on, is_whole_slot=True)
        )
        return True

    def _take_identity(self, line: SisLine, person: _Person) -> bool:
        stated = self.whole.identity_of(line) if self.record == "SENR" else line.identity
        becomes = _over(person.identity, stated)
        if becomes == person.identity:
            return False
        if not self._is_newest(line, person):
            self._note_older_identity(line)
            return False
        self._note_moved(line, person, becomes)
        person.identity = becomes
        self.identities[person.pk] = becomes
        return True

    def _is_newest(self, line: SisLine, person: _Person) -> bool:
        """Whether no LEA has a newer enrollment of the student: the newest says who a student is."""
        own = line.starts_on
        if self.record == "SINF":
            own = max(person.starts[line.lea_code])
        return all(
            day <= own
            for lea, days in person.starts.items()
            for day in days
            if (lea, line.person, day) not in self.whole.deleted
        )

    def write(self, *, by_id: int | None, cause: str) -> None:
        if self.identities:
            update_identities(self.identities, by_id=by_id, cause=cause)
        self.judged.store(cause)
        state_student_facts("ssid", self.ssid_statements, by_id=by_id, cause=cause)
        state_student_facts("enrollment", self.enrollment_statements, by_id=by_id, cause=cause)
        # The radar looks at them when the whole import is in.
        mark_to_look(
            ((one.slot["student_id"], one.slot["lea_code"]) for one in self.enrollment_statements), cause
        )
        # Enrollment, SSID and birth date decide what the state takes; most students have nothing for it.
        reported = ArchivedRecord.objects.filter(student_id__in=self.touched).order_by()
        reconcile_students(reported.values_list("student_id", flat=True).distinct())

    # What is said of it

    def _field(self, part: str) -> str:
        ids = {"SENR": {"ssid": "1.08", "local": "1.09"}, "SINF": {"ssid": "2.09", "local": "2.10"}}[
            self.record
        ]
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
        self._refuse(
            line,
            RULE,
            (
                part,
                *(one for one in judged.parts if one != "local_id"),
                *(["local"] if "local_id" in judged.parts and part != "local" else []),
            ),
            f"{words} is known here as another student: {', '.join(judged.words)}.{said}",
            "Find out whose number it is. A number typed wrongly is corrected in the SIS. Where it is one student all "
            "the same, the SEDS coordinator says so under “To correct in the SIS”; then import the file again.",
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

    def _note_new_ssid(self, line: SisLine, person: _Person) -> None:
        self._note(
            line,
            "MZ-NEW-SSID",
            "kept",
            Severity.WARNING,
            ("ssid", "local"),
            f"{self._id_words(line)[1]} is new for a student whose SSID was {person.known_ssid} until today. It is "
            "loaded as the SSID from today on.",
            "Check in CALPADS that the state replaced the SSID; if not, correct it in the SIS.",
            Owner.CLERK,
        )

    def _note_second_record(self, line: SisLine, person: _Person) -> None:
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

    def _note_moved(self, line: SisLine, person: _Person, becomes: Identity) -> None:
        """Say that a name or birth date became another: a slip in the number could be behind it."""
        judged = self.judged.judge(line, person.pk, person.identity, becomes)
        parts = [one for one in judged.parts if one != "local_id"]
        if judged.verdict is Verdict.SAME or not parts or person.is_fresh:
            return
        self._note(
            line,
            "MZ-NAMES",
            "kept",
            Severity.WARNING,
            (self._id_words(line)[0], *parts),
            f"{self._id_words(line)[1]} was known here otherwise: {', '.join(judged.words)}. It is loaded; what was "
            "known before stands in the student's record, at the field.",
            "If these are two students, correct the number in the SIS and export again.",
        )

    def _note_nameless(self, line: SisLine, person: _Person) -> None:
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
