"""What a list of students is narrowed to, and in which order it stands: read from the codes of an address, and written
back as words and as codes. Values are codes and keys, never anything of a student."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

from manzanita.domain.grade_spans import GRADES, in_order

# No case manager yet.
NOBODY = "nobody"
LATE = "late"
# Days from today to a plan review, both ends inclusive; ``None`` is open toward the past.
REVIEWS: Mapping[str, tuple[int | None, int]] = MappingProxyType(
    {LATE: (None, -1), "15": (0, 15), "30": (0, 30), "60": (0, 60), "90": (0, 90)}
)
REVIEW_WORDS: Mapping[str, str] = MappingProxyType(
    {key: "overdue" if key == LATE else f"due within {key} days" for key in REVIEWS}
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the sentence: ``before`` leads to its choice, ``anything`` is the choice that leaves it out."""

    key: str
    label: str
    before: str
    anything: str


PARTS = (
    Part("school", "School", "at", "any school"),
    Part("grade", "Grade", "in", "any grade"),
    Part("manager", "Case manager", "with case manager", "anybody"),
    Part("plan", "Plan type", "whose plan type is", "any"),
    Part("disability", "Disability", "and disability", "any"),
    Part("review", "Plan review", "and plan review", "due at any time"),
)
ORDER = "sort"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is asked of each student; blank is any. ``school``, ``grade``, ``plan`` and ``disability`` are codes,
    ``manager`` the key of a person or ``NOBODY``, ``review`` a key of ``REVIEWS``."""

    school: str = ""
    grade: str = ""
    manager: str = ""
    plan: str = ""
    disability: str = ""
    review: str = ""

    def __bool__(self) -> bool:
        return any(True for _ in self.chosen)

    @property
    def chosen(self) -> Iterator[tuple[Part, str]]:
        """The parts that ask something, in the order of the sentence, each with its value."""
        for part in PARTS:
            if value := self.value(part.key):
                yield part, value

    def value(self, key: str) -> str:
        return str(getattr(self, key))

    def without(self, key: str) -> Narrowing:
        return replace(self, **{key: ""})


@dataclass(frozen=True, slots=True)
class Order:
    """In which order a list stands. Whatever it goes by, equal students stand by name, the blank ones last. ``of`` is
    the key of the pasted list whose order it is, for ``AS_PASTED``; no address says it."""

    key: str = "name"
    is_descending: bool = False
    of: int = 0

    @property
    def code(self) -> str:
        """As an address says it; blank for the order that needs no saying."""
        return "" if self == Order() else f"{'-' if self.is_descending else ''}{self.key}"

    def turned(self, key: str) -> Order:
        """The order after a click on the head of a column: the other way round where it is the order already."""
        return Order(key, key == self.key and not self.is_descending)

    @property
    def direction(self) -> str:
        return "descending" if self.is_descending else "ascending"


# The order of the lines of a pasted list.
AS_PASTED = "pasted"
# What a list is put in order by, and the words for it.
ORDERS: Mapping[str, str] = MappingProxyType(
    {
        "name": "name",
        "grade": "grade",
        "school": "school",
        "review": "plan review due",
        AS_PASTED: "the pasted list",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks, and the labels of the parts that it names in vain."""

    narrowing: Narrowing
    order: Order
    unknown: tuple[str, ...] = ()


def read(given: Mapping[str, str], known: Mapping[str, Collection[str]]) -> Asked:
    """Read what ``given`` says of each part. ``known`` has the values that there are, by part; one that is not among
    them is left out, and its part is named in ``unknown``."""
    values, unknown = {}, []
    for part in PARTS:
        value = given.get(part.key, "")
        among = REVIEWS if part.key == "review" else known.get(part.key, ())
        if value and value not in among:
            unknown.append(part.label)
            value = ""
        values[part.key] = value
    code = given.get(ORDER, "")
    order = Order(code.removeprefix("-") or "name", code.startswith("-"))
    if order.key not in ORDERS:
        unknown.append("Order")
        order = Order()
    return Asked(Narrowing(**values), order, tuple(unknown))


def codes(narrowing: Narrowing, order: Order) -> dict[str, str]:
    """What an address says of both: the contrary of :func:`read`."""
    said = {field.name: narrowing.value(field.name) for field in fields(narrowing)} | {ORDER: order.code}
    return {key: value for key, value in said.items() if value}


def sentence(whom: str, narrowing: Narrowing, words: Mapping[str, str]) -> str:
    """``whom`` and what is asked of them: “Students at Buckeye Elementary in grade 4 whose plan type is IEP”.

    ``words`` are those of the chosen values, by part.
    """
    said = {part.key: words.get(part.key, value) for part, value in narrowing.chosen}
    told = [whom]
    for key, text in said.items():
        if key == "school":
            told.append(f"at {text}")
        elif key == "grade":
            told.append(f"in {text}")
        elif key == "manager":
            told.append(
                "without a case manager" if narrowing.manager == NOBODY else f"with case manager {text}"
            )
    labels = {"plan": "plan type", "disability": "disability", "review": "plan review"}
    traits = [f"{labels[key]} is {text}" for key, text in said.items() if key in labels]
    if traits:
        *first, last = traits
        told.append(f"whose {', '.join(first)} and {last}" if first else f"whose {last}")
    return " ".join(told)


def order_words(order: Order) -> str:
    """“by grade, descending”; blank for the order by name."""
    if order == Order():
        return ""
    if order.key == AS_PASTED:
        return "as pasted, the last first" if order.is_descending else "as pasted"
    return f"by {ORDERS[order.key]}, {order.direction}"


def grade_places(grade_codes: Collection[str]) -> dict[str, int]:
    """The place of each grade, the youngest first; codes that are no step of a school come last, in their order."""
    return {code: place for place, code in enumerate(in_order({*GRADES, *grade_codes}))}
