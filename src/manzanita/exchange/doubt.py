"""Reading the state before a line is sent again: which lines of a submission it holds already.

A file that the state does not list any more may have been applied all the same. Our transaction id travels in
Local Record ID, so the state's own extract says which lines arrived; a delete has arrived where its record is gone.
"""

from __future__ import annotations

from collections import defaultdict

from manzanita.domain import records
from manzanita.domain.layouts.files import UnreadableFile, parse_record_file, rows_of
from manzanita.exchange.actions import post_by_extract
from manzanita.exchange.gateway import GatewayUnavailable, StateGateway
from manzanita.exchange.models import Submission, SubmissionLine
from manzanita.platform.jobs import JobRun


def settle_what_arrived(run: JobRun, submission: Submission, other_side: StateGateway) -> int:
    """Note as posted what the state shows of the waiting lines; how many. Raises ``GatewayUnavailable``."""
    waiting: dict[str, list[SubmissionLine]] = defaultdict(list)
    for line in submission.lines.filter(outcome="waiting").order_by("position"):
        waiting[line.record].append(line)
    arrived = []
    for record, lines in waiting.items():
        ssids = sorted({line.values[records.SSID_FIELD[record]] for line in lines})
        text = other_side.extract(record=record, lea_code=submission.lea_code, ssids=ssids)
        if text is None:
            return 0
        rows = _rows(record, text)
        keys = {records.record_key(record, row) for row in rows}
        ids = {row[records.LOCAL_RECORD_FIELD[record]] for row in rows}
        arrived += [
            line
            for line in lines
            if (line.record_key not in keys if line.kind == "delete" else line.transaction_id in ids)
        ]
    if arrived:
        with run.step():
            post_by_extract(arrived, lea_code=submission.lea_code)
    return len(arrived)


def _rows(record: str, text: str) -> list[dict[str, str]]:
    if not text.strip():
        return []
    try:
        file = parse_record_file(text.encode(), f"{record} at the state")
    except UnreadableFile:
        raise GatewayUnavailable("UnreadableFile") from None
    # Of a damaged line nobody knows whose it is: absence would prove nothing.
    if file.set_aside or file.record != record or not file.is_extract:
        raise GatewayUnavailable("UnreadableFile")
    return [records.complete(record, row) for row in rows_of(file)]
