"""Reading back by hand: the state's extracts and files of rejected records say what became of uploaded files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.domain.access import Actor, Capability
from manzanita.domain.layouts.files import RecordFile, UnreadableFile, parse_record_file
from manzanita.exchange.readback import NotAnExtract, ReadBack, read_back
from manzanita.exchange.rejected import (
    NotRejectedRecords,
    RejectedRead,
    RejectedRow,
    is_rejected_file,
    parse_rejected,
    read_rejected,
)
from manzanita.exchange.sends import submissions
from manzanita.web.access import requires

# The state's extracts of one district are far smaller.
LARGEST_UPLOAD_BYTES = 200 * 1024 * 1024
# More lines than a person reads; the count beside them is of all.
SHOWN_LEFT_OUT = 100


class _NoFile(ValueError):
    """The form came without a file, or with one that is too large."""


@dataclass(frozen=True, slots=True)
class _Uploaded:
    extracts: list[RecordFile]
    rejected: list[RejectedRow]
    has_rejected: bool


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.SEND_TO_STATE)
def state_extracts(request: HttpRequest) -> HttpResponse:
    """The form; a POST reads the files and says on the same page what came of them. Again changes nothing."""
    error = ""
    result: dict[str, Any] = {"read": None, "rejected": None, "left_out": [], "left_out_count": 0}
    if request.method == "POST":
        try:
            result = _read(request.actor, _uploaded(request))
        except (UnreadableFile, NotAnExtract, NotRejectedRecords, _NoFile) as refused:
            error = str(refused)
    written = submissions(request.actor, limit=50, which="written")
    return render(
        request,
        "web/state/extracts.html",
        {"error": error, "written": written, **result},
        status=422 if error else 200,
    )


@transaction.atomic
def _read(actor: Actor, given: _Uploaded) -> dict[str, Any]:
    """Rejections first: a line that one of the files says was rejected is not concluded about from an extract."""
    rejected: RejectedRead | None = None
    read: ReadBack | None = None
    if given.has_rejected:
        rejected = read_rejected(actor=actor, rows=given.rejected)
    if given.extracts:
        read = read_back(actor=actor, files=given.extracts)
    left_out = [*(rejected.left_out if rejected else ()), *(read.left_out if read else ())]
    return {
        "rejected": rejected,
        "read": read,
        "left_out": left_out[:SHOWN_LEFT_OUT],
        "left_out_count": len(left_out),
    }


def _uploaded(request: HttpRequest) -> _Uploaded:
    given = request.FILES.getlist("files")
    if not given:
        raise _NoFile(
            "Choose the extract files of the state first: SWDS-R, MEET-R, PLAN-R, SERV-R, or rejected records."
        )
    if sum(file.size for file in given) > LARGEST_UPLOAD_BYTES:
        raise _NoFile("These files are larger than 200 MB together; give them one by one.")
    extracts: list[RecordFile] = []
    rejected: list[RejectedRow] = []
    has_rejected = False
    for file in given:
        data, name = file.read(), str(file.name)
        if is_rejected_file(data):
            has_rejected = True
            rejected += parse_rejected(data, name)
        else:
            extracts.append(parse_record_file(data, name))
    return _Uploaded(extracts, rejected, has_rejected)


urlpatterns = [path("state/extracts", state_extracts, name="state_extracts")]
