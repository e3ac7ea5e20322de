"""The access matrix: every perspective looks at every address; ``test_matrix_sending`` sends, ``test_matrix_lists``
compares lists with the scope. An address without a line in ``urls.csv`` fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from manzanita.commands.permissions import document
from manzanita.domain.perspectives import PERSPECTIVES
from tests.access.cells import READS_ONLY, URLS, address, request, table, wrong_cells


def named(resolver: URLResolver) -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield one.name or f"unnamed {one.pattern}"
        else:
            yield from named(one)


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
            answer = request(Client(), method, address(access, name, row, 0))
            if row["needs"] == "public":
                assert answer.status_code == 200, name
            else:
                assert answer.status_code == 302 and answer.url.startswith("/sign-in"), (name, method)


@pytest.mark.parametrize("perspective", PERSPECTIVES)
def test_each_cell(access, sign_in, perspective, record_property, capsys):
    client = sign_in(access.person(perspective), access.grants[perspective])
    client.raise_request_exception = False
    cells, wrong = wrong_cells(access, client, perspective, "GET")
    assert not wrong, "\n".join(map(str, wrong))
    record_property("cells", cells)
    with capsys.disabled():
        print(f" [{perspective}: {cells} cells]", end="")
