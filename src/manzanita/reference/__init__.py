"""Reference pages made from declarations: the rules, the layouts, the code sets, each row with its confidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

# What the confidence of a row means; the order is from sure to unsure.
CONFIDENCE_WORDS = {
    "confirmed": "the district's own copy of the state's workbook says so",
    "seen": "a public page of the state prints it",
    "seen_vendor": "a public page of a vendor prints it",
    "inferred": "it follows from what public pages print of other rows",
    "provisional": "a guess from scattered public sources; expected to be right, not relied on",
    "unverified": "from memory or old lists; may be wrong",
    "retired": "only lists of former years print it",
}


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield f"| {' | '.join(_cell(text) for text in row)} |"


def legend() -> Iterator[str]:
    """The lines that say what the confidence marks mean."""
    yield "Confidence marks, from sure to unsure:"
    yield ""
    for mark, words in CONFIDENCE_WORDS.items():
        yield f"- `{mark}`: {words}"


def _cell(text: str) -> str:
    """Text that can neither end its cell nor begin a tag."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
