"""The access matrix once more: lists, counts, searches and exports are the scope; a grant that ended opens nothing."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.platform.jobs import run_jobs_now
from tests.access.cells import CAPABILITIES, URLS, address, request
from tests.access.world import AT, CURRENT

EXPORTING = [key for key in PERSPECTIVES if {"read_student", "export_list"} <= CAPABILITIES[key]]
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


@pytest.mark.parametrize("perspective", EXPORTING)
def test_an_export_is_the_list(access, sign_in, perspective):
    client = sign_in(access.person(perspective), access.grants[perspective])
    shown = CURRENT.get(perspective, AT[perspective][1])
    asked = client.post("/exports", {"list": "all", "search": "", "form": "csv", "ask": "key-of-the-matrix"})
    assert asked.status_code == 302, asked.content
    run_jobs_now(raises_errors=True)
    file = client.get(f"{asked.url}/download").content.decode("utf-8-sig")
    assert {name.lower() for name in re.findall(r"Testcase, (\w+)", file)} == set(shown)


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
            answer = request(client, method, address(access, name, row, 0))
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
