"""How a rule that objects to a row becomes a finding."""

from __future__ import annotations

from collections.abc import Iterable

from manzanita.domain import records
from manzanita.domain.findings import Finding, Severity
from manzanita.domain.layouts import layout
from manzanita.domain.rules.context import SIS_KEYS, SSID_FIELDS
from manzanita.domain.rules.declaration import Row, RuleInfo


def finding_of(
    rule: RuleInfo,
    record: str,
    row: Row,
    fields: Iterable[str],
    severity: Severity,
    message: str,
    group: str | None = None,
) -> Finding:
    fields = tuple(fields)
    return Finding(
        code=rule.code,
        severity=severity,
        kind=rule.kind,
        phase=rule.phase,
        record=record,
        file=row["file"],
        line=row["line"],
        ssid=row[SSID_FIELDS[record]] or None,
        fields=fields,
        values={number: row[number] for number in fields},
        message=message,
        group=group,
        record_key=record_key_of(record, row),
    )


def record_key_of(record: str, row: Row) -> str:
    """The name of a record without its line number: what :class:`Finding` calls ``record_key``."""
    if record in records.KEY_FIELDS:
        return records.record_key(record, row)
    numbers = SIS_KEYS.get(record, layout(record).key)
    return "|".join([record, *(row[number] for number in numbers)])
