"""A found set: which students a page shows, and with which a page goes on (an export, a change, a send, an assignment).

It is a list, cut by a search or a pasted list and narrowed, in an order. Its address has codes and keys only: ``list``,
``search`` (a token of the session), ``set`` (the key of a pasted list, ``students.pasted_sets``), the parts of
``domain.narrowing`` and ``sort``. One place reads it, and one says it in words. Who acts on a found set that cannot be
read whole acts on nobody: what is left out would widen it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.narrowing import (
    AS_PASTED,
    NOBODY,
    ORDER,
    PARTS,
    REVIEW_WORDS,
    Narrowing,
    Order,
    codes,
    order_words,
    read,
    sentence,
)
from manzanita.domain.private_schools import PLAN_SHORT
from manzanita.orgs.models import School
from manzanita.orgs.queries import school_names
from manzanita.students.models import PastedSet, ScopedQuerySet
from manzanita.students.narrowing import is_manager_within, is_school_of, narrowed
from manzanita.students.pasted_sets import KEPT_FOR, has_ended, pasted_set
from manzanita.students.pasted_sets import listed as in_list
from manzanita.students.scope import visible_to
from manzanita.students.searching import search
from manzanita.web.student_lists import LISTS, StudentList, list_of, students_of
from manzanita.web.students_words import grade_words

# What an address, or a form that goes on with a found set, says of it.
FIELDS = ("list", "search", "set", *(part.key for part in PARTS), ORDER)
# Parts that are codes of the state, by code set.
CODE_SETS: Mapping[str, str] = {
    "grade": "GradeLevel",
    "plan": "EducationPlanType",
    "disability": "Disability",
}
SEARCH_GONE = Reason(
    "search-gone",
    "That search is no longer kept.",
    Owner.YOU,
    "Type it again at the top right.",
)
PASTED_GONE = Reason(
    "pasted-gone",
    f"That pasted list is no longer kept: it was dropped, or it is older than {KEPT_FOR.days} days.",
    Owner.YOU,
    "Paste it again.",
)


@dataclass(frozen=True, slots=True)
class Found:
    """One found set. ``words`` are those of the chosen parts; ``refusals`` say what of the address was left out.
    ``pasted`` is the list that somebody pasted; of one that has ended nobody is left."""

    actor: Actor
    wanted: StudentList
    token: str
    text: str
    narrowing: Narrowing
    order: Order
    words: Mapping[str, str]
    refusals: tuple[Reason, ...] = ()
    pasted: PastedSet | None = None

    @property
    def is_asked(self) -> bool:
        """Is it anything less than a whole list?"""
        return bool(self.narrowing or self.text or self.pasted)

    @property
    def listed(self) -> ScopedQuerySet:
        """Whom the list has, before anything is asked. Who is named by a pasted list is meant in every view, as a view
        chooses among those whom nobody named."""
        if self.pasted is not None and self.wanted.kind == "all":
            return visible_to(self.actor)
        return students_of(self.actor, self.wanted)

    def searched(self, students: ScopedQuerySet) -> ScopedQuerySet:
        """Those of ``students`` whom the search, or the pasted list, means."""
        if self.pasted is not None:
            students = students.none() if has_ended(self.pasted) else in_list(students, self.pasted)
        return search(students, self.text) if self.text else students

    def narrowed(self, students: ScopedQuerySet) -> ScopedQuerySet:
        """Those of ``students`` whom the sentence means."""
        return narrowed(students, self.actor, self.narrowing)

    @property
    def students(self) -> ScopedQuerySet:
        """Its students, in no order."""
        return self.narrowed(self.searched(self.listed))

    @property
    def whole(self) -> Found:
        """The same of all students, whatever the list: of whom a page with a list of its own shows some."""
        return replace(self, wanted=LISTS["all"])

    @property
    def cut(self) -> dict[str, str]:
        """What an address says of it on a page with a list and an order of its own."""
        return self._cut_by | codes(self.narrowing, Order())

    @property
    def keys(self) -> QuerySet:
        """Their database keys, for rows about students; none where it cannot be read whole."""
        students = self.students.none() if self.refusals else self.students
        return students.order_by().values("pk")

    @property
    def fields(self) -> dict[str, str]:
        """What stands in its address, and in a form that goes on with it."""
        return {"list": self.wanted.key} | self._cut_by | codes(self.narrowing, self.order)

    @property
    def _cut_by(self) -> dict[str, str]:
        cut = {"search": self.token} if self.text else {}
        return cut | ({"set": str(self.pasted.public_id)} if self.pasted else {})

    def address(self, name: str = "students", **changes: str) -> str:
        """The page of this name with this found set; a blank change takes a part away."""
        said = {key: value for key, value in {**self.fields, **changes}.items() if value}
        return f"{reverse(name)}?{urlencode(said)}"

    @property
    def page(self) -> str:
        """The page that shows it."""
        return self.address() if self.wanted.is_of_students else self.wanted.url

    @property
    def plain(self) -> str:
        """The page that shows it without its sentence."""
        return self.address(**dict.fromkeys((part.key for part in PARTS), ""))

    @property
    def without_pasted(self) -> str:
        """The page that shows it without the pasted list, and so not in its order."""
        sort = "" if self.order.key == AS_PASTED else self.order.code
        return self.address(**{"set": "", ORDER: sort})

    @property
    def as_pasted(self) -> str:
        """The page that shows it in the order of the pasted list; blank where it is in it."""
        return "" if self.order.key == AS_PASTED else self.address(**{ORDER: AS_PASTED})

    @property
    def key(self) -> str:
        """Which list it is and what is asked, as one word of codes; a search stands in none."""
        said = urlencode(self._kept_codes)
        return f"{self.wanted.key}?{said}" if said else self.wanted.key

    @property
    def log_codes(self) -> str:
        """For the log of reads. Whether somebody searched is noted, what for is not: a name may stand in it."""
        said = {"list": self.wanted.key} | self._kept_codes
        return " ".join(f"{key}={value}" for key, value in said.items()) + (" search" if self.text else "")

    @property
    def _kept_codes(self) -> dict[str, str]:
        pasted = {"set": str(self.pasted.public_id)} if self.pasted else {}
        return codes(self.narrowing, self.order) | pasted

    @property
    def narrowed_words(self) -> str:
        """What it is narrowed to: “at Buckeye Elementary in grade 4”; blank where it is not."""
        return sentence("", self.narrowing, self.words).strip()

    @property
    def order_words(self) -> str:
        return order_words(self.order)

    @property
    def title(self) -> str:
        """Names it without the words of a search."""
        return self._titled(f"{self._whom}, found by a search" if self.text else self._whom)

    @property
    def heading(self) -> str:
        """Names it to who searched."""
        return self._titled(f"Students found for “{self.text}”" if self.text else self._whom)

    @property
    def _whom(self) -> str:
        return f"{self.wanted.title} of a pasted list" if self.pasted else self.wanted.title

    def _titled(self, whom: str) -> str:
        is_plain = whom == LISTS["all"].title
        return sentence(whom if is_plain or not self.narrowing else f"{whom},", self.narrowing, self.words)


def found_in(request: HttpRequest, given: Mapping[str, Any], *, list_key: str = "") -> Found:
    """The found set that the fields of an address or a form name; ``list_key`` where they name no list. Raises
    ``Http404`` for a list that there is not, and for a pasted list of somebody else."""
    token = given.get("search", "")
    text = request.session.get("searches", {}).get(token, "") if token else ""
    found = _read(request.actor, given.get("list", list_key), given, token, text)
    return _with_refusal(found, SEARCH_GONE) if token and not text else found


def found_set(request: HttpRequest) -> Found | None:
    """The found set that a page with a list of its own was opened with; ``None`` where it shows its list whole."""
    return found_in(request, request.GET) if request.GET.get("list") else None


def found_of_key(actor: Actor, key: str) -> Found | None:
    """The found set of a key, without what was searched for; ``None`` for a list that there is not (any more)."""
    list_key, _, said = key.partition("?")
    try:
        return _read(actor, list_key, dict(parse_qsl(said)))
    except Http404:
        return None


def _read(actor: Actor, list_key: str, given: Mapping[str, Any], token: str = "", text: str = "") -> Found:
    wanted = list_of(list_key)
    if wanted is None:
        raise Http404("no such list")
    # Lists of reports have choices of their own, which stand in their keys.
    asked = read({} if wanted.compliance else given, _known(actor, given))
    pasted = pasted_set(actor, given["set"]) if given.get("set") else None
    order, unknown = asked.order, list(asked.unknown)
    if order.key == AS_PASTED:
        if pasted is None:
            unknown.append("Order")
        order = replace(order, of=pasted.pk) if pasted else Order()
    words = words_of(asked.narrowing)
    found = Found(actor, wanted, token, text, asked.narrowing, order, words, pasted=pasted)
    if pasted is not None and has_ended(pasted):
        found = _with_refusal(found, PASTED_GONE)
    for label in unknown:
        found = _with_refusal(found, unknown_choice(label))
    return found


def _with_refusal(found: Found, reason: Reason) -> Found:
    return replace(found, refusals=(*found.refusals, reason))


def unknown_choice(label: str) -> Reason:
    """Without the value: what somebody has typed into an address is not shown again."""
    return Reason(
        "unknown-choice",
        f"{label}: there is no such choice within your reach.",
        Owner.YOU,
        "Choose again above the list of students.",
    )


def _known(actor: Actor, given: Mapping[str, Any]) -> dict[str, Collection[str]]:
    """Of codes all that the state has; of schools and people the one that is asked for, where it is within reach."""
    known: dict[str, Collection[str]] = {part: code_set(name).codes for part, name in CODE_SETS.items()}
    school, manager = given.get("school", ""), given.get("manager", "")
    if (
        school
        and school.isalnum()
        and len(school) <= 7
        and (_is_own(actor, school) or is_school_of(actor, school))
    ):
        known["school"] = {school}
    is_key = manager.isascii() and manager.isdecimal() and len(manager) < 19
    known["manager"] = {NOBODY} | ({manager} if is_key and is_manager_within(actor, int(manager)) else set())
    return known


def _is_own(actor: Actor, code: str) -> bool:
    return School.objects.filter(code=code, agency__code__in=actor.agency_codes).exists()


def words_of(narrowing: Narrowing) -> dict[str, str]:
    """The chosen values as the sentence says them, by part; one query for a school and one for a person."""
    return {part.key: value_words(part.key, [value])[value] for part, value in narrowing.chosen}


def value_words(part: str, values: Collection[str]) -> dict[str, str]:
    """Values of a part in words, those of schools and people by one query."""
    if part == "school":
        schools = school_names(values) if values else {}
        return {value: schools.get(value, value) for value in values}
    if part == "manager":
        people = user_names({int(value) for value in values if value != NOBODY} or set())
        return {value: "nobody yet" if value == NOBODY else people[int(value)] for value in values}
    words = {"grade": grade_words, "plan": _plan_words, "review": REVIEW_WORDS.__getitem__}
    return {value: words.get(part, code_set("Disability").label)(value) for value in values}


def _plan_words(code: str) -> str:
    return PLAN_SHORT.get(code) or code_set("EducationPlanType").label(code)
