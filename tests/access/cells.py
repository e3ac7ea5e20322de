"""The cells of the access matrix: what each perspective is answered at each address, by the tables alone.

What is expected is written by hand in ``perspectives.csv`` and ``urls.csv``.
"""

from __future__ import annotations

import csv
from pathlib import Path

from django.db import connection, transaction
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.urls import reverse

from manzanita.auditing.models import ChangeEvent, ReadEvent
from tests.access.world import AT, AccessWorld
from tests.support import world as w

HERE = Path(__file__).parent
# Whom the objects of Chaparral belong to: Alder, but the open meeting is Towhee's.
SUBJECT = dict.fromkeys(
    (
        *("student", "archive", "arrival", "finding", "rule_finding", "record", "operation", "file", "due"),
        "participation_report",
    ),
    "alder",
) | {"meeting": "towhee"}
MORE_ARGUMENTS: dict[str, list[object]] = {
    "change": ["setting"],
    "rule": ["GERR0005"],
    "settle_repair": ["MZ-MEET-DELAY-ON-TIME"],
    "submission_file": [1],
    **{name: ["leavings"] for name in ("upkeep_job", "upkeep_progress", "upkeep_run")},
    "field_history": ["ssid.ssid"],
    **{
        name: [1]
        for name in ("contact_reveal", "contact", "contact_end", "rights", "rights_end", "ssid_undo")
    },
    **{
        name: ["none"]
        for name in (
            "openid_connect_callback",
            "new_password",
            "invitation",
            "address_confirm",
            "calendar_feed",
        )
    },
    **{name: [1] for name in ("factor_remove", "place_end", "address_remove")},
    **{name: [w.LEA] for name in ("directory_agency", "directory_end", "directory_confirm")},
    **{
        name: [w.LEA, "2026-2027"]
        for name in ("calendar", "calendar_file", "calendar_change", "calendar_what_if")
    },
    "policy": ["tolling"],
    "dinc_list": ["1-annual"],
}
# Without these the page could not know what is asked of it, and would rightly say that there is no such thing.
ASKED = {"meeting_field": "?key=plan.23.20", "export_new": "?list=all"}
SENT = {
    "state_send": {"form": "files", "destination": "sandbox"},
    "news_seen": {"through": "2026-11-23T12:00:00+00:00"},
    "search_suggestions": {"q": "testcase"},
    "export_decide": {"do": "refuse", "word": "Not needed"},
}
# A file is its maker's alone, whoever else may export.
MAKER = {"export": "coordinator"}


def table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


URLS = {row["name"]: row for row in table("urls.csv")}
READS_ONLY = {row["perspective"] for row in table("perspectives.csv") if row["reads_only"]}
# What a reader may send: it changes nothing but the own session.
CHANGES_ONLY_THE_SESSION = {
    *("search", "search_suggestions", "scope_schools", "switch_grant", "view_as_end"),
    *("student_what_if", "calendar_what_if"),
}
REFUSED_TO_ALL = ({403}, {405})
CAPABILITIES = {row["perspective"]: set(row["capabilities"].split()) for row in table("perspectives.csv")}


def wrong_cells(
    access: AccessWorld, client: Client, perspective: str, method: str
) -> tuple[int, list[tuple[object, ...]]]:
    """Asks every address with ``method`` for an object of the perspective's own and for a stranger's: how many cells
    there are, and those that are answered otherwise than the tables say."""
    cells, wrong = 0, []
    # Whatever a cell leaves is rolled back.
    before = _traces()
    for name, row in URLS.items():
        if row["needs"] == "public" or name == "sign_out":
            continue
        if row["needs"] == "account":
            if method == "GET":
                answer, _ = _asked(client, method, address(access, name, row, 0))
                cells += 1
                if answer.status_code >= 500 or b"Testcase" in answer.content:
                    wrong.append((name, "GET", "a page of the own account", answer.status_code))
            continue
        for which in (0, 1) if row["object"] else (0,):
            allowed = expected(perspective, row, method, which)
            # Who is refused for what the perspective lacks is refused at the own object; whose it is was not asked.
            if which == 1 and allowed in REFUSED_TO_ALL and allowed == expected(perspective, row, method, 0):
                continue
            answer, after = _asked(client, method, address(access, name, row, which), name)
            cells += 1
            if answer.status_code not in allowed:
                wrong.append(
                    (name, method, "own" if which == 0 else "stranger's", answer.status_code, allowed)
                )
            # A page that judges by itself shows the student with its refusal, which is a look.
            if answer.status_code in (403, 404, 405) and after != before and row["kind"] != "judged":
                wrong.append((name, method, "a refusal left a trace of reading or changing", before, after))
            is_look = row["kind"] == "page" and row["object"] in SUBJECT and answer.status_code == 200
            if is_look and after[0] == before[0]:
                wrong.append((name, method, "a look that was not logged"))
    return cells, wrong


def _asked(client: Client, method: str, address: str, name: str = "") -> tuple[HttpResponse, tuple[int, int]]:
    """The answer, and the traces that stand in the logs then; what was done is undone."""
    with transaction.atomic():
        answer = request(client, method, address, name)
        traces = _traces()
        transaction.set_rollback(True)
    return answer, traces


def _traces() -> tuple[int, int]:
    """How many reads and how many changes the logs hold."""
    reads, changes = ReadEvent._meta.db_table, ChangeEvent._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT (SELECT count(*) FROM {reads}), (SELECT count(*) FROM {changes})")
        return cursor.fetchone()


def expected(perspective: str, row: dict[str, str], method: str, which: int) -> set[int]:
    """Statuses that may come back, from the tables alone."""
    if method == "POST" and perspective in READS_ONLY and row["name"] not in CHANGES_ONLY_THE_SESSION:
        return {403}
    if method not in row["methods"].split():
        return {405}
    # A page that judges each deed by itself (contacts of another agency; what is confidential) may say no, too.
    judged = {403, 404} if row["kind"] == "judged" else set()
    if row["needs"] == "actor":
        return {200, 302, 422} | judged if method == "POST" else {200, 302} | judged
    if not set(row["needs"].split("+")) <= CAPABILITIES[perspective]:
        return {403}
    if row["object"]:
        subject = SUBJECT.get(row["object"])
        if MAKER.get(row["object"], perspective) != perspective:
            return {404}
        if which == 1 or (subject is not None and subject not in AT[perspective][1]):
            return {404}
    return {200, 302, 400, 409, 422} | judged if method == "POST" else {200, 302} | judged


def address(access: AccessWorld, name: str, row: dict[str, str], which: int) -> str:
    arguments: list[object] = []
    if row["object"]:
        found = access.objects[row["object"]][which]
        arguments.append(getattr(found, "public_id", None) or found.pk)
    if name == "submission_reject" and which == 0:
        return reverse(name, args=arguments) + f"?line={access.objects['line'][0].pk}"
    return reverse(name, args=arguments + MORE_ARGUMENTS.get(name, []))


def request(client: Client, method: str, address: str, name: str = ""):
    if method == "GET":
        return client.get(address + ASKED.get(name, ""))
    path, _, query = address.partition("?")
    return client.post(path, SENT.get(name, {}) | QueryDict(query).dict())
