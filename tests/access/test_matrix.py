"""The access matrix: every perspective against every address, with an object of its own and one of a stranger.

What is expected is written by hand in ``perspectives.csv`` and ``urls.csv``; an address without a line there fails.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from manzanita.auditing.models import ChangeEvent, ReadEvent
from manzanita.commands.permissions import document
from manzanita.domain.perspectives import PERSPECTIVES
from tests.access.world import AT, CURRENT, AccessWorld, access_world
from tests.support import world as w

HERE = Path(__file__).parent
# Whom the objects of Chaparral belong to: Alder, but the open meeting is Towhee's.
SUBJECT = dict.fromkeys(
    ("student", "archive", "finding", "rule_finding", "record", "operation", "file", "due"), "alder"
) | {"meeting": "towhee"}
MORE_ARGUMENTS: dict[str, list[object]] = {
    "change": ["setting"],
    "rule": ["GERR0005"],
    "settle_repair": ["MZ-MEET-DELAY-ON-TIME"],
    "submission_file": [1],
    "field_history": ["ssid.ssid"],
    **{name: [1] for name in ("contact_reveal", "contact", "contact_end", "rights", "rights_end")},
    **{
        name: ["none"]
        for name in ("openid_connect_callback", "new_password", "invitation", "address_confirm")
    },
    **{name: [1] for name in ("factor_remove", "place_end", "address_remove")},
    **{name: [w.LEA] for name in ("directory_agency", "directory_end", "directory_confirm")},
    **{name: [w.LEA, "2026-2027"] for name in ("calendar", "calendar_file", "calendar_change")},
    "policy": ["tolling"],
    "dinc_list": ["1-annual"],
}
# Without these the page could not know what is asked of it, and would rightly say that there is no such thing.
ASKED = {"meeting_field": "?key=plan.23.20", "export_new": "?list=all"}
SENT = {
    "state_send": {"form": "files", "destination": "sandbox"},
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
CHANGES_ONLY_THE_SESSION = {"search", "scope_schools", "switch_grant", "view_as_end"}
CAPABILITIES = {row["perspective"]: set(row["capabilities"].split()) for row in table("perspectives.csv")}


def named(resolver: URLResolver) -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield one.name or f"unnamed {one.pattern}"
        else:
            yield from named(one)


@pytest.fixture
def access(small_world, settings, tmp_path) -> AccessWorld:
    settings.STATE_GATEWAY = {**settings.STATE_GATEWAY, "files_dir": str(tmp_path)}
    settings.MEDIA_ROOT = tmp_path / "files"
    return access_world(small_world)


def test_every_address_is_declared():
    assert sorted(named(get_resolver())) == sorted(URLS)


def test_the_declared_perspectives_are_those_of_the_matrix():
    by_hand = {
        row["perspective"]: (set(row["relationships"].split()), set(row["capabilities"].split()))
        for row in table("perspectives.csv")
    }
    assert {key for key, p in PERSPECTIVES.items() if p.is_read_only} == READS_ONLY
    declared = {
        key: ({one.value for one in p.relationships}, {one.value for one in p.capabilities})
        for key, p in PERSPECTIVES.items()
    }
    assert declared == by_hand


def test_the_document_is_that_of_the_declarations():
    stored = Path(__file__).parents[2] / "docs" / "reference" / "permissions.md"
    assert stored.read_text(encoding="utf-8") == document(), (
        "run: manzanita permissions > docs/reference/permissions.md"
    )


def test_who_is_not_signed_in_is_asked_to(access):
    for name, row in URLS.items():
        if row["needs"] == "account":
            continue  # tests/web/test_second_factor.py names those of them that are for everybody
        for method in row["methods"].split():
            answer = _request(Client(), method, _address(access, name, row, 0))
            if row["needs"] == "public":
                assert answer.status_code == 200, name
            else:
                assert answer.status_code == 302 and answer.url.startswith("/sign-in"), (name, method)


@pytest.mark.parametrize("perspective", PERSPECTIVES)
def test_each_cell(access, sign_in, perspective, record_property, capsys):
    client = sign_in(access.person(perspective), access.grants[perspective])
    client.raise_request_exception = False
    cells, wrong = 0, []
    for name, row in URLS.items():
        if row["needs"] == "public" or name == "sign_out":
            continue
        if row["needs"] == "account":
            answer = _request(client, "GET", _address(access, name, row, 0))
            cells += 1
            if answer.status_code >= 500 or b"Testcase" in answer.content:
                wrong.append((name, "GET", "a page of the own account", answer.status_code))
            continue
        for method in ("GET", "POST"):
            for which in (0, 1) if row["object"] else (0,):
                expected = _expected(perspective, row, method, which)
                before = ReadEvent.objects.count(), ChangeEvent.objects.count()
                with transaction.atomic():
                    answer = _request(client, method, _address(access, name, row, which), name)
                    after = ReadEvent.objects.count(), ChangeEvent.objects.count()
                    transaction.set_rollback(True)
                cells += 1
                if answer.status_code not in expected:
                    wrong.append(
                        (name, method, "own" if which == 0 else "stranger's", answer.status_code, expected)
                    )
                # A page that judges by itself shows the student with its refusal, which is a look.
                if answer.status_code in (403, 404, 405) and after != before and row["kind"] != "judged":
                    wrong.append(
                        (name, method, "a refusal left a trace of reading or changing", before, after)
                    )
                is_look = row["kind"] == "page" and row["object"] in SUBJECT and answer.status_code == 200
                if is_look and after[0] == before[0]:
                    wrong.append((name, method, "a look that was not logged"))
    assert not wrong, "\n".join(map(str, wrong))
    record_property("cells", cells)
    with capsys.disabled():
        print(f" [{perspective}: {cells} cells]", end="")


def _expected(perspective: str, row: dict[str, str], method: str, which: int) -> set[int]:
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


def _address(access: AccessWorld, name: str, row: dict[str, str], which: int) -> str:
    arguments: list[object] = []
    if row["object"]:
        found = access.objects[row["object"]][which]
        arguments.append(getattr(found, "public_id", None) or found.pk)
    if name == "submission_reject" and which == 0:
        return reverse(name, args=arguments) + f"?line={access.objects['line'][0].pk}"
    return reverse(name, args=arguments + MORE_ARGUMENTS.get(name, []))


def _request(client: Client, method: str, address: str, name: str = ""):
    if method == "GET":
        return client.get(address + ASKED.get(name, ""))
    path, _, query = address.partition("?")
    return client.post(path, SENT.get(name, {}) | QueryDict(query).dict())


NAME = re.compile(r"data-open>Testcase, (\w+)</a>")


def names_on(client: Client, address: str = "/students") -> set[str]:
    answer = client.get(address)
    return (
        {name.lower() for name in NAME.findall(answer.content.decode())}
        if answer.status_code == 200
        else set()
    )


@pytest.mark.parametrize("perspective", PERSPECTIVES)
def test_list_count_and_search_are_the_scope(access, sign_in, perspective):
    client = sign_in(access.person(perspective), access.grants[perspective])
    reached = AT[perspective][1]
    shown = CURRENT.get(perspective, reached)
    assert names_on(client) == set(shown)
    if "read_student" not in CAPABILITIES[perspective]:
        return
    page = client.get("/students").content.decode()
    count = len(shown)
    assert ("1 student<" if count == 1 else f"{count} students") in page.replace(" ·", "<") or count == 0
    found = client.post("/students/search", {"q": "testcase"})
    assert names_on(client, found.url) == set(shown)
    # Every student of the world, opened one by one: exactly those within reach.
    opened = {
        name
        for name, student in access.students.items()
        if client.get(f"/students/{student.public_id}").status_code == 200
    }
    assert opened == set(reached)


def test_a_grant_that_has_expired_opens_nothing(access, sign_in):
    grant = access.grants["coordinator"]
    client = sign_in(grant.user, grant)
    assert client.get("/students").status_code == 200
    grant.starts_on = grant.ends_on = grant.starts_on.replace(day=22)
    grant.save()
    for name, row in URLS.items():
        if row["needs"] in ("public", "signed-in", "account"):
            continue
        for method in row["methods"].split():
            answer = _request(client, method, _address(access, name, row, 0))
            assert answer.status_code in (403, 302) and "Testcase" not in answer.content.decode(), (
                name,
                method,
            )
            if answer.status_code == 302:
                assert answer.url == "/", name


def test_a_grant_narrowed_in_the_middle_of_a_session_counts_at_once(access, sign_in):
    grant = access.grants["site_provider"]
    client = sign_in(grant.user, grant)
    address = f"/students/{access.students['alder'].public_id}"
    assert client.get(address).status_code == 200
    grant.schools.all().delete()
    assert client.get(address).status_code == 404
    assert names_on(client) == set()
