"""Loading SIS lines: who each line is about, and what it changes here.

:func:`load_lines` judges some lines in one transaction with a fixed number of queries. Every line ends as *new*
(it made a student), *changed*, *unchanged* or *refused*. Loading the same lines again changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from django.db import transaction

from manzanita.archive.models import ArchivedRecord
from manzanita.arrivals.actions import mark_to_look
from manzanita.domain.effective import Span
from manzanita.domain.residence import Lives
from manzanita.domain.same_person import Verdict
from manzanita.domain.stays import PRIMARY
from manzanita.exchange.outbox import reconcile_students
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.sis_identity import Identities
from manzanita.procedures.sis_lines import SisLine
from manzanita.procedures.sis_saying import LinesLoaded, Person, Saying
from manzanita.procedures.sis_settling import contradict, is_other_person
from manzanita.procedures.sis_whole import Whole, over, without
from manzanita.students.actions import (
    Identity,
    register_students,
    state_student_facts,
    update_identities,
)
from manzanita.students.matching import Held, KnownStudent, find_students, hold_register
from manzanita.students.models import Enrollment
from manzanita.students.residence import carry_residences, lives


@transaction.atomic(savepoint=False)
def load_lines(
    record: str, lines: Sequence[SisLine], whole: Whole, *, by_id: int | None, cause: str
) -> LinesLoaded:
    """Load some lines of one settled file."""
    hold_register()
    local_ids = {(line.lea_code, line.local_id) for line in lines if line.local_id}
    matches = find_students(
        ssids={ssid for line in lines if (ssid := whole.ssid_of(line))}, local_ids=local_ids
    )
    desk = _Desk(record, whole, Identities(record, matches, local_ids))
    found = [desk.look_up(line) for line in lines]
    desk.register_new()
    judged = [(line, person) for line, person in zip(lines, found, strict=True) if person is not None]
    desk.judged.loaded.update((line.lea_code, line.local_id) for line, _ in judged if line.speaks)
    # What was put aside is held against what goes on, as these lines leave it.
    for line, person in sorted(judged, key=lambda one: is_aside(*one)):
        desk.judge(line, person)
    desk.write(by_id=by_id, cause=cause)
    return desk.result


def is_aside(line: SisLine, person: Person) -> bool:
    """Is the line about an enrollment that putting two records together has put aside?"""
    return person.aside is not None and person.aside.has(line.lea_code, line.local_id, line.starts_on)


class _Desk(Saying):
    """Where the lines of one chunk are judged: what is known of their students, and what is to be written."""

    def __init__(self, record: str, whole: Whole, judged: Identities) -> None:
        self.record = record
        self.whole = whole
        self.matches = judged.matches
        self.judged = judged
        self.result = LinesLoaded()
        self.people: dict[str, Person] = {}
        self.by_pk: dict[int, Person] = {}
        self.new: list[Person] = []
        self.enrollments: dict[tuple[int, str, date], list[Held]] = defaultdict(list)
        self.enrollment_statements: list[Statement] = []
        self.ssid_statements: list[Statement] = []
        self.identities: dict[int, Identity] = {}
        self.touched: set[int] = set()
        self.judged_keys: set[int] = set()

    # Who it is

    def look_up(self, line: SisLine) -> Person | None:
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
                enrolled = self._stated(line)
                person = Person(0, enrolled, {}, states_ssid=ssid, is_fresh=True)
                informed = self._informed_as(line, person, enrolled)
                person.identity = enrolled if informed is None else over(enrolled, informed)
                self.people[name] = person
                self.new.append(person)
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

    def _informed_as(self, line: SisLine, person: Person, enrolled: Identity) -> Identity | None:
        """What SINF says of the student of a SENR line, where its line will be taken after this one."""
        informed = self.whole.informed_by(line)
        if informed is None or contradict(enrolled, informed.identity) or is_aside(informed, person):
            return None
        becomes = over(person.identity, enrolled)
        if over(becomes, informed.identity) == becomes:
            return informed.identity
        judged = self.judged.judge(informed, person.pk, becomes, informed.identity)
        if judged.verdict is Verdict.OTHER:
            one = self.judged.line_of(
                informed, person.pk, informed.identity, judged, ssid=informed.ssid, is_by_ssid=True
            )
            if self.judged.decided(one) != "same":
                return None
        return informed.identity

    def _is_said_to_be_other(self, line: SisLine, known: KnownStudent) -> bool:
        """A local ID that the SIS has given to somebody else, as somebody has said: the line makes a student."""
        stated, ssid = self._stated(line), self.whole.ssid_of(line)
        judged = self.judged.judge(line, known.pk, known.identity, stated)
        one = self.judged.line_of(line, known.pk, stated, judged, ssid=ssid, is_by_ssid=False)
        return self.judged.decided(one) == "other"

    def _is_set_aside(self, line: SisLine, person: Person, stated: Identity) -> bool:
        """Whether the line names another than it means; then it is refused, and kept to be looked at."""
        if not person.pk:
            return False
        judged = self.judged.judge(line, person.pk, person.identity, stated)
        if judged.verdict is not Verdict.OTHER:
            if line.speaks:
                self.judged.fitting.add((person.pk, line.lea_code))
            return False
        if is_aside(line, person) and self.judged.fits_one(person.entered_as, stated):
            # It means the record that was put in, as that was known.
            return False
        ssid = self.whole.ssid_of(line)
        one = self.judged.line_of(line, person.pk, stated, judged, ssid=ssid, is_by_ssid=person.is_by_ssid)
        decided = self.judged.decided(one)
        if decided == "same":
            if line.speaks:
                self.judged.fitting.add((person.pk, line.lea_code))
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
        if known.aside is not None and known.aside.has(line.lea_code, line.local_id):
            # Of the record that was put in: its SSID, which nobody knew here, is no new one of the student.
            who = (known.identity, *known.entered_as)
            is_same = any(not contradict(one, line.identity) for one in who)
            return (known, True) if is_same else (None, False)
        if not known.ssid:
            # A local id given to somebody else is no reason to give that student this SSID.
            is_same = not is_other_person(known.identity, line.identity)
        else:
            # Another SSID: replaced by the state, unless the SIS still has both, or it is another student.
            is_same = known.ssid not in self.whole.settled.enrolled_as and not contradict(
                known.identity, line.identity
            )
        return (known, False) if is_same else (None, False)

    def _known(self, known: KnownStudent, states_ssid: str) -> Person:
        if known.pk not in self.by_pk:
            self.by_pk[known.pk] = Person(
                known.pk,
                known.identity,
                known.starts,
                known.ssid,
                states_ssid,
                aside=known.aside,
                entered_as=known.entered_as,
            )
            for (lea_code, started_on), held in known.enrollments.items():
                self.enrollments[known.pk, lea_code, started_on] = list(held)
        return self.by_pk[known.pk]

    def _settle_unknown(self, line: SisLine) -> None:
        if line.is_delete:
            self._note_nothing_to_delete(line)
            self.result.counts["unchanged"] += 1
        else:
            self._refuse_without_enrollment(line)

    def _informed(self, line: SisLine, person: Person) -> Person | None:
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

    def judge(self, line: SisLine, person: Person) -> None:
        self.judged_keys.add(person.pk)
        if is_aside(line, person) and (against := self._against_aside(line, person)):
            self.result.counts["unchanged"] += 1
            self._note_aside(line, against)
            return
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

    def _take_ssid(self, line: SisLine, person: Person) -> bool:
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

    def _take_enrollment(self, line: SisLine, person: Person) -> bool:
        slot = {"student_id": person.pk, "lea_code": line.lea_code, "started_on": line.starts_on}
        key = (person.pk, line.lea_code, line.starts_on)
        values = None if line.is_delete else line.values
        stated: list[Held] = []
        if values is not None:
            content = tuple(values[name] for name in Enrollment.content)
            stated = [(line.starts_on, line.ends_on, content)]
        if self.enrollments[key] == stated:
            # What was put aside is not here any more: that the SIS deletes it now is as it should be.
            if line.is_delete and not is_aside(line, person):
                self._note_nothing_to_delete(line)
            return False
        self.enrollments[key] = stated
        self.enrollment_statements.append(
            Statement(slot, values, line.starts_on, line.ends_on, is_whole_slot=True)
        )
        return True

    def _against_aside(self, line: SisLine, person: Person) -> str:
        """The local id under which the student goes on, where the line contradicts that; else empty text."""
        if person.aside is None:
            return ""
        if self.record == "SINF":
            is_other = bool(contradict(person.identity, line.identity)) or (
                over(person.identity, line.identity) != person.identity
            )
            return self._goes_on(line, person) if is_other else ""
        for (pk, lea, started_on), held in self.enrollments.items():
            if pk != person.pk or lea != line.lea_code:
                continue
            for first, last, content in held:
                values = dict(zip(Enrollment.content, content, strict=True))
                local_id = values["local_student_id"]
                if local_id == line.local_id or person.aside.has(lea, local_id, started_on):
                    continue
                if started_on == line.starts_on:
                    # One enrollment under two local ids, as long as the SIS sends both.
                    if line.is_delete or (lea, local_id) in self.whole.local_ids:
                        return local_id
                    continue
                is_twice = values["status_code"] == line.values["status_code"] == PRIMARY
                days = Span(line.starts_on, line.ends_on, None)
                if is_twice and not line.is_delete and days.overlaps(first, last):
                    return local_id
        return ""

    def _goes_on(self, line: SisLine, person: Person) -> str:
        """The local id of the newest enrollment at the LEA that was not put aside."""
        found = {
            started_on: dict(zip(Enrollment.content, held[-1][2], strict=True))["local_student_id"]
            for (pk, lea, started_on), held in self.enrollments.items()
            if pk == person.pk and lea == line.lea_code and held
        }
        own = [local for _, local in sorted(found.items()) if local != line.local_id]
        return own[-1] if own else ""

    def _take_identity(self, line: SisLine, person: Person) -> bool:
        stated = self._stated(line)
        informed = self._informed_as(line, person, stated) if self.record == "SENR" else None
        if informed is not None:
            # What SINF says otherwise is said, judged and told on its own line.
            stated = without(stated, informed)
        becomes = over(person.identity, stated)
        if becomes == person.identity:
            return False
        if not self._is_newest(line, person):
            self._note_older_identity(line)
            return False
        judged = self.judged.judge(line, person.pk, person.identity, becomes)
        if judged.verdict is not Verdict.SAME and set(judged.parts) - {"local_id"}:
            self._note_moved(line, judged)
        person.identity = becomes
        self.identities[person.pk] = becomes
        return True

    def _is_newest(self, line: SisLine, person: Person) -> bool:
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

    def _enrolled(self) -> dict[int, list[Lives]]:
        """What the enrollments say of residence, as these lines leave them: of every student whom a line enrolls here,
        also where nothing changed, so that what was carried wrongly once is set right."""
        if self.record != "SENR":
            return {}
        found: dict[int, list[Lives]] = {pk: [] for pk in self.judged_keys}
        for (pk, lea_code, _), held in self.enrollments.items():
            if pk in found:
                found[pk] += [lives(lea_code, *one) for one in held]
        return found

    def write(self, *, by_id: int | None, cause: str) -> None:
        if self.identities:
            update_identities(self.identities, by_id=by_id, cause=cause)
        self.judged.store(cause)
        state_student_facts("ssid", self.ssid_statements, by_id=by_id, cause=cause)
        state_student_facts("enrollment", self.enrollment_statements, by_id=by_id, cause=cause)
        carry_residences(self._enrolled(), by_id=by_id, cause=cause)
        # The radar looks at them when the whole import is in.
        mark_to_look(
            ((one.slot["student_id"], one.slot["lea_code"]) for one in self.enrollment_statements), cause
        )
        # Enrollment, SSID and birth date decide what the state takes; most students have nothing for it.
        reported = ArchivedRecord.objects.filter(student_id__in=self.touched).order_by()
        reconcile_students(reported.values_list("student_id", flat=True).distinct())
