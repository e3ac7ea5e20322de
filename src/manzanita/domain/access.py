"""Who may see and do what: the words of it, and the one decision.

A signed-in person always acts through one *perspective* at one agency. A perspective (``domain.perspectives``) says
which students it reaches, by which relationship, and what it may do with them; a grant gives it to a person. Queries
derive their scope from the :class:`Actor`, and :func:`decide` answers the same question for one student in words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain.findings import Owner, Reason


class Scope(StrEnum):
    """How wide a perspective reaches, before relationships are asked."""

    NOBODY = "nobody"
    NAMED = "named"
    ASSIGNED = "assigned"
    SCHOOL = "school"
    AGENCY = "agency"
    SELPA = "selpa"


class Relationship(StrEnum):
    """How a student belongs to an agency. ``FORMER`` is an attendance or report that has ended. ``INFANT`` ties a child
    with an IFSP to the LEA that serves it where no SIS has enrolled the child (``domain.stays.infant_stays``);
    ``EXPECTED`` is what is left after July 1 of a place planned for the year that has begun (``students.expected``).
    """

    ATTENDING = "attending"
    INFANT = "infant"
    RESIDENCE = "residence"
    ACCOUNTABILITY = "accountability"
    LOCATION = "location"
    REPORTING = "reporting"
    NEXT_YEAR = "next_year"
    EXPECTED = "expected"
    SERVICE_AGENCY = "service_agency"
    FORMER = "former"


RELATIONSHIP_WORDS = MappingProxyType(
    {
        Relationship.ATTENDING: "is enrolled at",
        Relationship.INFANT: "has an IFSP and no enrollment yet, and is served by",
        Relationship.RESIDENCE: "lives in the district of",
        Relationship.ACCOUNTABILITY: "has as district of special education accountability (DSEA)",
        Relationship.LOCATION: "is served at a place of",
        Relationship.REPORTING: "is reported by",
        Relationship.NEXT_YEAR: "comes next to",
        Relationship.EXPECTED: "was planned to come this school year, and is not enrolled yet, to",
        Relationship.SERVICE_AGENCY: "is served by",
        Relationship.FORMER: "was until lately a student of",
    }
)


class Designation(StrEnum):
    """Which kind of record a grant is for."""

    SPECIAL_EDUCATION = "special_education"
    PLAN_504 = "504"
    SST = "sst"


DESIGNATION_WORDS = MappingProxyType(
    {
        Designation.SPECIAL_EDUCATION: "Special education",
        Designation.PLAN_504: "504",
        Designation.SST: "SST",
    }
)


class View(StrEnum):
    """Which of the students within reach the lists show: the third part of the scope chip."""

    CURRENT = "current"
    INCOMING = "incoming"
    LEAVING = "leaving"
    DSEA_OR_ATTENDING = "dsea_or_attending"
    ALL = "all"


VIEW_WORDS = MappingProxyType(
    {
        View.CURRENT: "Current students",
        View.INCOMING: "Incoming students",
        View.LEAVING: "Leaving, or left lately",
        View.DSEA_OR_ATTENDING: "Accountable for (DSEA) or attending",
        View.ALL: "All within reach",
    }
)


class Capability(StrEnum):
    """What a perspective may do with the students it reaches."""

    READ_STUDENT = "read_student"
    HOLD_MEETING = "hold_meeting"
    FINALIZE_MEETING = "finalize_meeting"
    REPORT_PARTICIPATION = "report_participation"
    CORRECT_RECORD = "correct_record"
    IMPORT_FILES = "import_files"
    SEND_TO_STATE = "send_to_state"
    EDIT_CONTACTS = "edit_contacts"
    ASSIGN_STUDENTS = "assign_students"
    EXPORT_LIST = "export_list"
    APPROVE_EXPORT = "approve_export"
    MANAGE_PEOPLE = "manage_people"
    VIEW_AS = "view_as"
    READ_AUDIT = "read_audit"
    EDIT_CALENDARS = "edit_calendars"
    SET_POLICIES = "set_policies"
    ENTER_STUDENT = "enter_student"
    TRANSFER_STUDENT = "transfer_student"
    ASK_DIRECTORY = "ask_directory"
    DECIDE_DIRECTORY = "decide_directory"


CAPABILITY_WORDS = MappingProxyType(
    {
        Capability.READ_STUDENT: "read student records",
        Capability.HOLD_MEETING: "open and hold meetings",
        Capability.FINALIZE_MEETING: "finalize meetings",
        Capability.REPORT_PARTICIPATION: "report to the coordinator that a student has left or stops taking part",
        Capability.CORRECT_RECORD: "correct archived records",
        Capability.IMPORT_FILES: "take files in",
        Capability.SEND_TO_STATE: "see the state plan and send it",
        Capability.EDIT_CONTACTS: "keep contacts and rights holders",
        Capability.ASSIGN_STUDENTS: "assign students to staff",
        Capability.EXPORT_LIST: "export lists",
        Capability.APPROVE_EXPORT: "approve large exports",
        Capability.MANAGE_PEOPLE: "manage people and their perspectives",
        Capability.VIEW_AS: "look at the product as a colleague sees it",
        Capability.READ_AUDIT: "see who has read, changed and disclosed records",
        Capability.EDIT_CALENDARS: "keep school calendars",
        Capability.SET_POLICIES: "answer open questions for the SELPA",
        Capability.ENTER_STUDENT: "enter students by hand, and settle possible duplicates",
        Capability.TRANSFER_STUDENT: "ask other districts for students, and answer such requests",
        Capability.ASK_DIRECTORY: "ask for schools and agencies to be added or changed, and record agreements",
        Capability.DECIDE_DIRECTORY: "decide on requests for schools and agencies",
    }
)


# What is behind a refusal that no law makes: who may do what here is a matter of perspectives.
PERMISSIONS = "Permissions of the perspectives"


@dataclass(frozen=True, slots=True)
class Perspective:
    """A described role: whom it is for, which students it reaches, what it may do with them, who may give it.

    ``agency_kinds`` are the kinds of agency at which it can be granted. ``granted_by`` are keys of perspectives whose
    holders with ``MANAGE_PEOPLE`` may give it; empty: only the installation does. ``longest_days`` bounds a grant.
    ``reads_all_leas``: of a student within reach it reads what any LEA recorded, not only the own agency.
    ``watermark`` stands across each of its pages, on screen and on paper: what somebody from outside is called there.
    """

    key: str
    code: str
    label: str
    for_whom: str
    scope: Scope
    relationships: frozenset[Relationship]
    capabilities: frozenset[Capability]
    agency_kinds: frozenset[str] = frozenset({"lea", "coe"})
    granted_by: frozenset[str] = frozenset({"coordinator", "selpa"})
    designations: frozenset[Designation] = frozenset({Designation.SPECIAL_EDUCATION})
    views: tuple[View, ...] = (View.CURRENT,)
    longest_days: int | None = None
    asks_purpose: bool = False
    is_read_only: bool = False
    reads_all_leas: bool = False
    watermark: str = ""

    @property
    def needs_second_factor(self) -> bool:
        """Anything wider than a caseload of one's own does."""
        return self.scope is not Scope.ASSIGNED


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking, through which grants. Ids are database keys; codes are CDS codes (of an NPA its id).

    Several grants of one perspective at one agency are one actor: schools and capabilities unite. ``agency_codes`` are
    the agencies whose students the actor may reach: the own one, for a SELPA all of its members. ``school_codes`` cuts
    a school scope; ``at_school`` narrows the lists to one school, by choice, and ``at_district`` those of a SELPA to
    one of its members; ``place_name`` is what either is called.

    ``acting_for_id`` is the helper who views as this person; nothing can be changed then. ``within`` is that helper's
    own actor: whom it does not reach is not reached, and what it may not read is not read.
    """

    user_id: int
    grant_id: int
    person_name: str
    perspective: Perspective
    agency_code: str
    agency_name: str
    selpa_code: str
    grant_ids: tuple[int, ...] = ()
    capabilities: frozenset[Capability] = frozenset()
    agency_codes: tuple[str, ...] = ()
    school_codes: frozenset[str] = frozenset()
    npa_id: str = ""
    at_school: str = ""
    at_district: str = ""
    place_name: str = ""
    view: View = View.CURRENT
    designation: Designation = Designation.SPECIAL_EDUCATION
    acting_for_id: int | None = None
    within: Actor | None = None

    @property
    def reader_id(self) -> int:
        """Who is really looking: in a view as somebody else the helper."""
        return self.user_id if self.acting_for_id is None else self.acting_for_id

    @property
    def viewed_as_user_id(self) -> int | None:
        """As whom the reader looks; ``None`` as oneself."""
        return None if self.acting_for_id is None else self.user_id

    @property
    def perspective_key(self) -> str:
        return self.perspective.key

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.person_name.split()[:2]).upper()

    @property
    def students_label(self) -> str:
        """Which students the lists show: the third part of the scope chip."""
        if self.perspective.scope is Scope.ASSIGNED:
            return "My students"
        if self.perspective.scope is Scope.NAMED:
            return "Named students"
        return VIEW_WORDS[self.view]

    @property
    def designation_label(self) -> str:
        return DESIGNATION_WORDS[self.designation]

    @property
    def record_leas(self) -> tuple[str, ...] | None:
        """Codes of the LEAs whose meetings, archives and findings are read; ``None``: those of any LEA."""
        own = None if self.perspective.reads_all_leas else self.agency_codes
        outer = None if self.within is None else self.within.record_leas
        if own is None or outer is None:
            return outer if own is None else own
        return tuple(code for code in own if code in outer)

    @property
    def at_place(self) -> str:
        """Code of the school or district to which the lists are narrowed."""
        return self.at_school or self.at_district

    @property
    def narrowed(self) -> Actor:
        """As whom a list of agencies' rows asks: a SELPA that has chosen a district, as if it had this one only."""
        if not self.at_district:
            return self
        return replace(self, agency_code=self.at_district, agency_codes=(self.at_district,), at_district="")

    @property
    def sees_several_districts(self) -> bool:
        """Whether the lists hold students of more than one LEA."""
        is_of_none = not self.perspective.agency_kinds & {"lea", "coe"}
        return is_of_none and not self.at_district

    @property
    def is_read_only(self) -> bool:
        return self.perspective.is_read_only or self.acting_for_id is not None

    def may(self, capability: Capability) -> bool:
        return capability in self.capabilities


@dataclass(frozen=True, slots=True)
class Ties:
    """How one student stands to one actor today, whoever counted it: what :func:`decide` weighs.

    ``through`` gives for a former relationship the last day on which it held.
    """

    relationships: frozenset[Relationship] = frozenset()
    is_assigned: bool = False
    is_named: bool = False
    through: date | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """May the actor? ``because`` says by what right, or each reason why not."""

    is_allowed: bool
    because: tuple[Reason, ...] = field(default=())

    def __bool__(self) -> bool:
        return self.is_allowed


def reached(perspective: Perspective, ties: Ties) -> bool:
    """Does the perspective reach a student with these ties? Queries derive the same condition."""
    if perspective.scope is Scope.NOBODY:
        return False
    if perspective.scope is Scope.NAMED:
        return ties.is_named
    is_related = bool(perspective.relationships & ties.relationships)
    if perspective.scope is Scope.ASSIGNED:
        return is_related and ties.is_assigned
    return is_related


def decide(actor: Actor, capability: Capability, ties: Ties | None = None, *, who: str = "you") -> Decision:
    """May ``actor``, called ``who`` in the answer, use ``capability``, and on the student with ``ties`` (``None``: on
    no student in particular)?

    Pure and total: the same answer stands behind each page's guard, the page *Why can I (not)* and the API.
    """
    refusals = tuple(_refusals(actor, capability, ties, who))
    if refusals:
        return Decision(False, refusals)
    return Decision(True, (_right(actor, capability, ties, who),))


def _refusals(actor: Actor, capability: Capability, ties: Ties | None, who: str) -> Iterable[Reason]:
    where = f"{actor.perspective.label} at {actor.agency_name}"
    deed = CAPABILITY_WORDS[capability]
    if capability not in actor.capabilities:
        if actor.acting_for_id is not None and capability in actor.perspective.capabilities:
            yield Reason(
                "view-as-is-read-only",
                f"You look at the product as a colleague sees it; there nobody can {deed}.",
                Owner.COORDINATOR,
                "End the view, and do it as yourself.",
                source=PERMISSIONS,
            )
        else:
            yield Reason(
                "perspective-may-not",
                f"As {where} nobody can {deed}.",
                Owner.COORDINATOR,
                "Change to a perspective that can, or ask for one.",
                source=PERMISSIONS,
            )
    if ties is None:
        return
    if actor.perspective.scope is Scope.NOBODY:
        yield Reason(
            "reaches-nobody",
            f"{actor.perspective.label} sees no student until a district has approved a session.",
            Owner.COORDINATOR,
            "Ask the district for a session, with the reason for it.",
        )
    elif actor.perspective.scope is Scope.NAMED:
        if not ties.is_named:
            yield Reason(
                "not-named",
                f"This access is for students named one by one, and this student is not among them ({where}).",
                Owner.COORDINATOR,
                "The district that gave the access can name the student.",
            )
    else:
        if not actor.perspective.relationships & ties.relationships:
            yield Reason(
                "no-relationship",
                f"The student is in none of the relationships by which {where} sees students: "
                f"{_words(actor.perspective.relationships, actor)}.",
                Owner.COORDINATOR,
                "Ask for the record with the SSID, or with legal name and birth date.",
            )
        if actor.perspective.scope is Scope.ASSIGNED and not ties.is_assigned:
            yield Reason(
                "not-assigned",
                f"The student is not assigned to {who}.",
                Owner.COORDINATOR,
                f"Whoever assigns students at the district can assign the student to {who}.",
            )


def _right(actor: Actor, capability: Capability, ties: Ties | None, who: str) -> Reason:
    text = f"{actor.perspective.label} at {actor.agency_name} may {CAPABILITY_WORDS[capability]}."
    if ties is None:
        return Reason("perspective-may", text, Owner.COORDINATOR, "")
    if actor.perspective.scope is Scope.NAMED:
        why = "The student is named in this access."
    else:
        why = f"The student {_words(actor.perspective.relationships & ties.relationships, actor)}."
        if actor.perspective.scope is Scope.ASSIGNED:
            why += f" The student is assigned to {who}."
        if ties.through is not None:
            why += f" What was true through {ties.through:%m/%d/%Y} is seen, and nothing later."
    return Reason("reached", f"{text} {why}", Owner.COORDINATOR, "")


def _words(relationships: frozenset[Relationship], actor: Actor) -> str:
    where = (
        "one of the schools of this grant" if actor.perspective.scope is Scope.SCHOOL else actor.agency_name
    )
    return ", or ".join(f"{RELATIONSHIP_WORDS[one]} {where}" for one in Relationship if one in relationships)
