"""Lines of the log: one JSON object each, so that no text from outside can begin a line of its own."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path

from manzanita.platform.request_ids import current_request_id


class LineFormatter(logging.Formatter):
    """``at`` (UTC), ``level``, ``logger``, ``request`` (the id of what runs), ``message``; of an exception ``error``,
    its type, and ``places``, innermost last. Never its words: a value of a student may stand in them.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request": current_request_id(),
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__qualname__
            line["places"] = [
                f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return json.dumps(line, ensure_ascii=True)
