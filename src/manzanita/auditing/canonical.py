"""A row of a log as bytes: the same for the same row on every database, and other bytes for any change of it."""

from __future__ import annotations

import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from manzanita.auditing.log_rows import LogRow
from manzanita.auditing.models import ChangeEvent, Disclosure, ReadEvent

LOGS: Mapping[str, type[LogRow]] = MappingProxyType(
    {model.log: model for model in (ReadEvent, ChangeEvent, Disclosure)}
)

_COMMON = ("id", "at", "lea_code", "request_id")
# By log and form. A column that is added later needs a new form: the old seals stay as they are.
FORMS: Mapping[str, Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {
        "read": {
            1: (
                *_COMMON,
                *("actor_user_id", "viewed_as_user_id", "grant_id", "perspective", "kind", "what"),
                *("student_ids", "student_count", "filter_codes", "content_class", "size_bytes"),
                *("purpose_code", "purpose_note"),
            )
        },
        "change": {
            1: (
                *_COMMON,
                *("actor_user_id", "viewed_as_user_id", "actor_label", "action", "student_id"),
                *("subject_type", "subject_id", "reason", "detail"),
            )
        },
        "disclosure": {
            1: (
                *_COMMON,
                *("student_id", "kind", "disclosed_on", "party", "authority_code", "interest", "purpose"),
                *("what", "by_id", "corrects_id"),
            )
        },
    }
)


# Of a row that waits and names no log of ours: sealed as it is, so that the verifier tells of it.
NO_FORM = 0


def newest_form(log: str) -> int:
    return max(FORMS[log]) if log in FORMS else NO_FORM


def rows_as_stored(wanted: Iterable[tuple[str, int, int]]) -> dict[tuple[str, int], tuple[Any, ...]]:
    """The covered values of rows named by (log, form, id), by (log, id); a row that is gone is left out.

    One query for each log and form.
    """
    ids: dict[tuple[str, int], list[int]] = defaultdict(list)
    for log, form, row_id in wanted:
        if log in FORMS and form in FORMS[log]:
            ids[log, form].append(row_id)
    found: dict[tuple[str, int], tuple[Any, ...]] = {}
    for (log, form), of_log in ids.items():
        rows = LOGS[log]._base_manager.filter(pk__in=of_log).values_list(*FORMS[log][form])
        found.update(((log, row[0]), row) for row in rows)
    return found


def mac_of(
    key: bytes,
    *,
    before: bytes,
    lea_code: str,
    sequence: int,
    log: str,
    row_id: int,
    form: int,
    sealed_at: datetime,
    row: tuple[Any, ...] | None,
) -> bytes:
    """HMAC-SHA256 over the seal before, the place in the chain, and the row; ``row`` ``None``: it was gone."""
    text = _ENCODER.encode([lea_code, sequence, log, row_id, form, sealed_at, row])
    return hmac.digest(key, before + text.encode(), "sha256")


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no form for {type(value).__name__}")


# One for all rows: making an encoder costs as much as using it.
_ENCODER = json.JSONEncoder(default=_as_text, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
