"""A portable student file that somebody brings: whose signature, who may be meant, what is new; then whole or not."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections import Counter
from collections.abc import Sequence

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from manzanita.arrivals.queries import open_arrivals
from manzanita.auditing.actions import log_change, log_reads
from manzanita.domain.access import Capability, Scope
from manzanita.domain.likeness import Strength
from manzanita.domain.portable import LARGEST_BYTES, SECTION_WORDS, Standing, Unreadable
from manzanita.domain.statuses.steps import STEPS
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform.ids import new_public_id
from manzanita.procedures.portable_in import (
    NOBODY_CHOSEN,
    NotTaken,
    ReadFile,
    compared,
    is_elsewhere,
    read_portable,
    take_portable,
    who_may_be_meant,
)
from manzanita.students.finding import Candidate
from manzanita.students.models import Student
from manzanita.students.scope import visible_to
from manzanita.transfers.actions import trust_key
from manzanita.transfers.signing import Signature, fingerprint
from manzanita.ui.formats import plural
from manzanita.web.access import missing_capability, requires
from manzanita.web.reasons_told import Way, told
from manzanita.web.student_rows import rows_of
from manzanita.web.transfer_words import agency_codes_of, days_of, identity_differences, row_words

MARKS = {
    Standing.NEW: ("diff", "New"),
    Standing.KNOWN: ("equal", "Known"),
    Standing.DIFFERS: ("warn", "Differs: stays as it is here"),
}
SIGNATURES = {
    Signature.OWN: ("ok", "Signed by this installation"),
    Signature.TRUSTED: ("ok", "Signed with a key that is known here"),
    Signature.UNKNOWN: ("warn", "Unverified: signed with a key that nobody here knows"),
}
SALT = "manzanita.portable-file"
# Where it is mended that a file was not taken, by the code of the reason; the file stands on the same page.
_WHOSE: Way = ("#sign-head", STEPS["trust_key"].label)
_WHO: Way = ("#who-head", "Choose who is meant")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.ENTER_STUDENT)
@requires(Capability.TRANSFER_STUDENT)
def portable_in(request: HttpRequest) -> HttpResponse:
    """``do``: nothing yet, ``look`` (at a file), ``trust`` (its key), ``take`` (it)."""
    if request.actor.perspective.scope is not Scope.AGENCY:
        return missing_capability(request, Capability.ENTER_STUDENT)
    if request.method != "POST":
        return render(request, "web/transfers/file_in.html", {"problems": []})
    try:
        content, public_id, seen = _content(request)
        file = read_portable(content)
    except Unreadable as unreadable:
        context = {"problems": unreadable.problems[:50], "more": max(0, len(unreadable.problems) - 50)}
        return render(request, "web/transfers/file_in.html", context, status=422)
    do = request.POST.get("do", "look")
    if do == "trust":
        return _trust(request, file, content, public_id)
    if do == "take":
        return _take(request, file, content, public_id, seen)
    return _preview(request, file, content, public_id)


def _content(request: HttpRequest) -> tuple[bytes, uuid.UUID, list[int]]:
    """The file as it came, or as the page before carried it; which student it would become; who was shown."""
    carried = request.POST.get("carried", "")
    if carried:
        try:
            told = json.loads(signing.loads(carried, salt=SALT))
            return base64.b64decode(told["file"], validate=True), uuid.UUID(told["id"]), list(told["seen"])
        except (signing.BadSignature, binascii.Error, ValueError, KeyError) as error:
            raise Unreadable(["The page was changed on its way. Choose the file once more."]) from error
    sent = request.FILES.get("file")
    if sent is None:
        raise Unreadable(["No file is chosen."])
    if sent.size > LARGEST_BYTES:
        raise Unreadable([f"The file has {sent.size:,} bytes; {LARGEST_BYTES:,} are read at most."])
    return sent.read(), new_public_id(), []


def _preview(
    request: HttpRequest,
    file: ReadFile,
    content: bytes,
    public_id: uuid.UUID,
    refused: NotTaken | None = None,
) -> HttpResponse:
    actor = request.actor
    found = who_may_be_meant(actor, file)
    log_reads(
        actor=actor,
        student_ids=[one.student.pk for one in found],
        what="student.candidates",
        filter_codes="student file",
    )
    target = _target(request)
    if target is None and "target" not in request.POST:
        target = _surely(found)
    rows = compared(file, target)
    is_outside = is_elsewhere(actor, file)
    counts = Counter(one.standing for one in rows)
    codes = agency_codes_of(file.document)
    names = school_names(codes) | agency_names(codes)
    carried = json.dumps(
        {
            "file": base64.b64encode(content).decode(),
            "id": str(public_id),
            "seen": [one.student.pk for one in found],
        }
    )
    context = {
        "problems": [],
        "file": file,
        "made": file.document["made_by"],
        "made_on": file.document["made_on"],
        "who": file.who,
        "signature": SIGNATURES[file.signature],
        "is_unknown": file.signature is Signature.UNKNOWN,
        "fingerprint": fingerprint(file.signed.public_key),
        "found": [
            {"row": row, "one": one}
            for row, one in zip(rows_of(actor, [one.row for one in found]), found, strict=True)
        ],
        "elsewhere": is_outside,
        "target": str(target.public_id) if target else "",
        "target_name": target.full_name if target else "",
        "target_url": reverse("student", args=[target.public_id]) if target else "",
        # Where the record of this SSID is, here or elsewhere, a new one would be refused.
        "may_be_new": not is_outside and not any(one.likeness.is_same_ssid for one in found),
        "is_new": request.POST.get("target") == "new" or not found,
        "identity": identity_differences(file.document, target) if target else [],
        "differing": [
            (words, plural(count, "row"))
            for key, words in SECTION_WORDS.items()
            if (count := sum(one.section == key and one.standing is Standing.DIFFERS for one in rows))
        ],
        "sections": [
            (
                words,
                [
                    (*MARKS[one.standing], days_of(one.row), row_words(key, one.row, names))
                    for one in rows
                    if one.section == key
                ],
            )
            for key, words in SECTION_WORDS.items()
        ],
        "counts": {standing.value: counts[standing] for standing in Standing},
        "carried": signing.dumps(carried, salt=SALT, compress=True),
        "typed": request.POST,
        "refusals": told(refused.reasons, _ways()) if refused else [],
    }
    return render(request, "web/transfers/file_preview.html", context, status=422 if refused else 200)


def _surely(found: Sequence[Candidate]) -> Student | None:
    """The one student who is meant as good as surely: of the same SSID, else the only one of the same name and birth
    date. Nothing is taken by it: the file is compared with that record. Of a twin, or of two, somebody chooses."""
    same = [one.student for one in found if one.likeness.is_same_ssid]
    same = same or [one.student for one in found if one.likeness.strength is Strength.EXACT]
    return same[0] if len(same) == 1 else None


def _ways() -> dict[str, Way]:
    elsewhere = reverse("search_elsewhere"), STEPS["ask_transfer"].label
    who = dict.fromkeys(("target-gone", "ssid-taken", "found-since", "nobody-chosen"), _WHO)
    return {"unverified": _WHOSE, "here-already": elsewhere, **who}


def _target(request: HttpRequest) -> Student | None:
    try:
        wanted = uuid.UUID(request.POST.get("target", ""))
    except ValueError:
        return None
    return visible_to(request.actor).filter(public_id=wanted).first()


def _text(request: HttpRequest, name: str) -> str:
    return " ".join(request.POST.get(name, "").replace("\0", "").split())[:200]


def _trust(request: HttpRequest, file: ReadFile, content: bytes, public_id: uuid.UUID) -> HttpResponse:
    """Remember whose key it is, by whom it was compared with whom."""
    name, compared_with = _text(request, "key_name")[:120], _text(request, "compared_with")
    if not name or not compared_with:
        messages.error(
            request,
            "Not trusted: write whose key it is, and with whom you compared the fingerprint. (SEDS coordinator)",
        )
    else:
        key, is_new = trust_key(
            public_key=file.signed.public_key,
            name=name,
            compared_with=compared_with,
            by_id=request.actor.user_id,
        )
        if is_new:
            log_change(
                actor=request.actor, action="trust_student_file_key", subject=key, reason=compared_with
            )
        messages.success(request, f"Files with this key are known as those of {key.name} from now on.")
        file = read_portable(content)
    return _preview(request, file, content, public_id)


def _take(
    request: HttpRequest, file: ReadFile, content: bytes, public_id: uuid.UUID, seen: list[int]
) -> HttpResponse:
    wanted = request.POST.get("target", "")
    try:
        target = uuid.UUID(wanted) if wanted and wanted != "new" else None
    except ValueError:
        wanted, target = "", None
    if not wanted:
        # Who is meant is never taken for granted: a blank must not make a second record.
        return _preview(request, file, content, public_id, NotTaken([NOBODY_CHOSEN]))
    try:
        student, taken = take_portable(
            actor=request.actor,
            file=file,
            target=target,
            public_id=public_id,
            seen=seen,
            is_unverified_accepted=request.POST.get("unverified") == "on",
            reason=_text(request, "reason"),
        )
    except NotTaken as refused:
        return _preview(request, file, content, public_id, refused)
    arrival = open_arrivals(request.actor).filter(student=student).first()
    if taken:
        what_next = (
            "the arrival below says what follows" if arrival else "a meeting or an adopted plan does that"
        )
        messages.success(
            request,
            f"Taken: {taken} rows that were not known here. Nothing goes to the state by it; {what_next}.",
        )
    else:
        messages.info(request, "Nothing was changed: everything that the file says was known already.")
    return redirect("arrival", arrival.public_id) if arrival else redirect("student", student.public_id)


urlpatterns = [path("students/portable", portable_in, name="portable_in")]
