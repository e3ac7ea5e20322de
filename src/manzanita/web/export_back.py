"""Which columns of an exported list can be changed in the file and pasted back, in a sentence before one exports."""

from __future__ import annotations

from manzanita.domain.access import Actor
from manzanita.procedures.batch_fields import fields_for
from manzanita.web.student_rows import COLUMNS


def back_words(actor: Actor) -> str:
    """Empty for whoever may change nothing of many students at once."""
    fields = fields_for(actor)
    if not fields:
        return ""
    heads = {head.casefold(): one for one in fields for head in one.heads}
    back = [column for column in COLUMNS if column.casefold() in heads]
    keys = {heads[column.casefold()].key for column in back}
    more = [one.label for one in fields if one.key not in keys]
    told = f"Can be changed in the file and pasted back under “Change these”: {_listed(back) or 'none of its columns'}."
    if more:
        told += f" In a column that you add: {_listed(more)}."
    return f"{told} The SSID says who is meant; all other columns are for reading."


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
