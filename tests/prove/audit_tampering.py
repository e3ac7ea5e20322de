"""What somebody may do to sealed logs who owns the database, by plain SQL; each deed says where it must be found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

Place = tuple[str, str, int | None]

TABLES = {
    "read": "auditing_readevent",
    "change": "auditing_changeevent",
    "disclosure": "auditing_disclosure",
}
# Another value for a column, whatever it held: by its kind.
NUMBERS = {
    "read": ("actor_user_id", "grant_id", "viewed_as_user_id", "student_count", "size_bytes"),
    "change": ("actor_user_id", "viewed_as_user_id", "student_id", "subject_id"),
    "disclosure": ("student_id", "by_id", "corrects_id"),
}
TEXTS = {
    "read": ("perspective", "what", "filter_codes", "purpose_code", "purpose_note", "request_id", "lea_code"),
    "change": ("actor_label", "action", "reason", "subject_type", "request_id", "lea_code"),
    "disclosure": ("party", "interest", "purpose", "what", "authority_code", "request_id", "lea_code"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What was done, and where: one of ``rows`` must be named first in its chain, or else the LEA."""

    words: str
    lea_code: str
    rows: Sequence[tuple[str, int]] = ()

    def is_named_by(self, said: Sequence[Place]) -> bool:
        if not self.rows:
            return any(lea_code == self.lea_code for lea_code, _, _ in said)
        named = [(log, row_id) for lea_code, log, row_id in said if lea_code == self.lea_code]
        return bool(named) and named[0] in self.rows


@dataclass(frozen=True, slots=True)
class Seal:
    lea_code: str
    sequence: int
    log: str
    row_id: int


def _execute(statement: str, *values: Any) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def _change(statement: str, *values: Any) -> None:
    if _execute(statement, *values) < 1:
        raise AssertionError(f"a deed that does nothing: {statement}")


def _fetch(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [tuple(row) for row in cursor.fetchall()]


def _seals(lea_code: str | None = None) -> list[Seal]:
    rows = _fetch("SELECT lea_code, sequence, log, row_id FROM auditing_logseal ORDER BY lea_code, sequence")
    return [Seal(*row) for row in rows if lea_code in (None, row[0])]


def _chain(chance: Random) -> list[Seal]:
    """The seals of a random LEA."""
    everyone = _seals()
    return _seals(chance.choice(sorted({seal.lea_code for seal in everyone})))


def alter_row(chance: Random) -> Told:
    seal = chance.choice(_seals())
    table = TABLES[seal.log]
    column = chance.choice([*NUMBERS[seal.log], *TEXTS[seal.log], "at"])
    if column == "at":
        new: object = "2020-01-01 00:00:00+00:00"
    elif column in TEXTS[seal.log]:
        new = chance.choice(["", "x", "9910033"])
    else:
        new = chance.randint(10_000, 99_999)
    (old,) = _fetch(f"SELECT {column} FROM {table} WHERE id = %s", seal.row_id)[0]
    if old == new:
        new = "y"
    _change(f"UPDATE {table} SET {column} = %s WHERE id = %s", new, seal.row_id)
    return Told(f"{seal.log} {seal.row_id}: {column}", seal.lea_code, [(seal.log, seal.row_id)])


def alter_students(chance: Random) -> Told:
    """One student more or less in a list."""
    seal = chance.choice([one for one in _seals() if one.log == "read"])
    (stored,) = _fetch("SELECT student_ids FROM auditing_readevent WHERE id = %s", seal.row_id)[0]
    students = json.loads(stored)
    if len(students) > 1 and chance.random() < 0.5:
        students.remove(chance.choice(students))
    else:
        students.append(999_999)
    _change("UPDATE auditing_readevent SET student_ids = %s WHERE id = %s", json.dumps(students), seal.row_id)
    return Told(f"students of read {seal.row_id}", seal.lea_code, [("read", seal.row_id)])


def alter_seal(chance: Random) -> Told:
    seal = chance.choice(_seals())
    column, value = chance.choice(
        [("mac", chance.randbytes(32)), ("sealed_at", "2020-01-01 00:00:00+00:00"), ("form", 2)]
    )
    _change(
        f"UPDATE auditing_logseal SET {column} = %s WHERE lea_code = %s AND sequence = %s",
        *(value, seal.lea_code, seal.sequence),
    )
    return Told(f"{column} of seal {seal.lea_code}/{seal.sequence}", seal.lea_code, [(seal.log, seal.row_id)])


def delete_row(chance: Random) -> Told:
    seal = chance.choice(_seals())
    _change(f"DELETE FROM {TABLES[seal.log]} WHERE id = %s", seal.row_id)
    return Told(f"{seal.log} {seal.row_id}", seal.lea_code, [(seal.log, seal.row_id)])


def delete_row_and_seal(chance: Random) -> Told:
    """A gap in the middle of the chain: the row after it is named."""
    chain = _chain(chance)
    at = chance.randrange(len(chain) - 1)
    _change(f"DELETE FROM {TABLES[chain[at].log]} WHERE id = %s", chain[at].row_id)
    _change(
        "DELETE FROM auditing_logseal WHERE lea_code = %s AND sequence = %s",
        *(chain[at].lea_code, chain[at].sequence),
    )
    after = chain[at + 1]
    return Told(f"seal and row {at + 1} of {after.lea_code}", after.lea_code, [(after.log, after.row_id)])


def insert_row(chance: Random) -> Told:
    """A copy of a row under a new key: after all others, or below the first."""
    log, row_id, lea_code = _copy(chance)
    return Told(f"{log} {row_id}", lea_code, [(log, row_id)])


def insert_row_and_seal(chance: Random) -> Told:
    """A copy with a seal of one's own making at the end of the chain, and the head to match."""
    log, row_id, lea_code = _copy(chance)
    chain = _seals(lea_code)
    mac = chance.randbytes(32)
    _seal_row(lea_code, chain[-1].sequence + 1, log, row_id, mac)
    _set_head(lea_code, chain[-1].sequence + 1, mac)
    return Told(f"{log} {row_id} with a seal", lea_code, [(log, row_id)])


def _copy(chance: Random) -> tuple[str, int, str]:
    seal = chance.choice(_seals())
    table = TABLES[seal.log]
    columns = [name for name in _columns(seal.log) if name != "id"]
    row_id = chance.choice([-chance.randint(1, 999), 1_000_000 + chance.randint(1, 999)])
    listed = ", ".join(columns)
    _change(
        f"INSERT INTO {table} (id, {listed}) SELECT %s, {listed} FROM {table} WHERE id = %s",
        row_id,
        seal.row_id,
    )
    return seal.log, row_id, seal.lea_code


def _columns(log: str) -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        return [one.name for one in connection.introspection.get_table_description(cursor, TABLES[log])]


def _seal_row(lea_code: str, sequence: int, log: str, row_id: int, mac: bytes) -> None:
    _change(
        "INSERT INTO auditing_logseal (lea_code, sequence, log, row_id, form, sealed_at, mac)"
        " VALUES (%s, %s, %s, %s, 1, '2026-11-23 12:00:00+00:00', %s)",
        *(lea_code, sequence, log, row_id, mac),
    )


def _set_head(lea_code: str, sequence: int, mac: bytes) -> None:
    _change(
        "UPDATE auditing_sealhead SET sequence = %s, anchored_sequence = %s, mac = %s WHERE lea_code = %s",
        *(sequence, sequence, mac, lea_code),
    )


def swap_rows(chance: Random) -> Told:
    """Two rows of one log change their keys, so that each stands under the other's seal."""
    chain = _chain(chance)
    log = chance.choice([log for log in TABLES if sum(seal.log == log for seal in chain) > 1])
    one, other = chance.sample([seal for seal in chain if seal.log == log], 2)
    for new, old in ((0, one.row_id), (one.row_id, other.row_id), (other.row_id, 0)):
        _change(f"UPDATE {TABLES[log]} SET id = %s WHERE id = %s", new, old)
    pair = [(log, one.row_id), (log, other.row_id)]
    return Told(f"{log} {one.row_id} and {other.row_id}", one.lea_code, pair)


def swap_seals(chance: Random) -> Told:
    """Two rows change their place in the chain: their seals change sequences."""
    chain = _chain(chance)
    one, other = chance.sample(chain, 2)
    for new, old in ((0, one.sequence), (one.sequence, other.sequence), (other.sequence, 0)):
        _change(
            "UPDATE auditing_logseal SET sequence = %s WHERE lea_code = %s AND sequence = %s",
            *(new, one.lea_code, old),
        )
    pair = [(one.log, one.row_id), (other.log, other.row_id)]
    return Told(f"places {one.sequence} and {other.sequence} of {one.lea_code}", one.lea_code, pair)


def truncate(chance: Random) -> Told:
    """The end of a chain with its rows, and the head set back as if it had never been."""
    chain = _chain(chance)
    keep = chance.randrange(len(chain))
    _cut(chain, keep, with_rows=True)
    return Told(f"{chain[0].lea_code} after {keep}", chain[0].lea_code)


def truncate_seals(chance: Random) -> Told:
    """Only the seals go, and the rows wait again, so that the product itself seals what is altered meanwhile."""
    from manzanita.auditing.sealing import seal_waiting

    chain = _chain(chance)
    keep = chance.randrange(len(chain))
    _cut(chain, keep, with_rows=False)
    first = chain[keep]
    _change(f"UPDATE {TABLES[first.log]} SET request_id = 'forged' WHERE id = %s", first.row_id)
    for seal in chain[keep:]:
        _change(
            "INSERT INTO auditing_unsealed (lea_code, log, row_id, at)"
            " VALUES (%s, %s, %s, '2026-11-23 12:00:00+00:00')",
            *(seal.lea_code, seal.log, seal.row_id),
        )
    with _own_anchors(chance):
        seal_waiting()
    return Told(f"seals of {first.lea_code} after {keep}, sealed again", first.lea_code)


def _cut(chain: Sequence[Seal], keep: int, *, with_rows: bool) -> None:
    lea_code = chain[0].lea_code
    for seal in chain[keep:] if with_rows else ():
        _change(f"DELETE FROM {TABLES[seal.log]} WHERE id = %s", seal.row_id)
    _change("DELETE FROM auditing_logseal WHERE lea_code = %s AND sequence > %s", lea_code, keep)
    if keep:
        mac = _fetch("SELECT mac FROM auditing_logseal WHERE lea_code = %s AND sequence = %s", lea_code, keep)
        _set_head(lea_code, keep, bytes(mac[0][0]))
    else:
        _change("DELETE FROM auditing_sealhead WHERE lea_code = %s", lea_code)


def chain_anew(chance: Random) -> Told:
    """From a random place on every seal is made anew with a key of one's own, over rows of one's own liking."""
    chain = _chain(chance)
    start = chance.randrange(len(chain))
    kept = list(chain[start:])
    if chance.random() < 0.5 and len(kept) > 1:
        gone = kept.pop(chance.randrange(len(kept)))
        _change(f"DELETE FROM {TABLES[gone.log]} WHERE id = %s", gone.row_id)
    else:
        some = chance.choice(kept)
        _change(f"UPDATE {TABLES[some.log]} SET request_id = 'forged' WHERE id = %s", some.row_id)
    lea_code = chain[0].lea_code
    _change("DELETE FROM auditing_logseal WHERE lea_code = %s AND sequence > %s", lea_code, start)
    own_key, mac = chance.randbytes(32), chance.randbytes(32)
    for sequence, seal in enumerate(kept, start=start + 1):
        mac = hashlib.sha256(own_key + mac + f"{seal.log}{seal.row_id}".encode()).digest()
        _seal_row(lea_code, sequence, seal.log, seal.row_id, mac)
    _set_head(lea_code, start + len(kept), mac)
    return Told(f"{lea_code} from {start + 1}", lea_code, [(kept[0].log, kept[0].row_id)])


def chain_anew_by_the_product(chance: Random) -> Told:
    """The whole chain is thrown away and the product's own sealer makes it anew under another key."""
    from manzanita.auditing.sealing import seal_waiting

    chain = _chain(chance)
    _cut(chain, 0, with_rows=False)
    some = chance.choice(chain)
    _change(f"UPDATE {TABLES[some.log]} SET request_id = 'forged' WHERE id = %s", some.row_id)
    for seal in chain:
        _change(
            "INSERT INTO auditing_unsealed (lea_code, log, row_id, at)"
            " VALUES (%s, %s, %s, '2026-11-23 12:00:00+00:00')",
            *(seal.lea_code, seal.log, seal.row_id),
        )
    with _own_anchors(chance, own_key=True):
        seal_waiting()
    return Told(f"{some.lea_code} whole, with another key", some.lea_code, [(chain[0].log, chain[0].row_id)])


def _own_anchors(chance: Random, *, own_key: bool = False) -> Any:
    """The true anchor file is out of reach of whoever owns the database; so is the key."""
    from pathlib import Path

    from django.conf import settings
    from django.test.utils import override_settings

    folder = Path(settings.VAR_DIR)
    changed = {"AUDIT_ANCHOR_FILE": str(folder / "forged_anchors.jsonl")}
    if own_key:
        path = folder / "forged_key"
        path.touch(mode=0o600)
        path.write_text(chance.randbytes(32).hex())
        changed["AUDIT_KEY_FILE"] = str(path)
    return override_settings(**changed)


Deed = Callable[[Random], Told]
DEEDS: Mapping[str, Sequence[Deed]] = {
    "alter": (alter_row, alter_row, alter_students, alter_seal),
    "delete": (delete_row, delete_row_and_seal),
    "insert": (insert_row, insert_row_and_seal),
    "swap": (swap_rows, swap_seals),
    "truncate": (truncate, truncate_seals),
    "chain anew": (chain_anew, chain_anew_by_the_product),
}
